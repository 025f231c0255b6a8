"""HTTP details: ranges, cursors, dates, file names and the fast route.

May import `common`, `api.schemas` and job look-ups.
"""

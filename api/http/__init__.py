"""HTTP details: ranges, cursors, dates, file names, server-sent events and the fast route.

May import `common`, `api.error_handlers`, `api.schemas` and `api.owner`.
"""

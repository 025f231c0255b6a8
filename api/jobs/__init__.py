"""Building, submitting, awaiting, streaming the events of, and deleting jobs.

May import `common` and the layers of `api` from `models` down.
"""

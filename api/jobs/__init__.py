"""Building, submitting, awaiting and deleting jobs.

May import `common` and any folder of `api` except `routes`.
"""

"""The HTTP endpoints, a few lines each.

May import `common` and every folder of `api`; only `api.app` imports it.
"""

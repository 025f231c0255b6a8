"""The HTTP endpoints, one module per resource.

May import `common` and every layer of `api` below. Only `api.app` imports them.
"""

"""Events and live audio of jobs for connected clients.

May import `common` and the layers of `api` from `http` down.
"""

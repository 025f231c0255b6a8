"""Events and live audio of jobs for connected clients.

May import `common`, and job look-ups and views of `api.jobs`.
"""

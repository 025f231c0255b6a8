"""The HTTP gateway: validates requests, stores jobs, waits for them and serves audio.

May import `common` only.
"""

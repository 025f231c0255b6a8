"""The work of a worker process beside speaking: leases, heartbeat, queues.

May import `worker.inference` and below.
"""

"""Every query on jobs and their parts. May import `common.db`, `common.messaging` and `common.recordings`.

`submission` inserts jobs, `lease` is the worker's side (claim, renew, end), `sweep` requeues lost parts, `queries` and
`queues` answer questions, `changes` cancels, deletes and retries, `retention` removes what is old, `usage` and
`latencies` add up. All of them take an open connection and never commit; only `cleanup`, which runs the retention
batch by batch, opens its own transactions.
"""

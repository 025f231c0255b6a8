"""All queries on jobs and their parts. Functions take an open connection and never commit.

`submission` inserts jobs, `lease` holds the functions of workers (claim, report, end), `sweep` recovers parts of dead
workers and lost messages, `changes` cancels, deletes and retries, `queries` and `queues` read, `retention` and
`cleanup` delete old jobs. `transitions` lists which of them changes the status of a part.
"""

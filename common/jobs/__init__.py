"""Every query on jobs and their parts, by what they are for.

`submission` puts rows in, `lease` is the worker's side (claim, renew, end), `sweep` heals what was lost, `reading`
answers questions, `changes` cancels, deletes and retries, `retention` removes what is old. All take an open
connection and never commit.
"""

"""The command line `oratio`. May import `common`, `api` and `worker`."""

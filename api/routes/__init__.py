"""HTTP endpoints, one module per resource. Their logic is in the other packages of `api` and in `common`."""

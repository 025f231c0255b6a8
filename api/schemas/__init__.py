"""Request and response bodies. May import `common` only."""

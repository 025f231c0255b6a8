"""Requests and answers as frozen pydantic models. May import `common` only."""

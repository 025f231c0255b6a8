"""Fetching repositories of the hub into the models folder: resumed where they stopped, checked, never half there."""

from worker.hub.fetching import fetch, fetch_weights

__all__ = ["fetch", "fetch_weights"]

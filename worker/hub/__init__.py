"""Downloads repositories from the hub into the models folder. Downloads are resumable and verified."""

from worker.hub.fetching import fetch, fetch_weights

__all__ = ["fetch", "fetch_weights"]

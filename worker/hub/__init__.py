"""Downloads repositories from Hugging Face into the models folder. Downloads are resumable and verified.

May import `worker.host`.
"""

from worker.hub.fetching import fetch, fetch_weights

__all__ = ["fetch", "fetch_weights"]

"""The Celery workers, which speak jobs. May import `common`, never `api` or `cli`."""

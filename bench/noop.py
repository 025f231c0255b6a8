"""The reference for overhead: a Celery application with default settings and a task that does nothing."""

import os

from celery import Celery

_URL = os.environ["BENCH_REDIS_URL"]

app = Celery("bench", broker=_URL, backend=_URL)
app.conf.task_default_queue = "bench"


@app.task
def nothing() -> None:
    return None

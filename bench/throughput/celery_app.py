"""A Celery application with one task, which speaks. Each process of its worker has an engine.

Its settings are the defaults, but results, half a megabyte each, do not stay for a day.
"""

import os

from celery import Celery
from celery.signals import worker_process_init

from bench.throughput.speaker import Speaker, announce_engine_process

TASK = "speak"
_URL = os.environ["BENCH_REDIS_URL"]
_speakers: list[Speaker] = []

app = Celery("bench", broker=_URL, backend=_URL)
app.conf.result_expires = 20


@worker_process_init.connect
def _load(**_: object) -> None:
    _speakers.append(Speaker())
    announce_engine_process(os.environ["BENCH_ENGINES"])


@app.task(name=TASK)
def speak(text: str) -> bytes:
    return _speakers[0].speak_wav(text)

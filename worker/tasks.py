"""The Celery tasks. Each takes ids, returns nothing, and is idempotent."""

from functools import partial
from typing import Any

from celery import shared_task

from common.messaging import messages
from common.messaging.queue_names import BULK, INTERACTIVE
from worker.ops.cleanup import clean
from worker.runtime.context import current
from worker.runtime.preload import load_model, unload_model
from worker.synthesis.job_runner import run_part


@shared_task(name=messages.SPEAK, bind=True)
def speak(task: Any, part_id: str, isolated: bool) -> None:
    context = current()
    lane = BULK if task.request.delivery_info["routing_key"].endswith(f".{BULK}") else INTERACTIVE
    work = partial(run_part, context, part_id, isolated=isolated, lane=lane)
    if lane == BULK:
        context.bulk_slots.run(work)
    else:
        work()


@shared_task(name=messages.RESCAN)
def rescan() -> None:
    current().announce()


@shared_task(name=messages.PRELOAD)
def preload(weights: str) -> None:
    load_model(current(), weights)


@shared_task(name=messages.UNLOAD)
def unload(weights: str) -> None:
    unload_model(current(), weights)


@shared_task(name=messages.SWEEP)
def run_sweep() -> None:
    """Sweep at once. A worker that starts asks for it, because another one may have died."""
    current().sweep_soon()


@shared_task(name="oratio.clean")
def run_cleanup() -> None:
    clean(current())


@shared_task(name=messages.DOWNLOAD)
def download(download_id: str) -> None:
    from worker.ops.downloads import run_download

    run_download(current(), download_id)


@shared_task(name=messages.TRANSCODE)
def transcode(job_id: str, audio_format: str) -> None:
    from worker.ops.transcoding import run_transcoding

    run_transcoding(current(), job_id, audio_format)

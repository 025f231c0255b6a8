"""The Celery tasks. Each takes ids, returns nothing, and is idempotent."""

from celery import shared_task

from common.messaging import messages
from worker.ops.cleanup import clean
from worker.ops.sweep import sweep
from worker.runtime.context import current
from worker.runtime.preload import load_model, unload_model
from worker.synthesis.job_runner import run_part


@shared_task(name=messages.SPEAK)
def speak(part_id: str, isolated: bool) -> None:
    run_part(current(), part_id, isolated=isolated)


@shared_task(name=messages.RESCAN)
def rescan() -> None:
    current().announce()


@shared_task(name=messages.WARM)
def preload(weights: str) -> None:
    load_model(current(), weights)


@shared_task(name=messages.UNLOAD)
def unload(weights: str) -> None:
    unload_model(current(), weights)


@shared_task(name="oratio.sweep")
def run_sweep() -> None:
    sweep(current())


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

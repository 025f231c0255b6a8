"""What Celery calls. Each takes ids, returns nothing, and may be called twice without harm."""

from celery import shared_task

from common.messaging import broker
from worker.ops.cleanup import clean, sweep
from worker.runtime.context import current
from worker.runtime.preload import unload_now, warm_up
from worker.synthesis.job_runner import speak_part


@shared_task(name=broker.SPEAK)
def speak(part_id: str, alone: bool) -> None:
    speak_part(current(), part_id, alone=alone)


@shared_task(name=broker.RESCAN)
def rescan() -> None:
    current().announce()


@shared_task(name=broker.WARM)
def warm(key: str) -> None:
    warm_up(current(), key)


@shared_task(name=broker.UNLOAD)
def unload(key: str) -> None:
    unload_now(current(), key)


@shared_task(name="oratio.sweep")
def run_sweep() -> None:
    sweep(current())


@shared_task(name="oratio.clean")
def run_cleanup() -> None:
    clean(current())


@shared_task(name=broker.DOWNLOAD)
def download(download_id: str) -> None:
    from worker.ops.downloads import download as fetch

    fetch(current(), download_id)


@shared_task(name=broker.TRANSCODE)
def transcode(job_id: str, audio_format: str) -> None:
    from worker.ops.transcoding import transcode as make

    make(current(), job_id, audio_format)

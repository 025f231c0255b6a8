"""The service from Python, typed.

    from pathlib import Path

    from cli.client import Client

    with Client("http://127.0.0.1:8000") as client:
        job = client.finish(client.submit("Good morning!", format="mp3").job_id)
        client.download(job.job_id, Path("morning.mp3"))

        for recording in client.history(limit=10):
            print(recording.title, recording.duration_s)

        with client.stream("And this is heard while it is made.", format="pcm") as sound:
            heard = b"".join(sound)

Whatever goes wrong is a `Failed`.
"""

from cli.client.client import Client
from cli.client.errors import Failed
from cli.client.events import Event
from cli.client.model_records import Download, Model, ModelsStatus, Order, Orders, Weights, WeightsWorker
from cli.client.records import Deletion, Job, JobError, Progress, Recording, Rendition, Timings, Voice
from cli.client.streaming import SpeechStream
from cli.client.synthesis_options import Choices
from cli.client.worker_records import Estimate, Holding, Queue, ServedModel, Worker, Workers

__all__ = [
    "Choices",
    "Client",
    "Deletion",
    "Download",
    "Estimate",
    "Event",
    "Failed",
    "Holding",
    "Job",
    "JobError",
    "Model",
    "ModelsStatus",
    "Order",
    "Orders",
    "Progress",
    "Queue",
    "Recording",
    "Rendition",
    "ServedModel",
    "SpeechStream",
    "Timings",
    "Voice",
    "Weights",
    "WeightsWorker",
    "Worker",
    "Workers",
]

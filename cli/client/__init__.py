"""A typed Python client of the service.

    from pathlib import Path

    from cli.client import Client

    with Client("http://127.0.0.1:8000") as client:
        job = client.result(client.submit("Good morning!", format="mp3").job_id)
        client.download(job.job_id, Path("morning.mp3"))

        for recording in client.history(limit=10):
            print(recording.title, recording.duration_s)

        with client.stream("This plays while it is synthesized.", format="pcm") as stream:
            audio = b"".join(stream)

Every method raises `ClientError` if it fails. May import `common`, and no other folder of `cli`.
"""

from cli.client.client import Client
from cli.client.errors import ClientError
from cli.client.events import Event
from cli.client.model_records import (
    Download,
    Model,
    ModelCommand,
    ModelCommands,
    ModelsStatus,
    Weights,
    WeightsWorker,
)
from cli.client.records import DeletionResult, Job, JobError, Progress, Recording, Rendition, Timings, Voice
from cli.client.streaming import SpeechStream
from cli.client.synthesis_options import SynthesisOptions
from cli.client.worker_records import Estimate, LeasedPart, Queue, ServedModel, Worker, Workers

__all__ = [
    "Client",
    "ClientError",
    "DeletionResult",
    "Download",
    "Estimate",
    "Event",
    "Job",
    "JobError",
    "LeasedPart",
    "Model",
    "ModelCommand",
    "ModelCommands",
    "ModelsStatus",
    "Progress",
    "Queue",
    "Recording",
    "Rendition",
    "ServedModel",
    "SpeechStream",
    "SynthesisOptions",
    "Timings",
    "Voice",
    "Weights",
    "WeightsWorker",
    "Worker",
    "Workers",
]

"""This service, by its two routes that answer with audio."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.http_client import HttpClient
from bench.processes import read_times
from bench.service import run_service
from bench.throughput.contestant import ServerContestant
from bench.throughput.load import OpenClient, Speak, duration_s

SPEECH = "/v1/audio/speech"
SYNTHESIZE = "/synthesize"
VOICE = "hibari_heart"


@contextmanager
def run_this_service(folder: Path, *, routes: tuple[str, ...]) -> Iterator[list[ServerContestant]]:
    clients = {SPEECH: _speech_client, SYNTHESIZE: _synthesize_client}
    with run_service(folder) as service:
        contestants = [
            ServerContestant(
                f"this service, `{route}`",
                clients[route](service.port),
                lambda: read_times([service.pid]),
                texts_of=route if route == SYNTHESIZE else "",
            )
            for route in routes
        ]
        for contestant in contestants:
            contestant.warm_up()
        yield contestants


def _speech_client(port: int) -> OpenClient:
    @contextmanager
    def open_client() -> Iterator[Speak]:
        client = HttpClient(port)
        yield lambda text: duration_s(client.post(SPEECH, speech_body(text)))
        client.close()

    return open_client


def _synthesize_client(port: int) -> OpenClient:
    def speak(client: HttpClient, text: str) -> float:
        job = json.loads(client.post(SYNTHESIZE, {"text": text, "voice_id": VOICE, "format": "wav"}))
        if job["status"] != "completed" or job["provider"] != "local":
            raise RuntimeError(f"The job was not completed by a local worker: {job}")
        return duration_s(client.get(job["audio_url"]))

    @contextmanager
    def open_client() -> Iterator[Speak]:
        client = HttpClient(port)
        yield lambda text: speak(client, text)
        client.close()

    return open_client


def speech_body(text: str) -> dict[str, str]:
    return {"model": "hibari", "voice": VOICE, "input": text, "response_format": "wav"}

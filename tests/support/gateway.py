"""The real gateway on a free port, and a stand-in for a worker that completes its jobs."""

import base64
import hashlib
import io
import json
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import redis
import structlog

from api.app import create_app
from api.serve import Server
from common import worker_registry
from common.db.database import Database
from common.formats import MEDIA_TYPES
from common.jobs import lease
from common.jobs.lease import ClaimedPart, SynthesisResult
from common.messaging import broker, events
from common.settings import Settings
from common.store import Store, audio_key
from common.worker_registry import Announcement, ServedWeights, WorkerStats
from tests.support.waiting import wait_for

# The default tracebacks of structlog print all locals, which takes seconds.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

HIBARI = ("heart", "emma", "fenrir", "fable", "kore")


def tiny_wav(*, frames: int = 2400) -> bytes:
    """Silence at 24 kHz."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(b"\0\0" * frames)
    return out.getvalue()


@dataclass
class RunningGateway:
    """A gateway that listens at `url`, with its database, store and Redis."""

    settings: Settings
    url: str
    client: httpx.Client
    database: Database
    store: Store
    redis: redis.Redis
    server: Server

    def announce(self, *, voices: tuple[str, ...] = ("heart",), formats: tuple[str, ...] = ("wav",)) -> None:
        """Announce a worker that serves hibari and the stub."""
        served = (
            ServedWeights(model="hibari", weights="hibari", voices=voices, loaded=True),
            ServedWeights(model="stub", weights="stub", voices=("*",), loaded=True),
        )
        announcement = Announcement(
            id="stand-in", flavour="base", version="0", device="cpu", pid=1,
            served=served, formats=formats, stats=WorkerStats(engine_calls={"hibari": 3}),
        )  # fmt: skip
        with self.database.write() as connection:
            worker_registry.announce(connection, announcement)

    def post(self, text: str = "Hello there.", **body: Any) -> httpx.Response:
        params = {"async_mode": "true"} if body.pop("async_mode", True) else {}
        return self.post_json("/synthesize", {"text": text, **body}, **params)

    def post_json(self, path: str, body: Any, **params: str) -> httpx.Response:
        """Post JSON with all non-ASCII characters escaped, including half surrogate pairs."""
        headers = {"Content-Type": "application/json"}
        return self.client.post(path, content=json.dumps(body), headers=headers, params=params)

    def submit(self, **body: Any) -> str:
        """Submit a job, and return the id of the queued job."""
        answer = self.post(**body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def files(self) -> list[str]:
        """Return the keys in the store."""
        files = self.store.keys()
        return [key for key, _, _ in files]

    def claim(self, job_id: str) -> ClaimedPart:
        with self.database.write() as connection:
            claim = lease.claim(connection, f"{job_id}.0", isolated=False, worker_id="stand-in", lease_s=30)
        assert claim is not None
        return claim

    def publish_event(self, job_id: str, name: str, **data: Any) -> None:
        events.append(self.redis, job_id, name, data, prefix=self.settings.queue_prefix)

    def complete(self, job_id: str, *, audio: bytes | None = None) -> bytes:
        """Complete a job as a worker does, including its final event. Returns the audio."""
        claim = self.claim(job_id)
        content = tiny_wav() if audio is None else audio
        key = audio_key(job_id, attempt=claim.attempt, extension=MEDIA_TYPES[claim.job.format][1])
        self.store.put(key, io.BytesIO(content))
        result = SynthesisResult(
            key=key,
            sha256=hashlib.sha256(content).hexdigest(),
            recipe="0" * 64,
            format=claim.job.format,
            sample_rate_hz=24_000,
            duration_s=0.1,
            size_bytes=len(content),
            segments=1,
            first_audio_ms=2.0,
            synthesis_ms=10.0,
            encode_ms=0.1,
            warnings=claim.job.warnings,
        )
        with self.database.write() as connection:
            outcome = lease.finish(connection, claim, result)
        assert outcome is not None
        self.publish_event(job_id, "completed", **outcome)
        return content

    def fail(self, job_id: str, *, code: str, message: str = "It did not work.") -> None:
        claim = self.claim(job_id)
        with self.database.write() as connection:
            assert lease.fail(connection, claim, code=code, message=message)
        self.publish_event(job_id, "failed", code=code, message=message)

    def next_queued_job(self, *queues: str, timeout_s: float = 5.0) -> str | None:
        """Return the job of the next task message, or None if none arrives in time."""
        names = queues or ("hibari.interactive",)
        keys = [broker.queue_key(submit, prefix=self.settings.queue_prefix) for submit in names]
        message = self.redis.brpop(keys, timeout_s)
        if message is None:
            return None
        part_id: str = json.loads(base64.b64decode(json.loads(message[1])["body"]))[0][0]
        return part_id.rpartition(".")[0]


@dataclass
class StandInWorker:
    """Completes every queued job in a thread."""

    gateway: RunningGateway
    completed: list[str] = field(default_factory=list)
    _closing: threading.Event = field(default_factory=threading.Event)

    def complete_all(self) -> None:
        while not self._closing.is_set():
            job_id = self.gateway.next_queued_job("hibari.interactive", "stub.interactive", timeout_s=0.2)
            if job_id is not None:
                with suppress(AssertionError):  # cancelled or deleted in the meantime
                    self.gateway.complete(job_id)
                    self.completed.append(job_id)

    @contextmanager
    def running(self) -> Iterator["StandInWorker"]:
        thread = threading.Thread(target=self.complete_all)
        thread.start()
        try:
            yield self
        finally:
            self._closing.set()
            thread.join(10)


@contextmanager
def run_gateway(settings: Settings, *, announced: bool = True) -> Iterator[RunningGateway]:
    """Run a gateway in a thread of this process, on a free port."""
    server = Server(create_app(settings), settings.model_copy(update={"port": 0}))
    thread = threading.Thread(target=server.run, name="gateway")
    thread.start()
    try:
        wait_for(lambda: server.started or not thread.is_alive(), timeout_s=10, interval_s=0.01)
        assert server.started, "the gateway did not start"
        with _clients(settings, server) as running:
            if announced:
                running.announce()
            yield running
    finally:
        if thread.is_alive():
            server.handle_exit(15, None)
        thread.join(20)
        assert not thread.is_alive(), "the gateway did not stop"


@contextmanager
def _clients(settings: Settings, server: Server) -> Iterator[RunningGateway]:
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    database = Database(settings.database, role="worker")
    with (
        httpx.Client(base_url=url, timeout=20, trust_env=False) as client,
        redis.Redis.from_url(settings.redis_url, socket_timeout=10) as connection,
    ):
        yield RunningGateway(settings, url, client, database, Store(settings.store), connection, server)
    database.close()

"""Live audio step by step: attempts of a worker with given audio, and clients that read the stream."""

import hashlib
import io
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from common.db.database import Database
from common.formats import MEDIA_TYPES
from common.ids import new_id
from common.jobs import lease, queries, sweep
from common.jobs.lease import SynthesisResult
from common.jobs.options import Options
from common.messaging.notifier import Notifier
from common.messaging.redis_link import RedisLink
from common.settings import Settings
from common.store import Store, audio_key
from tests.support.gateway import RunningGateway
from tests.support.rows import evidence, new_job, submit
from tests.support.waiting import wait_for
from worker.synthesis.live_audio import LiveAudioWriter

KIB = 1024
MIB = 1024 * KIB
_UNKNOWN = b"\xff\xff\xff\xff"


def wait_for_next_try(redis_link: RedisLink) -> None:
    """Wait for the end of the pause, after which a command has tried, or tries, to connect to Redis again.

    The next pause may begin at once, so its end cannot be seen by looking now and then.
    """
    ends_at = time.monotonic() + redis_link.pause_s
    wait_for(lambda: time.monotonic() >= ends_at)


def noise(size_bytes: int, *, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size_bytes)


def wav_header(size_bytes: int | None) -> bytes:
    """Return the header of a file of this size, or of a stream of unknown size."""
    riff, data = (
        (_UNKNOWN, _UNKNOWN)
        if size_bytes is None
        else (struct.pack("<I", size_bytes - 8), struct.pack("<I", size_bytes - 44))
    )
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 24_000, 48_000, 2, 16)
    return b"RIFF" + riff + b"WAVE" + form + b"data" + data


def streamed_wav(size_bytes: int, *, seed: int = 1) -> bytes:
    """Return a WAV as it is streamed, filled with noise."""
    return wav_header(None) + noise(size_bytes - 44, seed=seed)


def submit_streamed(gateway: RunningGateway, **changes: Any) -> str:
    """Submit a streamed job that is kept without listeners, and return its id."""
    job = new_job(id=new_id(), **{"options": Options(streamed=True), "format": "pcm"} | changes)
    submit(gateway.database, job)
    return job.id


def submit_unkept(gateway: RunningGateway, **changes: Any) -> str:
    return submit_streamed(gateway, options=Options(streamed=True, keep=False), **changes)


class Attempt:
    """One attempt at a job: claims it, writes audio on demand, and then ends it or crashes.

    With `is_offline` it has no connection to Redis. Between writes it publishes what the window lacks, as a worker does
    that waits for its engine.
    """

    def __init__(self, gateway: RunningGateway, job_id: str, audio: bytes, *, settings: Settings) -> None:
        self.job_id = job_id
        self.audio = audio
        self.position = 0
        self.is_offline = False
        self._gateway = gateway
        with gateway.database.write() as connection:
            claim = next(
                taken
                for isolated in (False, True)
                if (
                    taken := lease.claim(
                        connection, f"{job_id}.0", isolated=isolated, worker_id="stand-in", lease_s=600
                    )
                )
            )
        self.claim = claim
        self._redis_link = RedisLink(settings)
        self._notifier = Notifier(self._redis_link, max_depth=settings.bells_max)
        self._spool = io.BytesIO()
        self.live = LiveAudioWriter(
            claim, redis_link=self._redis_link, store=gateway.store, spool=self._spool
        )
        self._lock = threading.RLock()
        self._ended = threading.Event()
        threading.Thread(target=self._wait_for_engine, daemon=True).start()

    def _wait_for_engine(self) -> None:
        while not self._ended.wait(0.05):
            with self._lock:
                if not self._ended.is_set():
                    self.live.flush()

    def write(self, size_bytes: int | None = None, *, at_once: int = 48 * KIB) -> None:
        """Write the next bytes, or all that are left, in pieces of the size of a segment."""
        end = len(self.audio) if size_bytes is None else self.position + size_bytes
        while self.position < end:
            data = self.audio[self.position : min(end, self.position + at_once)]
            with self._lock:
                self._write(data)
            self.position += len(data)

    def _write(self, data: bytes) -> None:
        self._spool.seek(0, io.SEEK_END)
        self._spool.write(data)
        if not self.is_offline:
            self.live.append(data)
            self.live.flush()

    def finish(self) -> bytes:
        """Write the rest, complete the job, and return the stored file."""
        self.write()
        stored = self.stored()
        key = audio_key(
            self.job_id, attempt=self.claim.attempt, extension=MEDIA_TYPES[self.claim.job.format][1]
        )
        self._gateway.store.put(key, io.BytesIO(stored))
        result = SynthesisResult(
            key=key,
            sha256=hashlib.sha256(stored).hexdigest(),
            recipe="0" * 64,
            format=self.claim.job.format,
            sample_rate_hz=24_000,
            duration_s=len(stored) / 48_000,
            size_bytes=len(stored),
            segments=2,
            first_audio_ms=2.0,
            synthesis_ms=10.0,
            encode_ms=0.1,
            warnings=(),
        )
        with self._gateway.database.write() as connection:
            outcome = lease.finish(connection, self.claim, result)
        assert outcome is not None
        self._notifier.publish_event(self.job_id, "completed", **outcome)
        self._end()
        return stored

    def _end(self) -> None:
        with self._lock:
            self._ended.set()
            self.live.end()

    def stored(self) -> bytes:
        """Return the finished file. A WAV then has its sizes in the header."""
        is_wav = self.claim.job.format == "wav"
        return wav_header(len(self.audio)) + self.audio[44:] if is_wav else self.audio

    def fail(self, code: str = "engine_failed") -> None:
        with self._gateway.database.write() as connection:
            assert lease.fail(connection, self.claim, code=code, message="It did not work.")
        self._notifier.publish_event(self.job_id, "failed", code=code, message="It did not work.")
        self._end()

    def crash(self) -> None:
        """Release the lease, as after the worker was killed."""
        self._ended.set()
        with self._gateway.database.write() as connection:
            killed = evidence(connection, ended_workers=frozenset({"stand-in"}))
            assert [part.job_id for part in sweep.release_expired(connection, killed)] == [self.job_id]

    def wait_for_next_try(self) -> None:
        wait_for_next_try(self._redis_link)

    def close(self) -> None:
        with self._lock:
            self._ended.set()
            self._redis_link.close()


class StreamClient(threading.Thread):
    """A client that reads a stream in a thread until it ends or breaks."""

    def __init__(self, url: str, path: str, *, headers: dict[str, str] | None = None, **params: Any) -> None:
        super().__init__(name="stream client")
        self.status = 0
        self.headers = httpx.Headers()
        self.received = bytearray()
        self.error: httpx.HTTPError | None = None
        self._going = threading.Event()
        self._going.set()
        self._leaving = threading.Event()
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self._socket: socket.socket | None = None
        extensions = {"trace": self._note_socket}
        self._asked = self._client.build_request(
            "GET", path, params=params, headers=headers, extensions=extensions
        )
        self.start()

    def run(self) -> None:
        with self._client:
            try:
                self._read()
            except httpx.HTTPError as error:
                self.error = error

    def _note_socket(self, event: str, about: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            self._socket = about["return_value"].get_extra_info("socket")

    def _read(self) -> None:
        response = self._client.send(self._asked, stream=True)
        try:
            self.status, self.headers = response.status_code, response.headers
            for data in response.iter_raw(16 * KIB if not self._going.is_set() else None):
                self.received += data
                self._going.wait()
                if self._leaving.is_set():
                    return
        finally:
            response.close()

    def pause(self) -> None:
        """Stop reading until `resume`."""
        self._going.clear()

    def resume(self) -> None:
        self._going.set()

    def wait_received(self, size_bytes: int, *, timeout_s: float = 15.0) -> None:
        wait_for(lambda: len(self.received) >= size_bytes or not self.is_alive(), timeout_s=timeout_s)
        assert len(self.received) >= size_bytes, (
            len(self.received),
            self.status,
            self.error,
            bytes(self.received[:300]),
        )

    def disconnect(self) -> None:
        """Disconnect at once, even while waiting for data."""
        self.leave()
        wait_for(lambda: self._socket or not self.is_alive(), interval_s=0.0005)
        if self._socket:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self.join(10)

    def leave(self) -> None:
        """Disconnect when the next bytes arrive."""
        self._leaving.set()
        self._going.set()

    def read_all(self, *, timeout_s: float = 30.0) -> bytes:
        """Return all bytes of a stream that ended normally."""
        self.join(timeout_s)
        assert not self.is_alive(), "the stream has not ended"
        assert self.error is None, self.error
        assert self.status == 200, bytes(self.received)
        return bytes(self.received)

    def read_until_broken(self, *, timeout_s: float = 30.0) -> bytes:
        """Return the bytes received before the connection broke."""
        self.join(timeout_s)
        assert not self.is_alive(), "the stream has not ended"
        assert isinstance(self.error, httpx.RemoteProtocolError | httpx.ReadError), self.error
        return bytes(self.received)


class LiveSession:
    """Attempts and clients of one gateway, which are closed at the end."""

    def __init__(self, gateway: RunningGateway, settings: Settings | None = None) -> None:
        self.gateway = gateway
        self._settings = settings or gateway.settings
        self._attempts: list[Attempt] = []
        self._clients: list[StreamClient] = []

    def attempt(self, job_id: str, audio: bytes) -> Attempt:
        self._attempts.append(Attempt(self.gateway, job_id, audio, settings=self._settings))
        return self._attempts[-1]

    def client(self, job_id: str, *, url: str | None = None, **params: Any) -> StreamClient:
        self._clients.append(StreamClient(url or self.gateway.url, f"/jobs/{job_id}/stream", **params))
        return self._clients[-1]

    def close(self) -> None:
        for client in self._clients:
            client.leave()
        for attempt in self._attempts:
            attempt.close()


@contextmanager
def open_session(gateway: RunningGateway, settings: Settings | None = None) -> Iterator[LiveSession]:
    """`settings` are those of the worker, if it uses another Redis than the gateway."""
    session = LiveSession(gateway, settings)
    try:
        yield session
    finally:
        session.close()


def status_of(database: Database, job_id: str) -> str:
    with database.read() as connection:
        row = queries.get_job(connection, job_id, owner="local")
    assert row is not None
    return str(row.status)


def stored_pieces(store: Store) -> list[str]:
    files = store.keys()
    return sorted(key for key, _, _ in files if ".p0" in key)

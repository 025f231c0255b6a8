"""What a worker does for listeners, step by step: a take whose bytes are given, and those who listen to it."""

import hashlib
import io
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
from sqlalchemy import update

from common.db.database import Database
from common.db.tables import Part
from common.formats import MEDIA_TYPES
from common.ids import new_id
from common.jobs import lease, queries, sweep
from common.jobs.lease import SynthesisResult
from common.jobs.options import Options
from common.messaging.notifier import Notifier
from common.messaging.redis_link import RedisLink
from common.settings import Settings
from common.store import Store, audio_key
from tests.support.gateway import Running
from tests.support.rows import new_job, submit
from tests.support.waiting import wait_for
from worker.synthesis.live_audio import LiveAudioWriter

KIB = 1024
MIB = 1024 * KIB
_UNKNOWN = b"\xff\xff\xff\xff"


def wait_for_next_try(redis_link: RedisLink) -> None:
    """Wait until a connection that failed is tried again."""
    wait_for(lambda: not redis_link.pause_s)


def noise(size_bytes: int, *, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size_bytes)


def wav_head(size_bytes: int | None) -> bytes:
    """Of a file of so many bytes, or of one whose length is not known yet."""
    riff, data = (
        (_UNKNOWN, _UNKNOWN)
        if size_bytes is None
        else (struct.pack("<I", size_bytes - 8), struct.pack("<I", size_bytes - 44))
    )
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 24_000, 48_000, 2, 16)
    return b"RIFF" + riff + b"WAVE" + form + b"data" + data


def heard_wav(size_bytes: int, *, seed: int = 1) -> bytes:
    """As listeners get it, with noise for sound."""
    return wav_head(None) + noise(size_bytes - 44, seed=seed)


def new_streamed(gateway: Running, **changes: Any) -> str:
    """The id of a job that waits, made to be heard while it is spoken, and to be kept."""
    job = new_job(id=new_id(), **{"options": Options(streamed=True), "format": "pcm"} | changes)
    submit(gateway.database, job)
    return job.id


def unkept(gateway: Running, **changes: Any) -> str:
    return new_streamed(gateway, options=Options(streamed=True, keep=False), **changes)


class Take:
    """One attempt at a job: claimed, spoken up to where it is told, then ended or left as by a worker that died.

    When it `is_mute` it has no line to Redis.
    """

    def __init__(self, gateway: Running, job_id: str, sound: bytes, *, settings: Settings) -> None:
        self.job_id = job_id
        self.sound = sound
        self.place = 0
        self.is_mute = False
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

    def say(self, size_bytes: int | None = None, *, at_once: int = 48 * KIB) -> None:
        """So many bytes more, or all that is left, in what a segment may have."""
        end = len(self.sound) if size_bytes is None else self.place + size_bytes
        while self.place < end:
            data = self.sound[self.place : min(end, self.place + at_once)]
            self._spool.seek(0, io.SEEK_END)
            self._spool.write(data)
            if not self.is_mute:
                self.live.append(data)
                self.live.flush()
            self.place += len(data)

    def finish(self) -> bytes:
        """What is left, the file, the row and the event; the file."""
        self.say()
        stored = self.stored()
        key = audio_key(
            self.job_id, attempt=self.claim.attempt, extension=MEDIA_TYPES[self.claim.job.format][1]
        )
        self._gateway.store.put(key, io.BytesIO(stored))
        made = SynthesisResult(
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
            ended = lease.finish(connection, self.claim, made)
        assert ended is not None
        self._notifier.publish_event(self.job_id, "completed", **ended)
        self.live.end()
        return stored

    def stored(self) -> bytes:
        """With the sizes that are known at the end."""
        is_wav = self.claim.job.format == "wav"
        return wav_head(len(self.sound)) + self.sound[44:] if is_wav else self.sound

    def fail(self, code: str = "engine_failed") -> None:
        with self._gateway.database.write() as connection:
            assert lease.fail(connection, self.claim, code=code, message="It did not work.")
        self._notifier.publish_event(self.job_id, "failed", code=code, message="It did not work.")
        self.live.end()

    def die(self) -> None:
        """Killed: its part is taken back when its lease has run out."""
        with self._gateway.database.write() as connection:
            connection.execute(update(Part).where(Part.id == self.claim.part_id).values(lease_until=1.0))
            assert [released.job_id for released in sweep.release_expired(connection)] == [self.job_id]

    def wait_for_next_try(self) -> None:
        wait_for_next_try(self._redis_link)

    def close(self) -> None:
        self._redis_link.close()


class Ear(threading.Thread):
    """A client that reads a stream of bytes to its end, however that comes."""

    def __init__(self, url: str, path: str, *, headers: dict[str, str] | None = None, **params: Any) -> None:
        super().__init__(name="ear")
        self.status = 0
        self.headers = httpx.Headers()
        self.heard = bytearray()
        self.error: httpx.HTTPError | None = None
        self._going = threading.Event()
        self._going.set()
        self._leaving = threading.Event()
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self._socket: socket.socket | None = None
        seen = {"trace": self._see}
        self._asked = self._client.build_request("GET", path, params=params, headers=headers, extensions=seen)
        self.start()

    def run(self) -> None:
        with self._client:
            try:
                self._read()
            except httpx.HTTPError as error:
                self.error = error

    def _see(self, event: str, about: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            self._socket = about["return_value"].get_extra_info("socket")

    def _read(self) -> None:
        answer = self._client.send(self._asked, stream=True)
        try:
            self.status, self.headers = answer.status_code, answer.headers
            for data in answer.iter_raw(16 * KIB if not self._going.is_set() else None):
                self.heard += data
                self._going.wait()
                if self._leaving.is_set():
                    return
        finally:
            answer.close()

    def pause(self) -> None:
        """Reads nothing until it goes on."""
        self._going.clear()

    def go_on(self) -> None:
        self._going.set()

    def wait_heard(self, size_bytes: int, *, timeout_s: float = 15.0) -> None:
        wait_for(lambda: len(self.heard) >= size_bytes or not self.is_alive(), timeout_s=timeout_s)
        assert len(self.heard) >= size_bytes, (
            len(self.heard),
            self.status,
            self.error,
            bytes(self.heard[:300]),
        )

    def hang_up(self) -> None:
        """At once, whatever it waits for."""
        self.leave()
        wait_for(lambda: self._socket or not self.is_alive(), interval_s=0.0005)
        if self._socket:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self.join(10)

    def leave(self) -> None:
        """With the next bytes that come."""
        self._leaving.set()
        self._going.set()

    def ended(self, *, timeout_s: float = 30.0) -> bytes:
        """Everything, when all was well."""
        self.join(timeout_s)
        assert not self.is_alive(), "the stream goes on"
        assert self.error is None, self.error
        assert self.status == 200, bytes(self.heard)
        return bytes(self.heard)

    def broken(self, *, timeout_s: float = 30.0) -> bytes:
        """What came until it was broken off."""
        self.join(timeout_s)
        assert not self.is_alive(), "the stream goes on"
        assert isinstance(self.error, httpx.RemoteProtocolError | httpx.ReadError), self.error
        return bytes(self.heard)


class Stage:
    """Takes and ears of one gateway, let go at the end whatever happened."""

    def __init__(self, gateway: Running, settings: Settings | None = None) -> None:
        self.gateway = gateway
        self._settings = settings or gateway.settings
        self._takes: list[Take] = []
        self._ears: list[Ear] = []

    def take(self, job_id: str, sound: bytes) -> Take:
        self._takes.append(Take(self.gateway, job_id, sound, settings=self._settings))
        return self._takes[-1]

    def ear(self, job_id: str, *, url: str | None = None, **params: Any) -> Ear:
        self._ears.append(Ear(url or self.gateway.url, f"/jobs/{job_id}/stream", **params))
        return self._ears[-1]

    def close(self) -> None:
        for ear in self._ears:
            ear.leave()
        for take in self._takes:
            take.close()


@contextmanager
def on_stage(gateway: Running, settings: Settings | None = None) -> Iterator[Stage]:
    """`settings` of the worker, where its line to Redis is another one."""
    stage = Stage(gateway, settings)
    try:
        yield stage
    finally:
        stage.close()


def status_of(database: Database, job_id: str) -> str:
    with database.read() as connection:
        row = queries.get_job(connection, job_id, owner="local")
    assert row is not None
    return str(row.status)


def pieces(store: Store) -> list[str]:
    files = store.keys()
    return sorted(key for key, _, _ in files if ".p0" in key)

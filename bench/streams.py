"""Many listeners of long texts at one gateway, each at the pace of a player that reads a second ahead and no more.

Two rounds: 50 of them for the gateway's limits, spoken by an engine that takes its time and no core, and with hibari
some that it speaks several times faster than they listen. A player begins with its first byte; each time it has played
all that came before the end is an underrun. Because sound is made faster than it is played, players fall behind the
window and go on in the pieces that lie in the store, then in the file. What they got is compared with the file.
"""

import argparse
import asyncio
import hashlib
import http.client
import json
import os
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import redis.asyncio

from bench.memory import resident_mb
from bench.player import Heard, Player
from bench.table import percentile, show
from bench.texts import stories
from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.messaging.audio_window import window_key
from common.settings import Settings

# So much at most is on its way between gateway and player; what else lies before the window is in pieces.
ON_ITS_WAY_BYTES = 512 * 1024
SAMPLE_EVERY_S = 0.5
# Each engine's call, of up to four segments.
FAKE_CALL_S = 0.1


@dataclass(frozen=True, slots=True)
class Round:
    title: str
    voice: str
    texts: tuple[str, ...]
    group: WorkerGroup


@dataclass(frozen=True, slots=True)
class Sample:
    """`behind_bytes`: the job of each player that is still spoken, and how far he is from the start of its window."""

    gateway_mb: float
    redis_mb: float
    behind_bytes: dict[str, int]


def main() -> None:
    asked = _arguments()
    for one in (_fake(asked.streams), _hibari(asked.hibari_streams)):
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(data_dir=Path(folder), port=0, fake_engine=one.voice == "fake", jobs_max=0)
            with Stack(settings, worker_groups=[one.group], publish=False) as stack:
                _warm(stack.settings.port, one.voice)
                heard, samples = asyncio.run(_played(stack, one))
                whole = sum(_is_the_file(stack.settings.port, player) for player in heard)
        _show_players(one, heard, samples, whole=whole)
        _show_memory(one, samples)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=50, help="of the fake engine")
    parser.add_argument("--hibari-streams", type=int, default=8)
    return parser.parse_known_args()[0]


def _fake(streams: int) -> Round:
    """Some 70 s each. Two workers with four segments a call speak 50 of them four times as fast as they are played."""
    texts = tuple(
        "\n\n".join(f"[[slow:{FAKE_CALL_S}]] {paragraph}" for paragraph in text.split("\n\n"))
        for text in islice(stories(5500), streams)
    )
    return Round("the fake engine", "fake", texts, WorkerGroup("worker", ("fake", "stub"), 2, streams))


def _hibari(streams: int) -> Round:
    group = WorkerGroup("worker", ("hibari", "stub"), os.cpu_count() or 1, streams)
    return Round("hibari", "hibari_heart", tuple(islice(stories(1000), streams)), group)


def _body(voice: str, text: str) -> dict[str, object]:
    return {"model": "oratio", "voice": voice, "input": text, "response_format": "pcm"}


def _warm(port: int, voice: str) -> None:
    for number in range(4):
        _asked(port, "POST", "/v1/audio/speech", _body(voice, f"This is number {number}. Another sentence."))


def _asked(port: int, method: str, path: str, body: Any = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        content = json.dumps(body) if body else None
        connection.request(method, path, content, {"Content-Type": "application/json"})
        with connection.getresponse() as answer:
            data = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise RuntimeError(f"{path} answers {answer.status}: {data[:500]!r}")
    return data


async def _played(stack: Stack, one: Round) -> tuple[list[Heard], list[Sample]]:
    """All at once, and what was seen meanwhile."""
    players = [Player(stack.settings.port, _body(one.voice, text)) for text in one.texts]
    async with redis.asyncio.Redis.from_url(stack.settings.redis_url) as client:
        samples = [await _sample(stack, client, players)]
        listening = asyncio.gather(*(player.listen() for player in players))
        while not listening.done():
            await asyncio.wait([listening], timeout=SAMPLE_EVERY_S)
            samples.append(await _sample(stack, client, players))
    return await listening, samples


async def _sample(stack: Stack, client: redis.asyncio.Redis, players: Sequence[Player]) -> Sample:
    begun = [player for player in players if player.job_id]
    pipeline = client.pipeline(transaction=False)
    pipeline.info("memory")
    for player in begun:
        pipeline.xrange(window_key(player.job_id, prefix=stack.settings.queue_prefix), count=1)
    told, *windows = await pipeline.execute()
    return Sample(
        resident_mb(stack.pids()["gateway"]),
        told["used_memory"] / 1e6,
        {
            player.job_id: _start(*window[0]) - player.received
            for player, window in zip(begun, windows, strict=True)
            if window
        },
    )


def _start(entry_id: bytes, fields: dict[bytes, bytes]) -> int:
    return int(entry_id.partition(b"-")[2]) - len(fields[b"d"])


def _is_the_file(port: int, heard: Heard) -> bool:
    job = json.loads(_asked(port, "GET", f"/jobs/{heard.job_id}"))
    return hashlib.sha256(_asked(port, "GET", job["audio_url"])).hexdigest() == heard.sha256


def _show_players(one: Round, heard: Sequence[Heard], samples: Sequence[Sample], *, whole: int) -> None:
    behind = [size for sample in samples for size in sample.behind_bytes.values()]
    from_pieces = {
        job_id
        for sample in samples
        for job_id, size in sample.behind_bytes.items()
        if size > ON_ITS_WAY_BYTES
    }
    underruns = sum(player.underruns for player in heard)
    firsts = [player.first_s * 1000 for player in heard]
    rows = [
        ("sound of each", f"{statistics.median(player.played_s for player in heard):.0f} s"),
        ("first byte, p50 and p90", f"{statistics.median(firsts):.0f} and {percentile(firsts, 0.9):.0f} ms"),
        ("furthest behind the window", f"{max(behind, default=0) / 1e6:.1f} MB"),
        ("went on from pieces", f"{len(from_pieces)} of {len(heard)}"),
        ("got the bytes of the file", f"{whole} of {len(heard)}"),
        ("underruns, and for how long", f"{underruns}, {sum(player.stalled_s for player in heard):.2f} s"),
        ("the last one, behind the first byte", f"{max(player.last_underrun_s for player in heard):.1f} s"),
        ("goal: no underrun, nothing lost", "met" if not underruns and whole == len(heard) else "missed"),
        ("load of the machine, 1 and 5 minutes", "{:.1f}, {:.1f}".format(*os.getloadavg())),
    ]
    show(f"{len(heard)} players at once, {one.title}", ("", ""), rows)


def _show_memory(one: Round, samples: Sequence[Sample]) -> None:
    last = len(samples) - 1
    places = {"start": 0, "1/3": last // 3, "2/3": 2 * last // 3, "end": last}
    gateway, server = [one.gateway_mb for one in samples], [one.redis_mb for one in samples]
    rows = [
        (name, *(f"{values[place]:.0f}" for place in places.values()), f"{max(values):.0f}")
        for name, values in (("gateway", gateway), ("queue server", server))
    ]
    seconds = last * SAMPLE_EVERY_S
    show(
        f"Resident memory of the gateway, used memory of the queue server over {seconds:.0f} s, {one.title}, in MB",
        ("", *places, "most"),
        rows,
    )


if __name__ == "__main__":
    main()

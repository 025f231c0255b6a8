"""Many simultaneous players of long texts at one gateway. Each reads at playback speed, at most one second ahead.

There are two scenarios. The first tests the limits of the gateway: 50 players of the fake engine, whose calls take time
but no CPU. The second is realistic: some players of hibari, which synthesizes several times faster than real time. A
player starts with its first byte. An underrun is counted each time it has played everything received before the end.
Synthesis is faster than playback, so players fall behind the audio window and go on with the pieces in the store, then
with the file. At the end the received bytes are compared with the file.
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

from bench.player import Playback, Player
from bench.processes import resident_mb
from bench.table import percentile, show
from bench.texts import long_texts
from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.messaging.audio_window import window_key
from common.settings import Settings

# The most that can be in transit between gateway and player. A player further behind the window is read from pieces.
MAX_IN_TRANSIT_BYTES = 512 * 1024
SAMPLE_INTERVAL_S = 0.5
# The duration of one engine call, which holds up to four segments.
FAKE_CALL_S = 0.1


@dataclass(frozen=True, slots=True)
class Scenario:
    title: str
    voice: str
    texts: tuple[str, ...]
    worker_group: WorkerGroup


@dataclass(frozen=True, slots=True)
class Sample:
    """`behind_bytes`: for each job with an audio window, how far its player is behind the start of the window."""

    gateway_mb: float
    redis_mb: float
    behind_bytes: dict[str, int]


def main() -> None:
    options = _parse_arguments()
    for scenario in (_fake_scenario(options.streams), _hibari_scenario(options.hibari_streams)):
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(
                data_dir=Path(folder), port=0, fake_engine=scenario.voice == "fake", jobs_max=0
            )
            with Stack(settings, worker_groups=[scenario.worker_group], publish=False) as stack:
                _warm_up(stack.settings.port, scenario.voice)
                playbacks, samples = asyncio.run(_play_all(stack, scenario))
                complete = sum(_matches_file(stack.settings.port, playback) for playback in playbacks)
        _show_players(scenario, playbacks, samples, complete=complete)
        _show_memory(scenario, samples)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=50, help="number of players of the fake engine")
    parser.add_argument("--hibari-streams", type=int, default=8, help="number of players of hibari")
    return parser.parse_known_args()[0]


def _fake_scenario(streams: int) -> Scenario:
    """Texts of about 70 s. Two workers with four segments per call synthesize 50 of them at four times real time."""
    texts = tuple(
        "\n\n".join(f"[[slow:{FAKE_CALL_S}]] {paragraph}" for paragraph in text.split("\n\n"))
        for text in islice(long_texts(5500), streams)
    )
    return Scenario("fake engine", "fake", texts, WorkerGroup("worker", ("fake", "stub"), 2, streams))


def _hibari_scenario(streams: int) -> Scenario:
    group = WorkerGroup("worker", ("hibari", "stub"), os.cpu_count() or 1, streams)
    return Scenario("hibari", "hibari_heart", tuple(islice(long_texts(1000), streams)), group)


def _speech_body(voice: str, text: str) -> dict[str, object]:
    return {"model": "oratio", "voice": voice, "input": text, "response_format": "pcm"}


def _warm_up(port: int, voice: str) -> None:
    for number in range(4):
        body = _speech_body(voice, f"This is number {number}. Another sentence.")
        _request(port, "POST", "/v1/audio/speech", body)


def _request(port: int, method: str, path: str, body: Any = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        content = json.dumps(body) if body else None
        connection.request(method, path, content, {"Content-Type": "application/json"})
        with connection.getresponse() as response:
            data = response.read()
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise RuntimeError(f"{path} answered {response.status}: {data[:500]!r}")
    return data


async def _play_all(stack: Stack, scenario: Scenario) -> tuple[list[Playback], list[Sample]]:
    """Play all texts at once, and take samples until the last player ends."""
    players = [Player(stack.settings.port, _speech_body(scenario.voice, text)) for text in scenario.texts]
    async with redis.asyncio.Redis.from_url(stack.settings.redis_url) as client:
        samples = [await _take_sample(stack, client, players)]
        playing = asyncio.gather(*(player.play() for player in players))
        while not playing.done():
            await asyncio.wait([playing], timeout=SAMPLE_INTERVAL_S)
            samples.append(await _take_sample(stack, client, players))
    return await playing, samples


async def _take_sample(stack: Stack, client: redis.asyncio.Redis, players: Sequence[Player]) -> Sample:
    started = [player for player in players if player.job_id]
    pipeline = client.pipeline(transaction=False)
    pipeline.info("memory")
    for player in started:
        pipeline.xrange(window_key(player.job_id, prefix=stack.settings.queue_prefix), count=1)
    memory_info, *windows = await pipeline.execute()
    return Sample(
        resident_mb(stack.pids()["gateway"]),
        memory_info["used_memory"] / 1e6,
        {
            player.job_id: _start_offset(*window[0]) - player.received
            for player, window in zip(started, windows, strict=True)
            if window
        },
    )


def _start_offset(entry_id: bytes, fields: dict[bytes, bytes]) -> int:
    """Return the offset in the audio at which a window entry starts. Its id holds the offset of its end."""
    return int(entry_id.partition(b"-")[2]) - len(fields[b"d"])


def _matches_file(port: int, playback: Playback) -> bool:
    job = json.loads(_request(port, "GET", f"/jobs/{playback.job_id}"))
    return hashlib.sha256(_request(port, "GET", job["audio_url"])).hexdigest() == playback.sha256


def _show_players(
    scenario: Scenario, playbacks: Sequence[Playback], samples: Sequence[Sample], *, complete: int
) -> None:
    behind_bytes = [size for sample in samples for size in sample.behind_bytes.values()]
    read_from_pieces = {
        job_id
        for sample in samples
        for job_id, size in sample.behind_bytes.items()
        if size > MAX_IN_TRANSIT_BYTES
    }
    underruns = sum(playback.underruns for playback in playbacks)
    stalled_s = sum(playback.stalled_s for playback in playbacks)
    last_underrun_s = max(playback.last_underrun_s for playback in playbacks)
    first_byte_ms = [playback.first_byte_s * 1000 for playback in playbacks]
    median_ms, p90_ms = statistics.median(first_byte_ms), percentile(first_byte_ms, 0.9)
    goal_met = not underruns and complete == len(playbacks)
    rows = [
        ("audio per player", f"{statistics.median(playback.played_s for playback in playbacks):.0f} s"),
        ("time to first byte, p50 and p90", f"{median_ms:.0f} and {p90_ms:.0f} ms"),
        ("furthest behind the window", f"{max(behind_bytes, default=0) / 1e6:.1f} MB"),
        ("continued from pieces", f"{len(read_from_pieces)} of {len(playbacks)}"),
        ("received the bytes of the file", f"{complete} of {len(playbacks)}"),
        ("underruns, total duration", f"{underruns}, {stalled_s:.2f} s"),
        ("last underrun, after the first byte", f"{last_underrun_s:.1f} s"),
        ("goal: no underrun, no byte lost", "met" if goal_met else "missed"),
        ("machine load, 1 and 5 minutes", "{:.1f}, {:.1f}".format(*os.getloadavg())),
    ]
    show(f"{len(playbacks)} players at once, {scenario.title}", ("", ""), rows)


def _show_memory(scenario: Scenario, samples: Sequence[Sample]) -> None:
    last = len(samples) - 1
    moments = {"start": 0, "1/3": last // 3, "2/3": 2 * last // 3, "end": last}
    gateway_mb = [sample.gateway_mb for sample in samples]
    redis_mb = [sample.redis_mb for sample in samples]
    rows = [
        (name, *(f"{values[index]:.0f}" for index in moments.values()), f"{max(values):.0f}")
        for name, values in (("gateway, resident", gateway_mb), ("Redis server, used", redis_mb))
    ]
    duration_s = last * SAMPLE_INTERVAL_S
    show(f"Memory over {duration_s:.0f} s, {scenario.title}, in MB", ("", *moments, "maximum"), rows)


if __name__ == "__main__":
    main()

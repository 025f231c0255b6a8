"""How soon a long text is heard: `POST /v1/audio/speech` up to its first sound, beside the bare engine.

The bare engine speaks the first segment alone, cut and put into words beforehand as a worker does it, in this process;
its calls alternate with the requests, the order changing. Every text is another one, so that nothing joins. What a
WAV's first 44 bytes say is no sound and doesn't count.
"""

import argparse
import http.client
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from bench.table import percentile, show
from bench.texts import stories
from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.catalogue import find_voice
from common.messaging.audio_window import HEAD_BYTES
from common.settings import Settings

VOICE = "hibari_heart"
CHARS = 2000
WARM_UP = 5
FORMATS = ("pcm", "wav", "mp3")
SEED = 1
# What a first sound may cost over the bare engine, and of the time that the whole takes.
MOST_ADDED_MS = 15.0
MOST_OF_WHOLE = 1 / 5

Speak = Callable[[str], object]


def main() -> None:
    asked = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), port=0)
        bare = _bare_engine(settings)
        with Stack(
            settings, worker_groups=[WorkerGroup("worker", ("hibari", "stub"), 1)], publish=False
        ) as stack:
            texts = stories(CHARS)
            found = {
                name: _measured(stack.settings.port, name, bare, texts, asked.texts) for name in asked.formats
            }
    for name, times in found.items():
        _show(name, *times)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.first_audio", description=__doc__)
    parser.add_argument("--texts", type=int, default=30, help="of each format")
    parser.add_argument("--formats", default=FORMATS, type=lambda names: names.split(","))
    return parser.parse_known_args()[0]


def _measured(
    port: int, audio_format: str, bare: Callable[[str], float], texts: Iterator[str], count: int
) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds of the bare engine, up to the first sound and to the last one, text by text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    rows: list[tuple[float, float, float]] = []
    for number, text in enumerate(islice(texts, WARM_UP + count)):
        if number % 2:
            bare_ms = bare(text)
            first_ms, whole_ms = _heard(connection, text, audio_format)
        else:
            first_ms, whole_ms = _heard(connection, text, audio_format)
            bare_ms = bare(text)
        rows.append((bare_ms, first_ms, whole_ms))
    connection.close()
    bares, firsts, wholes = zip(*rows[WARM_UP:], strict=True)
    return list(bares), list(firsts), list(wholes)


def _bare_engine(settings: Settings) -> Callable[[str], float]:
    """What speaks the first segment of a text, and how many milliseconds the engine takes for it."""
    from worker.engines import create
    from worker.engines.protocol import Utterance
    from worker.text.normalization import normalize
    from worker.text.splitting import split_text

    engine = create("hibari", settings)
    engine.load()
    voice = find_voice(VOICE)
    language = voice.languages[0]

    def speak(text: str) -> float:
        first = split_text(text, language=language, max_chars=engine.max_chars)[0].text
        said = normalize(first, language=language).text
        utterance = Utterance(said, voice.engine_voice, "", language, 1.0, None, SEED, seed_given=True)
        began = time.perf_counter()
        engine.speak([utterance])
        return (time.perf_counter() - began) * 1000

    return speak


def _heard(connection: http.client.HTTPConnection, text: str, audio_format: str) -> tuple[float, float]:
    """Milliseconds to the first byte of sound, and to the last one."""
    body = {
        "model": "hibari",
        "voice": VOICE,
        "input": text,
        "response_format": audio_format,
        "seed": SEED,
    }
    head = HEAD_BYTES if audio_format == "wav" else 0
    began = time.perf_counter()
    connection.request("POST", "/v1/audio/speech", json.dumps(body), {"Content-Type": "application/json"})
    with connection.getresponse() as answer:
        if answer.status != http.client.OK:
            raise RuntimeError(f"not spoken: {answer.read()!r}")
        received = 0
        while received <= head:
            received += len(answer.read1())
        first_ms = (time.perf_counter() - began) * 1000
        answer.read()
    return first_ms, (time.perf_counter() - began) * 1000


def _show(audio_format: str, bare_ms: list[float], first_ms: list[float], whole_ms: list[float]) -> None:
    added = [first - bare for first, bare in zip(first_ms, bare_ms, strict=True)]
    share = [first / whole for first, whole in zip(first_ms, whole_ms, strict=True)]
    goals = (
        (statistics.median(first_ms) - statistics.median(bare_ms), MOST_ADDED_MS),
        (statistics.median(first_ms) / statistics.median(whole_ms), MOST_OF_WHOLE),
    )
    rows = [
        ("bare engine, first segment", *_spread(bare_ms), ""),
        ("first sound", *_spread(first_ms), ""),
        ("added, text by text", *_spread(added), ""),
        ("difference of the medians", f"{goals[0][0]:.1f}", "", _verdict(*goals[0])),
        ("last sound", *_spread(whole_ms), ""),
        ("first of last", *_spread(share, digits=3), _verdict(*goals[1])),
        ("load of the machine, 1 and 5 minutes", *(f"{load:.1f}" for load in os.getloadavg()[:2]), ""),
    ]
    title = f"{CHARS} characters as {audio_format}, {len(first_ms)} texts, in ms"
    show(title, ("", "p50", "p90", "goal"), rows)


def _verdict(found: float, most: float) -> str:
    return f"{'met' if found <= most else 'missed'} (at most {most:g})"


def _spread(values: list[float], *, digits: int = 1) -> tuple[str, str]:
    return f"{statistics.median(values):.{digits}f}", f"{percentile(values, 0.9):.{digits}f}"


if __name__ == "__main__":
    main()

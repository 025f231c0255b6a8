"""The time to the first audio of a long text with `POST /v1/audio/speech`, compared with the bare engine.

The bare engine runs in this process and speaks only the first segment, which is split and normalized beforehand as a
worker does it. Its calls alternate with the requests, in alternating order. All texts are different, so that no request
joins the job of another. The 44 header bytes of a WAV file do not count as audio.
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
from bench.texts import long_texts
from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.catalogue import find_voice
from common.messaging.audio_window import HEADER_BYTES
from common.settings import Settings

VOICE = "hibari_heart"
CHARS = 2000
WARM_UP_TEXTS = 5
FORMATS = ("pcm", "wav", "mp3")
SEED = 1
# Goals: the most that the first audio may take longer than the bare engine, and the largest part of the total time.
MAX_ADDED_MS = 15.0
MAX_FRACTION_OF_TOTAL = 1 / 5


def main() -> None:
    options = _parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), port=0)
        time_bare_engine_ms = _load_bare_engine(settings)
        with Stack(
            settings, worker_groups=[WorkerGroup("worker", ("hibari", "stub"), 1)], publish=False
        ) as stack:
            texts = long_texts(CHARS)
            times_by_format = {
                audio_format: _measure(
                    stack.settings.port, audio_format, time_bare_engine_ms, texts, options.texts
                )
                for audio_format in options.formats
            }
    for audio_format, times in times_by_format.items():
        _show_format(audio_format, *times)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.first_audio", description=__doc__)
    parser.add_argument("--texts", type=int, default=30, help="number of texts per format")
    parser.add_argument("--formats", default=FORMATS, type=lambda names: names.split(","))
    return parser.parse_known_args()[0]


def _measure(
    port: int,
    audio_format: str,
    time_bare_engine_ms: Callable[[str], float],
    texts: Iterator[str],
    count: int,
) -> tuple[list[float], list[float], list[float]]:
    """Return, per text, the milliseconds of the bare engine, to the first audio and to the end of the audio."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    rows: list[tuple[float, float, float]] = []
    for number, text in enumerate(islice(texts, WARM_UP_TEXTS + count)):
        if number % 2:
            bare_ms = time_bare_engine_ms(text)
            first_ms, total_ms = _time_request(connection, text, audio_format)
        else:
            first_ms, total_ms = _time_request(connection, text, audio_format)
            bare_ms = time_bare_engine_ms(text)
        rows.append((bare_ms, first_ms, total_ms))
    connection.close()
    all_bare_ms, all_first_ms, all_total_ms = zip(*rows[WARM_UP_TEXTS:], strict=True)
    return list(all_bare_ms), list(all_first_ms), list(all_total_ms)


def _load_bare_engine(settings: Settings) -> Callable[[str], float]:
    """Return a function that speaks the first segment of a text and returns the engine's milliseconds."""
    from worker.engines import create
    from worker.engines.protocol import Utterance
    from worker.text.normalization import normalize
    from worker.text.splitting import split_text

    engine = create("hibari", settings)
    engine.load()
    voice = find_voice(VOICE)
    language = voice.languages[0]

    def time_first_segment_ms(text: str) -> float:
        first = split_text(text, language=language, max_chars=engine.max_chars)[0].text
        normalized = normalize(first, language=language).text
        utterance = Utterance(normalized, voice.engine_voice, "", language, 1.0, None, SEED, seed_given=True)
        started = time.perf_counter()
        engine.speak([utterance])
        return (time.perf_counter() - started) * 1000

    return time_first_segment_ms


def _time_request(
    connection: http.client.HTTPConnection, text: str, audio_format: str
) -> tuple[float, float]:
    """Return the milliseconds to the first byte of audio and to the last one."""
    body = {
        "model": "hibari",
        "voice": VOICE,
        "input": text,
        "response_format": audio_format,
        "seed": SEED,
    }
    header_bytes = HEADER_BYTES if audio_format == "wav" else 0
    started = time.perf_counter()
    connection.request("POST", "/v1/audio/speech", json.dumps(body), {"Content-Type": "application/json"})
    with connection.getresponse() as response:
        if response.status != http.client.OK:
            raise RuntimeError(f"The request failed: {response.read()!r}")
        received = 0
        while received <= header_bytes:
            received += len(response.read1())
        first_ms = (time.perf_counter() - started) * 1000
        response.read()
    return first_ms, (time.perf_counter() - started) * 1000


def _show_format(
    audio_format: str, bare_ms: list[float], first_ms: list[float], total_ms: list[float]
) -> None:
    added_ms = [first - bare for first, bare in zip(first_ms, bare_ms, strict=True)]
    fractions = [first / total for first, total in zip(first_ms, total_ms, strict=True)]
    difference_ms = statistics.median(first_ms) - statistics.median(bare_ms)
    fraction = statistics.median(first_ms) / statistics.median(total_ms)
    rows = [
        ("bare engine, first segment", *_spread(bare_ms), ""),
        ("first audio", *_spread(first_ms), ""),
        ("added, per text", *_spread(added_ms), ""),
        ("difference of the medians", f"{difference_ms:.1f}", "", _verdict(difference_ms, MAX_ADDED_MS)),
        ("end of the audio", *_spread(total_ms), ""),
        (
            "first audio / end of the audio",
            *_spread(fractions, digits=3),
            _verdict(fraction, MAX_FRACTION_OF_TOTAL),
        ),
        ("machine load, 1 and 5 minutes", *(f"{load:.1f}" for load in os.getloadavg()[:2]), ""),
    ]
    title = f"{CHARS} characters as {audio_format}, {len(first_ms)} texts, in ms"
    show(title, ("", "p50", "p90", "goal"), rows)


def _verdict(value: float, maximum: float) -> str:
    return f"{'met' if value <= maximum else 'missed'} (at most {maximum:g})"


def _spread(values: list[float], *, digits: int = 1) -> tuple[str, str]:
    return f"{statistics.median(values):.{digits}f}", f"{percentile(values, 0.9):.{digits}f}"


if __name__ == "__main__":
    main()

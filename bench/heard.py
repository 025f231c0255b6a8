"""What listeners hear of numbers, units, signs and tags: `python -m bench heard [--cases 90]`.

Every text that users reported, and English cases of the tables of the normalizer, by source, go through
`POST /synthesize` of a running service with hibari. A speech recognition model transcribes them. The error rate is the
number of inserted, deleted and substituted words per expected word. The expected words, written out, are spoken and
transcribed too: the model writes names, homophones and letters its own way. A text with more errors than its words is
marked with "look".
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.heard_texts import reported_cases, sampled_cases
from bench.http_client import HttpClient
from bench.service import run_service
from bench.table import show
from tests.support.text_rates import Case
from tests.support.transcription import transcribe, word_error_rate, words


@dataclass(frozen=True, slots=True)
class _Heard:
    """`spelled_out` is the transcript of the expected words."""

    case: Case
    transcript: str
    spelled_out: str

    @property
    def words(self) -> list[str]:
        return words(self.case.expected)

    @property
    def error_rate(self) -> float:
        return word_error_rate(self.case.expected, self.transcript)

    @property
    def error_rate_spelled_out(self) -> float:
        return word_error_rate(self.case.expected, self.spelled_out)


def main() -> None:
    options = _parser().parse_args(sys.argv[1:])
    groups = {"reported": reported_cases(), "tables": sampled_cases(options.cases)}
    with tempfile.TemporaryDirectory() as folder, run_service(Path(folder)) as service:
        client = HttpClient(service.port)
        spoken = {group: [_speak(client, case) for case in cases] for group, cases in groups.items()}
        client.close()
    heard = {
        group: [_Heard(case, transcribe(audio), transcribe(words)) for case, audio, words in recordings]
        for group, recordings in spoken.items()
    }
    for group, results in heard.items():
        _show(group, results)
    show(
        "Words heard",
        ("texts", "number", "words", "error rate", "of their words", "to look at"),
        _totals(heard),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench heard", description=__doc__)
    parser.add_argument("--cases", type=int, default=90)
    return parser


def _speak(client: HttpClient, case: Case) -> tuple[Case, bytes, bytes]:
    audio = [_synthesize(client, text, language=case.language) for text in (case.input, case.expected)]
    return case, audio[0], audio[1]


def _synthesize(client: HttpClient, text: str, *, language: str) -> bytes:
    job = json.loads(client.post("/synthesize", {"text": text, "language": language}))
    return client.get(job["audio_url"])


def _show(group: str, results: list[_Heard]) -> None:
    rows = [
        (
            f"{result.case.source}: {result.case.input}",
            " ".join(result.words),
            " ".join(words(result.transcript)),
            f"{result.error_rate:.0%}",
            f"{result.error_rate_spelled_out:.0%}",
            "look" if result.error_rate > result.error_rate_spelled_out else "",
        )
        for result in results
    ]
    show(group, ("text", "expected", "heard", "error rate", "of its words", ""), rows)


def _totals(heard: dict[str, list[_Heard]]) -> list[tuple[str, ...]]:
    rows = []
    for group, results in heard.items():
        counts = [len(result.words) for result in results]
        rates = [
            sum(count * rate for count, rate in zip(counts, found, strict=True)) / sum(counts)
            for found in (
                [result.error_rate for result in results],
                [result.error_rate_spelled_out for result in results],
            )
        ]
        looks = sum(result.error_rate > result.error_rate_spelled_out for result in results)
        rows.append(
            (group, str(len(results)), str(sum(counts)), *(f"{rate:.1%}" for rate in rates), str(looks))
        )
    return rows

"""Callbacks through which the pipeline reports progress, learns of cancellation and reads arriving text."""

from collections.abc import Callable
from dataclasses import dataclass

from common.messaging.text_stream import TextUpdate
from common.recordings.captions import Caption

# (id of the last update, seconds to wait) -> the updates of an arriving text after it, with their ids.
ReadText = Callable[[str, float], list[tuple[str, TextUpdate]]]


class SynthesisStopped(Exception):
    """The lease is lost, or this process must stop. The audio made so far is dropped."""


class ListenersGone(Exception):
    """The last listener left a job whose audio is not kept."""


@dataclass(frozen=True, slots=True)
class JobCallbacks:
    """`check` raises SynthesisStopped when the work must end.

    The pipeline calls `started(segments_total)`, then `captioned(caption)` for each segment in the file and
    `progressed(segments_done, segments_total)`, which returns True if the job is to end with these segments. It uses
    `read_text` only for a text that arrives while it is spoken. It calls `outlived` each time it has spoken as many
    segments in a row as a worker holds ahead: this worker has outlived all that an earlier one may have died of.
    """

    check: Callable[[], None]
    started: Callable[[int], None]
    progressed: Callable[[int, int], bool]
    read_text: ReadText = lambda _after, _within_s: []
    captioned: Callable[[Caption], None] = lambda _caption: None
    outlived: Callable[[], None] = lambda: None

"""What the pipeline asks and reports while it works on a part."""

from collections.abc import Callable
from dataclasses import dataclass

from common.messaging.text_stream import Piece
from common.recordings.captions import Caption

# (id of the last piece, how long to wait in seconds) -> pieces of a text that arrives while it is spoken.
ReadText = Callable[[str, float], list[tuple[str, Piece]]]


class SynthesisStopped(Exception):
    """The lease is lost, or this process must stop. What was made is dropped."""


class ListenersGone(Exception):
    """Nobody listens any more to a job that was made only to be listened to."""


@dataclass(frozen=True, slots=True)
class JobCallbacks:
    """`check`: raises SynthesisStopped when the work must end.

    `started(segments_total)`, `captioned(caption)` for each segment in the file, then `progressed(segments_done,
    segments_total)`. `read_text` is used only for a text that arrives while it is spoken.
    """

    check: Callable[[], None]
    started: Callable[[int], None]
    progressed: Callable[[int, int], None]
    read_text: ReadText = lambda _after, _within_s: []
    captioned: Callable[[Caption], None] = lambda _caption: None

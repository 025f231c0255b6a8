"""How a job is to be spoken beyond voice and format: one value, of which only what differs is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Options:
    """`normalize`: numbers, dates, markdown and the like are put into words. `mastering`: edges trimmed, pauses put in,
    loudness evened. `lexicon`: word to respelling, or to `/phonemes/`.

    `streamed`: somebody listens from the first segment on. `keep`: it goes on when the last listener has left.
    `live_text`: the text comes in pieces while it is spoken. `legs`: the queues that a text with voices of several
    models passes through; `cast`: in which of them each voice is spoken.
    """

    normalize: bool = True
    mastering: bool = True
    lexicon: Mapping[str, str] = field(default_factory=dict)
    streamed: bool = False
    keep: bool = True
    live_text: bool = False
    legs: Sequence[str] = ()
    cast: Mapping[str, int] = field(default_factory=dict)

    def as_row(self) -> dict[str, Any]:
        plain = asdict(PLAIN)
        return {name: value for name, value in asdict(self).items() if value != plain[name]}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Options":
        """What another release wrote beyond what this one knows is left aside."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in row.items() if name in known})


PLAIN = Options()

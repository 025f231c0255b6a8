"""Options of a job beyond voice and format. Only options that differ from the defaults are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

# Stored names that differ from the attributes. Earlier releases wrote them.
_STORED_NAMES = {"stages": "legs", "stage_of_voice": "cast"}

CUE_SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True)
class Options:
    """`normalize`: expand numbers, dates, Markdown and the like into words. `mastering`: trim edges, insert pauses,
    level the loudness. `title`: of the recording, empty to take it from the text. `lexicon`: word to respelling, or to
    `/phonemes/`.

    `streamed`: a client listens from the first segment on. `keep`: the job continues after the last listener left.
    `live_text`: the text arrives in pieces while it is spoken. `stages`: the queues that a job with voices of several
    models passes through, in order. `stage_of_voice`: voice id to the index of its stage. `sample_rate_hz`: the rate of
    the audio; 0 is that of the first voice.

    `input_type`: "text", "ssml", "srt", "vtt", or None to detect it. `clean_pages`: leave out page numbers and running
    heads. `cue_times_ms`: start and end of each cue, if the text has cues. They are separated by `CUE_SEPARATOR`.
    """

    normalize: bool = True
    mastering: bool = True
    title: str = ""
    lexicon: Mapping[str, str] = field(default_factory=dict)
    streamed: bool = False
    keep: bool = True
    live_text: bool = False
    stages: Sequence[str] = ()
    stage_of_voice: Mapping[str, int] = field(default_factory=dict)
    cue_times_ms: Sequence[int] = ()
    sample_rate_hz: int = 0
    input_type: str | None = None
    clean_pages: bool = False

    def as_row(self) -> dict[str, Any]:
        # Not by `asdict`, which copies every value and takes half of the time of a submission.
        values = ((one.name, getattr(self, one.name)) for one in _FIELDS)
        return {
            _STORED_NAMES.get(name, name): value for name, value in values if value != getattr(DEFAULTS, name)
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Options":
        """Ignores unknown names, from another release."""
        return cls(**{_ATTRIBUTES[name]: value for name, value in row.items() if name in _ATTRIBUTES})


_FIELDS = fields(Options)
DEFAULTS = Options()
_ATTRIBUTES = {_STORED_NAMES.get(one.name, one.name): one.name for one in fields(Options)}

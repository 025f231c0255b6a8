"""Builds the spans of an SSML text from its elements and characters."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile

from common.markup.spans import JOB_VOICE, Markup, Run, VoiceSpan, check_silence
from common.markup.ssml_values import MAX_RATE, MIN_RATE, language_tag, rate_factor
from common.speakable_text import is_speakable

# White space in SSML only lays out the document. `<p>` makes paragraphs.
_LAYOUT = str.maketrans("\n\r\t", "   ")
_PARAGRAPH_END = "\n\n"
_STOPS = ".!?…。！？:;,—–"  # noqa: RUF001
SENTENCE_STOPS = tuple(".!?…。！？")  # noqa: RUF001
CLOSING = "\"')]}»”’"  # noqa: RUF001
_CLOSING_PUNCTUATION = re.compile(rf"[{re.escape(_STOPS)}]{{1,8}}[{re.escape(CLOSING)}]{{0,8}}")
_REPLACED = frozenset({"sub", "phoneme", "say-as"})
_NAMED_MAX = 8
# What `interpret-as` can be. Numbers, amounts and times are read as in any text.
SAY_AS = frozenset({"cardinal", "ordinal", "characters", "date", "telephone", "digits"})
_SAY_AS_ALIASES = {
    "spell-out": "characters",
    "verbatim": "characters",
    "number": "cardinal",
    "phone": "telephone",
}
_READ_AS_USUAL = frozenset({"time", "currency", "unit", "fraction", "duration", "address", "name"})


@dataclass(frozen=True, slots=True)
class _Manner:
    """How the text of an element is spoken."""

    voice_id: str | None = None
    language: str | None = None
    rate: float = 1.0


@dataclass(slots=True)
class _Replacement:
    """An element that is spoken otherwise than it is written. `depth` is the number of open elements before it."""

    depth: int
    name: str
    attributes: Mapping[str, str]
    start: int
    chars: list[str] = field(default_factory=list)
    first: int | None = None
    last: int = 0

    def add(self, chars: str, start: int, end: int) -> None:
        self.chars.append(chars)
        self.first = start if self.first is None else self.first
        self.last = end


class SpanBuilder:
    """`ignored_elements` and `ignored_attributes` have no effect. They are named in a warning."""

    def __init__(self) -> None:
        self.ignored_elements: dict[str, None] = {}
        self.ignored_attributes: dict[str, None] = {}
        self._manners = [_Manner()]
        self._spans: list[VoiceSpan] = []
        self._runs: list[Run] = []
        self._runs_manner = _Manner()
        self._replacement: _Replacement | None = None
        self._lead_s: float | None = None
        self._silence_s = 0.0

    def push(self, name: str, attributes: Mapping[str, str], at: int) -> None:
        """Begin an element. Raises ValueError for an invalid attribute."""
        if name in _REPLACED and self._replacement is None:
            self._replacement = _Replacement(len(self._manners), name, attributes, at)
        manner = self._manners[-1]
        if (tag := attributes.get("xml:lang")) is not None:
            manner = replace(manner, language=self._language(tag, name))
        if name == "voice":
            manner = replace(manner, voice_id=self._voice_id(attributes, manner))
        if name == "prosody" and (rate := attributes.get("rate")) is not None:
            factor = min(max(manner.rate * rate_factor(rate), MIN_RATE), MAX_RATE)
            manner = replace(manner, rate=factor)
        self._manners.append(manner)

    def pop(self, at: int) -> None:
        """End the innermost element."""
        self._manners.pop()
        replacement = self._replacement
        if replacement is not None and len(self._manners) == replacement.depth:
            self._replacement = None
            self._add_run(self._run_of(replacement, at))

    def add(self, chars: str, start: int, end: int) -> None:
        """Add characters [start, end) of the source, which are `chars` after references are resolved."""
        chars = chars.translate(_LAYOUT)
        if self._replacement is not None:
            self._replacement.add(chars, start, end)
        else:
            self._add_run(Run(chars, start, end))

    def pause(self, duration_s: float) -> None:
        if duration_s > 0 and self._replacement is None:
            self._flush(paragraph_end=False)
            self._lead_s = (self._lead_s or 0.0) + duration_s
            self._silence_s += duration_s

    def end_sentence(self, at: int) -> None:
        last = self._last_char()
        if last and self._replacement is None:
            stop = "" if last in _STOPS else "。" if last >= "\u3040" else "."
            self._runs.append(Run(f"{stop} ", at, at))

    def end_paragraph(self, at: int) -> None:
        if self._last_char():
            if not self._ends_paragraph():
                self._runs.append(Run(_PARAGRAPH_END, at, at))
        elif self._spans:
            self._spans[-1] = replace(self._spans[-1], paragraph_end=True)

    def finish(self) -> Markup:
        """Raises InvalidRequest if the pauses add up to too much."""
        self._flush(paragraph_end=True)
        check_silence(self._silence_s)
        return Markup(tuple(self._spans), self._lead_s or 0.0, self._warnings())

    def _add_run(self, run: Run) -> None:
        manner = self._manners[-1]
        if manner != self._runs_manner:
            run = self._add_closing(run)
        if run.text and manner != self._runs_manner:
            # As after a tag, a new voice begins a new paragraph, unless it continues a sentence.
            changes_voice = manner.voice_id != self._runs_manner.voice_id
            self._flush(paragraph_end=changes_voice and self._last_char() in SENTENCE_STOPS)
            self._runs_manner = manner
        if run.text:
            self._runs.append(run)

    def _add_closing(self, run: Run) -> Run:
        """Add the punctuation at the start of a run to the words before it. Returns the rest of the run."""
        length = len(run.text) if not is_speakable(run.text) else _closing_length(run)
        if not self._runs or not length:
            return run
        middle = run.start + length if length < len(run.text) else run.end
        self._runs.append(replace(run, text=run.text[:length], end=middle))
        return replace(run, text=run.text[length:], start=middle)

    def _flush(self, *, paragraph_end: bool) -> None:
        paragraph_end = paragraph_end or self._ends_paragraph()
        visible = [at for at, run in enumerate(self._runs) if run.text.strip()]
        runs = tuple(self._runs[visible[0] : visible[-1] + 1]) if visible else ()
        self._runs = []
        if not any(is_speakable(run.text) for run in runs):
            return
        manner = self._runs_manner
        self._spans.append(
            VoiceSpan(
                start=runs[0].start,
                end=runs[-1].end,
                voice_id=manner.voice_id,
                lead_s=self._lead_s,
                language=manner.language,
                rate=manner.rate,
                runs=runs,
                paragraph_end=paragraph_end,
            )
        )
        self._lead_s = None

    def _ends_paragraph(self) -> bool:
        """True if only white space follows the end of a paragraph."""
        blank = takewhile(lambda run: not run.text.strip(), reversed(self._runs))
        return any(run.text == _PARAGRAPH_END for run in blank)

    def _last_char(self) -> str:
        """Return the last visible character that was added, without closing marks, or "" if there is none."""
        for run in reversed(self._runs):
            if text := run.text.rstrip().rstrip(CLOSING):
                return text[-1]
        return ""

    def _run_of(self, replacement: _Replacement, at: int) -> Run:
        text = " ".join("".join(replacement.chars).split())
        start = replacement.start if replacement.first is None else replacement.first
        run = Run(text, start, max(start + 1, at if replacement.first is None else replacement.last))
        attributes = replacement.attributes
        if replacement.name == "sub":
            return replace(run, text=attributes.get("alias", "").translate(_LAYOUT).strip() or text)
        if replacement.name == "phoneme":
            return self._phoneme_run(run, attributes)
        return self._say_as_run(run, attributes)

    def _phoneme_run(self, run: Run, attributes: Mapping[str, str]) -> Run:
        phonemes = " ".join(attributes.get("ph", "").split())
        if attributes.get("alphabet", "ipa").lower() != "ipa":
            self.ignored_attributes["alphabet of <phoneme>, if it is not ipa"] = None
            return run
        return replace(run, text=run.text or phonemes, phonemes=phonemes)

    def _say_as_run(self, run: Run, attributes: Mapping[str, str]) -> Run:
        kind = attributes.get("interpret-as", "").strip().lower()
        kind = _SAY_AS_ALIASES.get(kind, kind)
        if kind in SAY_AS:
            return replace(run, say_as=kind, say_as_format=attributes.get("format", "").strip().lower())
        if kind not in _READ_AS_USUAL:
            self.ignored_attributes[f"interpret-as of <say-as> ({kind[:20] or 'empty'})"] = None
        return run

    def _voice_id(self, attributes: Mapping[str, str], manner: _Manner) -> str | None:
        name = attributes.get("name", "").strip()
        if not name:
            self.ignored_attributes["<voice> without name"] = None
            return manner.voice_id
        return None if name.lower() == JOB_VOICE else name

    def _language(self, tag: str, name: str) -> str | None:
        language = language_tag(tag)
        if language is None and tag.strip():
            self.ignored_attributes[f"xml:lang of <{name}>, which is no language tag"] = None
        return language

    def _warnings(self) -> tuple[str, ...]:
        warnings = []
        if self.ignored_elements:
            elements = _listed([f"<{name}>" for name in self.ignored_elements])
            warnings.append(f"These SSML elements have no effect, and their text is spoken: {elements}.")
        if self.ignored_attributes:
            warnings.append(
                f"These SSML attributes have no effect: {_listed(list(self.ignored_attributes))}."
            )
        return tuple(warnings)


def _closing_length(run: Run) -> int:
    """The number of characters of a full stop or a comma with closing marks, if they stand for themselves."""
    found = _CLOSING_PUNCTUATION.match(run.text) if len(run.text) == run.end - run.start else None
    return len(found[0]) if found else 0


def _listed(names: list[str]) -> str:
    shown = [name if len(name) <= 60 else f"{name[:60]}…" for name in names[:_NAMED_MAX]]
    more = f" and {len(names) - _NAMED_MAX} others" if len(names) > _NAMED_MAX else ""
    return f"{', '.join(shown)}{more}"

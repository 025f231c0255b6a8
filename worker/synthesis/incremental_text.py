"""A text that is spoken while it comes in: whole sentences as soon as they are whole, the rest when it is asked for."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from common.catalogue import Voice, find_voice
from common.errors import OratioError
from common.jobs.lease import Claim
from common.markup import LONGEST_SILENCE_S, Passage, Script, read_script
from common.messaging.text_stream import Kind, Piece
from worker.engines.protocol import EngineError
from worker.synthesis.segmentation import Cue, spoken_language
from worker.text.language_detection import detect_language
from worker.text.splitting import TextSpan, split_text

# Between two looks, whether to go on.
LOOK_EVERY_S = 0.5
# A look costs as much as there is waiting, which may be much and never ripe: most of the time belongs to others.
QUICK_S = 0.005
LOOKS_APART = 9.0

# What a text may end with when a tag was cut in two.
_BEGUN_TAG = re.compile(
    r"\[(?:p(?:a(?:us?)?)?|v(?:o(?:ic?)?)?|(?:pause|voice)\s*(?::[^\[\]\n]{0,200})?)?\Z", re.IGNORECASE
)
# Stands for what a sentence may go on with: one that it leaves alone is whole, however little of the next is there.
_REST = "x" * 24

# (id of the last piece, how long to wait) -> what came.
Listen = Callable[[str, float], list[tuple[str, Piece]]]


class Dictation:
    """`text` is what has come so far; `look` raises when there is no going on."""

    def __init__(self, claim: Claim, *, max_chars: int, listen: Listen, look: Callable[[], None]) -> None:
        self.text = ""
        self._claim = claim
        self._max_chars = max_chars
        self._listen = listen
        self._look = look
        self._own = find_voice(claim.voice_id, allow_fake=True)
        self._voice_id: str | None = None
        self._last_id = "0-0"
        self._done = 0
        self._count = 0
        self._silence_s = 0.0
        self._look_from = 0.0

    def cues(self) -> Iterator[Cue]:
        """Until the text has ended. Raises EngineError for tags that cannot be followed, and what `look` raises."""
        ended = waits = False
        flushes: deque[int] = deque()
        while not ended:
            self._look()
            patience_s = self._look_from - time.monotonic() if waits else LOOK_EVERY_S
            for piece_id, piece in self._listen(self._last_id, min(LOOK_EVERY_S, max(0.001, patience_s))):
                self._last_id = piece_id
                self.text += piece.text
                waits = True
                ended = piece.kind == "end"
                if piece.kind == "flush":
                    flushes.append(len(self.text))
            while waits and time.monotonic() >= self._look_from:
                waits = bool(flushes)
                if flushes:
                    yield from self._ripe("flush", upto=flushes.popleft())
                elif not ended:
                    yield from self._ripe("more", upto=len(self.text))
        if flushes:
            yield from self._ripe("flush", upto=flushes[-1])
        yield from self._ripe("end", upto=len(self.text))

    @property
    def tail_s(self) -> float:
        """The silence that a tag asks for after all of it."""
        return self._script(self.text[self._done :]).tail_s

    def _ripe(self, kind: Kind, *, upto: int) -> list[Cue]:
        """What can be spoken now: the sentence that may go on only when somebody asks for it, a tag that has begun
        not before the end. Tags that nothing to speak follows yet are kept for what comes.
        """
        began_at = time.thread_time()
        found = self._found(kind, self.text[self._done : upto])
        took_s = time.thread_time() - began_at
        if took_s > QUICK_S:
            self._look_from = time.monotonic() + LOOKS_APART * took_s
        return found

    def _found(self, kind: Kind, waiting: str) -> list[Cue]:
        began, found = self._done, []
        opened = waiting.rfind("[")
        if kind != "end" and opened >= 0 and _BEGUN_TAG.match(waiting, opened):
            waiting = waiting[:opened]
        for passage in self._script(waiting).passages:
            voice = self._voice_of(passage)
            # A passage that a tag follows is whole.
            goes_on = kind == "more" and passage.end == len(waiting)
            for segment in self._cut(waiting[passage.start : passage.end], voice, goes_on=goes_on):
                found.append(self._cue(segment, passage, voice, at=began + passage.start))
                self._done = began + passage.start + segment.end
                self._voice_id = passage.voice_id
        self._count_silence(found)
        return found

    def _count_silence(self, cues: Sequence[Cue]) -> None:
        """A script counts its own; here there are many of them."""
        self._silence_s += sum(cue.lead_s or 0.0 for cue in cues)
        if self._silence_s > LONGEST_SILENCE_S:
            raise EngineError("invalid_tag", "The pauses add up to more than an hour.", caller_fault=True)

    def _cut(self, text: str, voice: Voice, *, goes_on: bool) -> list[TextSpan]:
        segments = split_text(
            text + _REST if goes_on else text,
            language=self._language(voice),
            max_chars=self._max_chars,
            first_max_chars=None if self._count else 160,
        )
        return [segment for segment in segments if segment.end <= len(text)]

    def _cue(self, segment: TextSpan, passage: Passage, voice: Voice, *, at: int) -> Cue:
        self._count += 1
        return Cue(
            index=self._count - 1,
            passage=0,
            start=at + segment.start,
            end=at + segment.end,
            text=segment.text,
            voice=voice,
            language=self._language(voice),
            lead_s=passage.lead_s if segment.index == 0 else None,
            sentence_end=segment.sentence_end,
            # Whether the paragraph goes on is not known yet.
            paragraph_end=False,
        )

    def _language(self, voice: Voice) -> str:
        return self._claim.language or spoken_language(voice, guess=self._guess)

    def _guess(self) -> str | None:
        found = detect_language(self.text)
        return found[0].partition("-")[0] if found else None

    def _script(self, text: str) -> Script:
        with _told():
            return read_script(text, voice_id=self._voice_id)

    def _voice_of(self, passage: Passage) -> Voice:
        if passage.voice_id is None:
            return self._own
        with _told():
            voice = find_voice(passage.voice_id, allow_fake=True)
        if voice.weights != self._own.weights:
            message = "A text that comes while it is spoken has voices of one model only."
            raise EngineError("voice_of_another_model", message, caller_fault=True)
        return voice


@contextmanager
def _told() -> Iterator[None]:
    """What a text asks for and cannot have, as a job says why it failed."""
    try:
        yield
    except OratioError as error:
        raise EngineError(error.code, error.message, caller_fault=True) from None

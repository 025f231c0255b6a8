"""A text that is spoken while it comes in: whole sentences as soon as they are whole, the rest when it is asked for."""

from collections.abc import Callable, Iterator

from common.catalogue import find_voice
from common.errors import OratioError
from common.jobs.lease import Claim
from common.live_text import Piece
from common.script import Passage, read_script
from worker.engines.protocol import EngineError
from worker.score import Cue, spoken_language
from worker.text.language import detect
from worker.text.segments import Segment, cut

# Between two looks, whether to go on.
LOOK_EVERY_S = 0.5

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
        self._voice = find_voice(claim.voice_id, allow_fake=True)
        self._last_id = "0-0"
        self._done = 0
        self._count = 0

    def cues(self) -> Iterator[Cue]:
        """Until the text has ended. Raises EngineError for tags that cannot be followed, and what `look` raises."""
        ended = False
        while not ended:
            self._look()
            pieces = self._listen(self._last_id, LOOK_EVERY_S)
            for piece_id, piece in pieces:
                self._last_id = piece_id
                self.text += piece.text
                ended = ended or piece.kind == "end"
                if piece.kind != "more":
                    yield from self._ripe(whole=True)
            if pieces and not ended:
                yield from self._ripe(whole=False)

    def _ripe(self, *, whole: bool) -> Iterator[Cue]:
        """What can be spoken now: without `whole`, neither a tag that has begun nor the sentence that may go on."""
        began, waiting = self._done, self.text[self._done :]
        opened = waiting.rfind("[")
        if not whole and opened > waiting.rfind("]"):
            waiting = waiting[:opened]
        passages = _passages(waiting)
        for passage in passages:
            self._hand_over(passage.voice_id)
            segments = self._cut(waiting[passage.start : passage.end])
            keeps_last = not whole and passage is passages[-1]
            for segment in segments[:-1] if keeps_last else segments:
                yield self._cue(segment, passage, at=began + passage.start)
                self._done = began + passage.start + segment.end
        if whole:
            self._done = began + len(waiting)

    def _cut(self, text: str) -> list[Segment]:
        return cut(
            text,
            language=self._language,
            max_chars=self._max_chars,
            first_max_chars=None if self._count else 160,
        )

    def _cue(self, segment: Segment, passage: Passage, *, at: int) -> Cue:
        self._count += 1
        return Cue(
            index=self._count - 1,
            passage=0,
            start=at + segment.start,
            end=at + segment.end,
            text=segment.text,
            voice=self._voice,
            language=self._language,
            lead_s=passage.lead_s if segment.index == 0 else None,
            sentence_end=segment.sentence_end,
            # Whether the paragraph goes on is not known yet.
            paragraph_end=False,
        )

    @property
    def _language(self) -> str:
        return self._claim.language or spoken_language(self._voice, guess=self._guess)

    def _guess(self) -> str | None:
        found = detect(self.text)
        return found[0].partition("-")[0] if found else None

    def _hand_over(self, voice_id: str | None) -> None:
        if voice_id is None or voice_id == self._voice.id:
            return
        voice = find_voice(voice_id, allow_fake=True)
        if voice.weights != self._voice.weights:
            message = "A text that comes while it is spoken has voices of one model only."
            raise EngineError("voice_of_another_model", message, caller_fault=True)
        self._voice = voice


def _passages(text: str) -> tuple[Passage, ...]:
    try:
        return read_script(text).passages
    except OratioError as error:
        raise EngineError(error.code, error.message, caller_fault=True) from None

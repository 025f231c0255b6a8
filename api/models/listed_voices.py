"""Which voices are shown: the catalogue's, and what lies in somebody's models folder."""

from collections.abc import Iterator, Sequence

from common.catalogue import Voice, find_voice, voices
from common.catalogue.mms import SHOWN
from common.errors import OratioError
from common.providers import is_announced
from common.worker_registry import WorkerStatus

# Engines whose folders may hold voices beyond the listed ones, and what stands before an engine's name in their ids.
_OPEN_FAMILIES = {"kokoro": "", "speecht5": "speecht5_"}


def listed_voices(
    workers: Sequence[WorkerStatus],
    *,
    allow_fake: bool = False,
    model: str | None = None,
    language: str | None = None,
) -> list[Voice]:
    """In the catalogue's order; of the thousand languages of MMS those that are there, unless they are asked for."""
    known = voices(allow_fake=allow_fake)
    asked = model is not None or language is not None
    listed = (voice for voice in known.values() if asked or _is_listed(voice, workers))
    candidates = [*listed, *_announced_voices(workers, known)]
    return [voice for voice in candidates if _matches(voice, model=model, language=language)]


def _is_listed(voice: Voice, workers: Sequence[WorkerStatus]) -> bool:
    return voice.model != "mms" or voice.engine_voice in SHOWN or is_announced(voice, workers)


def _announced_voices(workers: Sequence[WorkerStatus], known: dict[str, Voice]) -> Iterator[Voice]:
    announced = {
        prefix + name
        for worker in workers
        for key, prefix in _OPEN_FAMILIES.items()
        for name in worker.voices_of(key) or ()
    }
    for voice_id in sorted(announced - known.keys()):
        try:
            yield find_voice(voice_id)
        except OratioError:  # a name that can be no id of ours
            continue


def _matches(voice: Voice, *, model: str | None, language: str | None) -> bool:
    return (model is None or voice.model == model) and (
        language is None or any(_primary(tag) == _primary(language) for tag in voice.languages)
    )


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()

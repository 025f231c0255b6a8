"""List voices: those of the catalogue, and others in the models folders of workers."""

from collections.abc import Iterator, Sequence

from common.catalogue import Voice, find_voice, voices
from common.catalogue.mms import SHOWN
from common.errors import OratioError
from common.providers import is_announced
from common.worker_registry import WorkerStatus

# Weights whose folders may contain voices beyond the catalogue, and the prefix of the ids of these voices.
_ID_PREFIXES = {"kokoro": "", "speecht5": "speecht5_"}


def listed_voices(
    workers: Sequence[WorkerStatus],
    *,
    allow_fake: bool = False,
    model: str | None = None,
    language: str | None = None,
) -> list[Voice]:
    """Return voices in the order of the catalogue.

    Of the thousand languages of MMS only a few and those that a worker has, unless a filter is given.
    """
    known = voices(allow_fake=allow_fake)
    is_filtered = model is not None or language is not None
    listed = (voice for voice in known.values() if is_filtered or _is_listed(voice, workers))
    candidates = [*listed, *_announced_voices(workers, known)]
    return [voice for voice in candidates if _matches(voice, model=model, language=language)]


def _is_listed(voice: Voice, workers: Sequence[WorkerStatus]) -> bool:
    return voice.model != "mms" or voice.engine_voice in SHOWN or is_announced(voice, workers)


def _announced_voices(workers: Sequence[WorkerStatus], known: dict[str, Voice]) -> Iterator[Voice]:
    announced = {
        prefix + name
        for worker in workers
        for key, prefix in _ID_PREFIXES.items()
        for name in worker.voices_of(key) or ()
    }
    for voice_id in sorted(announced - known.keys()):
        try:
            yield find_voice(voice_id)
        except OratioError:  # the name is not a valid id
            continue


def _matches(voice: Voice, *, model: str | None, language: str | None) -> bool:
    return (model is None or voice.model == model) and (
        language is None or any(_primary(tag) == _primary(language) for tag in voice.languages)
    )


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()

"""What is there of the models, by what the workers announced, and what can be fetched."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.schemas.model import DownloadRequest, DownloadView, ModelView, ModelVoice, ModelWorker, Unsupported
from api.views import moment, moment_or_none
from common.catalogue import MODELS, Model, Voice, find_voice, voices
from common.errors import InvalidRequest
from common.fleet import Seen
from common.settings import Settings
from common.tables import AnyRow

# The models whose voices a worker of this release can fetch.
DOWNLOADABLE = frozenset({"hibari"})
_UNSUPPORTED = "This release cannot fetch it; put it into ORATIO_MODELS_DIR or speak it by hosted inference."


@dataclass(frozen=True, slots=True)
class Wanted:
    """`missing` are to be fetched; `present` are there already."""

    missing: tuple[Voice, ...]
    present: tuple[Voice, ...]
    unsupported: tuple[Unsupported, ...]


def model_view(model: Model, fleet: Sequence[Seen], settings: Settings) -> ModelView:
    known = voices_of(model.alias)
    spoken = [ModelVoice(id=voice.id, present=is_present(voice, fleet)) for voice in known]
    present = sum(voice.present for voice in spoken)
    return ModelView(
        alias=model.alias,
        name=model.name,
        hub_id=model.hub_id,
        license=model.license,
        runs_on=model.runs_on,
        need="optional" if model.alias in settings.optional_model_names else "needed",
        present=present > 0,
        downloadable=model.alias in DOWNLOADABLE,
        voices_present=present,
        voices_known=len(known),
        voices=spoken,
        workers=[_worker(seen, model.alias) for seen in fleet if seen.voices_of(model.alias) is not None],
    )


def voices_of(alias: str) -> list[Voice]:
    return [voice for voice in voices().values() if voice.model == alias]


def is_present(voice: Voice, fleet: Sequence[Seen]) -> bool:
    return any(voice.engine_voice in (seen.voices_of(voice.model) or ()) for seen in fleet)


def wanted(asked: DownloadRequest | None, fleet: Sequence[Seen], settings: Settings) -> Wanted:
    """What was asked for by name must be possible: raises InvalidRequest, NotFound."""
    if asked is not None and asked.voices and asked.models:
        raise InvalidRequest("Name models or voices, not both.", param="models")
    if asked is not None and asked.voices:
        return _split([find_voice(voice_id) for voice_id in dict.fromkeys(asked.voices)], fleet, by_name=True)
    if asked is not None and asked.models:
        for alias in asked.models:
            _check_model(alias)
        named = [voice for alias in dict.fromkeys(asked.models) for voice in voices_of(alias)]
        return _split(named, fleet, by_name=True)
    needed = [voice for voice in voices().values() if voice.model not in settings.optional_model_names]
    return _split(needed, fleet, by_name=False)


def download_view(row: AnyRow) -> DownloadView:
    done = row.status == "completed"
    percent = 100.0 if done else round(100 * row.bytes_done / row.bytes_total, 1) if row.bytes_total else 0.0
    return DownloadView(
        id=row.id,
        model=row.model,
        item=row.item,
        status=row.status,
        bytes_done=row.bytes_done,
        bytes_total=row.bytes_total,
        percent=percent,
        error_code=row.error_code,
        error_message=row.error_message,
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        finished_at=moment_or_none(row.finished_at),
    )


def _split(candidates: Sequence[Voice], fleet: Sequence[Seen], *, by_name: bool) -> Wanted:
    present = [voice for voice in candidates if is_present(voice, fleet)]
    absent = [voice for voice in candidates if voice not in present]
    impossible = sorted({voice.model for voice in absent} - DOWNLOADABLE)
    if impossible and by_name:
        raise InvalidRequest(
            f"{', '.join(impossible)}: {_UNSUPPORTED}", code="download_unsupported", param="models"
        )
    return Wanted(
        missing=tuple(voice for voice in absent if voice.model in DOWNLOADABLE),
        present=tuple(present),
        unsupported=tuple(Unsupported(model=alias, reason=_UNSUPPORTED) for alias in impossible),
    )


def _check_model(alias: str) -> None:
    if alias not in MODELS:
        raise InvalidRequest(
            f"There is no such model; there are: {', '.join(MODELS)}.", code="unknown_model", param="models"
        )


def _worker(seen: Seen, alias: str) -> ModelWorker:
    said = seen.announcement
    loaded = any(engine["alias"] == alias and engine.get("loaded", False) for engine in said.engines)
    return ModelWorker(
        id=said.id,
        alive=seen.alive,
        loaded=loaded and seen.alive,
        device=said.device,
        version=said.version,
        voices_present=len(seen.voices_of(alias) or ()),
        engine_calls=said.stats.get("engine_calls", {}).get(alias, 0),
        memory_bytes=said.stats.get("memory_bytes"),
        heartbeat_at=moment(seen.heartbeat_at),
    )

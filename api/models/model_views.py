"""Models, weights and downloads as clients see them, from the announcements of workers."""

from collections.abc import Sequence

from api.http.dates import utc_datetime, utc_datetime_or_none
from api.models.listed_voices import listed_voices
from api.schemas.model import (
    DownloadView,
    FilesState,
    ModelView,
    ModelVoice,
    ModelWorker,
    Need,
    WeightsSource,
    WeightsView,
    WeightsWorker,
)
from common import downloads as download_rows
from common.catalogue import Model, Weights, weights_of
from common.catalogue.mms import SHOWN
from common.downloads import DownloadRecord
from common.providers import is_announced
from common.settings import Settings
from common.worker_registry import ServedWeights, WorkerStatus, current_workers

_RANK: dict[FilesState, int] = {"absent": 0, "partial": 1, "complete": 2}


def model_view(
    model: Model,
    workers: Sequence[WorkerStatus],
    settings: Settings,
    *,
    downloads: Sequence[DownloadView] = (),
) -> ModelView:
    """`downloads` are the queued and running ones."""
    active = {one.item: one for one in downloads if one.model == model.alias}
    weights_views = [
        _weights_view(one, workers, settings, active) for one in _listed_weights(model, workers, active)
    ]
    needed = [one for one in weights_views if one.need == "needed"] or weights_views[:1]
    voices = [
        ModelVoice(id=voice.id, present=is_announced(voice, workers))
        for voice in listed_voices(workers)
        if voice.model == model.alias
    ]
    present = sum(voice.present for voice in voices)
    serving = [(worker, served) for worker in workers if (served := worker.served_of_model(model.alias))]
    model_workers = [_model_worker(worker, served) for worker, served in serving]
    return ModelView(
        alias=model.alias,
        name=model.name,
        hub_id=model.hub_id,
        license=model.license,
        runs_on=model.runs_on,
        need=_need(model.alias, settings),
        state=_combined_state([one.state for one in needed]),
        revision=needed[0].revision,
        size_bytes=sum(one.size_bytes for one in needed),
        present=present > 0,
        downloadable=True,
        loaded=any(worker.loaded for worker in model_workers),
        in_use=any(worker.in_use for worker in model_workers),
        voices_present=present,
        voices_known=len(voices),
        voices=voices,
        weights=weights_views,
        workers=model_workers,
    )


def download_view(row: DownloadRecord) -> DownloadView:
    done = row.status == "completed"
    percent = download_rows.percent(bytes_done=row.bytes_done, bytes_total=row.bytes_total)
    return DownloadView(
        id=row.id,
        model=row.model,
        item=row.item,
        status=row.status,
        bytes_done=row.bytes_done,
        bytes_total=row.bytes_total,
        percent=100.0 if done else percent,
        error_code=row.error_code,
        error_message=row.error_message,
        created_at=utc_datetime(row.created_at),
        updated_at=utc_datetime(row.updated_at),
        finished_at=utc_datetime_or_none(row.finished_at),
    )


def _listed_weights(
    model: Model, workers: Sequence[WorkerStatus], active: dict[str, DownloadView]
) -> list[Weights]:
    """Return all weights of a model; of MMS a few, and those that a worker has or downloads."""
    present_keys = {
        entry.weights for worker in workers for entry in worker.announcement.folder
    } | active.keys()
    return [
        weights
        for weights in weights_of(model.alias)
        if model.alias != "mms" or weights.key.removeprefix("mms_") in SHOWN or weights.key in present_keys
    ]


def _weights_view(
    weights: Weights, workers: Sequence[WorkerStatus], settings: Settings, active: dict[str, DownloadView]
) -> WeightsView:
    weights_workers = [
        one for worker in workers if worker.alive and (one := _weights_worker(worker, weights)) is not None
    ]
    entries = [
        entry for worker in current_workers(workers) if (entry := worker.in_folder(weights.key)) is not None
    ]
    best = max(entries, key=lambda entry: _RANK[entry.state], default=None)
    optional = not weights.needed or weights.key in settings.optional_model_names
    return WeightsView(
        key=weights.key,
        need="optional" if optional else _need(weights.model, settings),
        state=best.state if best else "absent",
        revision=best.revision if best else None,
        size_bytes=best.size_bytes if best else 0,
        sources=[
            WeightsSource(hub_id=one.hub_id, revision=one.revision, folder=one.folder)
            for one in weights.repositories
        ],
        workers=weights_workers,
        download=active.get(weights.key),
    )


def _weights_worker(worker: WorkerStatus, weights: Weights) -> WeightsWorker | None:
    entry, served = worker.in_folder(weights.key), worker.served(weights.key)
    if entry is None and served is None:
        return None
    return WeightsWorker(
        id=worker.announcement.id,
        device=worker.announcement.device,
        state=entry.state if entry else "complete",
        revision=entry.revision if entry else None,
        loaded=served is not None and served.loaded,
        in_use=served is not None and served.in_use,
        memory_bytes=served.memory_bytes if served else 0,
        trouble=served.trouble if served else None,
    )


def _model_worker(worker: WorkerStatus, served: Sequence[ServedWeights]) -> ModelWorker:
    announcement = worker.announcement
    return ModelWorker(
        id=announcement.id,
        alive=worker.alive,
        loaded=worker.alive and any(weights.loaded for weights in served),
        in_use=worker.alive and any(weights.in_use for weights in served),
        device=announcement.device,
        flavour=announcement.flavour,
        version=announcement.version,
        voices_present=sum(len(weights.voices) for weights in served),
        engine_calls=announcement.stats.engine_calls.get(served[0].model, 0),
        loads=announcement.stats.loads,
        unloads=announcement.stats.unloads,
        memory_bytes=announcement.stats.memory_bytes,
        model_memory_bytes=sum(weights.memory_bytes for weights in served) if worker.alive else 0,
        heartbeat_at=utc_datetime(worker.heartbeat_at),
    )


def _need(name: str, settings: Settings) -> Need:
    return "optional" if name in settings.optional_model_names else "needed"


def _combined_state(states: Sequence[FilesState]) -> FilesState:
    if len(set(states)) == 1:
        return states[0]
    return "partial"

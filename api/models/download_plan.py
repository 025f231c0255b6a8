"""Decide which weights and voices a download request fetches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api.schemas.model import DownloadRequest
from common.catalogue import MODELS, find_voice
from common.catalogue.download_items import HIBARI, DownloadItem, item_of_voice, items_of_model, needed_items
from common.errors import InvalidRequest
from common.settings import Settings
from common.worker_registry import WorkerStatus, current_workers


@dataclass(frozen=True, slots=True)
class DownloadPlan:
    """`missing` are downloaded; a worker already has `present`."""

    missing: tuple[DownloadItem, ...]
    present: tuple[DownloadItem, ...]


def plan_downloads(
    request: DownloadRequest | None, workers: Sequence[WorkerStatus], settings: Settings
) -> DownloadPlan:
    """Return the plan for a request. Raises InvalidRequest, NotFound."""
    items = dict.fromkeys(_items(request, settings))
    present = tuple(item for item in items if _is_present(item, current_workers(workers)))
    return DownloadPlan(tuple(item for item in items if item not in present), present)


def _items(request: DownloadRequest | None, settings: Settings) -> Iterable[DownloadItem]:
    if request is not None and request.voices and request.models:
        raise InvalidRequest("Send models or voices, not both.", param="models")
    if request is not None and request.voices:
        return [item_of_voice(find_voice(voice_id)) for voice_id in request.voices]
    if request is not None and request.models:
        return [item for name in request.models for item in _items_of_model(name)]
    return needed_items(optional=settings.optional_model_names)


def _items_of_model(name: str) -> tuple[DownloadItem, ...]:
    try:
        return items_of_model(name)
    except KeyError:
        raise InvalidRequest(
            f"This model does not exist. Use one of: {', '.join(MODELS)}, or a language of MMS such as mms_deu or "
            "mms_spa (GET /voices lists them).",
            code="unknown_model",
            param="models",
        ) from None


def _is_present(item: DownloadItem, workers: Sequence[WorkerStatus]) -> bool:
    if item.model == HIBARI:
        return any(item.item in (worker.voices_of(HIBARI) or ()) for worker in workers)
    if any((weights := worker.served(item.item)) and weights.trouble for worker in workers):
        # Broken files are checked again, and damaged ones are downloaded again.
        return False
    folders = (worker.in_folder(item.item) for worker in workers)
    return any(folder is not None and folder.state == "complete" for folder in folders)

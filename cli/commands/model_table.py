"""`oratio models status`: shows which models are downloaded and where they are loaded."""

from collections import Counter
from collections.abc import Iterator

from rich.filesize import decimal
from rich.table import Table

from cli.client import Model, ModelsStatus, Weights
from cli.commands.connect import connect_for_models
from cli.output.console import make_console, print_json
from cli.program_name import program_name
from common.catalogue.download_items import HIBARI
from common.catalogue.mms import languages
from common.settings import Settings

_COLUMNS = ("Model", "Default download", "State", "Size", "Commit", "Loaded")
_SHORT_COMMIT = 8
_STATES = {"absent": "not downloaded"}


def status(settings: Settings, *, as_json: bool, url: str | None) -> int:
    """Return the exit status."""
    console = make_console()
    with connect_for_models(settings, url=url, errors=make_console(stderr=True)) as client:
        answer = client.models()
    if as_json:
        print_json(answer.raw)
        return 0
    console.print(_table(answer))
    for line in (*_load_errors(answer), _languages_note()):
        console.print(line)
    return 0


def _table(answer: ModelsStatus) -> Table:
    table = Table(*_COLUMNS, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for model in answer.models:
        for row in _rows(model):
            table.add_row(*row)
    return table


def _rows(model: Model) -> Iterator[tuple[str, ...]]:
    for weights in model.weights:
        state = _state(weights)
        if model.alias == HIBARI:
            state = f"{model.voices_present} of {model.voices_known} voices"
        size = decimal(weights.size_bytes) if weights.size_bytes else ""
        commit = (weights.revision or "")[:_SHORT_COMMIT]
        by_default = "yes" if weights.need == "needed" else "no"
        yield weights.key, by_default, state, size, commit, _loaded(weights)


def _state(weights: Weights) -> str:
    download = weights.download
    if download is None:
        return _STATES.get(weights.state, weights.state)
    return f"{download.percent:.0f} %" if download.status == "running" else download.status


def _loaded(weights: Weights) -> str:
    """Return the devices on which the weights are loaded, with the number of workers; "failed" if a worker cannot."""
    devices = Counter(worker.device for worker in weights.workers if worker.loaded)
    broken = any(worker.trouble for worker in weights.workers)
    where = [f"{device} x {count}" if count > 1 else device for device, count in devices.items()]
    return ", ".join([*where, *["failed"] * broken])


def _load_errors(answer: ModelsStatus) -> list[str]:
    """Return one line for each load error, even if several workers report the same one."""
    weights = [one for model in answer.models for one in model.weights]
    load_errors = [(one.key, worker.trouble) for one in weights for worker in one.workers]
    return list(dict.fromkeys(f"{key} failed to load: {trouble}" for key, trouble in load_errors if trouble))


def _languages_note() -> str:
    return (
        f"MMS has {len(languages()):,} languages; this table shows only some. List them all with `{program_name()} "
        f"voices --model mms`, and download one with `{program_name()} models download mms_swh`."
    )

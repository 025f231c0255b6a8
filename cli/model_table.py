"""`oratio models status`: a table for people, the service's answer for programs."""

import json
from collections import Counter
from collections.abc import Iterator

from rich.filesize import decimal
from rich.table import Table

from cli.client import Job
from cli.console import make_console
from cli.reaching import reached
from common.catalogue.items import HIBARI
from common.settings import Settings

_COLUMNS = ("Model", "Need", "State", "Size", "Revision", "Loaded")
_SHORT_REVISION = 8


def status(settings: Settings, *, as_json: bool, url: str | None) -> int:
    """The exit status."""
    console = make_console()
    with reached(settings, url=url, errors=make_console(stderr=True)) as client:
        answer = client.models()
    console.print(json.dumps(answer, indent=2) if as_json else _table(answer))
    return 0


def _table(answer: Job) -> Table:
    table = Table(*_COLUMNS, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for model in answer["models"]:
        for row in _rows(model):
            table.add_row(*row)
    return table


def _rows(model: Job) -> Iterator[tuple[str, ...]]:
    for weights in model["weights"]:
        state = _state(weights)
        if model["alias"] == HIBARI:
            state = f"{model['voices_present']} of {model['voices_known']} voices"
        size = decimal(weights["size_bytes"]) if weights["size_bytes"] else ""
        revision = (weights["revision"] or "")[:_SHORT_REVISION]
        yield weights["key"], weights["need"], state, size, revision, _loaded(weights)


def _state(weights: Job) -> str:
    download = weights["download"]
    if download is None:
        return str(weights["state"])
    return f"{download['percent']:.0f} %" if download["status"] == "running" else str(download["status"])


def _loaded(weights: Job) -> str:
    """Devices, with how many workers on each; or why it could not be loaded."""
    devices = Counter(str(worker["device"]) for worker in weights["workers"] if worker["loaded"])
    troubles = [str(worker["trouble"]) for worker in weights["workers"] if worker["trouble"]]
    where = [f"{device} x {count}" if count > 1 else device for device, count in devices.items()]
    return ", ".join(where) or "".join(troubles[:1])

"""What the shell offers on Tab, from a service that runs. It may have nothing to offer, but never fails or dawdles.

So nothing heavy is imported here, and settings come from the environment only.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import typer

from common.formats import MEDIA_TYPES

WITHIN_S = 0.5
_MOST_BYTES = 5_000_000
_HELP_CHARS = 60
_ENOUGH_JOBS = 50

Offer = tuple[str, str]


def voice_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    return _offered(context, incomplete, "/voices", _voices)


def job_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    return _offered(context, incomplete, f"/jobs?limit={_ENOUGH_JOBS}", _jobs)


def recording_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    return _offered(context, incomplete, f"/history?limit={_ENOUGH_JOBS}", _recordings)


def formats(incomplete: str) -> list[str]:
    return [name for name in MEDIA_TYPES if name.startswith(incomplete)]


def _voices(said: Any) -> list[Offer]:
    return [(one["id"], f"{one['name']}, {', '.join(one['languages'])}") for one in said["voices"]]


def _jobs(said: Any) -> list[Offer]:
    return [(one["job_id"], f"{one['status']}: {_short(one['text'])}") for one in said["items"]]


def _recordings(said: Any) -> list[Offer]:
    return [(one["job_id"], _short(one["title"])) for one in said["items"]]


def _short(text: str) -> str:
    return " ".join(text.split())[:_HELP_CHARS]


def _offered(
    context: typer.Context, incomplete: str, path: str, read: Callable[[Any], list[Offer]]
) -> list[Offer]:
    url = context.params.get("url") or os.environ.get("ORATIO_URL")
    found: list[Offer] = []

    def look() -> None:
        # Whatever it is: a shell that waits for words wants no message.
        with suppress(Exception):
            found.extend(offer for offer in read(_get(path, url)) if offer[0].startswith(incomplete))

    # A time-out of sockets is one for each packet; a thread can be left behind as a whole.
    looking = Thread(target=look, daemon=True)
    looking.start()
    looking.join(WITHIN_S)
    return list(found)


def _get(path: str, url: str | None) -> Any:
    import urllib.request

    from cli.service.probes import uses_proxy

    address = (url or _here()).rstrip("/")
    handlers = () if uses_proxy(address) else (urllib.request.ProxyHandler({}),)
    opener = urllib.request.build_opener(*handlers)
    with opener.open(f"{address}{path}", timeout=WITHIN_S) as answer:
        return json.loads(answer.read(_MOST_BYTES))


def _here() -> str:
    """Where the last service of this data folder was, else the usual place."""
    from cli.service.address_file import published_address

    told = published_address(Path(os.environ.get("ORATIO_DATA_DIR", "data")))
    return told.url if told else f"http://127.0.0.1:{os.environ.get('ORATIO_PORT', '8000')}"

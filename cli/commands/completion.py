"""Shell completion of voices, jobs, recordings and formats.

Ids come from the running service. If it does not answer in time, completion suggests nothing and prints no error.
To stay fast, this module imports only light modules and reads settings from the environment alone.
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

TIMEOUT_S = 0.5
_MAX_BYTES = 5_000_000
_HELP_CHARS = 60
_MAX_JOBS = 50

Suggestion = tuple[str, str]


def voice_ids(context: typer.Context, incomplete: str) -> list[Suggestion]:
    return _suggest(context, incomplete, "/voices", _voices)


def job_ids(context: typer.Context, incomplete: str) -> list[Suggestion]:
    return _suggest(context, incomplete, f"/jobs?limit={_MAX_JOBS}", _jobs)


def recording_ids(context: typer.Context, incomplete: str) -> list[Suggestion]:
    return _suggest(context, incomplete, f"/history?limit={_MAX_JOBS}", _recordings)


def formats(incomplete: str) -> list[str]:
    return [name for name in MEDIA_TYPES if name.startswith(incomplete)]


def _voices(response: Any) -> list[Suggestion]:
    return [(one["id"], f"{one['name']}, {', '.join(one['languages'])}") for one in response["voices"]]


def _jobs(response: Any) -> list[Suggestion]:
    return [(one["job_id"], f"{one['status']}: {_short(one['text'])}") for one in response["items"]]


def _recordings(response: Any) -> list[Suggestion]:
    return [(one["job_id"], _short(one["title"])) for one in response["items"]]


def _short(text: str) -> str:
    return " ".join(text.split())[:_HELP_CHARS]


def _suggest(
    context: typer.Context, incomplete: str, path: str, read: Callable[[Any], list[Suggestion]]
) -> list[Suggestion]:
    url = context.params.get("url") or os.environ.get("ORATIO_URL")
    found: list[Suggestion] = []

    def request() -> None:
        # An error message would disturb the command line, so ignore every error.
        with suppress(Exception):
            found.extend(
                suggestion for suggestion in read(_get(path, url)) if suggestion[0].startswith(incomplete)
            )

    # A socket timeout applies to each read. The thread limits the whole request.
    thread = Thread(target=request, daemon=True)
    thread.start()
    thread.join(TIMEOUT_S)
    return list(found)


def _get(path: str, url: str | None) -> Any:
    import urllib.request

    from cli.service.probes import uses_proxy

    address = (url or _local_url()).rstrip("/")
    handlers = () if uses_proxy(address) else (urllib.request.ProxyHandler({}),)
    opener = urllib.request.build_opener(*handlers)
    with opener.open(f"{address}{path}", timeout=TIMEOUT_S) as answer:
        return json.loads(answer.read(_MAX_BYTES))


def _local_url() -> str:
    """Return the address of the service that last used this data folder, else the default address."""
    from cli.service.address_file import read_address

    address = read_address(Path(os.environ.get("ORATIO_DATA_DIR", "data")))
    return address.url if address else f"http://127.0.0.1:{os.environ.get('ORATIO_PORT', '8000')}"

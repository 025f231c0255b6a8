"""What a service works with, looked at one by one. Nothing is changed, and no token or password is shown."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.filesize import decimal
from sqlalchemy.engine import make_url

from cli.commands.doctor.servers import database_trouble, redis_trouble
from cli.output.program_name import own_name
from cli.service import discovery, ports
from cli.service.probes import health, unready
from cli.service.stack import uses_bundled_server
from common.addresses import is_loopback
from common.messaging.broker import without_password
from common.settings import Settings
from worker.host.models_folder import scan
from worker.text.lexicon import Lexicon

ENOUGH_DISK_BYTES = 1_000_000_000
_LEAST_DISK_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice` says what to do about it; only a problem keeps the service from working."""

    name: str
    state: Literal["ok", "note", "problem"]
    said: str
    advice: str = ""


def data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    there = _nearest(folder)
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        advice = f"Make {there} writable, or set ORATIO_DATA_DIR to another folder."
        yield Finding("Data folder", "problem", f"{folder} cannot be written", advice)
        return
    yield Finding(
        "Data folder", "ok", str(folder) if folder.exists() else f"{folder} (made at the first start)"
    )
    free = shutil.disk_usage(there).free
    said = f"{free / 1e9:.1f} GB free"
    if free >= ENOUGH_DISK_BYTES:
        yield Finding("Disk", "ok", said)
    else:
        state: Literal["note", "problem"] = "problem" if free < _LEAST_DISK_BYTES else "note"
        yield Finding("Disk", state, said, "Free some space, or set ORATIO_DATA_DIR to a larger disk.")


def lexicon(settings: Settings) -> Iterator[Finding]:
    if settings.lexicon_file is None:
        return
    try:
        entries = len(Lexicon.read(settings.lexicon_file).entries)
    except ValueError as error:
        advice = "Mend the file, or unset ORATIO_LEXICON_FILE: no worker starts with it."
        yield Finding("Lexicon", "problem", str(error), advice)
    else:
        yield Finding("Lexicon", "ok", f"{settings.lexicon_file}: {entries} entries")


def database(settings: Settings) -> Iterator[Finding]:
    url = make_url(settings.database)
    is_file = url.get_backend_name() == "sqlite"
    said = f"SQLite, {url.database}" if is_file else without_password(settings.database)
    if is_file and not Path(url.database or "").exists():
        yield Finding("Database", "note", f"{said}, is not there yet", f"`{own_name()} up` makes it.")
    elif trouble := database_trouble(settings.database):
        yield Finding("Database", "problem", f"{said}: {trouble.said}", trouble.advice)
    else:
        yield Finding("Database", "ok", f"{said}, up to date")


def redis_server(settings: Settings) -> Iterator[Finding]:
    if uses_bundled_server(settings):
        yield Finding("Queue server", "ok", "the bundled Valkey, which `oratio up` starts and watches")
    elif trouble := redis_trouble(settings.redis_url):
        said = f"{without_password(settings.redis_url)}: {trouble.said}"
        yield Finding("Queue server", "problem", said, trouble.advice)
    else:
        yield Finding("Queue server", "ok", without_password(settings.redis_url))


def address(settings: Settings) -> Iterator[Finding]:
    """Where the gateway listens, or would."""
    host, port = settings.host, settings.port
    if not is_loopback(host) and not settings.allow_open:
        advice = "Set ORATIO_HOST=127.0.0.1, or ORATIO_ALLOW_OPEN=1 if everyone who reaches it may use it."
        yield Finding("Address", "problem", f"{host} is open to other machines and there are no keys", advice)
    url = discovery.find(settings)
    if url:
        yield _running(url)
        return
    try:
        free = ports.is_free(host, port)
    except OSError as error:
        advice = "Set ORATIO_HOST to an address of this machine."
        yield Finding("Address", "problem", f"{host} port {port}: {error.strerror or error}", advice)
        return
    if not free:
        advice = f"Choose another: ORATIO_PORT, or {own_name()} up --port"
        yield Finding("Port", "problem", f"{port} on {host} is in use by another program", advice)
        return
    yield Finding("Port", "ok", f"{port} on {host} is free")
    yield Finding("Service", "note", "none runs here", f"`{own_name()} up` starts one.")


def token(settings: Settings) -> Iterator[Finding]:
    if settings.hf_token:
        yield Finding("HF token", "ok", "set")
    else:
        yield Finding(
            "HF token", "note", "not set", "Set HF_TOKEN to speak other voices by hosted inference."
        )


def models_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.models_dir.absolute()
    there = _nearest(folder)
    if not os.access(there, os.W_OK | os.X_OK):
        advice = f"Make {there} writable or set ORATIO_MODELS_DIR."
        yield Finding("Models folder", "note", f"{folder} cannot be written: no downloads", advice)
    elif folder.exists():
        yield Finding("Models folder", "ok", str(folder))
        yield from _models(folder)
    else:
        yield Finding("Models folder", "ok", f"{folder} (made at the first download)")


def _models(folder: Path) -> Iterator[Finding]:
    for key, found in scan(folder).items():
        name, size = f"Weights {key}", decimal(found.size_bytes)
        if found.state == "partial":
            advice = f"{own_name()} models download {key} fetches the rest"
            yield Finding(name, "note", f"only in part, {size}", advice)
        elif found.size_bytes:
            yield Finding(name, "ok", size)


def _running(url: str) -> Finding:
    told = health(url) or {}
    said = f"{url}, version {told.get('version')}, workers: {told.get('workers_alive')}"
    if missing := unready(url):
        advice = "Look into the logs folder of its data folder."
        return Finding("Service", "problem", f"{said}, not ready: {missing}", advice)
    return Finding("Service", "ok", f"{said}, ready")


def _nearest(folder: Path) -> Path:
    """The folder, or the first one above it that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())

"""`oratio export`: saves recordings as one ZIP file."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.client import Client, ClientError
from cli.commands.connect import connect
from cli.output.console import make_console, print_json
from cli.output.target import InvalidOutput, check_caption_format, check_target, unused_path
from common.settings import Settings

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class ExportArguments:
    """The arguments of the command. `captions` is a format."""

    job_ids: Sequence[str]
    everything: bool
    output: Path | None
    captions: str | None
    as_json: bool
    url: str | None


def export(settings: Settings, arguments: ExportArguments) -> int:
    """Return the exit status: 1 if a job has no audio; the file then holds the other recordings."""
    errors = make_console(stderr=True)
    try:
        if bool(arguments.job_ids) == arguments.everything:
            raise InvalidOutput("Name the jobs to export, or use --all, but not both.")
        target = check_target(arguments.output) if arguments.output else unused_path("oratio.zip")
        captions = check_caption_format(arguments.captions)
        with connect(settings, url=arguments.url, errors=errors) as client:
            job_ids = list(arguments.job_ids) or _all(client)
            size_bytes = client.export_zip(job_ids, target, captions=captions)
    except InvalidOutput as error:
        errors.print(str(error))
        return 2
    except OSError as error:
        errors.print(f"Cannot write {arguments.output or '.'}: {error.strerror or error}.")
        return 1
    count, missing = _read_manifest(target)
    if arguments.as_json:
        print_json({"file": str(target), "size_bytes": size_bytes, "recordings": count, "missing": missing})
    else:
        make_console().print(f"{target}: {count} recordings, {size_bytes:,} bytes")
    for job_id in missing if not arguments.as_json else ():
        errors.print(f"{job_id}: no audio to export.")
    return 1 if missing and not arguments.everything else 0


def _all(client: Client) -> list[str]:
    """Raises ClientError if there are no recordings."""
    if found := [recording.job_id for recording in client.history()]:
        return found
    raise ClientError("There are no recordings to export.", "nothing_to_export")


def _read_manifest(target: Path) -> tuple[int, list[str]]:
    """Return the number of recordings in the ZIP file, and the job ids that are missing from it."""
    with zipfile.ZipFile(target) as archive:
        manifest = json.loads(archive.read(MANIFEST))
    return len(manifest["items"]), list(manifest["missing"])

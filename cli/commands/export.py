"""`oratio export`: saves recordings as one ZIP file."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

from cli.client import Client, ClientError
from cli.commands.connect import connect
from cli.output.console import make_console, print_json
from cli.output.target import InvalidOutput, check_target, unused_path
from common.settings import Settings

MANIFEST = "manifest.json"


def export(
    settings: Settings,
    job_ids: Sequence[str],
    *,
    everything: bool,
    output: Path | None,
    as_json: bool,
    url: str | None,
) -> int:
    """Return the exit status: 1 if a job has no audio; the file then holds the other recordings."""
    errors = make_console(stderr=True)
    try:
        if bool(job_ids) == everything:
            raise InvalidOutput("Name the jobs to export, or use --all, but not both.")
        target = check_target(output) if output else unused_path("oratio.zip")
        with connect(settings, url=url, errors=errors) as client:
            size_bytes = client.export_zip(list(job_ids) or _all(client), target)
    except InvalidOutput as error:
        errors.print(str(error))
        return 2
    except OSError as error:
        errors.print(f"Cannot write {output or '.'}: {error.strerror or error}.")
        return 1
    count, missing = _read_manifest(target)
    if as_json:
        print_json({"file": str(target), "size_bytes": size_bytes, "recordings": count, "missing": missing})
    else:
        make_console().print(f"{target}: {count} recordings, {size_bytes:,} bytes")
    for job_id in missing if not as_json else ():
        errors.print(f"{job_id}: no audio to export.")
    return 1 if missing and not everything else 0


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

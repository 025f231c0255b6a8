"""`oratio history list`, `oratio history rename` and `oratio history get`."""

from pathlib import Path

from cli.client import Recording
from cli.commands.connect import connect
from cli.commands.job_table import format_duration
from cli.commands.say import write_captions
from cli.output.console import make_console, print_json
from cli.output.tables import local_time, show_table, single_line, time_zone_name
from cli.output.target import InvalidOutput, captions_target, recording_target
from common.settings import Settings


def show_recordings(
    settings: Settings, *, limit: int, as_json: bool, url: str | None, **filters: str | None
) -> int:
    """Return the exit status. `filters` are those of `Client.history`."""
    with connect(settings, url=url, errors=make_console(stderr=True)) as client:
        recordings = list(client.history(limit=limit, **filters))
    if as_json:
        print_json([one.raw for one in recordings])
    elif recordings:
        show_table(make_console(), _columns(), (_row(one) for one in recordings))
    else:
        make_console().print("There are no recordings.")
    return 0


def rename(settings: Settings, job_id: str, title: str, *, as_json: bool, url: str | None) -> int:
    """Return the exit status."""
    with connect(settings, url=url, errors=make_console(stderr=True)) as client:
        renamed = client.rename(job_id, title)
    if as_json:
        print_json(renamed.raw)
    else:
        make_console().print(f"{renamed.job_id}: {single_line(renamed.title)}", markup=False)
    return 0


def fetch(
    settings: Settings,
    job_id: str,
    *,
    output: Path | None,
    captions: Path | None,
    as_json: bool,
    url: str | None,
) -> int:
    """Return the exit status."""
    errors = make_console(stderr=True)
    with connect(settings, url=url, errors=errors) as client:
        try:
            named = client.audio_file(job_id)
            target, other = recording_target(output, name=named.stem, media_type=named.media_type)
            captions_file = captions_target(captions, audio=target) if captions else None
            if other:
                client.transcode(job_id, other)
            size_bytes = client.download(job_id, target, audio_format=other)
            if captions_file:
                write_captions(client, job_id, *captions_file)
        except InvalidOutput as error:
            errors.print(str(error))
            return 2
        except OSError as error:
            errors.print(f"Cannot write {output or '.'}: {error.strerror or error}.")
            return 1
    if as_json:
        print_json({"job_id": job_id, "file": str(target), "size_bytes": size_bytes})
    else:
        make_console().print(f"{target}: {size_bytes:,} bytes")
    return 0


def _columns() -> tuple[str, ...]:
    return ("Job", f"Created ({time_zone_name()})", "Voice", "Format", "Duration", "Kept", "Title")


def _row(one: Recording) -> tuple[str, ...]:
    created = local_time(one.created_at)
    return (
        one.job_id,
        created,
        one.voice_id,
        one.format,
        format_duration(one.duration_s),
        "yes" if one.kept else "",
        one.title or one.text,
    )

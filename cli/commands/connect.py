"""Connects a command to a service that is already running."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import typer
from rich.console import Console

from cli.client import Client, ClientError
from cli.client.connection import OnWait
from cli.program_name import download_script, with_program_name
from cli.service.discovery import ServiceNotFound, find_or_raise, service_at
from common.settings import Settings

INTERRUPTED = 130


@contextmanager
def connect(settings: Settings, *, url: str | None, errors: Console, advice: str = "") -> Iterator[Client]:
    """Connect to the service at `url`, or to the one running on this machine.

    Print the error and exit with status 1 if no service runs or if a request fails, with status 130 on Ctrl-C. `advice`
    is added to the message when no service runs.
    """
    try:
        address = service_at(url) if url else find_or_raise(settings, advice=advice)
        with Client(address, on_wait=report_waits(errors)) as client:
            yield client
    except (ServiceNotFound, ClientError) as error:
        errors.print(with_program_name(str(error)))
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        errors.print("Stopped.")
        raise typer.Exit(INTERRUPTED) from None


def connect_for_models(
    settings: Settings, *, url: str | None, errors: Console
) -> AbstractContextManager[Client]:
    """Connect like `connect`, and mention the script that downloads models without a service."""
    advice = f"To download models without a service: {download_script()} --dest {settings.models_dir}"
    return connect(settings, url=url, errors=errors, advice=advice)


def report_waits(errors: Console) -> OnWait:
    """Return a callback that prints why the client waits before it retries."""
    return lambda wait_s, refusal: errors.print(f"{refusal} Retrying in {wait_s:.0f} s.")

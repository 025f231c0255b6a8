"""A service that must run already, for commands that are of no use without one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import typer
from rich.console import Console

from cli.client import Client, ClientError
from cli.client.connection import OnWait
from cli.output.program_name import download_script, program_name
from cli.service.discovery import ServiceNotFound, find_service, service_at
from common.settings import Settings

INTERRUPTED = 130


@contextmanager
def connect(settings: Settings, *, url: str | None, errors: Console, advice: str = "") -> Iterator[Client]:
    """Leaves the command with 1, saying why, when there is none, it refuses, or it goes away; with 130 on Ctrl-C.

    `advice` is what else could be done where no service runs.
    """
    try:
        address = service_at(url) if url else find_service(settings)
        if address is None:
            raise ServiceNotFound(f"No service runs here. Start one: {program_name()} up. {advice}".rstrip())
        with Client(address, on_wait=report_waits(errors)) as client:
            yield client
    except (ServiceNotFound, ClientError) as error:
        errors.print(str(error))
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        errors.print("Stopped.")
        raise typer.Exit(INTERRUPTED) from None


def connect_for_models(
    settings: Settings, *, url: str | None, errors: Console
) -> AbstractContextManager[Client]:
    """As `reached`, for the commands about models, which can also be fetched without a service."""
    advice = f"To download models without one: {download_script()} --dest {settings.models_dir}"
    return connect(settings, url=url, errors=errors, advice=advice)


def report_waits(errors: Console) -> OnWait:
    """Whoever waits is told why."""
    return lambda wait_s, refusal: errors.print(f"{refusal} Trying again in {wait_s:.0f} s.")

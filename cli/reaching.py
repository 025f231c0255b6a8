"""A service that must run already, for commands that are of no use without one."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import typer
from rich.console import Console

from cli.client import Client, Failed
from cli.finding import NotFound, at, find
from cli.own_name import fetching_script, own_name
from common.settings import Settings


@contextmanager
def reached(settings: Settings, *, url: str | None, errors: Console) -> Iterator[Client]:
    """Leaves the command with 1, saying why, when there is none, it refuses, or it goes away."""
    try:
        address = at(url) if url else find(settings)
        if address is None:
            raise NotFound(
                f"No service runs here. Start one: {own_name()} up. To download models without one: "
                f"{fetching_script()} --dest {settings.models_dir}"
            )
        with closing(Client(address)) as client:
            yield client
    except (NotFound, Failed) as error:
        errors.print(str(error))
        raise typer.Exit(1) from None
    except httpx.TransportError as error:
        errors.print(f"The service went away: {error}")
        raise typer.Exit(1) from None

"""`oratio wyoming`: serves the voices of a service to Home Assistant."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands import options
from cli.commands.configuration import read_settings

if TYPE_CHECKING:
    from common.settings import Settings


def wyoming(
    uri: Annotated[
        str, typer.Option(help="Address to listen on. There is no password, so name only trusted networks.")
    ] = "tcp://127.0.0.1:10200",
    url: options.Url = None,
) -> None:
    """Run a Wyoming server, which gives Home Assistant the voices of a service."""
    raise typer.Exit(_run(read_settings(), uri=uri, url=url))


def _run(settings: "Settings", *, uri: str, url: str | None) -> int:
    """Serve until it is stopped. Return the exit status."""
    from cli.commands.connect import INTERRUPTED
    from cli.output.console import make_console
    from cli.service.discovery import ServiceNotFound

    errors = make_console(stderr=True)
    try:
        from cli.wyoming.server import serve

        address = _service_address(settings, url)
        _check_uri(uri)
        errors.print(f"Home Assistant can connect to {uri}. The voices are those of {address}.")
        asyncio.run(serve(uri, address))
    except ModuleNotFoundError as error:
        errors.print(f"The package {error.name} is not installed. Install it with `make setup`.")
        return 1
    except (ServiceNotFound, OSError, ValueError) as error:
        errors.print(str(error))
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _check_uri(uri: str) -> None:
    """Raises OSError and ValueError if a server cannot listen there."""
    from urllib.parse import urlsplit

    from wyoming.server import AsyncServer

    from cli.service.ports import is_free

    AsyncServer.from_uri(uri)
    parts = urlsplit(uri)
    if parts.hostname and parts.port and not is_free(parts.hostname, parts.port):
        raise OSError(
            f"Port {parts.port} on {parts.hostname} is in use by another program. Choose another with --uri, for "
            f"example tcp://{parts.hostname}:{parts.port + 1}"
        )


def _service_address(settings: "Settings", url: str | None) -> str:
    """Raises ServiceNotFound."""
    from cli.service.discovery import find_or_raise, service_at

    return service_at(url) if url else find_or_raise(settings)

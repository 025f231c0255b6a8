"""A service that must run already, for the commands about models, which can also be fetched without one."""

from contextlib import AbstractContextManager

from rich.console import Console

from cli.client import Client
from cli.service.connect import reached
from cli.service.program_name import fetching_script
from common.settings import Settings


def reached_with_models(
    settings: Settings, *, url: str | None, errors: Console
) -> AbstractContextManager[Client]:
    """As `reached`."""
    advice = f"To download models without one: {fetching_script()} --dest {settings.models_dir}"
    return reached(settings, url=url, errors=errors, advice=advice)

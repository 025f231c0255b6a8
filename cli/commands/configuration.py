"""Reads the settings of a command."""

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from common.settings import Settings


def read_settings(**overrides: Any) -> "Settings":
    """Read the settings; `overrides` that are not None take precedence over the environment.

    Print what is invalid and exit with status 2 if a setting does not validate.
    """
    from pydantic import ValidationError

    from common.settings import Settings

    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        for detail in error.errors():
            name = "_".join(map(str, detail["loc"])).upper()
            typer.echo(f"ORATIO_{name.removeprefix('ORATIO_')}: {detail['msg']}", err=True)
        raise typer.Exit(2) from None

"""Reads the settings of a command."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from common.settings import Settings


def read_settings(**overrides: Any) -> "Settings":
    """Read the settings; `overrides` that are not None take precedence over the environment.

    Print what is invalid and exit with status 2 if a setting does not validate.
    """
    from common.settings import read_settings_or_exit

    return read_settings_or_exit(**{name: value for name, value in overrides.items() if value is not None})

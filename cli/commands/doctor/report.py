"""`oratio doctor`: checks the installation and says how to fix what is wrong."""

import json
from collections.abc import Callable, Iterator

from cli.commands.doctor import configuration, gateway, installation, servers, storage
from cli.commands.doctor.result import CheckResult
from cli.output.console import make_console
from common.settings import Settings

_CHECKS: tuple[Callable[[Settings], Iterator[CheckResult]], ...] = (
    installation.check_python,
    installation.check_packages,
    configuration.check_setting_names,
    storage.check_data_folder,
    servers.check_database,
    servers.check_redis,
    gateway.check_gateway,
    configuration.check_token,
    installation.check_environments,
    installation.check_nodejs,
    installation.check_studio,
    storage.check_models_folder,
    configuration.check_lexicon,
)
_MARKS = {"ok": "ok", "note": "--", "problem": "!!"}


def doctor(settings: Settings, *, as_json: bool) -> int:
    """Return the exit status: 1 if a check found a problem."""
    settings = settings.model_copy(update={"data_dir": settings.data_dir.absolute()})
    results = [result for check in _CHECKS for result in check(settings)]
    succeeded = all(result.state != "problem" for result in results)
    console = make_console()
    if as_json:
        console.print(
            json.dumps({"ok": succeeded, "checks": [result.as_json() for result in results]}, indent=2)
        )
    else:
        width = max(len(result.name) for result in results)
        for result in results:
            console.print(_line(result, width=width))
    return 0 if succeeded else 1


def _line(result: CheckResult, *, width: int) -> str:
    advice = f"\n   {'':<{width}} {result.advice}" if result.advice else ""
    return f"{_MARKS[result.state]} {result.name:<{width}} {result.message}{advice}"

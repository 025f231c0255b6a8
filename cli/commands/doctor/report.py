"""`oratio doctor`: what is there, what is missing, what to do about it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict

from cli.commands.doctor import gateway, installation, servers, storage
from cli.commands.doctor import settings as configured
from cli.commands.doctor.result import Finding
from cli.output.console import make_console
from common.settings import Settings

_CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    installation.python,
    installation.packages,
    configured.unknown_names,
    storage.data_folder,
    servers.database,
    servers.redis_server,
    gateway.address,
    configured.token,
    installation.environments,
    installation.node,
    installation.built_studio,
    storage.models_folder,
    configured.lexicon,
)
_MARKS = {"ok": "ok", "note": "--", "problem": "!!"}


def doctor(settings: Settings, *, as_json: bool) -> int:
    """The exit status: 1 when something that is needed is missing."""
    settings = settings.model_copy(update={"data_dir": settings.data_dir.absolute()})
    findings = [finding for check in _CHECKS for finding in check(settings)]
    well = all(finding.state != "problem" for finding in findings)
    console = make_console()
    if as_json:
        console.print(json.dumps({"ok": well, "checks": [asdict(one) for one in findings]}, indent=2))
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            console.print(_line(finding, width=width))
    return 0 if well else 1


def _line(finding: Finding, *, width: int) -> str:
    advice = f"\n   {'':<{width}} {finding.advice}" if finding.advice else ""
    return f"{_MARKS[finding.state]} {finding.name:<{width}} {finding.said}{advice}"

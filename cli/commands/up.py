"""`oratio up`: everything on this machine, until somebody says stop."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.output.console import make_console, waiting
from cli.output.program_name import own_name
from cli.service.address_file import published_address
from cli.service.data_dir_lock import AlreadyRunning
from cli.service.log_follower import following
from cli.service.probes import models, workers_alive
from cli.service.processes import Crew
from cli.service.stack import Stack, StartFailed, Stopped, cores
from cli.service.stop_signals import Wish, listening
from cli.service.worker_groups import FLAVOURS, crews
from cli.studio import build
from common.settings import Settings


def up(settings: Settings, *, workers: int | None, verbose: bool) -> int:
    """Returns the exit status when the service stopped."""
    console = make_console()
    everyone = crews(settings, workers=workers or cores())
    try:
        with listening() as wish:
            _serve(settings, everyone, wish, console, verbose=verbose)
    except AlreadyRunning as error:
        make_console(stderr=True).print(_already(error, settings.data_dir))
        return 1
    except StartFailed as error:
        make_console(stderr=True).print(str(error))
        return 1
    except Stopped:
        pass
    console.print("Stopped.")
    return 0


def _serve(settings: Settings, everyone: list[Crew], wish: Wish, console: Console, *, verbose: bool) -> None:
    with ExitStack() as around:
        if verbose:
            around.enter_context(following(settings.data_dir / "logs", tell=console.print))
        with waiting(console) as progress:
            stack = Stack(
                settings, crews=everyone, tell=console.print, progress=progress, cancelled=wish.stop.is_set
            )
            wish.on_hurry = stack.hurry
            around.enter_context(stack)
        console.print(_summary(stack))
        wish.stop.wait()
        console.print("Stopping …")


def _summary(stack: Stack) -> str:
    settings = stack.settings
    return f"""
OratioViva speaks on {stack.url}{_below(stack)}

  Studio     {_studio(stack)}
  API docs   {stack.url}/docs
  Provider   {_provider(settings)}
  Workers    {_workers(stack)}
  Models     {_models(models(stack.url))}
  Sound      {settings.data_dir / "outputs" / "audio"}
  Data       {settings.data_dir}
  Logs       {stack.logs}

  curl -s {stack.url}/synthesize -H 'Content-Type: application/json' -d '{{"text": "Hello there."}}'
  {own_name()} say "Hello there." -o hello.wav{_where(stack)}

Ctrl-C stops it.
"""


def _studio(stack: Stack) -> str:
    settings = stack.settings
    if build.is_built(settings):
        return f"{stack.url}{settings.root_path}/app/"
    if other := build.other_folder(settings):
        return f"no page in {other} (ORATIO_FRONTEND_DIR); {build.BUILD} builds it in {build.USUAL}"
    return f"not built here ({build.BUILD})"


def _below(stack: Stack) -> str:
    """Both answer, for a proxy in front may strip the prefix or pass it on."""
    prefix = stack.settings.root_path
    return f" and, below ORATIO_ROOT_PATH, on {stack.url}{prefix}" if prefix else ""


def _provider(settings: Settings) -> str:
    """The mode and what it comes to."""
    hosted = bool(settings.hf_token or settings.inference_url)
    last = "hosted inference" if hosted else "a beep" if settings.fallback_stub else "an error"
    said = {
        "auto": f"local models, else {last}",
        "local": "local models only",
        "inference": "hosted inference only",
        "stub": "a beep for every voice",
    }
    return f"{settings.provider_mode}: {said[settings.provider_mode]}"


def _workers(stack: Stack) -> str:
    said = ", ".join(f"{crew.count} x {_kind(crew)}" for crew in stack.crews)
    wanted, there = sum(crew.count for crew in stack.crews), workers_alive(stack.url)
    return said if there >= wanted else f"{said}; {there} of {wanted} are there so far"


def _kind(crew: Crew) -> str:
    return crew.name if crew.name in FLAVOURS else "base"


def _models(known: list[dict[str, Any]]) -> str:
    """What can be spoken now, by what the service says."""
    spoken = [model["alias"] for model in known if _is_spoken(model)]
    others = [model for model in known if not _is_spoken(model)]
    silent = [model["alias"] for model in others if model["state"] == "complete"]
    said = ", ".join(spoken) or "none yet"
    if len(others) > len(silent):
        said += f" ({len(others) - len(silent)} more can be downloaded: {own_name()} models status)"
    if silent:
        said += f"; here, but no worker speaks them yet: {', '.join(silent)} ({own_name()} doctor)"
    return said


def _is_spoken(model: dict[str, Any]) -> bool:
    return any(worker["alive"] and worker["voices_present"] for worker in model["workers"])


def _where(stack: Stack) -> str:
    """`oratio say` finds the usual port by itself; another one it has to be told."""
    return "" if stack.settings.port == Settings.model_fields["port"].default else f" --url {stack.url}"


def _already(error: AlreadyRunning, data_dir: Path) -> str:
    address = published_address(data_dir)
    where = f" and speaks on {address.url}" if address else ""
    return (
        f"Already running: {error.owner} uses the data folder {data_dir.absolute()}{where}. "
        "Stop it, or choose another folder: --data-dir"
    )

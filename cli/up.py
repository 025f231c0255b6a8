"""`oratio up`: everything on this machine, until somebody says stop."""

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from cli.claim import AlreadyRunning, published_address
from cli.console import make_console, waiting
from cli.crews import crews
from cli.follow import following
from cli.processes import Crew
from cli.signals import Wish, listening
from cli.stack import Stack, StartFailed, Stopped, cores
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
    crews = ", ".join(f"{crew.count} x {'+'.join(crew.models)}" for crew in stack.crews)
    return f"""
OratioViva speaks on {stack.url}

  API docs   {stack.url}/docs
  Provider   {settings.provider_mode}
  Workers    {crews}
  Sound      {settings.data_dir / "outputs" / "audio"}
  Data       {settings.data_dir}
  Logs       {stack.logs}

  curl -s {stack.url}/synthesize -H 'Content-Type: application/json' -d '{{"text": "Hello there."}}'
  {_own_name()} say "Hello there." -o hello.wav{_where(stack)}

Ctrl-C stops it.
"""


def _where(stack: Stack) -> str:
    """`oratio say` finds the usual port by itself; another one it has to be told."""
    return "" if stack.settings.port == Settings.model_fields["port"].default else f" --url {stack.url}"


def _own_name() -> str:
    """As it can be typed here: few people have the environment's commands on their path."""
    beside = Path(sys.executable).with_name("oratio")
    if shutil.which("oratio") or not beside.exists():
        return "oratio"
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)


def _already(error: AlreadyRunning, data_dir: Path) -> str:
    address = published_address(data_dir)
    where = f" and speaks on {address.url}" if address else ""
    return (
        f"Already running: {error.owner} uses the data folder {data_dir.absolute()}{where}. "
        "Stop it, or choose another folder: --data-dir"
    )

"""`oratio up`: runs the whole service on this machine until it is stopped."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.output.console import make_console, show_waiting
from cli.program_name import program_name
from cli.service.address_file import read_address
from cli.service.data_dir_lock import AlreadyRunning
from cli.service.log_follower import follow_logs
from cli.service.probes import count_live_workers, fetch_models
from cli.service.processes import WorkerGroup
from cli.service.setting_checks import exit_if_invalid
from cli.service.stack import Stack, StartFailed, StartInterrupted
from cli.service.stop_signals import StopRequest, catch_stop_signals
from cli.service.worker_groups import FLAVOURS, missing_models, worker_groups
from cli.studio import build
from common.catalogue import find_model
from common.settings import Settings
from worker.host.device import usable_cores


def up(settings: Settings, *, workers: int, verbose: bool) -> int:
    """Run the service until it is stopped; return the exit status."""
    exit_if_invalid(settings)
    console = make_console()
    groups = worker_groups(settings, workers=workers)
    for model in missing_models(settings):
        setup = find_model(model.partition("_")[0]).setup
        make_console(stderr=True).print(
            f"No worker here can serve {model}. Install its environment with: {setup}"
        )
    if not groups:
        return 1
    try:
        with catch_stop_signals() as stop_request:
            _serve(settings, groups, stop_request, console, verbose=verbose)
    except AlreadyRunning as error:
        make_console(stderr=True).print(_already_running_message(error, settings.data_dir))
        return 1
    except StartFailed as error:
        make_console(stderr=True).print(str(error))
        return 1
    except StartInterrupted:
        pass
    console.print("Stopped.")
    return 0


def _serve(
    settings: Settings,
    groups: list[WorkerGroup],
    stop_request: StopRequest,
    console: Console,
    *,
    verbose: bool,
) -> None:
    with ExitStack() as exit_stack:
        if verbose:
            exit_stack.enter_context(follow_logs(settings.data_dir / "logs", report=console.print))
        with show_waiting(console) as progress:
            stack = Stack(
                settings,
                worker_groups=groups,
                report=console.print,
                progress=progress,
                is_cancelled=stop_request.stop.is_set,
            )
            stop_request.on_repeat = stack.kill_on_stop
            exit_stack.enter_context(stack)
        console.print(_summary(stack))
        stop_request.stop.wait()
        console.print("Stopping …")


def _summary(stack: Stack) -> str:
    settings = stack.settings
    return f"""
OratioViva is running at {stack.url}{_root_path_note(stack)}

  Studio     {_studio(stack)}
  API docs   {stack.url}/docs
  Provider   {_provider(settings)}
  Workers    {_workers(stack)}
  Models     {_models(fetch_models(stack.url))}
  Audio      {settings.data_dir / "outputs" / "audio"}
  Data       {settings.data_dir}
  Logs       {stack.logs}

  curl -s {stack.url}/synthesize -H 'Content-Type: application/json' -d '{{"text": "Hello there."}}'
  {program_name()} say "Hello there." -o hello.wav{_url_option(stack)}

Press Ctrl-C to stop.
"""


def _studio(stack: Stack) -> str:
    settings = stack.settings
    if build.is_built(settings):
        return f"{stack.url}{settings.root_path}/app/"
    if other := build.custom_folder(settings):
        return f"not found in ORATIO_FRONTEND_DIR={other} (`{build.BUILD_COMMAND}` builds it in {build.DEFAULT_FOLDER})"
    return f"not built; build it with `{build.BUILD_COMMAND}`"


def _root_path_note(stack: Stack) -> str:
    """Both addresses answer, because a proxy may strip the prefix or pass it on."""
    prefix = stack.settings.root_path
    return f" and, with ORATIO_ROOT_PATH, at {stack.url}{prefix}" if prefix else ""


def _provider(settings: Settings) -> str:
    """Return the provider mode and what it means with these settings."""
    hosted = bool(settings.hf_token or settings.inference_url)
    last = "hosted inference" if hosted else "a beep" if settings.fallback_stub else "an error"
    text = {
        "auto": f"local models, otherwise {last}",
        "local": "local models only",
        "inference": "hosted inference only",
        "stub": "a beep for every voice",
    }
    return f"{settings.provider_mode}: {text[settings.provider_mode]}"


def _workers(stack: Stack) -> str:
    text = ", ".join(_describe_group(group, stack.settings) for group in stack.worker_groups)
    expected, alive = sum(group.count for group in stack.worker_groups), count_live_workers(stack.url)
    return text if alive >= expected else f"{text}; {alive} of {expected} have started"


def _describe_group(group: WorkerGroup, settings: Settings) -> str:
    """Return the number of workers. Those with torch have an engine process for each device."""
    if group.name in FLAVOURS:
        return f"{group.count} x {group.name}"
    engines = settings.engines or usable_cores()
    return f"{group.count} x base with {engines} engine process{'es' if engines > 1 else ''}"


def _models(models: list[dict[str, Any]]) -> str:
    """Return the models that can be used now, from the status of the service."""
    available = [model["alias"] for model in models if _has_voices(model)]
    others = [model for model in models if not _has_voices(model)]
    without_worker = [model["alias"] for model in others if model["state"] == "complete"]
    text = ", ".join(available) or "none yet"
    if len(others) > len(without_worker):
        text += (
            f"; {len(others) - len(without_worker)} more to download, see `{program_name()} models status`"
        )
    if without_worker:
        text += f"; downloaded, but no worker serves them: {', '.join(without_worker)}, see `{program_name()} doctor`"
    return text


def _has_voices(model: dict[str, Any]) -> bool:
    return any(worker["alive"] and worker["voices_present"] for worker in model["workers"])


def _url_option(stack: Stack) -> str:
    """Return the option that `oratio say` needs, empty for the default port, which it finds by itself."""
    return "" if stack.settings.port == Settings.model_fields["port"].default else f" --url {stack.url}"


def _already_running_message(error: AlreadyRunning, data_dir: Path) -> str:
    address = read_address(data_dir)
    where = f" and runs at {address.url}" if address else ""
    return (
        f"Already running: {error.owner} uses the data folder {data_dir.absolute()}{where}. "
        "Stop it, or choose another folder with --data-dir."
    )

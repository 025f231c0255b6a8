"""A service for one command: the one that runs, or a small one of its own."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console

from cli.output.console import ShowStatus, show_waiting
from cli.output.program_name import program_name
from cli.service.data_dir_lock import AlreadyRunning
from cli.service.discovery import find_service, service_at
from common.settings import Settings

_LOCK_TIMEOUT_S = 300.0
_POLL_INTERVAL_S = 0.3


@contextmanager
def find_or_start_service(
    settings: Settings, *, url: str | None, voice: str | None, console: Console
) -> Iterator[str]:
    """Its address; a small one serves the model of `voice` only.

    Raises NotFound for a `url` without one of ours, else what Stack raises.
    """
    if running := service_at(url) if url else find_service(settings):
        yield running
        return
    console.print(
        f"No service runs here: starting one for this text. (`{program_name()} up` keeps one running.)"
    )
    with ExitStack() as exit_stack:
        with show_waiting(console, plain=False) as progress:
            url = _start(settings, _settings_for_voice(settings, voice), exit_stack, progress)
        yield url


def _settings_for_voice(settings: Settings, voice: str | None) -> Settings:
    """Without workers of environments that this voice has no need of."""
    # What starting takes is loaded when there is something to start: most texts find a service.
    from common.catalogue import DEFAULT_VOICE, find_voice
    from common.errors import OratioError
    from common.providers import STUB

    try:
        model = find_voice(voice or DEFAULT_VOICE, allow_fake=settings.fake_engine).model
    except OratioError:  # what is wrong with it the service says
        model = find_voice(DEFAULT_VOICE).model
    return settings.model_copy(update={"host": "127.0.0.1", "port": 0, "worker_models": f"{model},{STUB}"})


def _start(settings: Settings, small: Settings, exit_stack: ExitStack, progress: ShowStatus) -> str:
    """Whoever else is just starting on this data folder is waited for, and used if it stays."""
    from cli.service.stack import Stack
    from cli.service.worker_groups import worker_groups

    groups = worker_groups(small, workers=1)
    give_up_at = time.monotonic() + _LOCK_TIMEOUT_S
    while True:
        # Not for others to find: it ends with this command.
        stack = Stack(small, worker_groups=groups, purpose="oratio say", publish=False, progress=progress)
        try:
            return exit_stack.enter_context(stack).url
        except AlreadyRunning as error:
            if time.monotonic() > give_up_at:
                raise
            progress(error.owner)
        time.sleep(_POLL_INTERVAL_S)
        if running := find_service(settings):
            return running

"""Gives a command a service: the running one, or a temporary one that stops with the command."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console

from cli.output.console import ShowStatus, show_waiting
from cli.program_name import program_name
from cli.service.data_dir_lock import AlreadyRunning
from cli.service.discovery import find_service, no_answer, service_at
from common.settings import Settings

_LOCK_TIMEOUT_S = 300.0
_POLL_INTERVAL_S = 0.3
# The command's own job has ended before the stop. Older jobs, which the workers have resumed, keep their finished
# segments and continue in the next service.
_STOP_GRACE_S = 1.0


@contextmanager
def find_or_start_service(
    settings: Settings, *, url: str | None, voice: str | None, console: Console
) -> Iterator[str]:
    """Yield the URL of the running service, or of a temporary one that serves only the model of `voice`.

    Raises ServiceNotFound if no service answers at `url`, and the errors of Stack.
    """
    if running := service_at(url) if url else find_service(settings):
        yield running
        return
    from cli.service.setting_checks import exit_if_invalid

    exit_if_invalid(settings)
    console.print(
        f"{no_answer(settings)} This command starts a temporary one. Keep one running with `{program_name()} up`, or "
        "name a running one with --url or ORATIO_URL."
    )
    with ExitStack() as exit_stack:
        with show_waiting(console, plain=False) as progress:
            url = _start(settings, _settings_for_voice(settings, voice), exit_stack, progress)
        yield url


def _settings_for_voice(settings: Settings, voice: str | None) -> Settings:
    """Return settings under which only workers that this voice needs are started."""
    # Imported here because these modules are needed only if no service is running.
    from common.catalogue import DEFAULT_VOICE, find_voice
    from common.errors import OratioError
    from common.provider_names import STUB

    try:
        model = find_voice(voice or DEFAULT_VOICE, allow_fake=settings.fake_engine).model
    except OratioError:  # the service reports what is wrong with the voice
        model = find_voice(DEFAULT_VOICE).model
    small = {"host": "127.0.0.1", "port": 0, "worker_models": f"{model},{STUB}", "engines": 1}
    return settings.model_copy(update=small | {"stop_grace_s": _STOP_GRACE_S})


def _start(settings: Settings, small: Settings, exit_stack: ExitStack, progress: ShowStatus) -> str:
    """Start a service and return its URL.

    If another command holds the data folder, wait for it, and use its service if it has published one.
    """
    from cli.service.stack import Stack
    from cli.service.worker_groups import worker_groups

    groups = worker_groups(small, workers=1)
    give_up_at = time.monotonic() + _LOCK_TIMEOUT_S
    while True:
        # The address is not published, because this service ends with the command.
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

"""A service for one command: the one that runs, or a small one of its own."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console

from cli.output.console import Say, waiting
from cli.output.program_name import own_name
from cli.service.data_dir_lock import AlreadyRunning
from cli.service.discovery import at, find
from common.settings import Settings

_TURN_WITHIN_S = 300.0
_LOOK_EVERY_S = 0.3


@contextmanager
def borrowed(settings: Settings, *, url: str | None, voice: str | None, console: Console) -> Iterator[str]:
    """Its address; a small one serves the model of `voice` only.

    Raises NotFound for a `url` without one of ours, else what Stack raises.
    """
    if running := at(url) if url else find(settings):
        yield running
        return
    console.print(f"No service runs here: starting one for this text. (`{own_name()} up` keeps one running.)")
    with ExitStack() as around:
        with waiting(console, plain=False) as progress:
            url = _enter(settings, _small(settings, voice), around, progress)
        yield url


def _small(settings: Settings, voice: str | None) -> Settings:
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


def _enter(settings: Settings, small: Settings, around: ExitStack, progress: Say) -> str:
    """Whoever else is just starting on this data folder is waited for, and used if it stays."""
    from cli.service.stack import Stack
    from cli.service.worker_groups import crews

    everyone = crews(small, workers=1)
    give_up_at = time.monotonic() + _TURN_WITHIN_S
    while True:
        # Not for others to find: it ends with this command.
        stack = Stack(small, crews=everyone, purpose="oratio say", publish=False, progress=progress)
        try:
            return around.enter_context(stack).url
        except AlreadyRunning as error:
            if time.monotonic() > give_up_at:
                raise
            progress(error.owner)
        time.sleep(_LOOK_EVERY_S)
        if running := find(settings):
            return running

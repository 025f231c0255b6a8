"""`oratio models download`: asks the service to download models, and shows the progress."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from queue import Empty, SimpleQueue
from threading import Thread

from rich.console import Console

from cli.client import Client, ClientError
from cli.commands.connect import INTERRUPTED, connect_for_models
from cli.commands.download_plan import download_summary, environment_hints
from cli.commands.model_names import is_model, unknown_names_message
from cli.output.console import make_console, print_json
from cli.output.progress import DownloadBars
from cli.program_name import program_name
from common.catalogue.download_items import DownloadItem
from common.settings import Settings

# The next download is followed when one of these ends.
_FOLLOWED_AT_ONCE = 32
_VOICE_NOT_FOUND = "voice_not_found"


@dataclass(frozen=True, slots=True)
class _DownloadUpdate:
    """Progress or end of a download. `reason` says why it failed, and is empty if it succeeded."""

    name: str
    done_bytes: int = 0
    total_bytes: int = 0
    ended: bool = False
    reason: str = ""


def download(settings: Settings, names: Sequence[str], *, as_json: bool, url: str | None) -> int:
    """Return the exit status."""
    console, errors = make_console(), make_console(stderr=True)
    with connect_for_models(settings, url=url, errors=errors) as client:
        downloads, present = _request_downloads(client, names)
        if as_json:
            print_json({"downloads": [item.name for item in downloads], "present": present}, in_one_line=True)
        else:
            _print_plan(downloads, present, console, everything=not names)
        if not downloads:
            return 0
        try:
            updates = _updates(client, {item.name: found for item, found in downloads.items()})
            return (
                _print_json_updates(updates)
                if as_json
                else _show_updates(updates, [item.name for item in downloads], console)
            )
        except KeyboardInterrupt:
            (errors if as_json else console).print(
                f"The downloads continue. See the progress with: {program_name()} models status"
            )
            return INTERRUPTED


def _print_plan(
    downloads: dict[DownloadItem, str], present: Sequence[str], console: Console, *, everything: bool
) -> None:
    if present:
        console.print(f"Already downloaded: {', '.join(present)}.")
    if downloads and everything:
        console.print(download_summary(list(downloads)))
    for hint in environment_hints(list(downloads)):
        console.print(hint)


def _request_downloads(client: Client, names: Sequence[str]) -> tuple[dict[DownloadItem, str], list[str]]:
    """Return the ids of the downloads that started, and the names of what is downloaded already.

    Voices are requested before models, so that nothing has started if an unknown name is refused.
    """
    models = [name for name in names if is_model(name)]
    voices = [name for name in names if name not in models]
    try:
        answers = [client.request_downloads(voices=voices)] if voices or not models else []
        answers += [client.request_downloads(models=models)] if models else []
    except ClientError as error:
        raise (
            ClientError(unknown_names_message(names), error.code) if error.code == _VOICE_NOT_FOUND else error
        ) from None
    downloads = {DownloadItem(one.model, one.item): one.id for answer in answers for one in answer.downloads}
    return downloads, list(dict.fromkeys(name for answer in answers for name in answer.present))


def _print_json_updates(updates: Iterable[_DownloadUpdate]) -> int:
    """Print each update as a line of JSON; return the exit status."""
    failed = False
    for update in updates:
        failed = failed or bool(update.reason)
        print_json(asdict(update), in_one_line=True)
    return 1 if failed else 0


def _show_updates(updates: Iterable[_DownloadUpdate], names: list[str], console: Console) -> int:
    failures = []
    with DownloadBars(console, names) as progress:
        for update in updates:
            if not update.ended:
                progress.show(update.name, update.done_bytes, update.total_bytes)
                continue
            progress.end(update.name, succeeded=not update.reason)
            if update.reason:
                failures.append(f"{update.name}: {update.reason}")
    for failure in failures:
        make_console(stderr=True).print(failure)
    return 1 if failures else 0


def _updates(client: Client, downloads: dict[str, str]) -> Iterator[_DownloadUpdate]:
    """Yield the updates of all downloads until the last one has ended."""
    pending: SimpleQueue[tuple[str, str]] = SimpleQueue()
    updates: SimpleQueue[_DownloadUpdate] = SimpleQueue()
    for one in downloads.items():
        pending.put(one)
    for _ in range(min(len(downloads), _FOLLOWED_AT_ONCE)):
        # Daemon threads, so that Ctrl-C does not wait for them.
        Thread(target=_follow_downloads, args=(client, pending, updates), daemon=True).start()
    left = len(downloads)
    while left:
        update = updates.get()
        left -= update.ended
        yield update


def _follow_downloads(
    client: Client, pending: "SimpleQueue[tuple[str, str]]", updates: "SimpleQueue[_DownloadUpdate]"
) -> None:
    with suppress(Empty):
        while True:
            name, download_id = pending.get_nowait()
            updates.put(
                _DownloadUpdate(name, ended=True, reason=_follow_download(client, name, download_id, updates))
            )


def _follow_download(
    client: Client, name: str, download_id: str, updates: "SimpleQueue[_DownloadUpdate]"
) -> str:
    """Follow a download to its end. Return why it failed, or an empty string."""
    try:
        client.wait_for_download(
            download_id, on_progress=lambda done, total: updates.put(_DownloadUpdate(name, done, total))
        )
    except ClientError as error:
        return str(error)
    return ""

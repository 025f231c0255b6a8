"""`oratio models download`: the service fetches, the command watches."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread

import httpx
from rich.console import Console

from cli.client import Client, Failed, Job
from cli.console import make_console
from cli.progress import Board
from cli.reaching import reached
from common.catalogue.items import Item, items_of_model
from common.settings import Settings

INTERRUPTED = 130
# More are watched when one of these has ended.
_WATCHED_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class _News:
    """How far a download is; with `ended` why it failed, or nothing when it did not."""

    name: str
    done_bytes: int = 0
    total_bytes: int = 0
    ended: bool = False
    reason: str = ""


def download(settings: Settings, names: Sequence[str], *, url: str | None) -> int:
    """The exit status."""
    console = make_console()
    with reached(settings, url=url, errors=make_console(stderr=True)) as client:
        downloads, present = _ask(client, names)
        if present:
            console.print(f"Already there: {', '.join(present)}.")
        if not downloads:
            return 0
        try:
            return _watch(client, downloads, console)
        except KeyboardInterrupt:
            console.print("The downloads go on; this says how far they are: oratio models status")
            return INTERRUPTED


def _ask(client: Client, names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The ids of downloads by their names, and what needs none. Models and voices are asked for apart."""
    models = [name for name in names if _is_model(name)]
    voices = [name for name in names if name not in models]
    bodies = [{"models": models}] * bool(models) + [{"voices": voices}] * bool(voices)
    answers = [client.request_downloads(body) for body in bodies or [{}]]
    downloads = {_name(one): str(one["id"]) for answer in answers for one in answer["downloads"]}
    return downloads, list(dict.fromkeys(name for answer in answers for name in answer["present"]))


def _is_model(name: str) -> bool:
    try:
        return bool(items_of_model(name))
    except KeyError:
        return False


def _name(download: Job) -> str:
    return Item(download["model"], download["item"]).name


def _watch(client: Client, downloads: dict[str, str], console: Console) -> int:
    failures = []
    with Board(console, list(downloads)) as board:
        for news in _news(client, downloads):
            if not news.ended:
                board.show(news.name, news.done_bytes, news.total_bytes)
                continue
            board.end(news.name, "failed" if news.reason else "done")
            if news.reason:
                failures.append(f"{news.name}: {news.reason}")
    for failure in failures:
        make_console(stderr=True).print(failure)
    return 1 if failures else 0


def _news(client: Client, downloads: dict[str, str]) -> Iterator[_News]:
    """Of all of them as it comes, until the last one has ended."""
    waiting: SimpleQueue[tuple[str, str]] = SimpleQueue()
    heard: SimpleQueue[_News] = SimpleQueue()
    for one in downloads.items():
        waiting.put(one)
    for _ in range(min(len(downloads), _WATCHED_AT_ONCE)):
        # Whoever presses Ctrl-C does not wait for them.
        Thread(target=_listen, args=(client, waiting, heard), daemon=True).start()
    left = len(downloads)
    while left:
        news = heard.get()
        left -= news.ended
        yield news


def _listen(client: Client, waiting: "SimpleQueue[tuple[str, str]]", heard: "SimpleQueue[_News]") -> None:
    with suppress(Empty):
        while True:
            name, download_id = waiting.get_nowait()
            heard.put(_News(name, ended=True, reason=_followed(client, name, download_id, heard)))


def _followed(client: Client, name: str, download_id: str, heard: "SimpleQueue[_News]") -> str:
    """Why it failed, or nothing."""
    try:
        client.follow_download(
            download_id, on_progress=lambda done, total: heard.put(_News(name, done, total))
        )
    except Failed as error:
        return str(error)
    except httpx.TransportError as error:
        return f"The service went away: {error}"
    return ""

"""`oratio models download`: the service fetches, the command watches."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread

import httpx
from rich.console import Console

from cli.client import Client, Failed
from cli.console import make_console
from cli.model_names import is_model, no_such
from cli.model_plan import about, environments_missing
from cli.own_name import own_name
from cli.progress import Board
from cli.reaching import reached
from common.catalogue.items import Item
from common.settings import Settings

INTERRUPTED = 130
# More are watched when one of these has ended.
_WATCHED_AT_ONCE = 32
_NO_SUCH_VOICE = "voice_not_found"


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
        if not names:
            console.print(about(list(downloads)))
        for hint in environments_missing(list(downloads)):
            console.print(hint)
        try:
            return _watch(client, {item.name: found for item, found in downloads.items()}, console)
        except KeyboardInterrupt:
            console.print(f"The downloads go on; this says how far they are: {own_name()} models status")
            return INTERRUPTED


def _ask(client: Client, names: Sequence[str]) -> tuple[dict[Item, str], list[str]]:
    """The ids of downloads, and what needs none. Models and voices are asked for apart.

    Voices first: where one is refused, nothing has begun.
    """
    models = [name for name in names if is_model(name)]
    voices = [name for name in names if name not in models]
    bodies = [{"voices": voices}] * bool(voices) + [{"models": models}] * bool(models)
    try:
        answers = [client.request_downloads(body) for body in bodies or [{}]]
    except Failed as error:
        raise Failed(no_such(names), error.code) if error.code == _NO_SUCH_VOICE else error from None
    downloads = {
        Item(one["model"], one["item"]): str(one["id"]) for answer in answers for one in answer["downloads"]
    }
    return downloads, list(dict.fromkeys(name for answer in answers for name in answer["present"]))


def _watch(client: Client, downloads: dict[str, str], console: Console) -> int:
    failures = []
    with Board(console, list(downloads)) as board:
        for news in _news(client, downloads):
            if not news.ended:
                board.show(news.name, news.done_bytes, news.total_bytes)
                continue
            board.end(news.name, well=not news.reason)
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

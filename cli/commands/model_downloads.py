"""`oratio models download`: the service fetches, the command watches."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from queue import Empty, SimpleQueue
from threading import Thread

from rich.console import Console

from cli.client import Client, Failed
from cli.commands.connect import INTERRUPTED, reached_with_models
from cli.commands.download_plan import about, environments_missing
from cli.commands.model_names import is_model, no_such
from cli.output.console import make_console, print_json
from cli.output.program_name import own_name
from cli.output.progress import Board
from common.catalogue.download_items import Item
from common.settings import Settings

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


def download(settings: Settings, names: Sequence[str], *, as_json: bool, url: str | None) -> int:
    """The exit status."""
    console, errors = make_console(), make_console(stderr=True)
    with reached_with_models(settings, url=url, errors=errors) as client:
        downloads, present = _ask(client, names)
        if as_json:
            print_json({"downloads": [item.name for item in downloads], "present": present}, in_one_line=True)
        else:
            _show_plan(downloads, present, console, everything=not names)
        if not downloads:
            return 0
        try:
            news = _news(client, {item.name: found for item, found in downloads.items()})
            return _print(news) if as_json else _watch(news, [item.name for item in downloads], console)
        except KeyboardInterrupt:
            (errors if as_json else console).print(
                f"The downloads go on; this says how far they are: {own_name()} models status"
            )
            return INTERRUPTED


def _show_plan(
    downloads: dict[Item, str], present: Sequence[str], console: Console, *, everything: bool
) -> None:
    if present:
        console.print(f"Already there: {', '.join(present)}.")
    if downloads and everything:
        console.print(about(list(downloads)))
    for hint in environments_missing(list(downloads)):
        console.print(hint)


def _ask(client: Client, names: Sequence[str]) -> tuple[dict[Item, str], list[str]]:
    """The ids of downloads, and what needs none. Models and voices are asked for apart.

    Voices first: where one is refused, nothing has begun.
    """
    models = [name for name in names if is_model(name)]
    voices = [name for name in names if name not in models]
    try:
        answers = [client.request_downloads(voices=voices)] if voices or not models else []
        answers += [client.request_downloads(models=models)] if models else []
    except Failed as error:
        raise Failed(no_such(names), error.code) if error.code == _NO_SUCH_VOICE else error from None
    downloads = {Item(one.model, one.item): one.id for answer in answers for one in answer.downloads}
    return downloads, list(dict.fromkeys(name for answer in answers for name in answer.present))


def _print(all_news: Iterable[_News]) -> int:
    """A line each, as they come."""
    failed = False
    for news in all_news:
        failed = failed or bool(news.reason)
        print_json(asdict(news), in_one_line=True)
    return 1 if failed else 0


def _watch(all_news: Iterable[_News], names: list[str], console: Console) -> int:
    failures = []
    with Board(console, names) as board:
        for news in all_news:
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
        client.finish_download(
            download_id, on_progress=lambda done, total: heard.put(_News(name, done, total))
        )
    except Failed as error:
        return str(error)
    return ""

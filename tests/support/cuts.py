"""A proxy on loopback that cuts connections off, as bad networks do."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_RECEIVED_BYTES = 16 * 1024


@contextmanager
def cutting(url: str, cuts: Sequence[int], *, is_asked: Callable[[], object]) -> Iterator[str]:
    """The address of a proxy before `url`: of its first connections, each lets so many bytes of answers pass.

    `is_asked` is called before a connection is cut that lets nothing pass, and returns when the request has been heard.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threads: list[threading.Thread] = []
        accepting = threading.Thread(target=_accept, args=(listening, url, list(cuts), is_asked, threads))
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *threads):
                thread.join(10)


def _accept(
    listening: socket.socket,
    url: str,
    cuts: list[int],
    is_asked: Callable[[], object],
    threads: list[threading.Thread],
) -> None:
    with suppress(OSError):  # closed: it was enough
        while True:
            client, _ = listening.accept()
            limit_bytes = cuts.pop(0) if cuts else None
            threads.append(threading.Thread(target=_serve, args=(client, url, limit_bytes, is_asked)))
            threads[-1].start()


def _serve(client: socket.socket, url: str, limit_bytes: int | None, is_asked: Callable[[], object]) -> None:
    place = urlsplit(url)
    with client, socket.create_connection((place.hostname, place.port)) as server:
        asking = threading.Thread(target=_ask, args=(client, server))
        asking.start()
        if limit_bytes == 0:
            is_asked()
        else:
            _pump(server, client, limit_bytes)
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        asking.join(10)


def _ask(client: socket.socket, server: socket.socket) -> None:
    _pump(client, server, None)
    with suppress(OSError):  # so that nobody keeps it open for a client that has gone
        server.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, sink: socket.socket, limit_bytes: int | None) -> None:
    """Until the source ends, or so many bytes have passed."""
    passed = 0
    with suppress(OSError):
        while limit_bytes is None or passed < limit_bytes:
            most = _RECEIVED_BYTES if limit_bytes is None else min(_RECEIVED_BYTES, limit_bytes - passed)
            data = source.recv(most)
            if not data:
                return
            sink.sendall(data)
            passed += len(data)

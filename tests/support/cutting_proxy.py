"""A proxy on loopback that breaks connections, as an unreliable network does."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_RECEIVED_BYTES = 16 * 1024


@contextmanager
def cutting_proxy(url: str, cuts: Sequence[int], *, wait_for_request: Callable[[], object]) -> Iterator[str]:
    """Yield the address of a proxy for `url`. Connection number n breaks after `cuts[n]` bytes of the response.

    Before a connection with 0 bytes breaks, `wait_for_request` is called, which returns when the request has arrived.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threads: list[threading.Thread] = []
        accepting = threading.Thread(
            target=_accept, args=(listening, url, list(cuts), wait_for_request, threads)
        )
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
    wait_for_request: Callable[[], object],
    threads: list[threading.Thread],
) -> None:
    with suppress(OSError):  # closed
        while True:
            client, _ = listening.accept()
            limit_bytes = cuts.pop(0) if cuts else None
            threads.append(threading.Thread(target=_serve, args=(client, url, limit_bytes, wait_for_request)))
            threads[-1].start()


def _serve(
    client: socket.socket, url: str, limit_bytes: int | None, wait_for_request: Callable[[], object]
) -> None:
    address = urlsplit(url)
    with client, socket.create_connection((address.hostname, address.port)) as server:
        forwarding = threading.Thread(target=_forward, args=(client, server))
        forwarding.start()
        if limit_bytes == 0:
            wait_for_request()
        else:
            _pump(server, client, limit_bytes)
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        forwarding.join(10)


def _forward(client: socket.socket, server: socket.socket) -> None:
    _pump(client, server, None)
    with suppress(OSError):  # closes the connection for a client that disconnected
        server.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, sink: socket.socket, limit_bytes: int | None) -> None:
    """Copy data until the source ends, or the limit is reached."""
    passed = 0
    with suppress(OSError):
        while limit_bytes is None or passed < limit_bytes:
            size = _RECEIVED_BYTES if limit_bytes is None else min(_RECEIVED_BYTES, limit_bytes - passed)
            data = source.recv(size)
            if not data:
                return
            sink.sendall(data)
            passed += len(data)

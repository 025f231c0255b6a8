"""A client that costs little CPU time, because it shares the cores with the service."""

import http.client
import json
from typing import Any


class HttpClient:
    """A connection that stays open. `post` and `get` raise RuntimeError unless the answer is 200 or 202."""

    def __init__(self, port: int, *, timeout_s: float = 300.0) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def post(self, path: str, body: dict[str, Any]) -> bytes:
        self._connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        return self._read(path)

    def get(self, path: str) -> bytes:
        self._connection.request("GET", path)
        return self._read(path)

    def close(self) -> None:
        self._connection.close()

    def _read(self, path: str) -> bytes:
        with self._connection.getresponse() as response:
            data = response.read()
        if response.status not in (http.client.OK, http.client.ACCEPTED):
            raise RuntimeError(f"{path} answered {response.status}: {data[:500]!r}")
        return data

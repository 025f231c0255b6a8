"""The program that runs LitServe: `python -m bench.throughput.litserve_server PORT WORKERS FOLDER`."""

import sys
from typing import Any

import litserve
from fastapi import Response

from bench.throughput.speaker import Speaker, announce_engine_process


class SpeechApi(litserve.LitAPI):  # type: ignore[misc]  # litserve is not installed in this environment
    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder

    def setup(self, device: str) -> None:  # noqa: ARG002  # the engine has one device
        self._speaker = Speaker()
        announce_engine_process(self._folder)

    def decode_request(self, request: dict[str, Any]) -> str:
        return str(request["text"])

    def predict(self, text: str) -> bytes:
        return self._speaker.speak_wav(text)

    def encode_response(self, wav: bytes) -> Response:
        return Response(wav, media_type="audio/wav")


def main() -> None:
    port, workers, folder = sys.argv[1:]
    server = litserve.LitServer(
        SpeechApi(folder), accelerator="cpu", workers_per_device=int(workers), timeout=False
    )
    server.run(host="127.0.0.1", port=int(port), log_level="warning", generate_client_file=False)


if __name__ == "__main__":
    main()

"""Requests that other programs send, copied from their sources. Only the text to speak is ours.

Open WebUI (open-webui/open-webui, backend/open_webui/routers/audio.py): the backend forwards the request of its page,
adds the model and the parameters of the administrator, and treats the whole response as an MP3. It requests the lists
of voices and models without a key.

SillyTavern (SillyTavern/SillyTavern, public/scripts/extensions/tts/openai-compatible.js and src/endpoints/openai.js):
the server posts to exactly the address that the user entered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WORDS = "The weather in the mountains was cold and clear this morning."


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    program: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


OPEN_WEBUI = RecordedRequest(
    "Open WebUI",
    {
        "Content-Type": "application/json",
        "Authorization": "Bearer sk-anything",
        "X-OpenWebUI-User-Name": "Ada%20L.",
        "X-OpenWebUI-User-Id": "5e1f9d34-0000-4000-8000-000000000001",
        "X-OpenWebUI-User-Email": "ada@example.org",
        "X-OpenWebUI-User-Role": "admin",
        "User-Agent": "Python/3.11 aiohttp/3.11.11",
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate",
    },
    # `chat_id` and `stream` are examples of parameters that an administrator or a plug-in adds.
    {"input": WORDS, "voice": "alloy", "model": "tts-1", "chat_id": "c-17", "stream": True},
)

SILLY_TAVERN = RecordedRequest(
    "SillyTavern",
    {
        "Content-Type": "application/json",
        "Authorization": "Bearer",
        "User-Agent": "node-fetch",
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate, br",
    },
    {"input": WORDS, "response_format": "mp3", "voice": "nova", "speed": 1, "model": "tts-1"},
)

PROGRAMS = (OPEN_WEBUI, SILLY_TAVERN)


def open_webui_menus(
    voices: Mapping[str, Any], models: Mapping[str, Any]
) -> tuple[dict[str, str], list[str]]:
    """Return the menus of Open WebUI for our two lists: the names of voices by id, and the ids of models.

    Raises KeyError or TypeError where Open WebUI would fall back to its built-in six voices and two models.
    """
    return (
        {voice["id"]: voice["name"] for voice in voices["voices"]},
        [model["id"] for model in models["models"]],
    )

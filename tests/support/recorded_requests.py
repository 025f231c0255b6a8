"""Requests that other programs send, copied from their sources. Only the text to speak is ours.

Open WebUI (open-webui/open-webui, backend/open_webui/routers/audio.py): the backend forwards the request of its page,
adds the model and the parameters of the administrator, and treats the whole response as an MP3. It requests the lists
of voices and models without a key.

SillyTavern (SillyTavern/SillyTavern, public/scripts/extensions/tts/openai-compatible.js and src/endpoints/openai.js):
the server posts to exactly the address that the user entered.

LibreChat (danny-avila/LibreChat, api/server/services/Files/Audio/TTSService.js): axios posts to exactly the address of
librechat.yaml, without the fields that are not set there. It sends a message in pieces, and joins the MP3s.

n8n (n8n-io/n8n, packages/@n8n/nodes-langchain/nodes/vendors/OpenAi/v2/actions/audio/generate.operation.ts): all fields
are always sent.

wyoming_openai (roryeckel/wyoming_openai, src/wyoming_openai/compatibility.py): it looks at several addresses to guess
the server, and takes one that has none of them for OpenAI's.
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
    path: str = "/v1/audio/speech"


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

_AXIOS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/plain, */*",
    "User-Agent": "axios/1.12.1",
    "Accept-Encoding": "gzip, compress, deflate, br",
}
LIBRE_CHAT = RecordedRequest(
    "LibreChat",
    _AXIOS | {"Authorization": "Bearer anything"},
    {"input": WORDS, "model": "tts-1", "voice": "alloy"},
)
LIBRE_CHAT_ELEVENLABS = RecordedRequest(
    "LibreChat with ElevenLabs",
    _AXIOS | {"xi-api-key": "anything", "Accept": "audio/mpeg"},
    {
        "model_id": "eleven_multilingual_v2",
        "text": WORDS,
        "voice_settings": {"similarity_boost": 0.5, "stability": 0.5, "use_speaker_boost": True},
    },
    path="/v1/text-to-speech/hibari_heart",
)

N8N = RecordedRequest(
    "n8n",
    _AXIOS | {"Authorization": "Bearer anything"},
    {"model": "tts-1", "input": WORDS, "voice": "alloy", "response_format": "mp3", "speed": 1},
)

PROGRAMS = (OPEN_WEBUI, SILLY_TAVERN, LIBRE_CHAT, LIBRE_CHAT_ELEVENLABS, N8N)

# wyoming_openai asks for these before it speaks, with what its guesses look for. None of them may match.
WYOMING_OPENAI_PROBES = ("/v1/readyz", "/v1/test")


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

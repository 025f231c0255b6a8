"""The ElevenLabs API: streamed speech and voices. Its key is not checked."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import GatewayDep
from api.elevenlabs import output_formats
from api.elevenlabs.lists import elevenlabs_voices, find_elevenlabs_voice
from api.elevenlabs.requests import FIELDS, to_voice_options
from api.error_handlers import Responses, documented_errors
from api.routes.streamed_speech import StreamOptions, speak
from api.schemas.elevenlabs import ElevenLabsVoice, ElevenLabsVoices, ElevenLabsVoicesPage, TextToSpeech

router = APIRouter(tags=["elevenlabs"])

_RESPONSES: Responses = {
    200: {
        "description": "The audio, streamed from the first segment on. `X-Oratio-Output-Format` is its format.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("audio/mpeg", "audio/opus", "audio/wav", "audio/pcm")
        },
    }
}
VoiceId = Annotated[str, Path(max_length=600, description="A voice of GET /v1/voices.")]


@router.post(
    "/v1/text-to-speech/{voice_id}",
    response_class=Response,
    responses=_RESPONSES | documented_errors(400, 404, 409, 413, 502, 504),
)
@router.post(
    "/v1/text-to-speech/{voice_id}/stream",
    response_class=Response,
    responses=_RESPONSES | documented_errors(400, 404, 409, 413, 502, 504),
)
async def text_to_speech(
    request: Request,
    gateway: GatewayDep,
    voice_id: VoiceId,
    body: TextToSpeech,
    output_format: Annotated[
        str | None,
        Query(
            max_length=64, description="`mp3_44100_64`, `pcm_16000`, `wav_24000`, `opus_48000_64` and so on."
        ),
    ] = None,
) -> Response:
    """Speak a text as ElevenLabs does, and stream the audio while it is made.

    If a bit rate is not available, the nearest is sent, and `X-Oratio-Output-Format` says which.
    """
    output = output_formats.parse(output_format)
    options = StreamOptions(
        sample_rate_hz=output.sample_rate_hz,
        is_raw=output.is_raw,
        headers={"X-Oratio-Output-Format": output.sent_name},
        field_names=FIELDS,
    )
    voice_options = to_voice_options(voice_id, body, output)
    return await speak(request, gateway, voice_options, text=body.text, options=options)


@router.get("/v1/voices")
async def list_voices(gateway: GatewayDep) -> ElevenLabsVoices:
    """All voices in the shape of ElevenLabs."""
    workers = await gateway.worker_cache.statuses()
    return ElevenLabsVoices(voices=elevenlabs_voices(workers, gateway.settings))


@router.get("/v2/voices")
async def search_voices(
    gateway: GatewayDep,
    search: Annotated[str | None, Query(description="Part of a name or id.")] = None,
) -> ElevenLabsVoicesPage:
    """All voices on one page, as newer clients of ElevenLabs ask for them."""
    wanted = (search or "").lower()
    workers = await gateway.worker_cache.statuses()
    found = [
        voice
        for voice in elevenlabs_voices(workers, gateway.settings)
        if wanted in voice.name.lower() or wanted in voice.voice_id
    ]
    return ElevenLabsVoicesPage(voices=found, total_count=len(found))


@router.get("/v1/voices/{voice_id}", responses=documented_errors(400, 404))
async def get_voice(gateway: GatewayDep, voice_id: VoiceId) -> ElevenLabsVoice:
    """One voice in the shape of ElevenLabs."""
    return find_elevenlabs_voice(voice_id, await gateway.worker_cache.statuses(), gateway.settings)

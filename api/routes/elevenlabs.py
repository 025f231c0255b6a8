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
Search = Annotated[str, Query(description="Part of a name or id, in any case.")]


@router.post(
    "/v1/text-to-speech/{voice_id}",
    response_class=Response,
    responses=_RESPONSES | documented_errors(400, 404, 409, 413, 502, 504, 507),
)
@router.post(
    "/v1/text-to-speech/{voice_id}/stream",
    response_class=Response,
    responses=_RESPONSES | documented_errors(400, 404, 409, 413, 502, 504, 507),
)
async def text_to_speech(
    request: Request,
    gateway: GatewayDep,
    voice_id: VoiceId,
    body: TextToSpeech,
    output_format: Annotated[
        str | None,
        Query(
            max_length=64,
            description="`mp3`, `mp3_44100_64`, `pcm_16000`, `wav_24000`, `opus_48000_64` and so on.",
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
async def list_voices(gateway: GatewayDep, search: Search = "") -> ElevenLabsVoices:
    """All voices in the shape of ElevenLabs, or those with a part of a name or id."""
    workers = await gateway.worker_cache.statuses()
    return ElevenLabsVoices(voices=elevenlabs_voices(workers, gateway.settings, search=search))


@router.get("/v2/voices", responses=documented_errors(400))
async def search_voices(
    gateway: GatewayDep,
    search: Search = "",
    page_size: Annotated[
        int | None, Query(ge=1, le=1000, description="Voices of a page. By default all are on one.")
    ] = None,
    next_page_token: Annotated[
        str, Query(pattern=r"^\d{0,9}$", description="The `next_page_token` of the page before.")
    ] = "",
) -> ElevenLabsVoicesPage:
    """Voices page by page, as newer clients of ElevenLabs ask for them."""
    workers = await gateway.worker_cache.statuses()
    found = elevenlabs_voices(workers, gateway.settings, search=search)
    start = int(next_page_token or 0)
    end = start + (page_size or len(found))
    has_more = end < len(found)
    return ElevenLabsVoicesPage(
        voices=found[start:end],
        has_more=has_more,
        total_count=len(found),
        next_page_token=str(end) if has_more else None,
    )


@router.get("/v1/voices/{voice_id}", responses=documented_errors(400, 404))
async def get_voice(gateway: GatewayDep, voice_id: VoiceId) -> ElevenLabsVoice:
    """One voice in the shape of ElevenLabs, also by a name of OpenAI such as `alloy`."""
    return find_elevenlabs_voice(voice_id, await gateway.worker_cache.statuses(), gateway.settings)

"""The formats of captions by name."""

import json
from collections.abc import Sequence

from common.recordings.captions import Caption, as_document, as_srt, as_vtt
from common.recordings.karaoke import as_ass

# Each is also the extension of its files.
MEDIA_TYPES = {
    "srt": "application/x-subrip",
    "vtt": "text/vtt; charset=utf-8",
    "json": "application/json",
    "ass": "text/x-ssa; charset=utf-8",
}
_SUBTITLES = {"srt": as_srt, "vtt": as_vtt, "ass": as_ass}


def render_captions(
    captions: Sequence[Caption], *, kind: str, text: str, job_id: str, duration_s: float
) -> bytes:
    """`kind` is a key of `MEDIA_TYPES`, `duration_s` the length of the audio."""
    if kind == "json":
        document = as_document(captions, text=text, job_id=job_id, duration_s=duration_s)
        return json.dumps(document).encode()
    return _SUBTITLES[kind](captions, text=text, duration_s=duration_s).encode()

"""Encodes audio files, reads them back, and decodes the answers of hosted inference.

May import `common` only.
"""

from worker.encoding.decoding import DecodedAudio, decode
from worker.encoding.delay import CODEC_DELAY, CodecDelay
from worker.encoding.encoder import FORMATS, Encoder, available_formats, is_available, open_encoder
from worker.encoding.output_sink import OutputSink
from worker.encoding.playback import Playback, open_playback
from worker.encoding.tags import Tags

__all__ = [
    "CODEC_DELAY",
    "FORMATS",
    "CodecDelay",
    "DecodedAudio",
    "Encoder",
    "OutputSink",
    "Playback",
    "Tags",
    "available_formats",
    "decode",
    "is_available",
    "open_encoder",
    "open_playback",
]

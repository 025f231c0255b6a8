"""Audio files: one encoder per job writes one file, and what hosted inference answers is decoded."""

from worker.encoding.decoding import Decoded, decode
from worker.encoding.delay import CODEC_DELAY, CodecDelay
from worker.encoding.encoder import FORMATS, Encoder, available_formats, open_encoder
from worker.encoding.tape import Tape

__all__ = [
    "CODEC_DELAY",
    "FORMATS",
    "CodecDelay",
    "Decoded",
    "Encoder",
    "Tape",
    "available_formats",
    "decode",
    "open_encoder",
]

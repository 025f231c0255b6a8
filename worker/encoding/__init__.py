"""Audio files: one encoder per job writes one file, and what hosted inference answers is decoded."""

from worker.encoding.decoding import Decoded, decode
from worker.encoding.encoder import FORMATS, Encoder, available_formats, open_encoder

__all__ = ["FORMATS", "Decoded", "Encoder", "available_formats", "decode", "open_encoder"]

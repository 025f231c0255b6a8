"""Decodes a file that one of our encoders wrote, block by block, without the codec's delay and padding."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import numpy as np
import soundfile
from numpy.typing import NDArray

from worker.encoding.delay import CODEC_DELAY, UNTOLD_MP3_DELAY
from worker.encoding.mp3_info import has_info_frame
from worker.encoding.pcm import from_int16
from worker.encoding.uncompressed import PCM_RATE_HZ

_BLOCK_FRAMES = 65536
# Longer than a frame of any codec. A file that lacks more was truncated.
_MAX_MISSING_S = 0.2

Blocks = Iterator[NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Playback:
    """Blocks of mono samples, together as long as the recording. Lossy codecs may exceed [-1, 1]."""

    sample_rate_hz: int
    blocks: Blocks


@contextmanager
def open_playback(file: IO[bytes], audio_format: str, *, duration_s: float) -> Iterator[Playback]:
    """Open a file of the given format, whose recording lasts `duration_s`.

    Raises ValueError if the file has another format or is too short, possibly only while the blocks are read.
    """
    if audio_format == "pcm":
        yield _make_playback(PCM_RATE_HZ, _pcm_blocks(file), skip=0, duration_s=duration_s)
    elif audio_format == "aac":
        from worker.encoding.aac import open_aac

        with open_aac(file) as (rate_hz, frames):
            skip = CODEC_DELAY[audio_format].before
            yield _make_playback(rate_hz, _merge_blocks(frames), skip=skip, duration_s=duration_s)
    else:
        is_untold = audio_format == "mp3" and not has_info_frame(file)
        skip = UNTOLD_MP3_DELAY.before if is_untold else 0
        with _translate_errors(), soundfile.SoundFile(file) as sound:
            yield _make_playback(sound.samplerate, _sndfile_blocks(sound), skip=skip, duration_s=duration_s)


def _make_playback(rate_hz: int, blocks: Blocks, *, skip: int, duration_s: float) -> Playback:
    cut = _select(
        blocks,
        skip=skip,
        count=round(duration_s * rate_hz),
        max_missing=round(_MAX_MISSING_S * rate_hz),
    )
    return Playback(rate_hz, cut)


def _select(blocks: Blocks, *, skip: int, count: int, max_missing: int) -> Blocks:
    """Yield `count` samples after the first `skip`.

    Up to `max_missing` samples at the end become silence, because a codec may lose them. Raises ValueError if more are
    missing.
    """
    for block in blocks:
        selected = block[skip : skip + count]
        skip = max(0, skip - len(block))
        count -= len(selected)
        if len(selected):
            yield selected
        if not count:
            return
    if count > max_missing:
        raise ValueError(f"{count} samples are missing at the end")
    yield np.zeros(count, dtype=np.float32)


def _pcm_blocks(file: IO[bytes]) -> Blocks:
    while data := file.read(2 * _BLOCK_FRAMES):
        yield from_int16(np.frombuffer(data, dtype="<i2"))


def _sndfile_blocks(sound: soundfile.SoundFile) -> Blocks:
    while len(block := sound.read(_BLOCK_FRAMES, dtype="float32")):
        yield block


def _merge_blocks(frames: Blocks) -> Blocks:
    """Merge short codec frames into larger blocks, so that the following steps run less often."""
    held: list[NDArray[np.float32]] = []
    count = 0
    for frame in frames:
        held.append(frame)
        count += len(frame)
        if count >= _BLOCK_FRAMES:
            yield np.concatenate(held)
            held, count = [], 0
    if held:
        yield np.concatenate(held)


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except soundfile.LibsndfileError as error:
        raise ValueError(str(error)) from error

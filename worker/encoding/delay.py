"""The delay and the padding that each codec adds to the sound."""

from dataclasses import dataclass

_HIGH_RATE_HZ = 32_000  # from this rate on, MP3 uses the longer frames of MPEG-1


@dataclass(frozen=True, slots=True)
class CodecDelay:
    """Delay and padding in samples at the codec's rate, for a decoder that only knows the frames.

    The sound starts after `before` samples. The file holds `added` more samples than the input, padded to whole frames
    of `frame` samples, or of `long_frame` samples at high rates. Silence at the end may be left out of AAC instead.
    """

    before: int = 0
    added: int = 0
    frame: int = 1
    long_frame: int = 1

    def decoded(self, samples: int, *, rate_hz: int) -> int:
        """Return how many samples a decoder returns for an input of `samples`."""
        frame = self.long_frame if rate_hz >= _HIGH_RATE_HZ else self.frame
        return -(-(samples + self.added) // frame) * frame


# Ogg tells the decoder how much of Opus to skip at both ends; the sound keeps its place within a millisecond. The first
# frame of an MP3 file tells the same. ADTS has no place for it.
CODEC_DELAY = {
    "wav": CodecDelay(),
    "flac": CodecDelay(),
    "mp3": CodecDelay(),
    "opus": CodecDelay(),
    "aac": CodecDelay(before=1024, added=1024, frame=1024, long_frame=1024),
    "pcm": CodecDelay(),
}
# MP3 files of earlier releases do not tell it: LAME adds 576 samples before the sound, and decoders add 529.
UNTOLD_MP3_DELAY = CodecDelay(before=576 + 529, added=2 * 576, frame=576, long_frame=1152)

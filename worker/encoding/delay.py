"""What decoders give that nobody put in: the silence that a codec works with."""

from dataclasses import dataclass

_HIGH_RATE_HZ = 32_000  # from here on MP3 has the longer frames of MPEG-1


@dataclass(frozen=True, slots=True)
class CodecDelay:
    """In samples at the codec's rate, as a decoder gives them that knows of nothing but the frames.

    The sound begins after `before`. The file holds `added` more than what was put in, filled up to whole frames of
    `frame` samples, or of `long_frame` at high rates.
    """

    before: int = 0
    added: int = 0
    frame: int = 1
    long_frame: int = 1

    def decoded(self, samples: int, *, rate_hz: int) -> int:
        """How many come out where so many went in."""
        frame = self.long_frame if rate_hz >= _HIGH_RATE_HZ else self.frame
        return -(-(samples + self.added) // frame) * frame


# Ogg tells the decoder what to skip of Opus, at the beginning and at the end; its sound is where it was within a
# millisecond. Neither ADTS nor bare MP3 frames can: LAME puts 576 samples before the sound and as many or more behind
# it, and decoders of MP3 are late by 529.
CODEC_DELAY = {
    "wav": CodecDelay(),
    "flac": CodecDelay(),
    "mp3": CodecDelay(before=576 + 529, added=2 * 576, frame=576, long_frame=1152),
    "opus": CodecDelay(),
    "aac": CodecDelay(before=1024, added=1024, frame=1024, long_frame=1024),
    "pcm": CodecDelay(),
}

"""Writes api/openai/silence: 100 ms of silence in each compressed format, for texts with nothing to speak.

Usage: python scripts/make_silence.py
"""

import io
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

RATE_HZ = 24_000
DURATION_S = 0.1


def main() -> int:
    from common.formats import MEDIA_TYPES
    from worker.encoding import open_encoder

    for audio_format, (_, extension) in MEDIA_TYPES.items():
        if audio_format in ("wav", "pcm"):
            continue
        file = io.BytesIO()
        encoder = open_encoder(audio_format, sample_rate_hz=RATE_HZ, out=file)
        encoder.write(np.zeros(round(RATE_HZ * DURATION_S), dtype=np.float32))
        encoder.close()
        (ROOT / "api" / "openai" / "silence" / f"silence.{extension}").write_bytes(file.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())

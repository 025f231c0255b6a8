"""Fill a database with generated usage of many days, to test the statistics of the studio.

python frontend/e2e/seed_usage.py sqlite:////tmp/data/oratio.db --days 90

Use it only with a temporary database, because the rows are mixed with the real usage.
"""

import argparse
import math
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sqlalchemy import create_engine, insert  # noqa: E402

from common.db.tables import LatencyHourly, UsageHourly  # noqa: E402
from common.jobs.latencies import Measure, bucket_of  # noqa: E402

# Model, voice, share of the jobs, speed-up over real time, time to first audio in milliseconds.
VOICES = (
    ("hibari", "hibari_emma", 30, 6.0, 350.0),
    ("kokoro", "af_heart", 40, 4.2, 600.0),
    ("kokoro", "bf_emma", 18, 4.1, 620.0),
    ("kokoro", "ff_siwis", 12, 4.0, 640.0),
    ("kokoro", "am_michael", 7, 4.3, 580.0),
    ("mms", "mms_deu", 9, 3.1, 900.0),
    ("mms", "mms_fra", 5, 3.0, 950.0),
    ("speecht5", "speecht5_slt", 4, 2.2, 1400.0),
    ("parler", "parler_jon", 3, 0.6, 5200.0),
    ("bark", "bark_v2_en_speaker_6", 1, 0.3, 9000.0),
)
OWNER = "local"

Row = dict[str, Any]


def load_at(hour: int, now_hour: int) -> float:
    """Return the load of an hour: high on working days and hours, growing over the weeks, with a peak 31 days ago."""
    of_day = 0.15 + math.exp(-(((hour % 24) - 13) ** 2) / 18)
    of_week = 0.3 if (hour // 24 + 3) % 7 >= 5 else 1.0  # the epoch began on a Thursday
    age_days = (now_hour - hour) // 24
    return of_day * of_week * (1.4 - age_days / 120) * (3.0 if age_days == 31 else 1.0)


def usage(hour: int, load: float, rng: random.Random) -> Iterator[tuple[Row, list[Row]]]:
    """Yield for each voice the usage of one hour and its latencies."""
    for model, voice_id, weight, speed, first_ms in VOICES:
        completed = round(rng.expovariate(1.0) * load * weight / 8)
        if not completed:
            continue
        key = {"hour": hour, "owner": OWNER, "model": model, "voice_id": voice_id, "provider": "local"}
        yield (
            key | _usage_row(completed, speed, rng),
            list(_latency_rows(key, completed, load, first_ms, rng)),
        )


def _usage_row(completed: int, speed: float, rng: random.Random) -> Row:
    chars = completed * rng.randint(120, 900)
    audio_s = chars / 15
    return {
        "completed": completed,
        "failed": sum(rng.random() < 0.02 for _ in range(completed)),
        "cancelled": sum(rng.random() < 0.03 for _ in range(completed)),
        "chars": chars,
        "audio_s": audio_s,
        "size_bytes": round(audio_s * 16_000),
        "synthesis_ms": audio_s * 1000 / (speed * rng.uniform(0.9, 1.1)),
    }


def _latency_rows(
    key: Row, completed: int, load: float, first_ms: float, rng: random.Random
) -> Iterator[Row]:
    counts: dict[tuple[Measure, int], int] = {}
    for _ in range(min(completed, 200)):
        wait_ms = rng.lognormvariate(math.log(30), 1.0) * (1 + load**2)
        for measure, ms in (
            ("wait", wait_ms),
            ("first_audio", wait_ms + first_ms * rng.lognormvariate(0, 0.3)),
        ):
            key_of_count: tuple[Measure, int] = (
                "wait" if measure == "wait" else "first_audio",
                bucket_of(ms),
            )
            counts[key_of_count] = counts.get(key_of_count, 0) + 1
    for (name, bucket), count in counts.items():
        yield key | {"measure": name, "bucket": bucket, "count": count}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("database", help="SQLAlchemy URL")
    parser.add_argument("--days", type=int, default=90)
    options = parser.parse_args()
    rng = random.Random(7)  # noqa: S311  # a fixed seed gives the same usage each time
    now_hour = int(time.time() // 3600)
    rows: list[Row] = []
    latency_rows: list[Row] = []
    # The current hour is left to the real usage.
    for hour in range(now_hour - options.days * 24, now_hour):
        for usage_row, latencies in usage(hour, load_at(hour, now_hour), rng):
            rows.append(usage_row)
            latency_rows.extend(latencies)
    with create_engine(options.database).begin() as connection:
        connection.execute(insert(UsageHourly).prefix_with("OR IGNORE", dialect="sqlite"), rows)
        connection.execute(insert(LatencyHourly).prefix_with("OR IGNORE", dialect="sqlite"), latency_rows)
    sys.stdout.write(f"{len(rows)} rows of usage, {len(latency_rows)} rows of latencies.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A library to look at: recordings that share a few small files of sound, some with titles that try to break a page.

`python frontend/e2e/seed_library.py DATA_DIR 20000` writes them into the SQLite of a data folder, before or while `oratio up`
runs on it: with ORATIO_CLEAN_MAX_HOURS=0 and ORATIO_CLEAN_MAX_HISTORY=0, or the cleanup takes most of them away.
"""

import hashlib
import io
import itertools
import math
import random
import struct
import sys
import time
import uuid
import wave
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, insert

from common.catalogue.voices import voices
from common.database import Database
from common.jobs import finding
from common.jobs.finding import Findable
from common.migration import migrate
from common.store import Store, audio_key
from common.tables import Audio, Recording

BATCH = 2000
RATE_HZ = 8000
LENGTHS_S = (1.4, 3.2, 9.0, 64.0)
# One voice of each, and the more of a model the more often it stands here.
MODELS_SHOWN = ("hibari", "hibari", "kokoro", "kokoro", "kokoro", "kokoro", "mms", "bark")
YEAR_S = 365 * 86400

HOSTILE = (
    "<script>alert('title')</script>",
    "<img src=x onerror=alert(1)> & <b>bold</b>",
    "\"Quotes\" 'of' `every` “kind” «and» </title><!--",
    "right to left: \u202eexe.gpj\u202c and \u2067back\u2069",
    "مرحبا بالعالم، هذا عنوان طويل",
    "שלום עולם (parentheses) 1, 2, 3",
    "😀👩‍👩‍👧‍👦🏳️‍🌈 emoji 🇫🇷 all the way 🌊🌊🌊",
    "Z̸̡̛a̷l̵g̶o̷ ̴m̵a̵r̶k̶s̵ " + "\u0301\u0302\u0303" * 20,
    "Donaudampfschifffahrtsgesellschaftskapitän" * 4,
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
    "${title} {{7*7}} %s %00 \\u0000 ../../etc/passwd; DROP TABLE recordings;--",
    "https://example.org/?q=%22%3E%3Csvg/onload=alert(2)%3E#fragment",
    "   blanks   and\u200bzero\u200bwidth   ",
    "a",
)
SUBJECTS = (
    "The sea",
    "A winter evening",
    "L\u2019été",
    "The old lighthouse",
    "Chapter twelve",
    "Une lettre",
    "The minutes",
)
VERBS = ("was calm", "came back to the village", "n\u2019avait rien dit", "kept its promise", "would not end")
ENDS = (
    "and nobody had asked why. The lamps were lit one after another along the quay.",
    "as it had every year. Children ran before it and the dogs behind them.",
    "mais personne ne l\u2019écoutait. On ferma les volets et l\u2019on attendit la nuit.",
    "until the clerk read out the figures: 1,204 for, 87 against, and one blank.",
)


def main(data_dir: Path, count: int) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{data_dir.absolute() / 'oratio.db'}"
    migrate(url)
    database = Database(url, role="gateway")
    keys = _sounds(database, Store(data_dir.absolute().as_uri()))
    some = _recordings(count)
    while batch := list(itertools.islice(some, BATCH)):
        with database.write() as connection:
            _add(connection, batch, keys)
    database.close()


def _sounds(database: Database, store: Store) -> list[str]:
    keys = []
    for length_s in LENGTHS_S:
        sound = _tone(length_s)
        key = audio_key(str(uuid.uuid4()), attempt=1, extension="wav")
        store.put(key, io.BytesIO(sound))
        row = {
            "key": key,
            "sha256": hashlib.sha256(sound).hexdigest(),
            "recipe": hashlib.sha256(key.encode()).hexdigest(),
            "format": "wav",
            "sample_rate_hz": RATE_HZ,
            "duration_s": length_s,
            "size_bytes": len(sound),
            "created_at": time.time(),
        }
        with database.write() as connection:
            connection.execute(insert(Audio), [row])
        keys.append(key)
    return keys


def _tone(length_s: float) -> bytes:
    samples = (
        int(6000 * math.sin(2 * math.pi * 220 * at / RATE_HZ)) for at in range(int(length_s * RATE_HZ))
    )
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return out.getvalue()


def _recordings(count: int) -> Iterator[Findable]:
    """Oldest first, over a year and a bit; every twentieth is a hostile one, the newest among them."""
    chance = random.Random(11)  # noqa: S311  # the same library each time
    listed = list(voices().values())
    some = [chance.choice([voice for voice in listed if voice.model == model]) for model in MODELS_SHOWN]
    hostile = itertools.cycle(HOSTILE)
    for number in range(count):
        age_s = 1.2 * YEAR_S * (1 - (number + 1) / count) ** 1.6
        said = f"{chance.choice(SUBJECTS)} {chance.choice(VERBS)} {chance.choice(ENDS)}"
        if (count - number) % 20 == 3 or (count - number <= 2 * len(HOSTILE) and number % 2):
            said = f"{next(hostile)} {said if chance.random() < 0.5 else ''}"
        if chance.random() < 0.02:
            said *= 400
        title = said[:79] + "…" if len(said) > 80 else said
        voice = chance.choice(some)
        yield Findable(str(uuid.uuid4()), "local", voice.id, voice.model, time.time() - age_s, title, said)


def _add(connection: Connection, batch: list[Findable], keys: list[str]) -> None:
    rows = [
        {name: getattr(one, name) for name in Findable.__slots__}
        | {
            "audio_key": keys[number % len(keys)],
            "provider": "local",
            "speed": 1.0,
            "language": None,
            "style": None,
        }
        for number, one in enumerate(batch)
    ]
    connection.execute(insert(Recording), rows)
    finding.add(connection, batch)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

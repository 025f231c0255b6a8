"""Fill a data folder with recordings, some of them with hostile titles, to test the library of the studio.

`python frontend/e2e/seed_library.py DATA_DIR 20000` writes into the SQLite database of the folder. `oratio up` may run
meanwhile. Set ORATIO_CLEAN_MAX_HOURS=0 and ORATIO_CLEAN_MAX_HISTORY=0, or the cleanup deletes most of the recordings.
The recordings share a few small audio files.
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
from common.db.database import Database
from common.db.migration import migrate
from common.db.tables import Audio, Recording
from common.recordings import search
from common.recordings.search import SearchableRecording
from common.store import Store, audio_key

BATCH = 2000
SAMPLE_RATE_HZ = 8000
DURATIONS_S = (1.4, 3.2, 9.0, 64.0)
# One voice is chosen for each entry, so a model with more entries has more recordings.
MODELS = ("hibari", "hibari", "kokoro", "kokoro", "kokoro", "kokoro", "mms", "bark")
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
    keys = _write_audio(database, Store(data_dir.absolute().as_uri()))
    recordings = _recordings(count)
    while batch := list(itertools.islice(recordings, BATCH)):
        with database.write() as connection:
            _insert(connection, batch, keys)
    database.close()


def _write_audio(database: Database, store: Store) -> list[str]:
    """Return the keys of the audio files."""
    keys = []
    for duration_s in DURATIONS_S:
        wav = _tone(duration_s)
        key = audio_key(str(uuid.uuid4()), attempt=1, extension="wav")
        store.put(key, io.BytesIO(wav))
        row = {
            "key": key,
            "sha256": hashlib.sha256(wav).hexdigest(),
            "recipe": hashlib.sha256(key.encode()).hexdigest(),
            "format": "wav",
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "duration_s": duration_s,
            "size_bytes": len(wav),
            "created_at": time.time(),
        }
        with database.write() as connection:
            connection.execute(insert(Audio), [row])
        keys.append(key)
    return keys


def _tone(duration_s: float) -> bytes:
    """Return a WAV file."""
    samples = (
        int(6000 * math.sin(2 * math.pi * 220 * index / SAMPLE_RATE_HZ))
        for index in range(int(duration_s * SAMPLE_RATE_HZ))
    )
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return out.getvalue()


def _recordings(count: int) -> Iterator[SearchableRecording]:
    """Yield recordings over 14 months, the oldest first.

    Every twentieth has a hostile title, and so does every second of the newest.
    """
    rng = random.Random(11)  # noqa: S311  # a fixed seed gives the same library each time
    catalogue = list(voices().values())
    chosen_voices = [rng.choice([voice for voice in catalogue if voice.model == model]) for model in MODELS]
    hostile = itertools.cycle(HOSTILE)
    for number in range(count):
        age_s = 1.2 * YEAR_S * (1 - (number + 1) / count) ** 1.6
        text = f"{rng.choice(SUBJECTS)} {rng.choice(VERBS)} {rng.choice(ENDS)}"
        if (count - number) % 20 == 3 or (count - number <= 2 * len(HOSTILE) and number % 2):
            text = f"{next(hostile)} {text if rng.random() < 0.5 else ''}"
        if rng.random() < 0.02:
            text *= 400
        title = text[:79] + "…" if len(text) > 80 else text
        voice = rng.choice(chosen_voices)
        yield SearchableRecording(
            str(uuid.uuid4()), "local", voice.id, voice.model, time.time() - age_s, title, text
        )


def _insert(connection: Connection, batch: list[SearchableRecording], keys: list[str]) -> None:
    rows = [
        {name: getattr(recording, name) for name in SearchableRecording.__slots__}
        | {
            "audio_key": keys[number % len(keys)],
            "provider": "local",
            "speed": 1.0,
            "language": None,
            "style": None,
        }
        for number, recording in enumerate(batch)
    ]
    connection.execute(insert(Recording), rows)
    search.add(connection, batch)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

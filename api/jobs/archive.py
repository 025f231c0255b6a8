"""Stream recordings as one ZIP. Each file is read while it is sent, so that memory does not grow with their number."""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from api.http.dates import utc_datetime
from api.http.file_names import file_stem
from api.http.ids import is_id
from api.owner import OWNER
from common.db.database import Database
from common.formats import MEDIA_TYPES
from common.recordings.caption_formats import render_captions
from common.recordings.queries import SpokenAudio, find_audio, find_captions
from common.store import Store

CHUNK_BYTES = 256 * 1024
# Recordings whose texts are in memory at the same time.
BATCH_SIZE = 20
_FILE_MODE = 0o100644


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """The audio of one job. `stem` is its name, and that of its captions, without an extension."""

    stem: str
    extension: str
    job_id: str
    key: str
    size_bytes: int
    created_at: float

    @property
    def name(self) -> str:
        return f"{self.stem}.{self.extension}"


def find_entries(database: Database, job_ids: Sequence[str]) -> list[ArchiveEntry]:
    """Return an entry for each id that has audio, in the order of the ids."""
    found = ((number, audio) for number, audio in enumerate(_find_audio(database, job_ids), 1) if audio)
    return [
        ArchiveEntry(
            stem=f"{number:03d}_{file_stem(audio.title) or audio.job_id}",
            extension=MEDIA_TYPES[audio.format][1],
            job_id=audio.job_id,
            key=audio.key,
            size_bytes=audio.size_bytes,
            created_at=audio.created_at,
        )
        for number, audio in found
    ]


def write_zip(
    database: Database,
    store: Store,
    entries: Sequence[ArchiveEntry],
    *,
    job_ids: Sequence[str],
    caption_format: str | None = None,
) -> Iterable[bytes]:
    """Yield a ZIP of the files, then `manifest.json`, which also lists missing ids. Blocks while it reads.

    `caption_format`: also add the captions of each recording that has them.
    """
    from stream_zip import ZIP_64, stream_zip

    sent: dict[str, str] = {}

    def members() -> Iterator[tuple[str, datetime, int, object, Iterable[bytes]]]:
        for entry in entries:
            chunks = _open(store, entry)
            if chunks is not None:
                sent[entry.job_id] = entry.name
                created = utc_datetime(entry.created_at)
                yield entry.name, created, _FILE_MODE, ZIP_64, chunks
                if caption_format and (captions := _captions(database, entry.job_id, caption_format)):
                    yield f"{entry.stem}.{caption_format}", created, _FILE_MODE, ZIP_64, (captions,)
        yield "manifest.json", datetime.now(UTC), _FILE_MODE, ZIP_64, _manifest(database, sent, job_ids)

    # Level 0 copies the data, because audio does not compress. The method "stored" would need checksums in advance.
    return stream_zip(
        members(),  # type: ignore[arg-type]  # its Method is an opaque object
        chunk_size=CHUNK_BYTES,
        get_compressobj=lambda: zlib.compressobj(level=0, wbits=-zlib.MAX_WBITS),
    )


def _find_audio(database: Database, job_ids: Sequence[str]) -> Iterator[SpokenAudio | None]:
    """Yield the audio of each id, or None. Reads in batches, because texts may be long."""
    for start in range(0, len(job_ids), BATCH_SIZE):
        batch = job_ids[start : start + BATCH_SIZE]
        with database.read() as connection:
            found = find_audio(connection, [job_id for job_id in batch if is_id(job_id)], owner=OWNER)
        yield from (found.get(job_id) for job_id in batch)


def _open(store: Store, entry: ArchiveEntry) -> Iterable[bytes] | None:
    """Return None if the file was removed in the meantime."""
    chunks = store.read(entry.key, start=0, end=entry.size_bytes)
    try:
        first = next(chunks, b"")
    except FileNotFoundError:
        return None
    return chain((first,), chunks)


def _captions(database: Database, job_id: str, kind: str) -> bytes | None:
    """Return None for a recording without captions, or one that was deleted in the meantime."""
    with database.read() as connection:
        captions = find_captions(connection, job_id, owner=OWNER)
        audio = find_audio(connection, [job_id], owner=OWNER).get(job_id)
    if captions is None or audio is None:
        return None
    return render_captions(captions, kind=kind, text=audio.text, job_id=job_id, duration_s=audio.duration_s)


def _manifest(database: Database, sent: dict[str, str], job_ids: Sequence[str]) -> Iterator[bytes]:
    """Yield the JSON of the manifest, item by item."""
    yield f'{{"created_at": {json.dumps(datetime.now(UTC).isoformat())}, "items": ['.encode()
    missing: list[str] = []
    separator = "\n"
    for job_id, audio in zip(job_ids, _find_audio(database, job_ids), strict=True):
        if audio is None or job_id not in sent:
            missing.append(job_id)
            continue
        yield (separator + json.dumps(_item(audio, name=sent[job_id]), ensure_ascii=False)).encode()
        separator = ",\n"
    yield f'\n], "missing": {json.dumps(missing)}}}\n'.encode()


def _item(audio: SpokenAudio, *, name: str) -> dict[str, object]:
    return {
        "file": name,
        "job_id": audio.job_id,
        "title": audio.title,
        "text": audio.text,
        "voice_id": audio.voice_id,
        "format": audio.format,
        "duration_s": audio.duration_s,
        "size_bytes": audio.size_bytes,
        "sha256": audio.sha256,
        "created_at": utc_datetime(audio.created_at).isoformat(),
    }

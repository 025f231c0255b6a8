"""The store: atomic writes, and no access outside of its folder."""

import io
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from common.ids import new_id
from common.settings import Settings
from common.store import AUDIO_FOLDER, CHUNK_BYTES, Store, StoreUnavailable, audio_key, checked_key, job_id_of
from tests.support.disks import can_mount, on_a_small_disk

JOB = "01a20480-79f3-7027-864d-60e5c9eb030d"
NOT_KEYS = [
    "",
    "x",
    "../x",
    f"../{AUDIO_FOLDER}/{JOB}.1.wav",
    f"{AUDIO_FOLDER}/../audio/{JOB}.1.wav",
    f"/{AUDIO_FOLDER}/{JOB}.1.wav",
    f"/etc/{JOB}.1.wav",
    f"{AUDIO_FOLDER}//{JOB}.1.wav",
    f"{AUDIO_FOLDER}/sub/{JOB}.1.wav",
    f"outputs/{JOB}.1.wav",
    f"{AUDIO_FOLDER}/{JOB}.wav",
    f"{AUDIO_FOLDER}/{JOB}.-1.wav",
    f"{AUDIO_FOLDER}/{JOB}.1234567890.wav",
    f"{AUDIO_FOLDER}/{JOB}.\N{ARABIC-INDIC DIGIT ONE}.wav",
    f"{AUDIO_FOLDER}/{JOB}.1.wäv",
    f"{AUDIO_FOLDER}/{JOB}.1.WAV",
    f"{AUDIO_FOLDER}/{JOB.upper()}.1.wav",
    f"{AUDIO_FOLDER}/{JOB}0.1.wav",
    f"{AUDIO_FOLDER}/{JOB[:-1]}.1.wav",
    f"{AUDIO_FOLDER}/{JOB[:-1]}/.1.wav",
    f"{AUDIO_FOLDER}/{JOB[:-1]}%.1.wav",
    f"{AUDIO_FOLDER}/{JOB}.1.wav\n",
    f"{AUDIO_FOLDER}/{JOB}.1.wav\0",
    f"{AUDIO_FOLDER}/{JOB}.1.wav\0.png",
    f"{AUDIO_FOLDER}/{JOB}.1.wav#1",
    f"{AUDIO_FOLDER}/{JOB}.1.wav/../../../x",
    f"{AUDIO_FOLDER}/{'0' * 5000}.1.wav",
    f"{AUDIO_FOLDER}\\{JOB}.1.wav",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(folder: Path) -> Store:
    return Store(folder.as_uri())


def new_key() -> str:
    return audio_key(new_id(), attempt=1, extension="wav")


def put(store: Store, content: bytes) -> str:
    key = new_key()
    assert store.put(key, io.BytesIO(content)) == len(content)
    return key


def files(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("key", NOT_KEYS)
def test_foreign_keys_are_refused_by_every_method(store: Store, folder: Path, key: str) -> None:
    before = files(folder.parent)
    source = io.BytesIO(b"x")
    for method in (
        checked_key,
        store.size,
        store.read,
        lambda bad: store.read(bad, start=0, end=1),
        lambda bad: store.put(bad, source),
        lambda bad: store.delete([bad]),
    ):
        with pytest.raises(ValueError, match="not an audio key"):
            method(key)
    assert job_id_of(key) is None
    assert files(folder.parent) == before


@pytest.mark.parametrize("job_id", ["../../../../../../../../../../etc/xyz", "x", "", JOB.upper()])
def test_keys_are_built_only_from_job_ids(job_id: str) -> None:
    with pytest.raises(ValueError, match="not an audio key"):
        audio_key(job_id, attempt=1, extension="wav")
    assert job_id_of(audio_key(JOB, attempt=3, extension="opus")) == JOB


def test_a_missing_key_raises_file_not_found(store: Store) -> None:
    missing = new_key()
    with pytest.raises(FileNotFoundError):
        store.size(missing)
    with pytest.raises(FileNotFoundError):
        store.read(missing)
    with pytest.raises(FileNotFoundError):
        list(store.read(missing, start=0, end=10))
    store.delete([missing, missing])


def test_ranges_are_read_in_chunks(store: Store) -> None:
    content = os.urandom(2 * CHUNK_BYTES + 7)
    key = put(store, content)
    chunks = list(store.read(key))
    assert len(chunks) > 1
    assert max(len(chunk) for chunk in chunks) <= 2 * CHUNK_BYTES
    assert b"".join(chunks) == content
    for start, end in ((0, 1), (5, CHUNK_BYTES + 5), (len(content) - 1, len(content)), (100, None), (9, 9)):
        assert b"".join(store.read(key, start=start, end=end)) == content[start:end]


def test_an_empty_file_is_stored(store: Store) -> None:
    key = put(store, b"")
    assert store.size(key) == 0
    assert list(store.read(key)) == []


def test_put_reads_the_source_from_its_start(store: Store) -> None:
    source = io.BytesIO(b"0123456789")
    source.seek(4)
    key = new_key()
    assert store.put(key, source) == 10
    assert b"".join(store.read(key)) == b"0123456789"


def test_deleting_is_idempotent_and_keeps_other_files(store: Store) -> None:
    deleted, kept = put(store, b"a"), put(store, b"b")
    store.delete([deleted, new_key()])
    store.delete([deleted])
    assert [key for key, _, _ in list(store.keys())] == [kept]


def test_only_audio_files_are_listed(store: Store, folder: Path) -> None:
    assert list(store.keys()) == []
    key = put(store, b"12345")
    audio = folder / AUDIO_FOLDER
    (audio / "sub").mkdir()
    for foreign in ("notes.txt", f"{JOB}.1.wav#1", f"{JOB}.WAV", f"sub/{JOB}.1.wav"):
        (audio / foreign).write_bytes(b"foreign")
    (folder / "outputs" / f"{JOB}.1.wav").write_bytes(b"foreign")
    [(listed, changed_at, size_bytes)] = store.keys()
    assert (listed, size_bytes) == (key, 5)
    assert changed_at == pytest.approx((folder / key).stat().st_mtime, abs=1)
    store.check()


class Source(io.BytesIO):
    """Lists the keys of the store at each read. Fails at the `fails_at`-th read."""

    def __init__(self, content: bytes, *, store: Store, fails_at: int = 0) -> None:
        super().__init__(content)
        self._store, self._fails_at = store, fails_at
        self.reads = 0
        self.visible_keys: list[str] = []

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads == self._fails_at:
            raise OSError("failed read")
        # In another thread, because this one belongs to the library.
        with ThreadPoolExecutor(1) as reader:
            self.visible_keys += [
                key for key, _, _ in reader.submit(lambda: list(self._store.keys())).result()
            ]
        return super().read(size)


@pytest.mark.parametrize("size_bytes", [1000, 20_000_000])
def test_a_file_is_visible_only_when_it_is_complete(store: Store, folder: Path, size_bytes: int) -> None:
    key = new_key()
    source = Source(os.urandom(size_bytes), store=store)
    store.put(key, source)
    assert source.reads > 1
    assert source.visible_keys == []
    assert files(folder) == [key]
    assert (folder / key).read_bytes() == source.getvalue()


@pytest.mark.parametrize(("size_bytes", "fails_at"), [(1000, 1), (1000, 2), (20_000_000, 2), (20_000_000, 5)])
def test_a_failed_upload_leaves_no_file(store: Store, folder: Path, size_bytes: int, fails_at: int) -> None:
    key = new_key()
    source = Source(b"x" * size_bytes, store=store, fails_at=fails_at)
    with pytest.raises(StoreUnavailable):
        store.put(key, source)
    assert source.reads == fails_at
    assert files(folder) == []


def test_a_failed_overwrite_keeps_the_first_file(store: Store, folder: Path) -> None:
    key = put(store, b"the first")
    with pytest.raises(StoreUnavailable):
        store.put(key, Source(b"x" * 20_000_000, store=store, fails_at=3))
    assert files(folder) == [key]
    assert b"".join(store.read(key)) == b"the first"


# Runs in its own process, to measure its peak memory.
PEAK = """
import io, json, re, sys, tempfile
from common.ids import new_id
from common.store import Store, audio_key

def peak_mb():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

store = Store(sys.argv[1])
peaks = []
for size_bytes in (1000, 20_000_000, 160_000_000):
    with tempfile.TemporaryFile(dir=sys.argv[2]) as source:
        source.truncate(size_bytes)
        key = audio_key(new_id(), attempt=1, extension="wav")
        assert store.put(key, source) == size_bytes == store.size(key)
        store.delete([key])
    peaks.append(peak_mb())
print(json.dumps(peaks))
"""

FULL = """
import io, json, os, sys
from common.ids import new_id
from common.store import StorageFull, Store, audio_key

results = []
store = Store("file://" + sys.argv[1])
for size_bytes in (500_000, 600_000, 20_000_000, 400_000):
    key = audio_key(new_id(), attempt=1, extension="wav")
    try:
        store.put(key, io.BytesIO(os.urandom(size_bytes)))
        results.append("stored")
    except StorageFull as error:
        results.append(str(error))
files = [os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(sys.argv[1]) for name in names]
print(json.dumps([results, sorted(files)]))
"""


def _run(*command: str) -> Any:
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return json.loads(answer.stdout)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak of memory from /proc")
def test_memory_does_not_grow_with_the_file(folder: Path, tmp_path: Path) -> None:
    small, usual, long = _run(sys.executable, "-c", PEAK, folder.as_uri(), str(tmp_path))
    assert usual - small < 32
    assert long - small < 32


@pytest.mark.skipif(not can_mount(), reason="needs a small disk: mounting is not permitted here")
def test_a_full_disk_is_reported_and_leaves_no_partial_file(tmp_path: Path) -> None:
    results, sizes = _run(*on_a_small_disk(tmp_path, sys.executable, "-c", FULL, str(tmp_path)))
    assert results == ["stored", "no space left in the store", "no space left in the store", "stored"]
    assert sizes == [400_000, 500_000]


@pytest.mark.parametrize("name", ["a b", "a%20b", "a#b", "a?b", "é"])
def test_the_data_folder_may_have_special_characters(tmp_path: Path, name: str) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path / name)
    key = put(Store(settings.store), b"x")
    assert re.fullmatch(rf"{re.escape(name)}/{re.escape(key)}", files(tmp_path)[0])
    assert len(files(tmp_path)) == 1

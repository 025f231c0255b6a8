"""The store in a bucket of a real S3 server, which is killed and frozen."""

import io
import os
import time
from collections.abc import Iterator

import pytest

from common.ids import new_id
from common.store import CHUNK_BYTES, Store, StoreUnavailable, audio_key
from tests.support.s3 import S3Server, running_s3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3(tmp_path_factory.mktemp("s3")) as started:
        yield started


@pytest.fixture
def store(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Store:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return Store(server.url)


def put(store: Store, content: bytes) -> str:
    key = audio_key(new_id(), attempt=1, extension="wav")
    assert store.put(key, io.BytesIO(content)) == len(content)
    return key


def test_files_are_written_read_listed_and_deleted(store: Store) -> None:
    contents = {put(store, content): content for content in (os.urandom(2 * CHUNK_BYTES + 7), b"", b"other")}
    for key, content in contents.items():
        assert b"".join(store.read(key)) == content
    assert {key: size for key, _, size in list(store.keys())} == {key: len(contents[key]) for key in contents}
    missing = audio_key(new_id(), attempt=1, extension="wav")
    with pytest.raises(FileNotFoundError):
        store.size(missing)
    store.delete([missing, *contents])
    store.delete([])
    assert list(store.keys()) == []
    store.check()


def test_a_server_that_is_gone_is_reported_at_once(store: Store, server: S3Server) -> None:
    key = put(store, b"x")
    server.kill()
    try:
        for action in (
            lambda: store.put(key, io.BytesIO(b"x")),
            lambda: store.size(key),
            lambda: next(store.read(key, start=0, end=1)),
            lambda: list(store.keys()),
            lambda: store.delete([key]),
            store.check,
        ):
            with pytest.raises(StoreUnavailable):
                action()
    finally:
        server.start()
    assert store.size(key) == 1


def test_a_read_from_a_frozen_server_ends(store: Store, server: S3Server) -> None:
    key = put(store, b"x")
    server.freeze()
    try:
        began_at = time.monotonic()
        with pytest.raises(StoreUnavailable):
            next(store.read(key, start=0, end=1))
        # Without time-outs of its own, the client of the bucket tries for three minutes.
        assert time.monotonic() - began_at < 60
    finally:
        server.resume()
    assert store.size(key) == 1

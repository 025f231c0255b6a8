"""Finding weights in the models folder, by manifests and by files that people copied there."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from common.catalogue import find_weights
from worker.host import models_folder
from worker.host.models_folder import (
    MANIFEST_NAME,
    PART_SUFFIX,
    check_presence,
    file_size,
    find_folder,
    read_limited,
    scan,
    select_files,
)

MMS = find_weights("mms_eng")
SPEECHT5 = find_weights("speecht5")
KOKORO = find_weights("kokoro")
MMS_FILES = ("config.json", "vocab.json", "tokenizer_config.json", "model.safetensors")
COMMIT = "a" * 40


def put(folder: Path, *names: str, size_bytes: int = 10) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size_bytes)


def write_manifest(folder: Path, *names: str, size_bytes: int = 10) -> None:
    files = {name: {"size_bytes": size_bytes, "sha256": "0" * 64} for name in names}
    (folder / MANIFEST_NAME).write_text(json.dumps({"revision": COMMIT, "files": files}))


@pytest.fixture
def english(tmp_path: Path) -> Path:
    return tmp_path / "facebook_mms-tts-eng"


def test_missing_weights_are_absent(tmp_path: Path, english: Path) -> None:
    assert check_presence(MMS, tmp_path).state == "absent"
    assert check_presence(MMS, tmp_path / "no" / "folder").state == "absent"
    english.mkdir()
    assert check_presence(MMS, tmp_path).state == "absent"
    assert check_presence(find_weights("hibari"), tmp_path).state == "complete"


def test_files_copied_by_hand_are_found(tmp_path: Path, english: Path) -> None:
    put(english, *MMS_FILES[:2])
    assert check_presence(MMS, tmp_path).state == "partial"
    put(english, *MMS_FILES)
    found = check_presence(MMS, tmp_path)
    assert (found.state, found.revision, found.size_bytes) == ("complete", None, 40)


def test_one_format_of_weights_is_enough(tmp_path: Path, english: Path) -> None:
    put(english, "config.json", "vocab.json", "pytorch_model.bin")
    assert check_presence(MMS, tmp_path).state == "complete"
    names = ("config.json", "vocab.json", "pytorch_model.bin", "model.safetensors", "README.md")
    assert set(select_files(MMS.repositories[0], names)) == {"config.json", "vocab.json", "model.safetensors"}


@pytest.mark.parametrize(
    "unfinished", [f"model.safetensors{PART_SUFFIX}", ".cache/huggingface/download/x.incomplete"]
)
def test_an_unfinished_download_is_partial(tmp_path: Path, english: Path, unfinished: str) -> None:
    put(english, *MMS_FILES, unfinished)
    assert check_presence(MMS, tmp_path).state == "partial"


def test_a_manifest_lists_the_files_and_the_commit(tmp_path: Path, english: Path) -> None:
    put(english, *MMS_FILES)
    write_manifest(english, *MMS_FILES)
    assert (check_presence(MMS, tmp_path).state, check_presence(MMS, tmp_path).revision) == (
        "complete",
        COMMIT,
    )
    put(english, "model.safetensors", size_bytes=9)
    assert check_presence(MMS, tmp_path).state == "partial"
    (english / "model.safetensors").unlink()
    assert check_presence(MMS, tmp_path).state == "partial"


def test_an_invalid_manifest_is_ignored(tmp_path: Path, english: Path) -> None:
    put(english, *MMS_FILES)
    for text in (
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"[" * 100_000,
        b'{"revision": "a", "files": []}',
        b'{"revision": "a", "files": {}}',
        b'{"revision": "a", "files": {"config.json": {}}}',
        b'{"revision": "a", "files": {"config.json": {"size_bytes": "10"}}}',
        b'{"revision": [], "files": {"config.json": {"size_bytes": 9}}}',
    ):
        (english / MANIFEST_NAME).write_bytes(text)
        assert (check_presence(MMS, tmp_path).state, check_presence(MMS, tmp_path).revision) == (
            "complete",
            None,
        )


def test_the_commit_is_read_from_the_metadata_of_the_hubs_tools(tmp_path: Path, english: Path) -> None:
    put(english, *MMS_FILES)
    notes = english / ".cache" / "huggingface" / "download"
    notes.mkdir(parents=True)
    (notes / "config.json.metadata").write_text(f"{COMMIT}\netag\n123.4\n")
    found = check_presence(MMS, tmp_path)
    assert (found.revision, found.size_bytes) == (COMMIT, 40)
    (notes / "config.json.metadata").write_bytes(b"\xff\xfe")
    assert check_presence(MMS, tmp_path).revision is None


HUB_METADATA = ".cache/huggingface/download/config.json.metadata"


@pytest.mark.parametrize("name", [MANIFEST_NAME, HUB_METADATA])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_metadata_that_is_not_a_regular_file_is_not_read(
    tmp_path: Path, english: Path, name: str, make: Any
) -> None:
    put(english, *MMS_FILES)
    (english / name).parent.mkdir(parents=True, exist_ok=True)
    make(english / name)
    assert scan(tmp_path)["mms_eng"].state == "complete"
    assert scan(tmp_path)["mms_eng"].revision is None


def test_too_long_metadata_is_ignored(tmp_path: Path, english: Path) -> None:
    put(english, *MMS_FILES)
    write_manifest(english, *MMS_FILES)
    with (english / MANIFEST_NAME).open("a") as out:
        out.write(" " * 10_000_000)
    put(english, HUB_METADATA)
    (english / HUB_METADATA).write_text(f"{COMMIT}\netag\n" + "0" * 4096)
    assert check_presence(MMS, tmp_path).revision is None


@pytest.mark.parametrize("revision", ["\ud800", "", "a b", "a/b", "a" * 65, "é", "٣", "a\nb", "<b>", "\0"])
def test_an_invalid_commit_is_ignored(tmp_path: Path, english: Path, revision: str) -> None:
    put(english, *MMS_FILES, HUB_METADATA)
    (english / HUB_METADATA).write_bytes(
        revision.replace("\n", " ").encode(errors="surrogatepass") + b"\netag\n"
    )
    assert check_presence(MMS, tmp_path).revision is None
    files = {name: {"size_bytes": 10} for name in MMS_FILES}
    (english / MANIFEST_NAME).write_text(json.dumps({"revision": revision, "files": files}))
    assert (check_presence(MMS, tmp_path).state, check_presence(MMS, tmp_path).revision) == ("complete", None)


def test_an_unreadable_folder_does_not_hide_others(
    tmp_path: Path, english: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(english, *MMS_FILES)
    put(tmp_path / "facebook_mms-tts-swh", *MMS_FILES)
    list_files = models_folder._list_files

    def fail(folder: Path) -> Any:
        if folder == english:
            raise RecursionError
        return list_files(folder)

    monkeypatch.setattr(models_folder, "_list_files", fail)
    found = scan(tmp_path)
    assert (found["mms_eng"].state, found["mms_swh"].state) == ("partial", "complete")


def test_an_invalid_models_folder_is_empty(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    for name in ("file", "loop"):
        assert scan(tmp_path / name).keys() == {"hibari"}


def test_broken_links_are_ignored(tmp_path: Path, english: Path) -> None:
    put(english, *MMS_FILES[1:])
    for name, end in (("config.json", "config.json"), ("odd", "/dev/zero"), ("gone", "nowhere")):
        (english / name).symlink_to(end)
    (tmp_path / "facebook_mms-tts-swh").symlink_to("facebook_mms-tts-swh")
    found = scan(tmp_path)
    assert found["mms_eng"].state == "partial"
    assert "mms_swh" not in found


def test_missing_files_have_no_size_and_long_files_are_not_read(tmp_path: Path) -> None:
    put(tmp_path, "file")
    assert (file_size(tmp_path / "file"), file_size(tmp_path / "gone"), file_size(tmp_path)) == (10, 0, 0)
    assert read_limited(tmp_path / "file", max_bytes=10) == b"x" * 10
    for name, max_bytes in (("file", 9), ("gone", 9), (".", 9)):
        with pytest.raises(OSError):  # noqa: PT011 - several subclasses
            read_limited(tmp_path / name, max_bytes=max_bytes)


def test_any_change_of_a_file_changes_the_presence(tmp_path: Path, english: Path) -> None:
    put(english, *MMS_FILES)
    seen = [check_presence(MMS, tmp_path)]
    extra = english / "more.txt"
    # Copied files may keep a time that is older than those of the others.
    extra.touch()
    os.utime(extra, (1e9, 1e9))
    seen.append(check_presence(MMS, tmp_path))
    os.utime(english / "config.json", (1e9, 1e9))
    seen.append(check_presence(MMS, tmp_path))
    write_manifest(english, *MMS_FILES)
    seen.append(check_presence(MMS, tmp_path))
    assert len(set(seen)) == len(seen)
    assert check_presence(MMS, tmp_path) == seen[-1]


def test_weights_need_all_of_their_repositories(tmp_path: Path) -> None:
    put(tmp_path / "microsoft_speecht5_tts", "config.json", "pytorch_model.bin", "spm_char.model")
    put(tmp_path / "microsoft_speecht5_hifigan", "config.json", "pytorch_model.bin")
    assert check_presence(SPEECHT5, tmp_path).state == "partial"
    put(tmp_path / "Matthijs_cmu-arctic-xvectors", "spkrec-xvect.zip")
    assert check_presence(SPEECHT5, tmp_path).state == "complete"


@pytest.mark.parametrize(
    ("folder", "files"),
    [
        (
            "onnx-community_Kokoro-82M-v1.0-ONNX",
            ("onnx/model.onnx", "voices/af_heart.bin", "voices/af_sky.bin"),
        ),
        ("onnx-community_Kokoro-82M-v1.0-ONNX", ("kokoro-v1.0.onnx", "voices-v1.0.bin")),
        ("hexgrad_Kokoro-82M", ("kokoro-v1.0.int8.onnx", "voices-v1.0.bin")),
        ("kokoro", ("model.onnx", "voices.npz")),
    ],
)
def test_known_layouts_of_kokoro_are_found(tmp_path: Path, folder: str, files: tuple[str, ...]) -> None:
    put(tmp_path / folder, *files)
    assert check_presence(KOKORO, tmp_path).state == "complete"
    assert find_folder(KOKORO.repositories[0], tmp_path) == tmp_path / folder


def test_a_scan_finds_complete_and_partial_weights(tmp_path: Path, english: Path) -> None:
    put(english, *MMS_FILES)
    put(tmp_path / "facebook_mms-tts-swh", "config.json")
    put(tmp_path / "somebody_elses-model", "config.json")
    found = scan(tmp_path)
    assert {key: one.state for key, one in found.items()} == {
        "hibari": "complete",
        "mms_eng": "complete",
        "mms_swh": "partial",
    }
    assert scan(tmp_path / "nowhere").keys() == {"hibari"}


def test_a_change_of_a_time_changes_the_presence(tmp_path: Path, english: Path) -> None:
    put(english, *MMS_FILES)
    before = check_presence(MMS, tmp_path)
    os.utime(english / "vocab.json", (2e9, 2e9))
    assert check_presence(MMS, tmp_path) != before

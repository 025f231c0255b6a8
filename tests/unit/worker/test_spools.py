"""Spools are on the disk of the data folder, leave nothing behind, and a full disk is reported as such."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from common.formats import MEDIA_TYPES
from common.settings import Settings
from tests.support.claimed_parts import claimed_part
from tests.support.pipeline_runner import PipelineRunner, ToneEngine, open_pipeline_runner
from worker.engines.protocol import EngineError
from worker.host import spools
from worker.synthesis import pipeline

# A process that spools ten megabytes and then waits for its death.
SPOOLING = """
import os, sys
from pathlib import Path
from worker.host.spools import open_spool

spool = open_spool(Path(sys.argv[1]))
spool.write(b"x" * 10_000_000)
spool.flush()
print(os.fstat(spool.fileno()).st_dev, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def runner(settings: Settings) -> Iterator[PipelineRunner]:
    with open_pipeline_runner(settings) as opened:
        yield opened


def test_a_killed_process_leaves_no_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SPOOLING, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == tmp_path.stat().st_dev
        assert [path.name for path in tmp_path.rglob("*")] == [spools.FOLDER], "the file has no name"
        process.kill()
    assert list((tmp_path / spools.FOLDER).iterdir()) == []


def test_a_worker_without_a_data_folder_spools_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with spools.open_spool(tmp_path / "file") as spool:
        spool.write(b"x" * (spools.MEMORY_BYTES + 1))
        assert spool.seek(0, 2) == spools.MEMORY_BYTES + 1


def full_device(_data_dir: Path) -> IO[bytes]:
    return Path("/dev/full").open("r+b", buffering=0)  # the pipeline closes it


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("audio_format", MEDIA_TYPES)
def test_a_full_disk_while_spooling_is_a_temporary_failure(
    runner: PipelineRunner, audio_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "open_spool", full_device)
    with pytest.raises(EngineError) as raised:
        runner.speak(claimed_part("Hello there.", format=audio_format), ToneEngine())
    assert (raised.value.code, raised.value.retryable) == ("storage_full", True)

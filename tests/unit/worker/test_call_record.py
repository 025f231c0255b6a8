"""The record of the running engine call, which two processes share."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.inference import call_record
from worker.inference.call_record import CallRecord, RunningCall

PROJECT = Path(__file__).parents[3]
# Begins a call and dies in it, as a crashing engine does.
DYING = """
import os, sys
from worker.inference.call_record import CallRecord
record = CallRecord(os.fdopen(int(sys.argv[1]), "r+b"))
record.begin([7, 9], began_at=3.0, timeout_s=60.0)
os.abort()
"""


@pytest.fixture
def record() -> Iterator[CallRecord]:
    record = CallRecord.create()
    yield record
    record.close()


def test_the_record_of_a_process_that_died_can_still_be_read(record: CallRecord) -> None:
    descriptor = record.file.fileno()
    subprocess.run(
        [sys.executable, "-c", DYING, str(descriptor)], pass_fds=[descriptor], cwd=PROJECT, check=False
    )
    assert record.read() == RunningCall(1, 3.0, 60.0, (7, 9))


def test_a_call_is_running_from_its_begin_to_its_end(record: CallRecord) -> None:
    reader = CallRecord(os.fdopen(os.dup(record.file.fileno()), "r+b"))
    assert reader.read() is None
    record.begin([1], began_at=1.0, timeout_s=5.0)
    assert reader.read() == RunningCall(1, 1.0, 5.0, (1,))
    record.end()
    assert reader.read() is None
    record.begin([2, 3], began_at=2.0, timeout_s=6.0)
    assert reader.read() == RunningCall(2, 2.0, 6.0, (2, 3))
    reader.close()


def test_more_requests_than_fit_are_left_out(record: CallRecord) -> None:
    record.begin(range(1000), began_at=1.0, timeout_s=5.0)
    call = record.read()
    assert call is not None
    assert call.request_ids == tuple(range(call_record._MAX_IDS))


def test_the_file_takes_no_space_in_a_folder(record: CallRecord) -> None:
    assert os.fstat(record.file.fileno()).st_nlink == 0

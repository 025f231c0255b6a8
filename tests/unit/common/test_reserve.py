"""The reserve on a real disk of 40 MB."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from common.reserve import Reserve
from tests.support.disks import can_mount, on_a_small_disk

SCRIPT = """
import json, shutil, sys
from pathlib import Path
from common.reserve import Reserve

folder = Path(sys.argv[1])
filler, reserve, states = folder / "filler", Reserve(folder), []

def note():
    states.append([reserve.has_room(), (folder / "reserve").exists()])

def fill(size_mb):
    with filler.open("ab") as file:
        for _ in range(size_mb):
            file.write(bytes(2**20))

reserve.give_up_if_needed()
reserve.restore(); note()  # 24 MB are left
fill(7); note()            # 17
fill(9); note()            # 8
reserve.give_up_if_needed(); note()
fill(1); note()            # 7
reserve.restore()
reserve.give_up_if_needed(); note()  # 23
reserve.restore(); note()
filler.unlink()
reserve.restore(); note()
print(json.dumps(states))
"""


@pytest.mark.skipif(not can_mount(), reason="needs a small disk: mounting is not permitted here")
def test_it_is_given_up_only_for_a_full_disk_and_made_again_when_there_is_room(tmp_path: Path) -> None:
    command = on_a_small_disk(tmp_path, sys.executable, "-c", SCRIPT, str(tmp_path), size_mb=40)
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    states: list[Any] = json.loads(answer.stdout)
    assert [has_room for has_room, _ in states] == [True, True, False, False, False, False, False, True]
    assert [is_held for _, is_held in states] == [True, True, True, True, True, False, False, True]


def test_a_database_on_a_server_needs_none() -> None:
    reserve = Reserve(None)
    reserve.give_up_if_needed()
    reserve.restore()
    assert reserve.has_room()

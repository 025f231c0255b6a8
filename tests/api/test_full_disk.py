"""A gateway with SQLite on a disk that is full."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.disks import can_mount, on_a_small_disk

# Runs in a process of its own, whose data folder is a disk of its own.
SCRIPT = """
import json, sys
from contextlib import suppress
from pathlib import Path
from common.db.migration import migrate
from tests.support.gateway import run_gateway
from tests.support.services import settings_in

folder = Path(sys.argv[1])
settings = settings_in(folder, redis_url=sys.argv[2])
migrate(settings.database)

def answer(response):
    body = response.json() if response.content else {}
    error = body.get("error") if isinstance(body, dict) else None
    return [response.status_code, error and error["code"], response.headers.get("Retry-After")]

def fill():
    with suppress(OSError), (folder / "filler").open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))

with run_gateway(settings) as gateway:
    answers = {}
    recorded = [gateway.submit(text=f"Text {number}.") for number in range(40)]
    for job_id in recorded:
        gateway.complete(job_id, audio=bytes(500_000))
    assert gateway.client.post("/maintenance/cleanup").status_code == 200  # makes the reserve
    # A checkpoint empties the write-ahead log, which could otherwise be used again.
    with gateway.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    fill()
    answers["submission"] = answer(gateway.post("Full."))
    answers["deletion"] = answer(gateway.client.delete(f"/jobs/{recorded[0]}"))
    answers["still full"] = answer(gateway.post("Full."))
    ids = {"job_ids": recorded[1:]}
    answers["batch"] = answer(gateway.client.post("/history/batch_delete", json=ids))
    (folder / "filler").unlink()
    answers["room"] = answer(gateway.post("There is room again."))
    assert gateway.client.post("/maintenance/cleanup").status_code == 200
    answers["reserve"] = (folder / "reserve").exists()
    answers["files"] = len(gateway.files())
print(json.dumps(answers))
"""


@pytest.mark.skipif(not can_mount(), reason="needs a small disk: mounting is not permitted here")
def test_submissions_are_refused_and_deletions_make_room(tmp_path: Path, valkey_url: str) -> None:
    command = on_a_small_disk(tmp_path, sys.executable, "-c", SCRIPT, str(tmp_path), valkey_url, size_mb=80)
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-3000:]
    answers: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    assert answers["submission"] == [507, "storage_full", "60"]
    assert answers["deletion"][:2] == [200, None]
    assert answers["still full"][:2] == [507, "storage_full"]
    assert answers["batch"][:2] == [200, None]
    assert answers["room"][:2] == [202, None]
    assert (answers["reserve"], answers["files"]) == (True, 0)

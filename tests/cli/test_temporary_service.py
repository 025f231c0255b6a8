"""The temporary service of `oratio say` and `oratio stream`, in a data folder with an unfinished job."""

import json
import subprocess
from itertools import takewhile
from pathlib import Path

import psutil
import pytest

from api.owner import OWNER
from cli.client import Client
from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.db.database import open_database
from common.jobs.queries import get_job
from common.settings import Settings
from tests.support.command import ORATIO, environment
from tests.support.ports import free_port
from tests.support.waiting import wait_for

# Takes long enough to be unfinished when the next command ends, and less than half of the usual stop grace.
LONG = f"[[slow:2]] {'Word ' * 50}and the end. " * 12


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None, data_dir=tmp_path / "data", port=0, fake_engine=True, engines=1, stop_grace_s=1
    )


@pytest.fixture
def unfinished(settings: Settings) -> str:
    """Return the id of a job whose service has stopped before its end."""
    with (
        Stack(settings, worker_groups=[WorkerGroup("worker", ("stub", "fake"), 1)]) as service,
        Client(service.url) as client,
    ):
        job = client.submit(LONG, voice_id="fake")
        wait_for(lambda: client.job(job.job_id).status == "running")
    return job.job_id


@pytest.mark.parametrize("command", ["say", "stream"])
def test_the_result_is_shown_at_once_and_older_jobs_are_handed_back(
    tmp_path: Path, settings: Settings, unfinished: str, command: str
) -> None:
    with subprocess.Popen(
        [*ORATIO, command, "Hello.", "--voice", "fake", "-o", "hello.wav", "--json"],
        cwd=tmp_path,
        env=environment(port=str(free_port()), fake_engine="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = "".join(takewhile(lambda line: line != "}\n", process.stdout)) + "}"
        assert psutil.Process(process.pid).children(), "the result is shown before the service stops"
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors

    database = open_database(settings, role="worker")
    with database.read() as connection:
        older = get_job(connection, unfinished, owner=OWNER)
        own = get_job(connection, json.loads(printed)["job_id"], owner=OWNER)
    database.close()
    assert older is not None
    assert (older.status, older.error_code) == ("queued", None)
    assert own is not None
    assert own.status == "completed"

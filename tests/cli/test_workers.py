"""`oratio workers`, and workers and estimates in the client, with a running service."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.client import Client, ClientError, Job
from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.settings import Settings
from tests.support.command import oratio
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path_factory.mktemp("workers"),
        port=0,
        engines=1,
        fake_engine=True,
        stop_grace_s=5,
    )
    with Stack(settings, worker_groups=[WorkerGroup("worker", ("stub", "fake"), 1)]) as running:
        with Client(running.url) as client:
            # The ops worker starts after the service is ready.
            wait_for(lambda: len(client.workers().workers) == 2)
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.url) as opened:
        yield opened


@pytest.fixture
def slow(client: Client) -> Iterator[Job]:
    sentence = f"[[slow:0.3]] {'Word ' * 50}and the end. "
    job = client.submit(sentence * 60, voice_id="fake")
    wait_for(lambda: client.job(job.job_id).status == "running")
    yield job
    client.delete(job.job_id)


def test_workers_are_listed_with_their_current_parts(client: Client, slow: Job) -> None:
    output = client.workers()
    [worker] = [one for one in output.workers if one.holding]
    assert (worker.alive, worker.stopped) == (True, False)
    assert {model.model for model in worker.models} == {"stub", "fake"}
    assert (bool(worker.memory_bytes), worker.engine_processes) == (True, 1)
    assert "wav" in worker.formats
    [held] = worker.holding
    assert (held.job_id, held.voice_id, held.chars) == (slow.job_id, "fake", len(slow.text))
    # The ops worker is listed too, and holds no parts.
    [ops] = [one for one in output.workers if one.flavour == "ops"]
    assert (ops.alive, ops.models, ops.holding, ops.engine_processes) == (True, (), (), 0)
    queues = {queue.queue: queue for queue in output.queues}
    served = [model.weights for model in worker.models]
    assert set(queues) == {f"{key}.{lane}" for key in served for lane in ("interactive", "bulk")}
    fake = queues["fake.interactive"]
    assert (fake.model, fake.lane, fake.queued, fake.running, fake.workers) == (
        "fake",
        "interactive",
        0,
        1,
        1,
    )


def test_the_command_lists_workers_and_queues(stack: Stack, slow: Job, tmp_path: Path) -> None:
    result = oratio("workers", folder=tmp_path, url=stack.url)
    assert result.returncode == 0, result.stderr
    workers, _, queues = result.stdout.partition("\n\n")
    head, *rows = workers.splitlines()
    assert head.split()[:5] == ["Worker", "State", "Environment", "Device", "Engines"]
    assert sorted(row.split()[1] for row in rows) == ["alive", "alive"]
    [speaking] = [row for row in rows if slow.job_id in row and "(fake" in row]
    assert speaking.split()[4] == "1"
    assert queues.splitlines()[1].split()[:4] == ["fake.interactive", "0", "1", "1"]


def test_json_output_is_the_response_of_the_service(stack: Stack, client: Client, tmp_path: Path) -> None:
    result = oratio("workers", "--json", folder=tmp_path, url=stack.url)
    output = json.loads(result.stdout)
    assert {worker["id"] for worker in output["workers"]} == {one.id for one in client.workers().workers}
    idle = oratio("workers", folder=tmp_path, url=stack.url)
    assert idle.stdout.endswith("No jobs are queued or running.\n")


def test_the_duration_of_a_job_is_estimated(client: Client) -> None:
    before = client.estimate(150, voice_id="fake", speed=2.0)
    assert (before.voice_id, before.provider, before.chars, before.queue_position) == (
        "fake",
        "local",
        150,
        1,
    )
    client.result(client.submit("Words in a row.", voice_id="fake").job_id)
    after = client.estimate(150, voice_id="fake", priority="bulk")
    assert (after.measured, after.wait_s) == (True, 0.0)
    with pytest.raises(ClientError, match="does not exist"):
        client.estimate(1, voice_id="nobody")

"""The doorbell, read by Celery as everybody installs it."""

import base64
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from common.messaging import broker, messages, queue_names
from common.messaging.messages import PartMessage
from common.settings import Settings
from tests.support.valkey import running_valkey
from tests.support.waiting import wait_for

# Nothing of ours: Celery's defaults, the address, the key prefix and the name of the task.
STOCK_APP = """
import json
from celery import Celery

app = Celery("stock", broker={url!r})
app.conf.broker_transport_options = {{"global_keyprefix": {key_prefix!r}}}

@app.task(name="oratio.speak")
def speak(*args, **kwargs):
    with open("heard", "a") as heard:
        heard.write(json.dumps([args, kwargs]) + "\\n")
"""


@pytest.fixture
def client(settings: Settings) -> Iterator[redis.Redis]:
    with broker.connect(settings) as connected:
        yield connected


@pytest.fixture
def stock_app(settings: Settings) -> Iterator[Celery]:
    app = Celery("stock", broker=settings.redis_url, set_as_current=False)
    app.conf.broker_transport_options = {"global_keyprefix": broker.KEY_PREFIX}
    yield app
    app.close()


@pytest.fixture
def heard(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """What a stock worker, started here, was called with: a line of JSON for each call."""
    source = STOCK_APP.format(url=settings.redis_url, key_prefix=broker.KEY_PREFIX)
    (tmp_path / "stock_worker.py").write_text(source)
    queue = queue_names.full_name("hibari.interactive", prefix=settings.queue_prefix)
    command = [sys.executable, "-m", "celery", "-A", "stock_worker", "worker", "-P", "solo", "-Q", queue]
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
    try:
        yield tmp_path / "heard"
    finally:
        worker.terminate()
        worker.wait(20)


def test_a_stock_worker_hears_exactly_what_was_rung(
    client: redis.Redis, settings: Settings, heard: Path
) -> None:
    bells = [
        PartMessage("01a2.0", "hibari.interactive", False),
        PartMessage("01a2.1", "hibari.interactive", True),
        PartMessage('quote " and ü.0', "hibari.interactive", False),
    ]
    broker.publish_parts(client, bells, prefix=settings.queue_prefix)
    wait_for(lambda: heard.exists() and heard.read_text().count("\n") == len(bells))
    # Oldest first.
    calls = [json.loads(line) for line in heard.read_text().splitlines()]
    assert calls == [[[bell.part_id, bell.isolated], {}] for bell in bells]
    assert broker.depth(client, "hibari.interactive", prefix=settings.queue_prefix) == 0


def opened(message: bytes | str) -> dict[str, Any]:
    envelope: dict[str, Any] = json.loads(message)
    envelope["body"] = json.loads(base64.b64decode(envelope["body"]))
    return envelope


def keys_of(value: Any, path: str = "") -> set[str]:
    """The path of every key and of every place in a list."""
    if isinstance(value, dict):
        return {path}.union(*(keys_of(inner, f"{path}/{key}") for key, inner in value.items()))
    if isinstance(value, list):
        return {path}.union(*(keys_of(inner, f"{path}/{index}") for index, inner in enumerate(value)))
    return {path}


@pytest.mark.parametrize(
    ("task", "args", "queue"),
    [(messages.SPEAK, ["01a2.0", False], "hibari.interactive"), (messages.DOWNLOAD, ["01a2"], "ops")],
)
def test_ours_is_what_celery_publishes(
    client: redis.Redis, settings: Settings, stock_app: Celery, task: str, args: list[Any], queue: str
) -> None:
    prefix = settings.queue_prefix
    if task == messages.SPEAK:
        broker.publish_parts(client, [PartMessage(args[0], queue, args[1])], prefix=prefix)
    else:
        broker.publish_ops_task(client, task, args, prefix=prefix)
    stock_app.send_task(
        task, args=args, queue=queue_names.full_name(queue, prefix=prefix), ignore_result=True
    )
    theirs, ours = map(opened, client.lrange(broker.queue_key(queue, prefix=prefix), 0, -1))
    assert keys_of(ours) == keys_of(theirs)
    # What differs is who sent it, the ids, and that no argument is quoted where it could be logged.
    for path in ("origin", "id", "root_id", "argsrepr", "kwargsrepr", "ignore_result"):
        del ours["headers"][path], theirs["headers"][path]
    for path in ("correlation_id", "reply_to", "delivery_tag"):
        del ours["properties"][path], theirs["properties"][path]
    assert ours == theirs


def test_every_message_has_ids_of_its_own() -> None:
    envelopes = [opened(messages.task_message(messages.SPEAK, ["p", False], queue="q")) for _ in range(2)]
    for envelope in envelopes:
        task_id = envelope["headers"]["id"]
        assert task_id == envelope["headers"]["root_id"] == envelope["properties"]["correlation_id"]
    assert envelopes[0]["headers"]["id"] != envelopes[1]["headers"]["id"]
    assert envelopes[0]["properties"]["delivery_tag"] != envelopes[1]["properties"]["delivery_tag"]


def test_ringing_answers_how_deep_each_queue_is(client: redis.Redis, settings: Settings) -> None:
    prefix = settings.queue_prefix
    first = [PartMessage(f"a{number}.0", "hibari.bulk", False) for number in range(3)]
    assert broker.publish_parts(client, first, prefix=prefix) == {"hibari.bulk": 3}
    both = [PartMessage("b.0", "hibari.bulk", False), PartMessage("c.0", "stub.bulk", False)]
    assert broker.publish_parts(client, both, prefix=prefix) == {"hibari.bulk": 4, "stub.bulk": 1}
    assert broker.publish_parts(client, [], prefix=prefix) == {}
    assert broker.depth(client, "hibari.bulk", prefix=prefix) == 4
    assert broker.depth(client, "never.rung", prefix=prefix) == 0
    assert broker.depth(client, "hibari.bulk", prefix=f"other{secrets.token_hex(4)}") == 0


def test_a_hung_redis_costs_a_second(tmp_path: Path, settings: Settings) -> None:
    bells = [PartMessage("a.0", "hibari.bulk", False)] * 50
    with running_valkey(tmp_path) as server:
        elsewhere = settings.model_copy(update={"redis_url": server.url})
        with broker.connect(elsewhere) as known, broker.connect(elsewhere) as fresh:
            broker.publish_parts(known, bells, prefix="t")
            server.hang()
            for client in (known, fresh):
                assert (
                    0.9
                    < _fails_after_s(lambda client=client: broker.publish_parts(client, bells, prefix="t"))
                    < 5
                )
            server.resume()
            assert broker.publish_parts(known, bells, prefix="t")["hibari.bulk"] >= 100


def _fails_after_s(call: Callable[[], object]) -> float:
    began = time.monotonic()
    with pytest.raises(redis.RedisError):
        call()
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:secret@cache:6379/0", "redis://cache:6379/0"),
        ("rediss://user:se%40cret@cache/1", "rediss://cache/1"),
        ("redis://:sec/ret@cache/1", "redis://cache/1"),
        ("redis://cache/1?password=secret", "redis://cache/1"),
        ("redis://user:secret@[::1]:6379/0", "redis://[::1]:6379/0"),
        ("unix://:secret@/run/valkey.sock?db=1", "unix:///run/valkey.sock"),
        ("postgresql://user:secret@/oratio?host=/run&password=secret", "postgresql:///oratio"),
        ("sqlite:////data/oratio.db", "sqlite:////data/oratio.db"),
    ],
)
def test_a_shown_address_has_no_credentials(url: str, shown: str) -> None:
    assert broker.without_password(url) == shown

"""Publishing to the broker, read by a stock Celery worker."""

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

from common.messaging import audio_window, broker, messages, queue_names
from common.messaging.messages import PartMessage
from common.messaging.notifier import Notifier
from common.messaging.redis_link import RedisLink
from common.settings import Settings
from tests.support.valkey import running_valkey
from tests.support.waiting import wait_for

# Only Celery's defaults, the URL, the key prefix and the name of the task.
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
def calls_file(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """The file where a stock worker writes the arguments of each call, as a line of JSON."""
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


def test_a_stock_celery_worker_reads_our_messages(
    client: redis.Redis, settings: Settings, calls_file: Path
) -> None:
    parts = [
        PartMessage("01a2.0", "hibari.interactive", False),
        PartMessage("01a2.1", "hibari.interactive", True),
        PartMessage('quote " and ü.0', "hibari.interactive", False),
    ]
    broker.publish_parts(client, parts, prefix=settings.queue_prefix)
    wait_for(lambda: calls_file.exists() and calls_file.read_text().count("\n") == len(parts))
    # Oldest first.
    calls = [json.loads(line) for line in calls_file.read_text().splitlines()]
    assert calls == [[[part.part_id, part.isolated], {}] for part in parts]
    assert broker.depth(client, "hibari.interactive", prefix=settings.queue_prefix) == 0


def decoded(message: bytes | str) -> dict[str, Any]:
    envelope: dict[str, Any] = json.loads(message)
    envelope["body"] = json.loads(base64.b64decode(envelope["body"]))
    return envelope


def paths_of(value: Any, path: str = "") -> set[str]:
    """The paths of all keys and list indexes."""
    if isinstance(value, dict):
        return {path}.union(*(paths_of(inner, f"{path}/{key}") for key, inner in value.items()))
    if isinstance(value, list):
        return {path}.union(*(paths_of(inner, f"{path}/{index}") for index, inner in enumerate(value)))
    return {path}


@pytest.mark.parametrize(
    ("task", "args", "queue"),
    [(messages.SPEAK, ["01a2.0", False], "hibari.interactive"), (messages.DOWNLOAD, ["01a2"], "ops")],
)
def test_messages_equal_those_of_celery(
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
    theirs, ours = map(decoded, client.lrange(broker.queue_key(queue, prefix=prefix), 0, -1))
    assert paths_of(ours) == paths_of(theirs)
    # These differ: the sender, the ids, and the argument texts, which ours leave out because they could be logged.
    for path in ("origin", "id", "root_id", "argsrepr", "kwargsrepr", "ignore_result"):
        del ours["headers"][path], theirs["headers"][path]
    for path in ("correlation_id", "reply_to", "delivery_tag"):
        del ours["properties"][path], theirs["properties"][path]
    assert ours == theirs


def test_every_message_has_unique_ids() -> None:
    envelopes = [decoded(messages.task_message(messages.SPEAK, ["p", False], queue="q")) for _ in range(2)]
    for envelope in envelopes:
        task_id = envelope["headers"]["id"]
        assert task_id == envelope["headers"]["root_id"] == envelope["properties"]["correlation_id"]
    assert envelopes[0]["headers"]["id"] != envelopes[1]["headers"]["id"]
    assert envelopes[0]["properties"]["delivery_tag"] != envelopes[1]["properties"]["delivery_tag"]


def test_a_worker_that_gets_a_message_finds_that_its_job_has_a_listener(
    client: redis.Redis, settings: Settings
) -> None:
    notifier = Notifier(RedisLink(settings), max_depth=10)
    parts = [
        PartMessage("heard.0", "hibari.interactive", False),
        PartMessage("other.0", "hibari.bulk", False),
    ]
    notifier.notify_parts(parts, heard_ids=["heard"])
    prefix = settings.queue_prefix
    assert audio_window.has_listeners(client, "heard", prefix=prefix)
    assert 0 < client.ttl(audio_window.listeners_key("heard", prefix=prefix)) <= audio_window.PRESENCE_TTL_S
    assert not audio_window.has_listeners(client, "other", prefix=prefix)
    assert [broker.depth(client, part.queue, prefix=prefix) for part in parts] == [1, 1]


def test_publishing_returns_the_depth_of_each_queue(client: redis.Redis, settings: Settings) -> None:
    prefix = settings.queue_prefix
    three_parts = [PartMessage(f"a{number}.0", "hibari.bulk", False) for number in range(3)]
    assert broker.publish_parts(client, three_parts, prefix=prefix) == {"hibari.bulk": 3}
    two_parts = [PartMessage("b.0", "hibari.bulk", False), PartMessage("c.0", "stub.bulk", False)]
    assert broker.publish_parts(client, two_parts, prefix=prefix) == {"hibari.bulk": 4, "stub.bulk": 1}
    assert broker.publish_parts(client, [], prefix=prefix) == {}
    assert broker.depth(client, "hibari.bulk", prefix=prefix) == 4
    assert broker.depth(client, "unknown.bulk", prefix=prefix) == 0
    assert broker.depth(client, "hibari.bulk", prefix=f"other{secrets.token_hex(4)}") == 0


def test_a_hanging_redis_costs_one_second(tmp_path: Path, settings: Settings) -> None:
    parts = [PartMessage("a.0", "hibari.bulk", False)] * 50
    with running_valkey(tmp_path) as server:
        elsewhere = settings.model_copy(update={"redis_url": server.url})
        with broker.connect(elsewhere) as known, broker.connect(elsewhere) as fresh:
            broker.publish_parts(known, parts, prefix="t")
            server.hang()
            for client in (known, fresh):
                assert (
                    0.9
                    < _fails_after_s(lambda client=client: broker.publish_parts(client, parts, prefix="t"))
                    < 5
                )
            server.resume()
            assert broker.publish_parts(known, parts, prefix="t")["hibari.bulk"] >= 100


def _fails_after_s(call: Callable[[], object]) -> float:
    started_at = time.monotonic()
    with pytest.raises(redis.RedisError):
        call()
    return time.monotonic() - started_at


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
def test_shown_urls_have_no_credentials(url: str, shown: str) -> None:
    assert broker.without_password(url) == shown

"""Others do not wait for calls that take far longer than expected. Real processes, with the fake engine."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.support.services import settings_in
from tests.support.utterances import utterance
from tests.support.waiting import wait_for
from worker.engines.protocol import Speech
from worker.inference import engine_pool, slow_calls
from worker.inference.engine_pool import EnginePool

LONG_S = 60.0


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EnginePool]:
    """Two processes. Their calls never time out in these tests."""
    monkeypatch.setattr(slow_calls, "SLOW_AFTER_S", 0.3)
    pool = EnginePool(
        settings_in(tmp_path, engine_timeout_s=10 * LONG_S), ("cpu",) * 2, pinned=lambda: ("fake",)
    )
    pool.start()
    try:
        assert pool.wait_until_ready(LONG_S)
        for number in range(8):  # so that the speed is known
            submit(pool, f"Measured {number}.").result(LONG_S)
        yield pool
    finally:
        pool.close(LONG_S)


def submit(pool: EnginePool, text: str) -> Future[Speech]:
    # No call shares this text with another one.
    return pool.submit("fake", utterance(text, voice=text))


def hang_all(pool: EnginePool) -> list[Future[Speech]]:
    return [submit(pool, f"[[hang]] Number {number}.") for number in range(pool.process_count)]


def test_a_spare_process_speaks_while_all_others_hang(pool: EnginePool) -> None:
    hanging = hang_all(pool)
    others = [submit(pool, f"Behind them, number {number}.") for number in range(10)]
    assert all(len(future.result(LONG_S).samples) for future in others)
    assert not any(future.done() for future in hanging)
    assert len(pool.pids()) == 3


def test_the_spare_process_ends_when_no_call_is_slow_any_more(pool: EnginePool) -> None:
    regular = pool.pids()
    hang_all(pool)
    submit(pool, "Behind them.").result(LONG_S)
    [spare] = set(pool.pids()) - set(regular)
    # The hanging texts are spoken again, alone, until they ended two processes each.
    pool.cancel_all()
    for handle in list(pool._handles.values()):
        if handle.pid != spare:
            handle.kill()
    wait_for(lambda: len(pool.pids()) == 2 and not {spare, *regular} & set(pool.pids()))
    assert pool.wait_until_ready(LONG_S)
    assert len(submit(pool, "Afterwards.").result(LONG_S).samples)


def test_no_spare_process_starts_without_memory(pool: EnginePool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []

    def refuse(_: object) -> bool:
        asked.append(None)
        return False

    monkeypatch.setattr(engine_pool, "has_room_beside", refuse)
    hang_all(pool)
    waiting = submit(pool, "Behind them.")
    wait_for(lambda: len(asked) >= 3)
    assert (len(pool.pids()), waiting.done()) == (2, False)

"""Parts run side by side, but an isolated part runs alone."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event, Lock

import pytest

from tests.support.waiting import wait_for
from worker.runtime.isolation import IsolationLock

LIMIT_S = 10.0


class Holder:
    """Holds the lock on a thread of its own until `release` is called."""

    def __init__(self, lock: IsolationLock, threads: ThreadPoolExecutor, *, isolated: bool) -> None:
        self.acquired = Event()
        self._may_release = Event()
        self._result: Future[None] = threads.submit(self._hold, lock, isolated=isolated)

    def _hold(self, lock: IsolationLock, *, isolated: bool) -> None:
        with lock.hold(isolated=isolated):
            self.acquired.set()
            assert self._may_release.wait(LIMIT_S)

    def release(self) -> None:
        assert self.acquired.wait(LIMIT_S)
        self._may_release.set()
        self._result.result(LIMIT_S)


@pytest.fixture
def lock() -> IsolationLock:
    return IsolationLock()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def wait_for_isolated(lock: IsolationLock) -> None:
    """Wait until an isolated part waits for the lock."""
    wait_for(lambda: lock._waiting_isolated, timeout_s=LIMIT_S, interval_s=0.001)


def test_many_parts_run_side_by_side(lock: IsolationLock, threads: ThreadPoolExecutor) -> None:
    all_running = Barrier(8)

    def run() -> None:
        with lock.hold(isolated=False):
            all_running.wait(LIMIT_S)

    for future in [threads.submit(run) for _ in range(8)]:
        future.result(LIMIT_S)


def test_an_isolated_part_waits_for_all_running_parts(
    lock: IsolationLock, threads: ThreadPoolExecutor
) -> None:
    first, second = (Holder(lock, threads, isolated=False) for _ in range(2))
    assert first.acquired.wait(LIMIT_S)
    assert second.acquired.wait(LIMIT_S)
    isolated = Holder(lock, threads, isolated=True)
    wait_for_isolated(lock)
    first.release()
    assert not isolated.acquired.is_set()
    second.release()
    isolated.release()


def test_new_parts_do_not_starve_a_waiting_isolated_part(
    lock: IsolationLock, threads: ThreadPoolExecutor
) -> None:
    running = Holder(lock, threads, isolated=False)
    assert running.acquired.wait(LIMIT_S)
    isolated = Holder(lock, threads, isolated=True)
    wait_for_isolated(lock)
    new_parts = [Holder(lock, threads, isolated=False) for _ in range(6)]
    running.release()
    assert isolated.acquired.wait(LIMIT_S)
    assert not any(new_part.acquired.is_set() for new_part in new_parts)
    isolated.release()
    for new_part in new_parts:
        new_part.release()


def test_no_part_ever_runs_beside_an_isolated_one(lock: IsolationLock, threads: ThreadPoolExecutor) -> None:
    running: list[bool] = []
    list_lock, start = Lock(), Barrier(12)

    @contextmanager
    def counted(isolated: bool) -> Iterator[None]:
        with list_lock:
            running.append(isolated)
            assert running == [True] or True not in running
        yield
        with list_lock:
            running.remove(isolated)

    def run(number: int) -> None:
        start.wait(LIMIT_S)
        for turn in range(100):
            isolated = (number + turn) % 4 == 0
            with lock.hold(isolated=isolated), counted(isolated):
                # Long enough for other parts to reach the lock meanwhile.
                Event().wait(0.0001)

    for future in [threads.submit(run, number) for number in range(12)]:
        future.result(60)
    assert running == []


@pytest.mark.parametrize("failed_isolated", [True, False])
@pytest.mark.parametrize("next_isolated", [True, False])
def test_a_part_that_fails_releases_the_lock(
    lock: IsolationLock, threads: ThreadPoolExecutor, failed_isolated: bool, next_isolated: bool
) -> None:
    with pytest.raises(RuntimeError, match="failed part"), lock.hold(isolated=failed_isolated):
        raise RuntimeError("failed part")
    Holder(lock, threads, isolated=next_isolated).release()
    Holder(lock, threads, isolated=not next_isolated).release()

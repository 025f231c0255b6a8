"""Engine processes that die, hang, grow and lose their device: real processes, which speak with the fake engine."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from common.settings import Settings
from tests.support.services import settings_in
from tests.support.utterances import utterance
from tests.support.waiting import wait_for
from worker.engines.protocol import EngineError, Speech
from worker.inference import engine_pool
from worker.inference.engine_handle import EngineHandle, start_engine_process
from worker.inference.engine_pool import EnginePool

LONG_S = 60.0
PROJECT = Path(__file__).parents[2]
# A worker that starts two engine processes, prints their pids and waits.
WORKER = """
import sys
from pathlib import Path
from tests.support.services import settings_in
from worker.inference.engine_pool import EnginePool
pool = EnginePool(settings_in(Path(sys.argv[1])), ("cpu", "cpu"), pinned=lambda: ("fake",))
pool.start()
assert pool.wait_until_ready(60)
print(*pool.pids(), flush=True)
sys.stdin.read()
"""


class PoolUnderTest:
    """A pool, with the log of all calls that its fake engines got."""

    def __init__(self, pool: EnginePool, settings: Settings) -> None:
        self.pool = pool
        self._log = settings.data_dir / "fake" / "calls.log"

    def submit(self, text: str, **changes: Any) -> Future[Speech]:
        return self.pool.submit("fake", utterance(text, **changes))

    def submit_alone(self, text: str) -> Future[Speech]:
        """Submit a text that no call shares with another text."""
        return self.submit(text, voice=text)

    def call_count(self, text: str) -> int:
        """How often an engine was asked to speak a text."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        return self._log.read_text().count(digest) if self._log.exists() else 0

    def pid_that_speaks(self, text: str) -> int | None:
        for handle in list(self.pool._handles.values()):
            running = handle.running
            held = [handle.outstanding.get(number) for number in (running.request_ids if running else ())]
            if text in [request.utterance.text for request in held if request]:
                return handle.pid
        return None

    def occupy(self, *, seconds: float) -> list[Future[Speech]]:
        """Keep each process busy."""
        texts = [f"[[slow:{seconds}]] Busy {os.urandom(4).hex()}" for _ in range(self.pool.process_count)]
        futures = [self.submit_alone(text) for text in texts]
        wait_for(lambda: all(map(self.call_count, texts)), interval_s=0.005)
        return futures


@contextmanager
def open_pool(
    folder: Path, *, count: int = 1, pinned: tuple[str, ...] = (), **changes: Any
) -> Iterator[PoolUnderTest]:
    settings = settings_in(folder, **changes)
    pool = EnginePool(settings, ("cpu",) * count, pinned=lambda: pinned)
    pool.start()
    try:
        assert pool.wait_until_ready(LONG_S)
        yield PoolUnderTest(pool, settings)
    finally:
        pool.close(LONG_S)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PoolUnderTest]:
    """Two processes whose calls time out after a second."""
    with open_pool(tmp_path_factory.mktemp("pool"), count=2, pinned=("fake",), engine_timeout_s=1.0) as pool:
        yield pool


@pytest.fixture
def pool(shared: PoolUnderTest) -> PoolUnderTest:
    """The shared processes, all of them running: a test may have ended one."""
    assert shared.pool.wait_until_ready(LONG_S)
    return shared


def error_code(future: Future[Speech]) -> str:
    error = future.exception(LONG_S)
    assert isinstance(error, EngineError), error
    return error.code


def is_running(pid: int) -> bool:
    """Whether a process runs. A dead one that its parent has not asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def loaded_in(pool: EnginePool, weights: str) -> list[bool]:
    """Whether each process that has created the engine has its model loaded."""
    return [state.models[weights].loaded for state in pool.states() if weights in state.models]


def test_a_killed_process_costs_only_the_segment_that_it_spoke(pool: PoolUnderTest) -> None:
    victim = "[[slow:0.8]] The process dies while it speaks this."
    waiting = [f"[[slow:0.05]] Waiting {number}." for number in range(12)]
    futures = [pool.submit_alone(text) for text in (victim, *waiting)]
    pid = wait_for(lambda: pool.pid_that_speaks(victim), interval_s=0.005)
    assert pid
    # The engine counts its call a moment after the record of the process names it.
    wait_for(lambda: pool.call_count(victim))
    os.kill(pid, signal.SIGKILL)
    assert all(len(future.result(LONG_S).samples) for future in futures)
    assert [pool.call_count(text) for text in (victim, *waiting)] == [2] + [1] * 12
    assert pool.pool.wait_until_ready(LONG_S)
    assert pid not in pool.pool.pids()
    assert len(pool.pool.pids()) == 2


def test_a_text_that_crashes_processes_fails_and_its_neighbours_are_spoken(pool: PoolUnderTest) -> None:
    poison = "[[segv]] Poison."
    neighbours = [f"Neighbour {number} of the poison." for number in range(50)]
    futures = [pool.submit(text) for text in neighbours[:25]]
    bad = pool.submit(poison)
    futures += [pool.submit(text) for text in neighbours[25:]]
    assert error_code(bad) == "worker_crashed"
    assert all(len(future.result(LONG_S).samples) for future in futures)
    assert pool.call_count(poison) == 2


def test_calls_that_hang_time_out_when_two_processes_hung_in_them(pool: PoolUnderTest) -> None:
    texts = ["[[hang]] Waits for ever.", "[[spin]] Holds the interpreter for ever."]
    hanging = [pool.submit_alone(text) for text in texts]
    neighbour = pool.submit_alone("Behind the hanging ones.")
    assert [error_code(future) for future in hanging] == ["timeout", "timeout"]
    assert len(neighbour.result(LONG_S).samples)
    assert [pool.call_count(text) for text in texts] == [2, 2]


def test_a_lost_device_fails_its_text_when_it_is_lost_twice(pool: PoolUnderTest) -> None:
    text = "[[lost]] Gone."
    lost, neighbour = pool.submit_alone(text), pool.submit_alone("Beside the lost device.")
    assert error_code(lost) == "device_lost"
    assert len(neighbour.result(LONG_S).samples)
    assert pool.call_count(text) == 2


def test_other_errors_end_no_process(pool: PoolUnderTest) -> None:
    pids = pool.pool.pids()
    assert error_code(pool.submit("[[fail]]")) == "engine_failed"
    assert error_code(pool.submit("[[at_most:5]] Too long.")) == "text_too_long"
    assert error_code(pool.submit("[[oom:0]]")) == "out_of_memory"
    assert pool.pool.pids() == pids


def test_an_idle_process_that_grew_is_replaced_and_no_text_fails(pool: PoolUnderTest) -> None:
    pids = pool.pool.pids()
    assert len(pool.submit_alone("[[leak:400]] Keeps memory.").result(LONG_S).samples)
    wait_for(lambda: set(pool.pool.pids()) != set(pids))
    assert len(set(pool.pool.pids()) & set(pids)) == 1
    assert len(pool.submit_alone("After the leak.").result(LONG_S).samples)


def test_ten_minutes_of_sound_arrive_whole(tmp_path: Path) -> None:
    with open_pool(tmp_path) as one:
        speech = one.submit("[[flood:600]] Goes on and on.").result(LONG_S)
    assert len(speech.samples) == 600 * speech.sample_rate_hz
    assert abs(speech.samples[-speech.sample_rate_hz :]).max() > 0.01


def test_a_cancelled_text_is_never_spoken(pool: PoolUnderTest) -> None:
    busy = pool.occupy(seconds=0.5)
    # The first ones go to the processes, which take more than they speak, and the others wait in the pool.
    texts = [f"Cancelled {number}." for number in range(8)]
    waiting = [pool.submit_alone(text) for text in texts]
    assert all(future.cancel() for future in waiting)
    assert all(len(future.result(LONG_S).samples) for future in busy)
    assert len(pool.submit_alone("After the cancelled ones.").result(LONG_S).samples)
    assert [pool.call_count(text) for text in texts] == [0] * 8


def test_calls_are_counted_once_for_all_texts_of_a_batch(pool: PoolUnderTest) -> None:
    before = pool.pool.call_counts["fake"]
    busy = pool.occupy(seconds=0.3)
    texts = [f"Batched {number}." for number in range(8)]
    for future in [*busy, *(pool.submit(text) for text in texts)]:
        future.result(LONG_S)
    assert 2 <= pool.pool.call_counts["fake"] - before - len(busy) < 8


def test_a_replaced_process_loads_its_pinned_models(tmp_path: Path) -> None:
    with open_pool(tmp_path, pinned=("fake_a",)) as one:
        wait_for(lambda: loaded_in(one.pool, "fake_a") == [True])
        [pid] = one.pool.pids()
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: one.pool.pids() not in ([], [pid]))
        wait_for(lambda: loaded_in(one.pool, "fake_a") == [True])
        [pid] = one.pool.pids()
    assert not is_running(pid)


def test_a_process_without_pinned_models_runs_only_while_a_model_is_loaded(tmp_path: Path) -> None:
    with open_pool(tmp_path) as one:
        assert one.pool.pids() == []
        assert len(one.submit("The first text.").result(LONG_S).samples)
        [pid] = one.pool.pids()
        assert one.pool.unload("fake", timeout_s=LONG_S)
        wait_for(lambda: one.pool.pids() == [])
        assert not is_running(pid)
        assert one.pool.preload("fake") == []
        wait_for(lambda: loaded_in(one.pool, "fake") == [True])


def test_a_preload_reaches_processes_that_start_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first_started = threading.Lock()

    def start_one_after_another(*args: Any, **named: Any) -> EngineHandle:
        if not first_started.acquire(blocking=False):
            wait_for(lambda: loaded_in(one.pool, "fake") == [True])
        return start_engine_process(*args, **named)

    monkeypatch.setattr(engine_pool, "start_engine_process", start_one_after_another)
    with open_pool(tmp_path, count=2) as one:
        assert one.pool.preload("fake") == []
        wait_for(lambda: loaded_in(one.pool, "fake") == [True, True])


def test_a_closed_pool_leaves_no_process_and_nothing_that_waits(tmp_path: Path) -> None:
    with open_pool(tmp_path) as one:
        busy = one.occupy(seconds=LONG_S)
        waiting = [one.submit_alone(f"Waiting {number}.") for number in range(5)]
        [pid] = one.pool.pids()
    assert not is_running(pid)
    assert all(future.cancelled() for future in (*busy, *waiting, one.submit("Too late.")))


def test_a_pool_that_is_closed_while_it_starts_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids: list[int] = []
    starting = threading.Event()

    def start_late(*args: Any, **named: Any) -> EngineHandle:
        """Start a process that `close` cannot know yet."""
        starting.set()
        one.pool._closing.wait(LONG_S)
        handle = start_engine_process(*args, **named)
        pids.append(handle.pid)
        return handle

    monkeypatch.setattr(engine_pool, "start_engine_process", start_late)
    with open_pool(tmp_path) as one:
        waiting = one.submit("Starts a process.")
        assert starting.wait(LONG_S)
    assert waiting.cancelled()
    assert [is_running(pid) for pid in pids] == [False]


def test_engine_processes_die_with_their_worker(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKER, str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdout
        pids = [int(pid) for pid in worker.stdout.readline().split()]
        assert [is_running(pid) for pid in pids] == [True, True]
        worker.kill()
    wait_for(lambda: not any(map(is_running, pids)))


def test_a_load_that_meets_an_ending_process_is_not_lost(tmp_path: Path) -> None:
    """A process without models ends. A command may reach it a moment before."""
    settings = settings_in(tmp_path, fake_engine=True)
    pool = EnginePool(settings, ("cpu",))
    pool.start()
    try:
        pool.preload("fake")
        for _ in range(3):
            wait_for(lambda: any(one.models["fake"].loaded for one in pool.states() if one.models))
            [pid] = pool.pids()
            assert pool.unload("fake", timeout_s=LONG_S)
            # It does not read the command any more.
            os.kill(pid, signal.SIGSTOP)
            pool.preload("fake")
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda pid=pid: pid not in pool.pids())
    finally:
        pool.close(LONG_S)

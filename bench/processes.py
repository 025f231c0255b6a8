"""The processes of a service by role, and the CPU time that each role uses."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

ENGINE, WORKER, OTHER = "engine process", "worker", "other"
ROLES = (ENGINE, WORKER, "gateway", "valkey", "ops", "beat", OTHER)

RoleOf = Callable[[psutil.Process], str]


def role_of(process: psutil.Process) -> str:
    """Return the role of a process of `oratio up`, by its command line."""
    argv = process.cmdline()
    if "worker.inference.engine_process" in " ".join(argv):
        return ENGINE
    if argv and "valkey" in argv[0]:
        return "valkey"
    if "api.serve" in argv:
        return "gateway"
    if "worker.app" in argv:
        return _role_of_celery(argv)
    return OTHER


def _role_of_celery(argv: Sequence[str]) -> str:
    if "beat" in argv:
        return "beat"
    return "ops" if any(argument.startswith("ops@") for argument in argv) else WORKER


def descendants(root_pid: int) -> Iterator[psutil.Process]:
    """Yield a process and its descendants that are alive."""
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(root_pid)
        yield root
        yield from root.children(recursive=True)


def pids_with_role(root_pid: int, role: str) -> list[int]:
    found = []
    for process in descendants(root_pid):
        with suppress(psutil.NoSuchProcess):
            if role_of(process) == role:
                found.append(process.pid)
    return found


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    return float(psutil.Process(pid).memory_info().rss) / 1e6


@dataclass(frozen=True, slots=True)
class ProcessTimes:
    """CPU seconds of a process, and of each of its threads that is alive, by thread id."""

    role: str
    total_s: float
    thread_s: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class CpuUse:
    """CPU seconds: of the threads that run engines, and of everything else by role."""

    engine_s: float
    other_s: Mapping[str, float]

    @property
    def outside_s(self) -> float:
        return sum(self.other_s.values())


def read_times(root_pids: Sequence[int], role_of: RoleOf = role_of) -> dict[int, ProcessTimes]:
    """Return the times of the processes and of their descendants, by process id."""
    times = {}
    for process in (process for root_pid in root_pids for process in descendants(root_pid)):
        with suppress(psutil.NoSuchProcess):
            spent = process.cpu_times()
            threads = {thread.id: thread.user_time + thread.system_time for thread in process.threads()}
            times[process.pid] = ProcessTimes(role_of(process), spent.user + spent.system, threads)
    return times


def cpu_use(before: Mapping[int, ProcessTimes], after: Mapping[int, ProcessTimes]) -> CpuUse:
    """Return the CPU time used between two readings.

    An engine runs in the busiest thread of an engine process, or of a worker where there are no engine processes.
    """
    host = ENGINE if any(times.role == ENGINE for times in after.values()) else WORKER
    engine_s = 0.0
    other_s: dict[str, float] = {}
    for pid, now in after.items():
        then = before.get(pid, ProcessTimes(now.role, 0.0, {}))
        busiest_s = _busiest_thread_s(then, now) if now.role == host else 0.0
        engine_s += busiest_s
        other_s[now.role] = other_s.get(now.role, 0.0) + now.total_s - then.total_s - busiest_s
    return CpuUse(engine_s, other_s)


def _busiest_thread_s(before: ProcessTimes, after: ProcessTimes) -> float:
    return max(used_s - before.thread_s.get(thread, 0.0) for thread, used_s in after.thread_s.items())

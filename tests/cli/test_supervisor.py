"""The supervisor with real processes: it restarts them, stops them in order, and leaves none behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli.service.child import Child
from cli.service.processes import Command, Role
from cli.service.supervisor import Supervisor
from tests.support.waiting import wait_for

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(99)"
RECORDS = (
    "import signal, sys, time\n"
    "def end(*_):\n"
    "    with open(sys.argv[1], 'a') as ended: ended.write(sys.argv[2] + ' ')\n"
    "    sys.exit()\n"
    "signal.signal(signal.SIGTERM, end)\n"
    "print('up', flush=True); time.sleep(99)"
)


def python(name: str, role: Role, code: str, *args: str, stop_within_s: float = 10.0) -> Command:
    return Command(name, role, (sys.executable, "-c", code, *args), stop_within_s)


class Running:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reports: list[str] = []
        self.supervisor = Supervisor(logs=folder, report=self.reports.append)

    def start(self, command: Command) -> int:
        """Start the command, wait for its first output, and return its process id."""
        self.supervisor.start(command)
        log = self.folder / f"{command.name}.log"
        wait_for(lambda: log.exists() and log.stat().st_size)
        return self.supervisor.pids()[command.name]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    started = Running(tmp_path)
    yield started
    started.supervisor.kill_on_stop()
    started.supervisor.stop()


def test_a_child_that_dies_is_restarted_and_reported(running: Running) -> None:
    pid = running.start(python("sleeper", "worker", "import time; print(1, flush=True); time.sleep(99)"))

    os.kill(pid, signal.SIGKILL)

    wait_for(lambda: running.supervisor.pids().get("sleeper", pid) != pid)
    assert running.reports[0].startswith("sleeper exited (SIGKILL). Restarting now.")
    assert running.supervisor.most_restarted() is not None


def test_children_are_supervised_when_nobody_reads_the_reports(tmp_path: Path) -> None:
    """As in `oratio up | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    supervisor = Supervisor(logs=tmp_path, report=lambda line: os.write(writer, line.encode()))
    for name in ("one", "two"):
        supervisor.start(python(name, "worker", "import time; time.sleep(99)"))
    pids = wait_for(lambda: running_pids(supervisor, count=2))

    os.kill(pids["one"], signal.SIGKILL)

    wait_for(lambda: running_pids(supervisor, count=2).get("one", pids["one"]) != pids["one"])
    assert running_pids(supervisor, count=2)["two"] == pids["two"]
    supervisor.kill_on_stop()
    supervisor.stop()
    os.close(writer)
    assert not any(map(psutil.pid_exists, pids.values()))


def running_pids(supervisor: Supervisor, *, count: int) -> dict[str, int]:
    """The process ids by name. Empty until `count` processes run."""
    pids = supervisor.pids()
    return pids if len(pids) == count and all(map(psutil.pid_exists, pids.values())) else {}


def test_children_stop_in_the_order_of_their_dependencies(running: Running, tmp_path: Path) -> None:
    roles: tuple[Role, ...] = ("server", "worker", "ops", "beat", "gateway")
    ended = tmp_path / "ended"
    for role in roles:
        running.start(python(role, role, RECORDS, str(ended), role))

    running.supervisor.stop()

    assert ended.read_text().split() == ["gateway", "beat", "worker", "ops", "server"]


def test_a_child_that_does_not_stop_in_time_is_killed(running: Running) -> None:
    pid = running.start(python("stubborn", "worker", STUBBORN, stop_within_s=0.3))

    running.supervisor.stop()

    assert not psutil.pid_exists(pid)


def test_kill_on_stop_kills_children_at_once(running: Running) -> None:
    pid = running.start(python("stubborn", "worker", STUBBORN, stop_within_s=60))

    running.supervisor.kill_on_stop()
    running.supervisor.stop()

    assert not psutil.pid_exists(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from cli.service.processes import Command\nfrom cli.service.supervisor import Supervisor\n"
        f"one = Supervisor(logs=Path({str(tmp_path)!r}), report=print)\n"
        f"one.start(Command('stubborn', 'worker', (sys.executable, '-c', {STUBBORN!r}), 60))\n"
        "time.sleep(99)"
    )
    log = tmp_path / "stubborn.log"
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        wait_for(lambda: log.exists() and log.stat().st_size)
        (child,) = psutil.Process(parent.pid).children()
        parent.kill()

    wait_for(lambda: not child.is_running(), timeout_s=5)


@pytest.mark.parametrize(("deaths", "wait_s"), [(1, 0), (2, 1), (3, 2), (9, 30)])
def test_the_restart_delay_grows_with_each_exit(tmp_path: Path, deaths: int, wait_s: float) -> None:
    child = Child(python("dying", "worker", "raise SystemExit(3)"), logs=tmp_path)

    waits = [_die(child) for _ in range(deaths)]

    assert waits[-1] == wait_s


def _die(child: Child) -> float:
    child.spawn()
    wait_for(lambda: child.poll() == 3)
    return child.schedule_restart()


def test_a_large_log_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.service.child.LOG_LIMIT_BYTES", 3)
    log = tmp_path / "talker.log"
    log.write_text("before")

    _die(Child(python("talker", "worker", "print('now'); raise SystemExit(3)"), logs=tmp_path))

    assert log.read_text() == "now\n"
    assert (tmp_path / "talker.log.1").read_text() == "before"

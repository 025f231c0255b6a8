"""A process is recognized by its machine, its pid and its start time."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from worker.host.process_identity import ProcessIdentity, has_ended, own_identity

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def own() -> ProcessIdentity:
    identity = own_identity()
    assert identity is not None
    return identity


def test_a_running_process_has_not_ended() -> None:
    assert own() == own()
    assert not has_ended(own())


def test_a_process_with_a_reused_pid_has_ended() -> None:
    assert has_ended(replace(own(), started=own().started - 1))


def test_a_killed_process_has_ended_even_before_its_parent_knows() -> None:
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from worker.host.process_identity import own_identity; print(own_identity().started); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        identity = replace(own(), pid=child.pid, started=int(child.stdout.readline()))
        assert not has_ended(identity)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie from now on
        assert has_ended(identity)
    assert has_ended(identity)

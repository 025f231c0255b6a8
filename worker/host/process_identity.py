"""The identity of a process, by which another process on the same machine sees that it has ended.

Linux only. Elsewhere processes have no identity, and only their heartbeats tell that they have ended.
"""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# A zombie, or a process that is being removed.
_ENDED_STATES = frozenset("ZXx")


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """`namespace` names the machine, its boot and its pid namespace.

    `started` counts clock ticks since the boot. It tells a process from a later one with the same pid.
    """

    namespace: str
    pid: int
    started: int


def own_identity() -> ProcessIdentity | None:
    """The identity of this process. None without a /proc of its own pid namespace."""
    pid = os.getpid()
    try:
        if str(Path("/proc/self").readlink()) != str(pid):
            return None
        boot, namespace = _BOOT_ID.read_text().strip(), Path("/proc/self/ns/pid").readlink()
        _, started = _read_stat(pid)
    except (OSError, ValueError, IndexError):
        return None
    return ProcessIdentity(f"{socket.gethostname()[:60]} {boot} {namespace}", pid, started)


def has_ended(identity: ProcessIdentity) -> bool:
    """True if a process of this process's namespace does not exist any more. False if that is not certain."""
    try:
        os.kill(identity.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # It exists, and belongs to another user.
    try:
        state, started = _read_stat(identity.pid)
    except (OSError, ValueError, IndexError):
        # A /proc with `hidepid` hides the processes of other users.
        return False
    return state in _ENDED_STATES or started != identity.started


def _read_stat(pid: int) -> tuple[str, int]:
    """The state and the start time of a process. The name before them may contain spaces and parentheses."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[19])

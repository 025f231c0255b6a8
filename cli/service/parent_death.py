"""Runs a command that the Linux kernel kills when its parent dies.

Usage: `python -I -S parent_death.py PARENT_PID COMMAND...`

This is a program of its own, because code between fork and exec may deadlock in a process with threads. The kernel may
kill the command at any moment. The service is built for that, whereas a process left behind would hold a port and
files.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # The parent died before prctl took effect.
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  # the command is ours


if __name__ == "__main__":
    main()

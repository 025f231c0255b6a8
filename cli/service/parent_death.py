"""`python -I -S leash.py PARENT COMMAND…`: becomes the command, and is killed by the kernel when PARENT dies.

A step of its own, because code between fork and exec of a process with threads may deadlock. What is killed so may be
in the middle of anything; the whole service is built for that, and a leftover would hold its port and files.
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
        # It died before the kernel was told.
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  # the command is ours


if __name__ == "__main__":
    main()

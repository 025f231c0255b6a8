"""`python -m bench` runs them all; `python -m bench overhead` one of them."""

import sys

from bench import memory, overhead, submit_rate

ALL = {"overhead": overhead.main, "submit_rate": submit_rate.main, "memory": memory.main}

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        ALL[name]()

"""`python -m bench` runs them all; `python -m bench overhead` one of them."""

import sys

from bench import first_audio, memory, overhead, streams, submit_rate

ALL = {
    "overhead": overhead.main,
    "submit_rate": submit_rate.main,
    "memory": memory.main,
    "first_audio": first_audio.main,
    "streams": streams.main,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        ALL[name]()

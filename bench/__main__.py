"""Run every benchmark below with `python -m bench`, or only the named ones with `python -m bench overhead`."""

import sys

from bench import first_audio, memory, overhead, scale, streams, submit_rate

BENCHMARKS = {
    "overhead": overhead.main,
    "submit_rate": submit_rate.main,
    "memory": memory.main,
    "first_audio": first_audio.main,
    "streams": streams.main,
}

# These take long, so they run only by name.
BY_NAME = {"scale": scale.main}

if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHMARKS:
        (BENCHMARKS | BY_NAME)[name]()

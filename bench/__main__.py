"""Run every benchmark below with `python -m bench`, or only the named ones with `python -m bench overhead`.

Options belong to a single benchmark: `python -m bench throughput --clients 1,8`.
"""

import sys
from itertools import takewhile

from bench import (
    first_audio,
    flood,
    heard,
    job_cost,
    memory,
    overhead,
    recovery,
    scale,
    streams,
    submit_rate,
    words,
)
from bench.throughput import command as throughput

BENCHMARKS = {
    "overhead": overhead.main,
    "submit_rate": submit_rate.main,
    "memory": memory.main,
    "job_cost": job_cost.main,
    "first_audio": first_audio.main,
    "streams": streams.main,
    "throughput": throughput.main,
    "flood": flood.main,
    "recovery": recovery.main,
    "words": words.main,
}

# These take long, so they run only by name.
BY_NAME = {"heard": heard.main, "scale": scale.main}

if __name__ == "__main__":
    names = list(takewhile(lambda argument: not argument.startswith("-"), sys.argv[1:]))
    del sys.argv[1 : 1 + len(names)]
    for name in names or BENCHMARKS:
        (BENCHMARKS | BY_NAME)[name]()

"""Plants faults, one at a time, in a copy of the sources, and checks that the tests notice each.

`python -m tests.support.mutations` prints a line for each fault and exits with 1 if one goes unnoticed.
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_COPIED = (
    "api",
    "cli",
    "common",
    "worker",
    "migrations",
    "tests",
    "pyproject.toml",
    "README.md",
    ".env.example",
)
_JOBS = "tests/unit/common/test_jobs.py"
_LOST = "tests/unit/common/test_lost_leases.py"
_BATCHER = "tests/unit/worker/test_batcher.py"
_HANGS = "tests/unit/worker/test_hang_watch.py"
_FRAMES = "tests/unit/worker/test_frames.py"
_TURNS = "tests/unit/worker/test_engine_turns.py"
_POOL = "tests/worker/test_engine_pool.py"
_KEPT = "tests/unit/worker/test_kept_segments.py"
_MARKUP = "tests/unit/common/test_markup.py"
_LEASED_TABLE = "common/db/leased_table.py"


@dataclass(frozen=True, slots=True)
class Mutation:
    """Replaces `old`, which must occur in `file`, by `new`. With `after`, the first occurrence behind it."""

    file: str
    old: str
    new: str
    tests: str
    after: str = ""


MUTATIONS = (
    Mutation(_LEASED_TABLE, "columns.status == JobStatus.RUNNING,", "", _JOBS, after="def is_held"),
    Mutation(_LEASED_TABLE, "columns.attempt == lease.attempt,", "", _JOBS, after="def is_held"),
    Mutation(_LEASED_TABLE, "if lease.key not in renewed_keys", "if False", _JOBS),
    Mutation(_LEASED_TABLE, "held.lease_until < evidence.now", "held.lease_until > evidence.now", _LOST),
    Mutation(_LEASED_TABLE, "has_ended if evidence.after_stall else ", "", _LOST),
    Mutation(_LEASED_TABLE, "and_(worker.stopped_at.is_(None), or_(", "and_(True, or_(", _LOST),
    Mutation("common/jobs/lease.py", "attempts=Job.attempts - 1", "attempts=Job.attempts", _JOBS),
    Mutation(
        "common/jobs/lease.py", "failures=0, crashes=0, isolated=False, ", "", _JOBS, after="def pass_on"
    ),
    Mutation(
        "common/jobs/transitions.py", '"lease_until": None, "messages": 0}', '"lease_until": None}', _JOBS
    ),
    Mutation("common/jobs/sweep.py", "crashes >= MAX_CRASHES", "crashes > MAX_CRASHES", _LOST),
    Mutation("common/jobs/sweep.py", "or (part.died and part.crashes)", "", _LOST),
    Mutation("common/jobs/sweep.py", "(1 if part.died else 0)", "1", _LOST),
    Mutation("common/jobs/sweep.py", "Part.next_message_at <= now", "Part.next_message_at > now", _JOBS),
    Mutation("worker/inference/batcher.py", "len(batch) == 1", "len(batch) >= 1", _BATCHER),
    Mutation("worker/inference/batcher.py", "(len(batch) + 1) // 2 if", "1 if", _BATCHER),
    Mutation("worker/inference/batcher.py", "if len(speeches) != len(batch):", "if False:", _BATCHER),
    Mutation("worker/inference/hang_watch.py", "watched_s > call", "watched_s < call", _HANGS),
    Mutation("worker/inference/frames.py", "if sent:", "if False:", _FRAMES),
    Mutation("worker/inference/engine_turns.py", "return not held", "return True", _TURNS),
    Mutation("worker/inference/engine_turns.py", "if not one.is_bulk]", "]", _TURNS),
    Mutation(
        "worker/inference/engine_turns.py",
        "chosen = self._spread(request, handle)",
        "chosen = request",
        _TURNS,
    ),
    Mutation("worker/inference/request_queue.py", ", request not in chosen", "", _BATCHER),
    Mutation("worker/synthesis/kept_segments.py", "if self._next.segment == segment", "if True", _KEPT),
    Mutation("worker/synthesis/kept_segments.py", "or kept.recipe != self._facts.recipe", "", _KEPT),
    Mutation("worker/synthesis/kept_segments.py", "if is_full(error):", "if False:", _KEPT),
    Mutation(
        "common/jobs/lease.py", ', "kept_audio": NOTHING_KEPT.as_row()', "", _JOBS, after="def hand_over"
    ),
    Mutation("worker/inference/engine_recovery.py", ">= MAX_DEATHS", "> MAX_DEATHS", _POOL),
    Mutation("common/markup/spans.py", "silence_s > MAX_SILENCE_S", "silence_s > 10**9", _MARKUP),
    Mutation("common/markup/tags.py", "duration_s > MAX_PAUSE_S", "duration_s >= MAX_PAUSE_S", _MARKUP),
    Mutation("common/markup/tags.py", '(1000 if tag["unit"]', '(100 if tag["unit"]', _MARKUP),
    Mutation("common/markup/tags.py", "lead_s or 0.0", "0.0", _MARKUP),
)


def main() -> int:
    missed = 0
    with tempfile.TemporaryDirectory(prefix="oratio-mutations-") as folder:
        copy = Path(folder)
        for name in _COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / name)
        for mutation in MUTATIONS:
            noticed = _is_noticed(mutation, copy)
            missed += not noticed
            sys.stdout.write(
                f"{'noticed' if noticed else 'MISSED':8}{mutation.file}: {mutation.old!r} -> {mutation.new!r}\n"
            )
            sys.stdout.flush()
    sys.stdout.write(f"{len(MUTATIONS) - missed} of {len(MUTATIONS)} noticed\n")
    return 1 if missed else 0


def _is_noticed(mutation: Mutation, copy: Path) -> bool:
    file = copy / mutation.file
    whole = file.read_text()
    head, mark, rest = whole.partition(mutation.after) if mutation.after else ("", "", whole)
    assert mutation.old in rest, f"{mutation.file} does not hold {mutation.old!r}"
    file.write_text(head + mark + rest.replace(mutation.old, mutation.new, 1))
    try:
        # The installed package points to the real sources. The working folder comes first in the path.
        command = [
            sys.executable,
            "-B",
            "-m",
            "pytest",
            "-x",
            "-n0",
            "-p",
            "no:cacheprovider",
            mutation.tests,
        ]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return done.returncode == 1
    finally:
        file.write_text(whole)


if __name__ == "__main__":
    sys.exit(main())

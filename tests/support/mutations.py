"""Twenty faults, planted one at a time in a copy of the sources, and whether the tests beside them notice.

`python -m tests.support.mutations` prints a line for each and exits with 1 when one goes unnoticed.
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
_BATCHER = "tests/unit/worker/test_batcher.py"
_SCRIPT = "tests/unit/common/test_markup.py"


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` stands once in `file`, after `after` where that is given."""

    file: str
    old: str
    new: str
    tests: str
    after: str = ""


MUTATIONS = (
    Mutation("common/jobs/lease.py", ', Part.status == "running")', ")", _JOBS, after="def _fence"),
    Mutation("common/jobs/lease.py", "Part.attempt == held.attempt, ", "", _JOBS, after="def _fence"),
    Mutation("common/jobs/lease.py", "- set(kept)", "- set()", _JOBS),
    Mutation("common/jobs/lease.py", "attempts=Job.attempts - 1", "attempts=Job.attempts", _JOBS),
    Mutation("common/jobs/lease.py", "lease_until=None, messages=0, ", "lease_until=None, ", _JOBS),
    Mutation("common/jobs/lease.py", "failures=0, crashes=0, alone=False, ", "", _JOBS, after="def pass_on"),
    Mutation("common/jobs/sweep.py", "Part.lease_until < now", "Part.lease_until > now", _JOBS),
    Mutation("common/jobs/sweep.py", "crashes >= MAX_CRASHES", "crashes > MAX_CRASHES", _JOBS),
    Mutation("common/jobs/sweep.py", "part.attempt >= MAX_ATTEMPTS", "part.attempt > 10**9", _JOBS),
    Mutation("common/jobs/sweep.py", "(1 if part.alone else 0)", "1", _JOBS),
    Mutation("common/jobs/sweep.py", "Part.next_bell_at <= now", "Part.next_bell_at > now", _JOBS),
    Mutation("worker/inference/batcher.py", "call.deadline < now", "call.deadline > now", _BATCHER),
    Mutation("worker/inference/batcher.py", "len(batch) == 1", "len(batch) >= 1", _BATCHER),
    Mutation("worker/inference/batcher.py", "(len(batch) + 1) // 2 if", "1 if", _BATCHER),
    Mutation("worker/inference/batcher.py", "if len(speeches) != len(batch):", "if False:", _BATCHER),
    Mutation("worker/inference/batcher.py", "(self._closing or all(", "(all(", _BATCHER),
    Mutation("common/markup.py", "silence_s > LONGEST_SILENCE_S", "silence_s > 10**9", _SCRIPT),
    Mutation("common/markup.py", "duration_s > LONGEST_PAUSE_S", "duration_s >= LONGEST_PAUSE_S", _SCRIPT),
    Mutation("common/markup.py", '(1000 if found["unit"]', '(100 if found["unit"]', _SCRIPT),
    Mutation("common/markup.py", "lead_s or 0.0", "0.0", _SCRIPT),
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
        # The installed package leads to the real sources; those of the working folder come before it.
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

"""Measure how many cases of tests/support/text_cases get the expected reading: `python -m tests.support.text_rates`."""

import csv
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from worker.text.normalization import normalize

TABLES_FOLDER = Path(__file__).parent / "text_cases"


@dataclass(frozen=True, slots=True)
class Case:
    """One row of a table. A `fixed` case was written before the code and is never changed to fit it."""

    fixed: bool
    source: str
    language: str
    input: str
    expected: str

    @property
    def actual(self) -> str:
        return comparable_words(normalize(self.input, language=self.language).text)

    @property
    def passes(self) -> bool:
        return self.actual == comparable_words(self.expected)


@dataclass(frozen=True, slots=True)
class Rate:
    cases: int
    passed: int
    fixed: int
    fixed_passed: int


def comparable_words(text: str) -> str:
    """Return the words in lower case, without punctuation and hyphens. "p.m." becomes "pm"."""
    return " ".join(re.findall(r"\w+", re.sub(r"['’.]", "", text.lower().replace("-", " "))))  # noqa: RUF001


def load_cases(table: str) -> list[Case]:
    with (TABLES_FOLDER / f"{table}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Case(
            fixed=row["fixed"] == "yes",
            source=row["source"],
            language=row["language"],
            input=row["input"].replace("\\n", "\n"),
            expected=row["said"],
        )
        for row in rows
    ]


def list_tables() -> list[str]:
    return sorted(path.stem for path in TABLES_FOLDER.glob("*.tsv"))


def measure_rate(table: str) -> Rate:
    cases = load_cases(table)
    passed = [case for case in cases if case.passes]
    return Rate(
        cases=len(cases),
        passed=len(passed),
        fixed=sum(case.fixed for case in cases),
        fixed_passed=sum(case.fixed for case in passed),
    )


def main() -> None:
    """Print the rate of each table, or of those named; with `--failed`, also the cases with another reading."""
    named = [name for name in sys.argv[1:] if not name.startswith("-")]
    for table in named or list_tables():
        rate = measure_rate(table)
        sys.stdout.write(
            f"{table}: {rate.passed} of {rate.cases}, fixed {rate.fixed_passed} of {rate.fixed}\n"
        )
        if "--failed" in sys.argv:
            for case in load_cases(table):
                if not case.passes:
                    expected = comparable_words(case.expected)
                    mark = "F" if case.fixed else " "
                    sys.stdout.write(f"  {mark} {case.input!r}\n    {expected}\n    {case.actual}\n")


if __name__ == "__main__":
    main()

"""How much of the tables in tests/support/text_cases is read as it should be: `python -m tests.support.text_rates`."""

import csv
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from worker.text.normalization import normalize

TABLES = Path(__file__).parent / "text_cases"


@dataclass(frozen=True, slots=True)
class Case:
    """`fixed` was written before the code and is never changed to fit it."""

    fixed: bool
    source: str
    language: str
    input: str
    said: str

    @property
    def heard(self) -> str:
        return words(normalize(self.input, language=self.language).text)

    @property
    def passes(self) -> bool:
        return self.heard == words(self.said)


@dataclass(frozen=True, slots=True)
class Rate:
    cases: int
    passed: int
    fixed: int
    fixed_passed: int


def words(text: str) -> str:
    """What is compared: words in lower case, without punctuation and hyphens; "p.m." is "pm"."""
    return " ".join(re.findall(r"\w+", re.sub(r"['’.]", "", text.lower().replace("-", " "))))  # noqa: RUF001


def cases(table: str) -> list[Case]:
    with (TABLES / f"{table}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Case(
            fixed=row["fixed"] == "yes",
            source=row["source"],
            language=row["language"],
            input=row["input"].replace("\\n", "\n"),
            said=row["said"],
        )
        for row in rows
    ]


def tables() -> list[str]:
    return sorted(path.stem for path in TABLES.glob("*.tsv"))


def rate(table: str) -> Rate:
    read = cases(table)
    passed = [case for case in read if case.passes]
    return Rate(
        cases=len(read),
        passed=len(passed),
        fixed=sum(case.fixed for case in read),
        fixed_passed=sum(case.fixed for case in passed),
    )


def main() -> None:
    """Figures of every language, or of those named; with `--failed`, also what is read otherwise."""
    named = [name for name in sys.argv[1:] if not name.startswith("-")]
    for table in named or tables():
        found = rate(table)
        sys.stdout.write(
            f"{table}: {found.passed} of {found.cases}, fixed {found.fixed_passed} of {found.fixed}\n"
        )
        if "--failed" in sys.argv:
            for case in cases(table):
                if not case.passes:
                    sys.stdout.write(
                        f"  {'F' if case.fixed else ' '} {case.input!r}\n    {words(case.said)}\n    {case.heard}\n"
                    )


if __name__ == "__main__":
    main()

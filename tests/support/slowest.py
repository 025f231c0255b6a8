"""Reports the ten slowest test files of all processes at the end of a run."""

from collections import Counter

import pytest

_FILES = 10


class SlowestFiles:
    def __init__(self) -> None:
        self._seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid.partition("::")[0]] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._seconds:
            return
        terminalreporter.write_sep("=", f"slowest {_FILES} files")
        for file, seconds in self._seconds.most_common(_FILES):
            terminalreporter.write_line(f"{seconds:7.1f} s  {file}")

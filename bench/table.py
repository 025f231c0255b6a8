"""Figures as a person reads them."""

import platform
import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def percentile(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def spread(values: Sequence[float]) -> tuple[str, str, str]:
    """Median, 90th and 99th percentile."""
    return (
        f"{statistics.median(values):.2f}",
        f"{percentile(values, 0.9):.2f}",
        f"{percentile(values, 0.99):.2f}",
    )


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, caption=f"Python {platform.python_version()}, {platform.machine()}")
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right")
    for row in rows:
        table.add_row(*row)
    # Wide enough where no terminal says how wide.
    console = Console()
    console.width = max(console.width, 110)
    console.print(table)

"""Percentiles, and result tables for the terminal."""

import platform
import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def percentile(values: Sequence[float], fraction: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


def spread(values: Sequence[float]) -> tuple[str, str, str]:
    """Return the median, the 90th and the 99th percentile, formatted."""
    return (
        f"{statistics.median(values):.2f}",
        f"{percentile(values, 0.9):.2f}",
        f"{percentile(values, 0.99):.2f}",
    )


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table whose first column is a label and whose other columns are numbers."""
    table = Table(title=title, caption=f"Python {platform.python_version()}, {platform.machine()}")
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right")
    for row in rows:
        table.add_row(*row)
    # Output to a file or a pipe has no terminal width, and rich would wrap the cells at 80 columns.
    console = Console()
    console.width = max(console.width, 110)
    console.print(table)

"""Draws throughput over the number of clients as an SVG that is readable on a light and on a dark page."""

import math
from collections.abc import Iterator
from html import escape

from bench.throughput.results import Results

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 250, 50, 50
_LABEL_GAP = 19
_STYLE = """
    text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif }
    text { font-size: 13px; fill: #1f2933 }
    .page { fill: #ffffff } .title { font-size: 16px; font-weight: 600 } .grid { stroke: #d9dee3 }
    .tick { fill: #52606d } .line { fill: none; stroke-width: 2.5 } .lead { fill: none }
    @media (prefers-color-scheme: dark) {
      .page { fill: #11161c } text { fill: #e4e7eb } .grid { stroke: #323f4b } .tick { fill: #9aa5b1 }
    }
"""
# Colours that are readable on both pages, with dashes for those who do not see colours, by the start of the name.
_LINES = {
    "this service, `/v1": ("#2b8fd0", ""),
    "this service": ("#2b8fd0", "7 4"),
    "LitServe": ("#d9822b", ""),
    "Celery": ("#2f9e6e", ""),
    "bare engine, one": ("#8a94a0", "2 4"),
    "bare engine": ("#8a94a0", "8 3 2 3"),
}


def draw_curve(results: Results) -> str:
    """Return the SVG: a line for each contestant with its name at its end. This service is drawn last, on top."""
    names = sorted(results.names, key=lambda name: name.startswith("this service"))
    highest = max(results.audio_rate(name, level) for name in names for level in results.levels)
    top = 50 * math.ceil(highest / 50)
    return "\n".join((*_frame(), *_grid(results, top), *_lines(results, names, top), "</svg>", ""))


def _frame() -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' aria-labelledby="title about">'
    )
    yield '  <title id="title">Audio seconds per second over the number of clients</title>'
    yield '  <desc id="about">The numbers of the curves are in the table of bench/RESULTS.md.</desc>'
    yield f"  <style>{_STYLE}  </style>"
    yield f'  <rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
    yield f'  <text class="title" x="{LEFT}" y="30">Seconds of audio per second on this machine, by clients</text>'


def _grid(results: Results, top: int) -> Iterator[str]:
    for value in range(0, top + 1, 50):
        y = _y(value, top)
        yield f'  <line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'  <text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'
    for level in results.levels:
        x = _x(level, results)
        yield f'  <text class="tick" x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{level}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'  <text class="tick" x="{middle:.0f}" y="{HEIGHT - 10}" text-anchor="middle">clients at once</text>'


def _lines(results: Results, names: list[str], top: int) -> Iterator[str]:
    ends = {name: _y(results.audio_rate(name, results.levels[-1]), top) for name in names}
    labels = _spread_labels(ends)
    for name in names:
        colour, dashes = next(line for start, line in _LINES.items() if name.startswith(start))
        points = [(_x(level, results), _y(results.audio_rate(name, level), top)) for level in results.levels]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'  <polyline class="line" stroke="{colour}" stroke-dasharray="{dashes}" points="{path}"/>'
        x, y = points[-1]
        lead = f"M{x:.1f} {y:.1f} l22 {labels[name] - y:.1f}"
        yield f'  <path class="lead" stroke="{colour}" d="{lead}"/>'
        yield f'  <text x="{x + 27:.1f}" y="{labels[name] + 4:.1f}">{escape(name.replace("`", ""))}</text>'


def _spread_labels(ends: dict[str, float]) -> dict[str, float]:
    """Move labels down where they would overlap, then all of them up if the last one has left the picture."""
    placed: dict[str, float] = {}
    lowest = -math.inf
    for name, y in sorted(ends.items(), key=lambda item: item[1]):
        lowest = placed[name] = max(y, lowest + _LABEL_GAP)
    excess = max(0.0, lowest - (HEIGHT - BOTTOM))
    return {name: y - excess for name, y in placed.items()}


def _x(level: int, results: Results) -> float:
    """Return the position of a number of clients. Each column has the same width."""
    columns = max(1, len(results.levels) - 1)
    return LEFT + results.levels.index(level) * (WIDTH - LEFT - RIGHT) / columns


def _y(value: float, top: int) -> float:
    return HEIGHT - BOTTOM - value * (HEIGHT - TOP - BOTTOM) / top

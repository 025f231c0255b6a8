"""The tables of the throughput benchmark, in Markdown."""

from collections.abc import Iterable, Sequence
from textwrap import fill

from bench.processes import ROLES
from bench.throughput.results import Results

REFERENCE = "LitServe"
BARE_ONE, BARE_TWO = "bare engine, one process", "bare engine, two processes"
OURS = "this service"
# The numbers of clients whose CPU times are shown.
CPU_LEVELS = (1, 8, 32)


def format_report(results: Results, *, note: str) -> str:
    parts = [
        note,
        "Audio seconds per second, median of the rounds, and below it their range:",
        _throughput_table(results),
        "CPU milliseconds for each text. An engine has one thread, in a process of its own or in the worker; its"
        " CPU time is compared with that of the bare engine on as many cores. The columns after it are everything"
        " else that the server uses:",
        _cpu_table(results),
    ]
    return "\n\n".join(part if part.startswith("|") else fill(part, 119) for part in parts)


def _throughput_table(results: Results) -> str:
    rows = []
    for name in results.names:
        rows.append((name, *(f"{results.audio_rate(name, level):.0f}" for level in results.levels)))
        if results.has_rounds:
            rows.append(("range", *(_range(results.audio_rates(name, level)) for level in results.levels)))
    rows += _ratio_rows(results)
    return _table(("clients", *map(str, results.levels)), rows)


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.0f} to {max(values):.0f}"


def _ratio_rows(results: Results) -> Iterable[tuple[str, ...]]:
    """Compare this service with LitServe by audio, and by text, because mastering trims silence off the audio."""
    reference = results.find(REFERENCE)
    if reference is None:
        return
    for name in (name for name in results.names if name.startswith(OURS)):
        for what, rate in (("audio", results.audio_rate), ("text", results.char_rate)):
            ratios = (rate(name, level) / rate(reference, level) for level in results.levels)
            yield (f"{name} ÷ LitServe, {what}", *(f"**{ratio:.2f}**" for ratio in ratios))


def _cpu_table(results: Results) -> str:
    levels = [level for level in results.levels if level in CPU_LEVELS] or results.levels
    rows = [_cpu_row(results, name, level) for level in levels for name in results.names]
    header = (
        "clients",
        "",
        "engine thread",
        "÷ bare",
        *ROLES,
        "outside the engine",
        "clients' own",
        "s of audio",
    )
    return _table(header, rows)


def _cpu_row(results: Results, name: str, level: int) -> tuple[str, ...]:
    cpu = results.cpu_per_text(name, level)
    bare = results.find(BARE_ONE if level == 1 else BARE_TWO) or results.find(BARE_ONE)
    ratio = ""
    if bare:
        # Per character, because the contestants do not get equally far in the list of texts.
        ratio_per_char = results.engine_ms_per_char(name, level) / results.engine_ms_per_char(bare, level)
        ratio = f"{ratio_per_char:.2f}"
    by_role = (f"{max(0.0, cpu.other_ms[role]):.1f}" if role in cpu.other_ms else "" for role in ROLES)
    return (
        str(level),
        name,
        f"{cpu.engine_ms:.1f}",
        ratio,
        *by_role,
        f"**{cpu.outside_ms:.1f}**",
        f"{cpu.client_ms:.1f}",
        f"{results.audio_s_per_text(name, level):.2f}",
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("|" + "".join(f" {cell} |" if cell else " |" for cell in line) for line in lines)

"""`make bench`: extraction, transform and dashboards in one run; tables with ratios, and docs/performance.md from them.

Everything is measured in this run and on this machine; ratios are what to quote, seconds are its own. With `--only` a
part is measured and the page keeps the others' tables.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from statistics import median, quantiles
from types import ModuleType
from typing import Annotated

import typer

from benchmarks.extraction import DLT, LIMIT, NAIVE, OURS, SKIPPING, Size, measure, table_of
from benchmarks.progress import report
from social_metrics.clock import utc_now
from social_metrics.settings import REPOSITORY

PAGE = REPOSITORY / "docs" / "performance.md"
PARTS = ("extraction", "memory", "transform", "dashboards", "paint", "parsing", "run", "large-run")
TRANSFORM_SIZES = "2000x60,2000x240,2000x500"


def main(
    channels: Annotated[int, typer.Option(help="Accounts to extract.")] = 2000,
    many: Annotated[int, typer.Option(help="Accounts of the memory measurement.")] = 20_000,
    rounds: Annotated[int, typer.Option(help="Turns of each peer; the medians are shown.")] = 3,
    milliseconds: Annotated[int, typer.Option(help="What a call takes.")] = 80,
    dlt: Annotated[bool, typer.Option("--dlt", help="dlt as well, in a venv of its own under .demo/bench.")] = False,
    sizes: Annotated[str, typer.Option(help="Accounts × days of the transform, smallest first.")] = TRANSFORM_SIZES,
    only: Annotated[list[str] | None, typer.Option(help=f"A part: {', '.join(PARTS)}.")] = None,
    page: Annotated[Path, typer.Option(help="The page whose tables are rewritten.")] = PAGE,
) -> None:
    """Measure, print, and rewrite the page's tables from the same numbers."""
    wanted = only or list(PARTS)
    if unknown := sorted(set(wanted) - set(PARTS)):
        raise typer.BadParameter(f"{', '.join(unknown)} is no part; there are {', '.join(PARTS)}.")
    size = Size(channels=channels, milliseconds=milliseconds, rounds=rounds)
    for number, part in enumerate(wanted, start=1):
        report(f"part {number} of {len(wanted)}: {part}")
        table = {
            "extraction": lambda: extraction(size, dlt),
            "memory": lambda: memory(size, many),
            "transform": lambda: transform(sizes),
            "dashboards": dashboards,
            "paint": lambda: _part("paint").table(rounds),
            "parsing": lambda: _part("parsing").table(rounds),
            "run": lambda: _part("ingestion_run").table(milliseconds),
            "large-run": lambda: _part("ingestion_run").table(milliseconds, _part("ingestion_run").COPIES),
        }[part]()
        print(f"\n## {part}\n", *table, sep="\n", flush=True)
        rewrite(page, part, table)


def _part(name: str) -> ModuleType:
    """A part's module, loaded when it is wanted: a process that is started is charged with its starter's memory."""
    return import_module(f"benchmarks.{name}")


def extraction(size: Size, with_dlt: bool) -> list[str]:
    """Ours and its peers on two days."""
    peers = [LIMIT, SKIPPING, OURS, NAIVE] + ([DLT] if with_dlt else [])
    with tempfile.TemporaryDirectory() as folder:
        python = dlt_python() if with_dlt else None
        return [_when(size), "", *table_of(measure(Path(folder), size, peers, python))]


def memory(size: Size, many: int) -> list[str]:
    """Memory, and time for each account, at ten times the accounts; a call takes no time here."""
    lines = ["| accounts | peak, MB | CPU, ms an account | calls on day 1 |", "|---|---|---|---|"]
    for channels in (size.channels, many):
        with tempfile.TemporaryDirectory() as folder:
            day, _ = measure(Path(folder), Size(channels, size.videos, 0, 1), [OURS])
        lines.append(f"| {channels:,} | {day.megabytes:.0f} | {1000 * day.cpu / channels:.2f} | {day.calls:,} |")
    return lines


def dlt_python() -> str:
    """The interpreter of dlt's own venv, made when it is not there."""
    folder = REPOSITORY / ".demo" / "bench" / "dlt"
    python = folder / "bin" / "python"
    if not python.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), "dlt[postgres]"], check=True)
    return str(python)


def transform(sizes: str) -> list[str]:
    """Everything against one day, by the length of history: the real models, as benchmarks/transform builds them."""
    from benchmarks.transform import sizes_of, table_of

    return [f"{_machine()}.", "", *table_of(sizes_of(sizes))]


def dashboards() -> list[str]:
    """Five questions on 10,000 accounts, and every dashboard's queries, as questions and charts measure them."""
    from benchmarks import charts, questions

    console = charts.Console(stderr=True)
    asked = questions.table(console)

    lines = [
        f"| {charts.ACCOUNTS:,} accounts × {charts.DAYS} days | charts | median, ms | 95 % within, ms | slowest |",
        "|---|---|---|---|---|",
    ]
    for who, measured in zip(("leadership", "one center"), charts.measure_both(console), strict=True):
        clock = [milliseconds for milliseconds, _ in measured.values()]
        chart, (slowest, _) = max(measured.items(), key=lambda one: one[1][0])
        p95 = quantiles(clock, n=20)[-1]
        lines.append(f"| {who} | {len(clock)} | {median(clock):.1f} | {p95:.1f} | {chart}, {slowest:.1f} ms |")
    return [f"{_machine()}; goal of the questions: p95 within {questions.GOAL_MS} ms.", "", *asked, "", *lines]


def _machine() -> str:
    return f"{utc_now():%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}"


def _when(size: Size) -> str:
    return (
        f"{_machine()} at the end; "
        f"{size.channels:,} channels × {size.videos} videos, {size.milliseconds} ms a call, 32 in flight, "
        f"medians of {size.rounds}."
    )


def rewrite(page: Path, part: str, table: Sequence[str]) -> None:
    """Put a table between its marks; the rest of the page stays.

    Raises:
        ValueError: the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    marked = re.compile(f"(<!-- bench: {part} -->\n).*?(<!-- /bench -->)", re.DOTALL)
    if not marked.search(text):
        raise ValueError(f"{page} has no marks for {part!r}.")
    body = "\n".join(table)
    page.write_text(marked.sub(lambda found: f"{found[1]}{body}\n{found[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)

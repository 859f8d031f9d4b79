"""Geometry of the bars of programme coverage and of the strips of ingestion runs; templates add the texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from social_metrics.marts.health import PlatformRunSummary, ProgramCoverage
from social_metrics.publish.texts import Both

STATES = ("covered", "not_covered", "unknown", "no_verified_account")
"""In the order of the bar; not covered, unknown and no account are three states."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a programme's bar, in centers."""

    state: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class ProgramBar:
    """One programme's month: centers by state, as counts, as parts of a bar, and by name."""

    code: str
    label: Both
    centers: int
    counts: Mapping[str, int]
    names: Mapping[str, list[str]]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class RunCell:
    """One run of a platform: whole, part, nothing, or unplanned when no account was expected."""

    day: date
    state: str


@dataclass(frozen=True, slots=True)
class Strip:
    """A platform's last runs, the oldest first, and the number of complete ones."""

    label: str
    cells: tuple[RunCell, ...]
    whole: int


def bars(rows: Sequence[ProgramCoverage]) -> list[ProgramBar]:
    """The programmes, the least covered first."""
    drawn = [_bar(list(group)) for _, group in groupby(rows, key=lambda row: row.program)]
    return sorted(drawn, key=lambda bar: (bar.counts["covered"], bar.code))


def _bar(rows: list[ProgramCoverage]) -> ProgramBar:
    names = {state: [row.center_name for row in rows if row.coverage_state == state] for state in STATES}
    parts, start = [], 0
    for state in STATES:
        if names[state]:
            parts.append(Part(state, start, len(names[state])))
        start += len(names[state])
    return ProgramBar(
        code=rows[0].program,
        label=Both(rows[0].program_label_id, rows[0].program_label_en),
        centers=len(rows),
        counts={state: len(centers) for state, centers in names.items()},
        names=names,
        parts=tuple(parts),
    )


def strips(rows: Sequence[PlatformRunSummary], labels: Mapping[str, str], last: date, days: int) -> list[Strip]:
    """The platforms' runs of the `days` dates up to `last`; a date without a planned run has a cell of its own."""
    dates = [last - timedelta(days=age) for age in reversed(range(days))]
    drawn = []
    for platform, group in groupby(rows, key=lambda row: row.platform):
        planned = {row.date_day: _state(row) for row in group}
        cells = tuple(RunCell(day, planned.get(day, "unplanned")) for day in dates)
        whole = sum(cell.state == "whole" for cell in cells)
        drawn.append(Strip(labels.get(platform, platform), cells, whole))
    return sorted(drawn, key=lambda strip: strip.label)


def _state(run: PlatformRunSummary) -> str:
    if run.accounts_captured == run.accounts_expected:
        return "whole"
    return "part" if run.accounts_captured else "nothing"

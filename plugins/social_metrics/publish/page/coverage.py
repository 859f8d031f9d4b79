"""Geometry of the bars of programme coverage and of the strips of ingestion runs; templates add the texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, groupby

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
    """One programme's month: centers by state, as parts of a bar and by name."""

    code: str
    label: Both
    centers: int
    names: Mapping[str, list[str]]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Strip:
    """States of a platform's last runs, the oldest first: whole, part, nothing, or unplanned without an account."""

    label: str
    states: tuple[str, ...]


def bars(rows: Sequence[ProgramCoverage]) -> list[ProgramBar]:
    """The programmes, the least covered first."""
    drawn = [_bar(list(group)) for _, group in groupby(rows, key=lambda row: row.program)]
    return sorted(drawn, key=lambda bar: (len(bar.names["covered"]), bar.code))


def _bar(rows: list[ProgramCoverage]) -> ProgramBar:
    names = {state: [row.center_name for row in rows if row.coverage_state == state] for state in STATES}
    starts = accumulate((len(centers) for centers in names.values()), initial=0)
    return ProgramBar(
        code=rows[0].program,
        label=Both(rows[0].program_label_id, rows[0].program_label_en),
        centers=len(rows),
        names=names,
        parts=tuple(
            Part(state, start, len(names[state])) for state, start in zip(STATES, starts, strict=False) if names[state]
        ),
    )


def strips(rows: Sequence[PlatformRunSummary], labels: Mapping[str, str], last: date, days: int) -> list[Strip]:
    """The platforms' runs of the `days` dates up to `last`; a date without a planned run has a state of its own."""
    dates = [last - timedelta(days=age) for age in reversed(range(days))]
    drawn = []
    for platform, group in groupby(rows, key=lambda row: row.platform):
        planned = {row.date_day: _state(row) for row in group}
        drawn.append(Strip(labels.get(platform, platform), tuple(planned.get(day, "unplanned") for day in dates)))
    return sorted(drawn, key=lambda strip: strip.label)


def _state(run: PlatformRunSummary) -> str:
    if run.accounts_captured == run.accounts_expected:
        return "whole"
    return "part" if run.accounts_captured else "nothing"

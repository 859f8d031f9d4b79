"""The boards page: boards, growth, unranked centers, programmes and data health in one file that needs no network.

Indonesian with an English switch; readable on a phone and on paper.
"""

import base64
import csv
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from social_metrics.audit.log.files import replace_text
from social_metrics.contract import Source
from social_metrics.errors import UsageProblem
from social_metrics.marts import health
from social_metrics.marts.health import OpenFinding, PlatformMeans, PlatformRunSummary, ProgramCoverage
from social_metrics.marts.leaderboards import (
    CenterDay,
    FollowersRow,
    MartsReader,
    PlatformCapture,
    RecencyRow,
    UnrankedCenter,
    UnrankedKind,
    read_marts,
)
from social_metrics.publish.page import chart, coverage
from social_metrics.publish.page.formats import LANGUAGES, Language
from social_metrics.publish.page.templating import environment
from social_metrics.publish.phrases import InBoth, Phrases
from social_metrics.publish.texts import Both
from social_metrics.settings import load_settings

TOP = 5
CHART_DAYS = 90
RUN_DAYS = 14


@dataclass(frozen=True)
class BoardsData:
    """The rows of the marts that the page of one date shows."""

    day: date
    followers: list[FollowersRow]
    recency: list[RecencyRow]
    unranked: list[UnrankedCenter]
    captures: list[PlatformCapture]
    center_days: list[CenterDay]
    coverage: list[ProgramCoverage]
    runs: list[PlatformRunSummary]
    findings: list[OpenFinding]
    means: list[PlatformMeans]

    @property
    def is_simulated(self) -> bool:
        """Whether any row comes from the simulator."""
        return Source.SIMULATOR in {row.source for row in self.followers} | {row.source for row in self.recency}


def page(warehouse_url: str, day: date | None = None) -> tuple[date, str]:
    """The page of a date as HTML, and the date.

    Args:
        warehouse_url: postgresql://… of a login that may read the marts.
        day: WIB date; the newest on the boards by default.

    Raises:
        WarehouseProblem: no warehouse, no marts, or no such date.
    """
    with read_marts(warehouse_url) as marts:
        data = gather(marts, marts.day(day))
    return data.day, render(data, load_settings().dbt_project_dir / "seeds" / "rules")


def write(warehouse_url: str, path: Path, day: date | None = None) -> date:
    """Write the page of a date (see `page`) into one self-contained file; returns the date.

    Args:
        warehouse_url: postgresql://… of a login that may read the marts.
        path: the file; replaced as a whole, never half-written.
        day: WIB date; the newest on the boards by default.

    Raises:
        WarehouseProblem: no warehouse, no marts, or no such date.
        UsageProblem: the file cannot be written.
    """
    drawn, text = page(warehouse_url, day)
    if not path.parent.is_dir():
        raise UsageProblem(f"{path} cannot be written: there is no folder {path.parent}.")
    replace_text(path, text)
    return drawn


def gather(marts: MartsReader, day: date) -> BoardsData:
    """Read everything that the page of a date shows."""
    followers = marts.followers_board(day)
    leaders = [row.center_code for row in top(followers)]
    return BoardsData(
        day=day,
        followers=followers,
        recency=marts.recency_board(day),
        unranked=marts.unranked_centers(day),
        captures=marts.captures(day),
        center_days=marts.center_days(leaders, day, CHART_DAYS),
        coverage=health.program_coverage(marts, day),
        runs=health.run_summaries(marts, day, RUN_DAYS),
        findings=health.findings(marts, day),
        means=health.means(marts, day),
    )


def render(data: BoardsData, rules: Path) -> str:
    """The page as HTML.

    Args:
        data: of the page.
        rules: folder of the rule seeds, `dbt_project/seeds/rules`.
    """
    captures, leaders = data.captures, top(data.followers)
    platforms = {capture.platform: capture.platform_label for capture in captures}
    words = InBoth(*(_phrases(rules, language, platforms) for language in LANGUAGES))
    pages = environment()
    pages.globals |= {
        "words": words,
        "t": words.text,
        "platforms": platforms,
        "simulator": Source.SIMULATOR,
        "Both": Both,
    }
    first = [c.first_captured_at for c in captures if c.first_captured_at]
    last = [c.last_captured_at for c in captures if c.last_captured_at]
    first_day = data.day - timedelta(days=CHART_DAYS - 1)
    by_center = {code: list(days) for code, days in groupby(data.center_days, key=lambda day: day.center_code)}
    script = files("social_metrics.publish.page").joinpath("templates", "boards.js").read_text(encoding="utf-8")
    return pages.get_template("boards.html").render(
        script=Markup(script),  # noqa: S704  ours; no value goes into it
        script_sha256=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=data,
        day=words.day(data.day),
        followers_top=leaders,
        followers_rest=rest(data.followers),
        recency_top=top(data.recency),
        recency_rest=rest(data.recency),
        ties=_ties(data.recency),
        charts=[(row, chart.draw(by_center.get(row.center_code, []), first_day, data.day)) for row in leaders],
        svg=chart.svg,
        chart_days=CHART_DAYS,
        coverage=coverage.bars(data.coverage),
        coverage_known_on=data.coverage[0].known_on_date if data.coverage else data.day,
        strips=coverage.strips(data.runs, platforms, data.day, RUN_DAYS),
        run_days=RUN_DAYS,
        unranked={kind: list(group) for kind, group in groupby(data.unranked, key=lambda row: UnrankedKind(row.kind))},
        expected=sum(capture.accounts_expected for capture in captures),
        read=sum(capture.accounts_captured for capture in captures),
        first_captured_at=min(first, default=None),
        last_captured_at=max(last, default=None),
    )


def top(rows: Sequence[Any]) -> list[Any]:
    """The top five: rows whose best possible rank is five or better; ties may make it more."""
    return [row for row in rows if row.best_rank is not None and row.best_rank <= TOP]


def rest(rows: Sequence[Any]) -> list[Any]:
    """The rows below the top five, the unranked last."""
    return [row for row in rows if row.best_rank is None or row.best_rank > TOP]


def _ties(rows: Sequence[RecencyRow]) -> set[int]:
    """Ranks that more than one row has."""
    return {rank for rank, count in Counter(row.best_rank for row in rows).items() if rank is not None and count > 1}


def _phrases(rules: Path, language: Language, platforms: Mapping[str, str]) -> Phrases:
    """The phrases of the page, with labels from the seeds that dbt reads too."""

    def labels(name: str, key: str, column: str) -> dict[str, str]:
        path = rules / name
        try:
            with path.open(encoding="utf-8", newline="") as file:
                return {row[key]: row[f"{column}_{language}"] for row in csv.DictReader(file)}
        except (OSError, KeyError) as error:
            raise UsageProblem(
                f"{path} cannot be read ({error}): it holds the labels of the boards. "
                "Set SOCIAL_METRICS_DBT_PROJECT_DIR to the dbt project."
            ) from error

    return Phrases(
        language,
        outcomes=labels("capture_outcomes.csv", "outcome", "label"),
        platforms=platforms,
        zones={},  # each row has the letters of its own zone
        bands=labels("recency_bands.csv", "recency_band", "label"),
        next_steps=labels("capture_outcomes.csv", "outcome", "next_step"),
    )

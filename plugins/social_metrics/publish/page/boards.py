"""The boards page: boards, growth, unranked centers, programmes and data health in one file that needs no network.

Indonesian with an English switch; readable on a phone and on paper.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from social_metrics.clock import WIB
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
from social_metrics.publish.page import chart, coverage, formats
from social_metrics.publish.page.texts import Both, Catalogue, both, each
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
    return data.day, render(data, Catalogue(load_settings().dbt_project_dir / "seeds" / "rules"))


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
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            file.write(text)
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as error:
        raise UsageProblem(f"{path} cannot be written: {error.strerror}.") from error
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


def render(data: BoardsData, catalogue: Catalogue) -> str:
    """The page as HTML."""
    environment = Environment(
        loader=PackageLoader("social_metrics.publish.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = _Words(catalogue, data)
    environment.globals |= {
        "t": catalogue.text,
        "plain": catalogue.plain,
        "words": words,
        "number": words.number,
        "both": both,
    }
    captures, leaders = data.captures, top(data.followers)
    first = [c.first_captured_at for c in captures if c.first_captured_at]
    last = [c.last_captured_at for c in captures if c.last_captured_at]
    first_day = data.day - timedelta(days=CHART_DAYS - 1)
    by_center = {code: list(days) for code, days in groupby(data.center_days, key=lambda day: day.center_code)}
    return environment.get_template("boards.html").render(
        data=data,
        day=each(lambda language: formats.long_date(data.day, language)),
        followers_top=leaders,
        followers_rest=rest(data.followers),
        recency_top=top(data.recency),
        recency_rest=rest(data.recency),
        ties=_ties(data.recency),
        charts=[
            (row, chart.draw(by_center.get(row.center_code, []), first_day, data.day)) for row in top(data.followers)
        ],
        chart=chart,
        chart_days=CHART_DAYS,
        coverage=coverage.bars(data.coverage),
        coverage_known_on=data.coverage[0].known_on_date if data.coverage else data.day,
        strips=coverage.strips(data.runs, {c.platform: c.platform_label for c in captures}, data.day, RUN_DAYS),
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


class _Words:
    """Values of the page in both languages."""

    def __init__(self, catalogue: Catalogue, data: BoardsData) -> None:
        self._catalogue = catalogue
        self._labels = {capture.platform: capture.platform_label for capture in data.captures}
        self.reason = catalogue.reason
        self.band = catalogue.band
        self.next_step = catalogue.next_step
        self.rank = formats.rank

    def number(self, value: int) -> Markup:
        """A count."""
        return both(self.number_forms(value))

    def number_forms(self, value: int) -> Both:
        """A count as a value of a text."""
        return each(lambda language: formats.number(value, language))

    def day(self, day: date) -> Both:
        """A date in words as a value of a text."""
        return each(lambda language: formats.long_date(day, language))

    def short_date(self, day: date) -> Both:
        """A date for an axis."""
        return each(lambda language: formats.short_date(day, language))

    def share(self, share: float) -> Both:
        """A percentage as a value of a text."""
        return each(lambda language: formats.percent(share, language))

    def usd(self, amount: Decimal) -> Both:
        """An amount of US$ as a value of a text."""
        return each(lambda language: formats.number(float(amount), language, 2))

    def change(self, row: FollowersRow) -> Markup | None:
        """The change over seven days with its bounds; None when it is unknown or not measurable."""
        bounds = (row.change_7d, row.change_7d_low, row.change_7d_high, row.change_7d_is_measurable)
        forms = each(lambda language: formats.change(*bounds, language) or "")
        return both(forms) if forms["id"] else None

    def ago(self, days: int) -> Both:
        """Days ago in WIB dates: today, yesterday, n days ago."""
        key = f"days_{days}" if days in (0, 1) else "days_n"
        return each(lambda language: self._catalogue.plain(key, language, n=days))

    def local_time(self, row: RecencyRow | UnrankedCenter) -> Markup:
        """The time of the last post in the center's time zone, with the zone's label."""
        if row.last_post_at is None:
            return Markup("")
        instant, zone = row.last_post_at, ZoneInfo(row.time_zone)
        label = row.time_zone_label or row.time_zone
        return both(each(lambda language: formats.long_time(instant, zone, label, language)))

    def wib_times(self, first: datetime | None, last: datetime | None) -> Markup | None:
        """From when to when, in WIB; one time when both are the same minute."""
        if first is None or last is None:
            return None
        same_minute = f"{first.astimezone(WIB):%H%M}" == f"{last.astimezone(WIB):%H%M}"
        instants = (first,) if same_minute else (first, last)
        return both(each(lambda language: "–".join(formats.clock_time(at, WIB, language) for at in instants)))

    def post_link(self, row: RecencyRow) -> Markup:
        """The platform of the last post, linked to the post; a simulated post has no address."""
        label = self._labels.get(row.last_post_platform or "", row.last_post_platform or "")
        url = row.last_post_url or ""
        if row.source == Source.SIMULATOR or not url.startswith("https://"):
            return escape(label)
        return Markup('<a href="{}" rel="noreferrer">{}</a>').format(url, label)

    def age(self, entry: UnrankedCenter) -> Markup:
        """Age of an account's last figure."""
        if entry.capture_age_days is None:
            return self._catalogue.text("never_read")
        ago = self.ago(entry.capture_age_days)
        return self._catalogue.text("last_read", ago=each(lambda language: ago[language].lower()))

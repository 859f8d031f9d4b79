"""The boards page: boards, growth, tail, programmes and the data's own health in one file that needs no network.

Indonesian with an English switch; readable on a phone and on paper; says what it rests on.
"""

import tempfile
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
from social_metrics.marts.health import OpenFinding, PlatformEvening, PlatformMeans, ProgramCoverage
from social_metrics.marts.leaderboards import (
    CenterDay,
    FollowersStanding,
    MartsReader,
    PlatformCapture,
    RecencyStanding,
    TailEntry,
    TailKind,
    read_marts,
)
from social_metrics.publish.page import chart, coverage, formats
from social_metrics.publish.page.texts import Both, Catalogue, both, each
from social_metrics.settings import load_settings

TOP = 5
CHART_DAYS = 90
EVENING_DAYS = 14


@dataclass(frozen=True)
class BoardsData:
    """What the page of one date shows, as the marts hold it."""

    day: date
    followers: list[FollowersStanding]
    recency: list[RecencyStanding]
    tail: list[TailEntry]
    captures: list[PlatformCapture]
    center_days: list[CenterDay]
    coverage: list[ProgramCoverage]
    evenings: list[PlatformEvening]
    findings: list[OpenFinding]
    means: list[PlatformMeans]

    @property
    def is_simulated(self) -> bool:
        """Whether any row comes from the simulator."""
        sources = [standing.source for standing in self.followers] + [standing.source for standing in self.recency]
        return Source.SIMULATOR in sources


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
    """Ask the marts for everything that the page of a date shows."""
    followers = marts.followers_board(day)
    leaders = [standing.center_code for standing in top(followers)]
    return BoardsData(
        day=day,
        followers=followers,
        recency=marts.recency_board(day),
        tail=marts.tail(day),
        captures=marts.captures(day),
        center_days=marts.center_days(leaders, day, CHART_DAYS),
        coverage=health.program_coverage(marts, day),
        evenings=health.evenings(marts, day, EVENING_DAYS),
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
    captures = data.captures
    first = [c.first_captured_at for c in captures if c.first_captured_at]
    last = [c.last_captured_at for c in captures if c.last_captured_at]
    first_day = data.day - timedelta(days=CHART_DAYS - 1)
    by_center = {code: list(days) for code, days in groupby(data.center_days, key=lambda day: day.center_code)}
    return environment.get_template("boards.html").render(
        data=data,
        day=each(lambda language: formats.long_date(data.day, language)),
        followers_top=top(data.followers),
        followers_rest=rest(data.followers),
        recency_top=top(data.recency),
        recency_rest=rest(data.recency),
        ties={standing.best_rank for standing in _ties(data.recency)},
        charts=[(s, chart.draw(by_center.get(s.center_code, []), first_day, data.day)) for s in top(data.followers)],
        chart=chart,
        chart_days=CHART_DAYS,
        coverage=coverage.bars(data.coverage),
        coverage_known_on=data.coverage[0].known_on_date if data.coverage else data.day,
        strips=coverage.strips(data.evenings, {c.platform: c.platform_label for c in captures}, data.day, EVENING_DAYS),
        evening_days=EVENING_DAYS,
        tail={kind: list(entries) for kind, entries in groupby(data.tail, key=lambda entry: TailKind(entry.kind))},
        expected=sum(capture.accounts_expected for capture in captures),
        read=sum(capture.accounts_captured for capture in captures),
        first_captured_at=min(first, default=None),
        last_captured_at=max(last, default=None),
    )


def top(standings: Sequence[Any]) -> list[Any]:
    """The top five: everyone whose best possible rank is five or better; ties may make it more."""
    return [standing for standing in standings if standing.best_rank is not None and standing.best_rank <= TOP]


def rest(standings: Sequence[Any]) -> list[Any]:
    """Everyone below the top five, the unranked last."""
    return [standing for standing in standings if standing.best_rank is None or standing.best_rank > TOP]


def _ties(standings: Sequence[RecencyStanding]) -> list[RecencyStanding]:
    ranks = [standing.best_rank for standing in standings]
    return [s for s in standings if s.best_rank is not None and ranks.count(s.best_rank) > 1]


class _Words:
    """Values of the page in both forms."""

    def __init__(self, catalogue: Catalogue, data: BoardsData) -> None:
        self._catalogue = catalogue
        self._labels = {capture.platform: capture.platform_label for capture in data.captures}
        self.reason = catalogue.reason
        self.band = catalogue.band
        self.next_step = catalogue.next_step
        self.rank = formats.rank

    def number(self, value: int) -> Markup:
        """A count."""
        return both(each(lambda language: formats.number(value, language)))

    def number_forms(self, value: int) -> Both:
        """A count, for a text to take in."""
        return each(lambda language: formats.number(value, language))

    def day(self, day: date) -> Both:
        """A date in words, for a text to take in."""
        return each(lambda language: formats.long_date(day, language))

    def short_date(self, day: date) -> Both:
        """A date for an axis."""
        return each(lambda language: formats.short_date(day, language))

    def share(self, share: float) -> Both:
        """A percentage, for a text to take in."""
        return each(lambda language: formats.percent(share, language))

    def usd(self, amount: Decimal) -> Both:
        """An amount of US$, for a text to take in."""
        return each(lambda language: formats.number(float(amount), language, 2))

    def change(self, standing: FollowersStanding) -> Markup | None:
        """The change over seven days with its bounds; None when it cannot be told."""
        s = standing
        told = each(
            lambda language: (
                formats.change(s.change_7d, s.change_7d_low, s.change_7d_high, s.change_7d_is_measurable, language)
                or ""
            )
        )
        return both(told) if told["id"] else None

    def ago(self, days: int) -> Both:
        """How long ago, in WIB dates: today, yesterday, n days ago."""
        key = f"days_{days}" if days in (0, 1) else "days_n"
        return each(lambda language: self._catalogue.plain(key, language, n=days))

    def local_time(self, place: RecencyStanding | TailEntry) -> Markup:
        """The last post in the center's own time, with the zone's letters."""
        if place.last_post_at is None:
            return Markup("")
        instant, zone = place.last_post_at, ZoneInfo(place.time_zone)
        letters = place.time_zone_label or place.time_zone
        return both(each(lambda language: formats.long_time(instant, zone, letters, language)))

    def wib_times(self, first: datetime | None, last: datetime | None) -> Markup | None:
        """From when to when, in WIB; one time when both are the same minute."""
        if first is None or last is None:
            return None
        same_minute = f"{first.astimezone(WIB):%H%M}" == f"{last.astimezone(WIB):%H%M}"
        instants = (first,) if same_minute else (first, last)
        return both(each(lambda language: "–".join(formats.clock_time(at, WIB, language) for at in instants)))

    def post_link(self, standing: RecencyStanding) -> Markup:
        """The platform of the last post, linked to it; a simulated post is nowhere to be found."""
        label = self._labels.get(standing.last_post_platform or "", standing.last_post_platform or "")
        url = standing.last_post_url or ""
        if standing.source == Source.SIMULATOR or not url.startswith("https://"):
            return escape(label)
        return Markup('<a href="{}" rel="noreferrer">{}</a>').format(url, label)

    def age(self, entry: TailEntry) -> Markup:
        """How old an account's last figure is."""
        if entry.capture_age_days is None:
            return self._catalogue.text("never_read")
        ago = self.ago(entry.capture_age_days)
        return self._catalogue.text("last_read", ago=each(lambda language: ago[language].lower()))

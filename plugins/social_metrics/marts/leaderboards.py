"""Reads the marts of the leaderboards as `bi_reader`, one WIB date at a time.

Nothing is computed here: the rules of the figures are in dbt.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.rows import class_row

from social_metrics.marts.unranked import UNRANKED
from social_metrics.warehouse.connect import WarehouseProblem, connect


class NoMarts(WarehouseProblem):
    """The marts were never built, or are empty."""


class NoSuchBoard(WarehouseProblem):
    """The boards do not have the requested date or scope; the message lists what they have."""


class Board(StrEnum):
    """The two boards."""

    FOLLOWERS = "followers"
    RECENCY = "recency"


DEFAULT_SCOPE = {Board.FOLLOWERS: "all_platforms", Board.RECENCY: "any_post"}


@dataclass(frozen=True, slots=True)
class FollowersRow:
    """A center on the followers board of one date.

    Attributes:
        followers_count: sum of its accounts' followers (accounts, not people); None when it is not ranked.
        followers_count_high: the greatest sum that the rounded counts may mean.
        best_rank: the best rank that rounding leaves possible; None when it is not ranked.
        completeness: share of the expected accounts that were read on the date itself, 0 to 1.
        change_7d_low: lower bound of the change over seven days, of the accounts read at both ends.
        newest_capture_at: UTC instant.
    """

    date_day: date
    scope: str
    center_code: str
    center_name: str
    city: str | None
    followers_count: int | None
    followers_count_high: int | None
    best_rank: int | None
    worst_rank: int | None
    is_ranked: bool
    unranked_reason: str | None
    accounts_expected: int
    accounts_captured: int
    accounts_carried: int
    accounts_hidden: int
    completeness: float | None
    change_7d: int | None
    change_7d_low: int | None
    change_7d_high: int | None
    change_7d_is_measurable: bool | None
    newest_capture_at: datetime | None
    source: str | None
    accounts_manual: int  # of these, entered by hand
    accounts_suspended: int  # left out: their identity is in doubt


@dataclass(frozen=True, slots=True)
class RecencyRow:
    """A center on the recency board of one date.

    Attributes:
        last_post_at: UTC instant of its newest own post known on the date.
        days_since_last_post: whole WIB dates from that post to the date.
        platforms_updated: platforms whose newest post is of the same WIB date.
        accounts_not_observed: accounts whose posts could not be read on the date.
        completeness: share of the expected accounts whose posts were read, 0 to 1.
    """

    date_day: date
    scope: str
    center_code: str
    center_name: str
    city: str | None
    time_zone: str
    time_zone_label: str | None
    last_post_at: datetime | None
    last_post_platform: str | None
    last_post_url: str | None
    days_since_last_post: int | None
    recency_band: str
    platforms_updated: int
    best_rank: int | None
    worst_rank: int | None
    is_ranked: bool
    unranked_reason: str | None
    accounts_not_observed: int
    completeness: float | None
    source: str | None
    accounts_manual: int  # entered by hand
    accounts_suspended: int  # left out: their identity is in doubt


class UnrankedKind(StrEnum):
    """Why a center is unranked or an account needs attention."""

    SILENT = "silent"
    NEVER_POSTED = "never_posted"
    RECENCY_UNKNOWN = "recency_unknown"
    WITHOUT_NUMBER = "without_number"
    NOT_CAPTURED = "not_captured"
    COUNT_WITHHELD = "count_withheld"
    NO_ACCOUNT = "no_account"
    NOT_YET_VERIFIED = "not_yet_verified"
    IDENTITY_MISMATCH = "identity_mismatch"
    RENAMED = "renamed"
    MANUAL_DIFFERS = "manual_differs"
    MANUAL_WAITING = "manual_waiting"
    UNDER_REVIEW = "under_review"


@dataclass(frozen=True, slots=True)
class UnrankedCenter:
    """A center or one of its accounts (then with platform) that is unranked or needs attention on one date.

    Attributes:
        kind: an `UnrankedKind`.
        reason: a code: an outcome, a band, or the mart's reason for the missing number.
        detail: the message of the platform.
        capture_age_days: days since the account's last reported count; None when there never was one.
    """

    kind: str
    center_code: str
    center_name: str
    time_zone: str
    time_zone_label: str | None
    platform: str | None
    platform_label: str | None
    account_code: str | None
    reason: str
    detail: str | None
    next_step: str | None
    last_post_at: datetime | None
    days_since_last_post: int | None
    capture_age_days: int | None
    known_value: str | None  # of a finding: the registry's id or handle, or the API's count
    seen_value: str | None  # of a finding: the platform's message, the new handle, or the count entered by hand


@dataclass(frozen=True, slots=True)
class PlatformCapture:
    """Completeness of one platform's capture on one date, with the first and the last UTC instant."""

    platform: str
    platform_label: str
    accounts_expected: int
    accounts_captured: int
    first_captured_at: datetime | None
    last_captured_at: datetime | None


@dataclass(frozen=True, slots=True)
class CenterDay:
    """A center's followers on one WIB date; None when the center had no number."""

    center_code: str
    date_day: date
    followers_count: int | None
    followers_count_high: int | None
    accounts_captured: int
    accounts_carried: int


Row = TypeVar("Row")

_BOARD: LiteralString = """
select b.date_day, b.scope, b.center_code, b.center_name, c.city, b.best_rank, b.worst_rank, b.is_ranked,
    b.unranked_reason, b.completeness::double precision as completeness, b.source,
    coalesce(d.accounts_manual, 0) as accounts_manual, coalesce(d.accounts_suspended, 0) as accounts_suspended,
    {columns}
from marts.leaderboard_{board} as b
left join marts.fct_center_daily as d using (center_code, date_day)
left join marts.dim_centers as c on c.center_code = b.center_code
    and b.date_day between coalesce(c.valid_from, '-infinity') and coalesce(c.valid_to, 'infinity')
where b.date_day = %s and b.scope = %s
order by b.display_order
"""
"""A board of a date and scope; the columns of one board only are filled in."""

_FOLLOWERS: LiteralString = _BOARD.format(
    board="followers",
    columns="""b.followers_count, b.followers_count_high, b.accounts_expected, b.accounts_captured, b.accounts_carried,
    b.accounts_hidden, b.newest_capture_at, d.change_7d, d.change_7d_low, d.change_7d_high,
    d.change_7d_is_measurable""",
)
_RECENCY: LiteralString = _BOARD.format(
    board="recency",
    columns="""b.time_zone, c.time_zone_label, b.last_post_at, b.last_post_platform, b.last_post_url,
    b.days_since_last_post, b.recency_band, b.platforms_updated, b.accounts_not_observed""",
)


class MartsReader:
    """Queries of the marts over one open connection, see `read_marts`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Keep the connection; no query is sent yet."""
        self._connection = connection

    def dates(self) -> tuple[date, date]:
        """First and last WIB date on the boards.

        Raises:
            NoMarts: the marts were never built, or are empty.
        """
        first, last = self.row("select min(date_day), max(date_day) from marts.leaderboard_followers")
        if first is None:
            raise NoMarts("The boards hold no date yet. Run `social-metrics capture`, then `social-metrics transform`.")
        return first, last

    def day(self, wanted: date | None) -> date:
        """The requested date, or the newest one.

        Raises:
            NoMarts: see `dates`.
            NoSuchBoard: the boards do not have that date.
        """
        first, last = self.dates()
        if wanted is None:
            return last
        (rows,) = self.row("select count(*) from marts.leaderboard_followers where date_day = %s", wanted)
        if not rows:
            raise NoSuchBoard(f"There is no board of {wanted}: the boards hold {first} to {last}.")
        return wanted

    def followers_board(self, day: date, scope: str = DEFAULT_SCOPE[Board.FOLLOWERS]) -> list[FollowersRow]:
        """Every center on the followers board, in the order shown.

        Raises:
            NoSuchBoard: the board has no such scope.
        """
        rows = self.rows(FollowersRow, _FOLLOWERS, day, scope)
        return rows or self._refuse_scope("marts.leaderboard_followers", Board.FOLLOWERS, scope)

    def recency_board(self, day: date, scope: str = DEFAULT_SCOPE[Board.RECENCY]) -> list[RecencyRow]:
        """Every center on the recency board, in the order shown.

        Raises:
            NoSuchBoard: the board has no such scope.
        """
        rows = self.rows(RecencyRow, _RECENCY, day, scope)
        return rows or self._refuse_scope("marts.leaderboard_recency", Board.RECENCY, scope)

    def unranked_centers(self, day: date) -> list[UnrankedCenter]:
        """Centers and accounts that are silent, not captured, not verified or otherwise unranked on a date."""
        return self.rows(UnrankedCenter, UNRANKED, *[day] * UNRANKED.count("%s"))

    def captures(self, day: date) -> list[PlatformCapture]:
        """Completeness and time of a date's capture, for each platform with an expected account."""
        return self.rows(
            PlatformCapture,
            """
            select e.platform, p.platform_label,
                count(*)::integer as accounts_expected,
                (count(*) filter (where e.is_captured))::integer as accounts_captured,
                min(g.captured_at) as first_captured_at,
                max(g.captured_at) as last_captured_at
            from marts.fct_capture_completeness as e
            join marts.dim_platforms as p using (platform)
            left join marts.fct_follower_growth_daily as g using (account_code, date_day)
            where e.date_day = %s and e.is_expected
            group by e.platform, p.platform_label
            order by p.platform_label
            """,
            day,
        )

    def center_days(self, center_codes: Sequence[str], last: date, days: int) -> list[CenterDay]:
        """The centers' followers on the `days` WIB dates that end with `last`, by center and date."""
        return self.rows(
            CenterDay,
            """
            select center_code, date_day, followers_count, followers_count_high, accounts_captured, accounts_carried
            from marts.fct_center_daily
            where center_code = any(%s) and date_day between %s and %s
            order by center_code, date_day
            """,
            list(center_codes),
            last - timedelta(days=days - 1),
            last,
        )

    def _refuse_scope(self, table: LiteralString, board: Board, scope: str) -> list[Any]:
        (known,) = self.row(f"select string_agg(distinct scope, ', ' order by scope) from {table}")  # noqa: S608
        raise NoSuchBoard(f"The board {board} has no scope {scope!r}; it has: {known}.")

    def row(self, query: LiteralString, *values: object) -> Any:
        """The first row of a query as a tuple; raises as `rows`."""
        with _readable_errors():
            return self._connection.execute(query, values).fetchone()

    def rows(self, row: type[Row], query: LiteralString, *values: object) -> list[Row]:
        """All rows of a query.

        Raises:
            NoMarts: the marts are not built, or of another version.
            WarehouseProblem: the login may not read the marts.
        """
        with _readable_errors(), self._connection.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute(query, values).fetchall()


@contextmanager
def read_marts(url: str) -> Iterator[MartsReader]:
    """A reader of the marts at `url`, with the rights of `bi_reader` and one snapshot for all its queries.

    Raises:
        WarehouseProblem: the warehouse cannot be reached or was never migrated.
    """
    with connect(url, "bi_reader") as connection:
        (schema,) = connection.execute("select to_regnamespace('marts')").fetchone() or (None,)
        if schema is None:  # the roles may exist all the same: they belong to the whole server
            raise WarehouseProblem("The warehouse was never migrated. Run `social-metrics migrate` first.")
        connection.commit()
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield MartsReader(connection)


@contextmanager
def _readable_errors() -> Iterator[None]:
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise NoMarts("The marts are not built yet. Run `social-metrics transform`, or `make demo`.") from error
    except psycopg.errors.UndefinedColumn as error:
        raise NoMarts(
            f"The marts are of another version ({error.diag.message_primary}). Run `social-metrics transform`."
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise WarehouseProblem(
            "social_metrics_bi_reader may not read the marts. Run `social-metrics transform`: it grants the right."
        ) from error

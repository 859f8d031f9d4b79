"""Reads the marts of programme coverage and of data health as `bi_reader`, one WIB date at a time."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from social_metrics.marts.leaderboards import MartsReader


@dataclass(frozen=True, slots=True)
class ProgramCoverage:
    """Whether a center covered a programme in the month of a date.

    Attributes:
        known_on_date: WIB date up to which the month is known.
        coverage_state: covered, not_covered, unknown (not every post could be read), no_verified_account.
        posts: own posts about it in the month, as of that date.
    """

    program: str
    program_label_id: str
    program_label_en: str
    center_code: str
    center_name: str
    known_on_date: date
    coverage_state: str
    posts: int


@dataclass(frozen=True, slots=True)
class PlatformRunSummary:
    """Accounts of one platform that were expected and captured on one WIB date."""

    platform: str
    date_day: date
    accounts_expected: int
    accounts_captured: int


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """A rule of data quality with its findings on a date: their number and the earliest start."""

    rule_id: str
    rule_label_id: str
    rule_label_en: str
    severity: str
    subjects: int
    first_found_date: date


@dataclass(frozen=True, slots=True)
class PlatformMeans:
    """Budget and credentials of one platform.

    Attributes:
        calls: on the newest budget day that began by the date; None without any call so far.
        quota_share: share of the day's quota, 0 to 1; None without a limit.
        usd_month_to_date: US$ since the start of the month.
        budget_days_left: whole days that the month's US$ still last at this pace, 366 for a year or more; None
            without a limit or while nothing was spent.
        credentials: accounts with a rotating credential.
        least_days_left: WIB dates until the first of them expires; None without one, or without a date.
    """

    platform: str
    platform_label: str
    calls: int | None
    quota_share: float | None
    usd_month_to_date: Decimal | None
    budget_days_left: int | None
    credentials: int
    least_days_left: int | None


def program_coverage(marts: MartsReader, day: date) -> list[ProgramCoverage]:
    """Every current programme × center of the month of a date, by programme and center's name."""
    return marts.rows(
        ProgramCoverage,
        """
        select p.program, p.program_label_id, p.program_label_en, v.center_code, c.center_name, v.known_on_date,
            v.coverage_state, v.posts
        from marts.fct_program_coverage as v
        join marts.dim_programs as p using (program)
        join marts.dim_centers as c on c.center_code = v.center_code
            and v.known_on_date between coalesce(c.valid_from, '-infinity') and coalesce(c.valid_to, 'infinity')
        where v.month_start = date_trunc('month', %s::date)::date and p.is_current
        order by p.program, c.center_name
        """,
        day,
    )


def run_summaries(marts: MartsReader, last: date, days: int) -> list[PlatformRunSummary]:
    """The runs of the `days` WIB dates up to `last`, by platform and date; a date without a planned run is absent."""
    return marts.rows(
        PlatformRunSummary,
        """
        select platform, date_day, count(*)::integer as accounts_expected,
            (count(*) filter (where is_captured))::integer as accounts_captured
        from marts.fct_capture_completeness
        where date_day between %s and %s and is_expected
        group by platform, date_day
        order by platform, date_day
        """,
        last - timedelta(days=days - 1),
        last,
    )


def findings(marts: MartsReader, day: date) -> list[OpenFinding]:
    """The findings of data quality on a date: severe ones first, then frequent ones."""
    return marts.rows(
        OpenFinding,
        """
        select rule_id, rule_label_id, rule_label_en, severity, count(*)::integer as subjects,
            min(first_found_date) as first_found_date
        from marts.fct_data_quality_findings
        where %s between first_found_date and last_found_date
        group by rule_id, rule_label_id, rule_label_en, severity
        order by severity = 'stop' desc, count(*) desc, rule_id
        """,
        day,
    )


def means(marts: MartsReader, day: date) -> list[PlatformMeans]:
    """Budgets and credentials of every platform that has any, by label."""
    return marts.rows(
        PlatformMeans,
        """
        select p.platform, p.platform_label, s.calls, s.quota_share::double precision as quota_share,
            s.usd_month_to_date, s.budget_days_left, coalesce(c.credentials, 0)::integer as credentials,
            c.least_days_left
        from marts.dim_platforms as p
        left join lateral (
            select calls, quota_share, usd_month_to_date, budget_days_left from marts.fct_api_spend_daily as spend
            where spend.platform = p.platform and spend.quota_date <= %s
            order by spend.quota_date desc limit 1
        ) as s on true
        left join (
            select platform, count(*) as credentials, min(days_left) as least_days_left
            from marts.fct_credential_status group by platform
        ) as c on c.platform = p.platform
        where s.calls is not null or c.credentials is not null
        order by p.platform_label
        """,
        day,
    )

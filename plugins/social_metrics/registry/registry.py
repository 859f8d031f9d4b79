"""The registry of platforms, centers and official accounts, read from the seed files and validated.

The seeds are CSV files that people edit (`dbt_project/seeds/registry`); dbt reads the same files. Every problem names
file, line and column, and what to write instead.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from zoneinfo import available_timezones

from social_metrics.errors import UsageProblem
from social_metrics.registry.account import Account
from social_metrics.registry.csv_file import SeedFile, SeedRow, rows_of
from social_metrics.registry.valid_periods import (
    DatedRows,
    check_centers,
    check_codes,
    check_identities,
    check_periods,
)

DEMO_HANDLE_PREFIX = "demo_"
ACCOUNT_STATUSES = ("placeholder", "submitted", "verified", "suspended", "closed", "missing")
CENTER_TYPES = ("sentra", "sentra_terpadu")
CAPTURE_PATHS = ("api", "manual")
VERIFICATION_MARKS = ("verified", "partly", "unconfirmed")

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_EXPONENT = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")


class RegistryProblem(UsageProblem):
    """The registry cannot be used; `problems` has one sentence per validation error."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The registry cannot be used:\n" + "\n".join(f"  {problem}" for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Platform:
    """One row of platforms.csv: everything about a platform but its protocol."""

    platform: str
    platform_label: str
    url_hosts: tuple[str, ...]
    url_path_pattern: re.Pattern[str]  # with the groups `handle` and, where an address can carry it, `id`
    url_stop_words: frozenset[str]  # first parts of a path that are not an account
    platform_account_id_pattern: re.Pattern[str]
    handle_pattern: re.Pattern[str]
    allowed_api_hosts: tuple[str, ...]
    required_from: date | None  # None: not required
    required_until: date | None
    batch_size: int  # accounts per task
    max_in_flight: int  # calls at once with one credential
    lookback_days: int  # re-read this far behind the watermark
    full_listing_days: int  # list the posts at least this often, even with an unchanged post count
    reread_age_days: tuple[int, ...]  # ages at which a known post's counts are read again; empty: with the listing
    quota_day_zone: str  # IANA zone whose midnight resets the budget
    daily_call_limit: int | None
    daily_quota_limit: int | None
    daily_usd_limit: Decimal | None
    monthly_usd_limit: Decimal | None
    count_retention_days: int | None  # of counts read without the owner's authorization
    body_retention_days: int | None
    caption_retention_days: int | None


@dataclass(frozen=True, slots=True)
class Center:
    """One dated row of centers.csv."""

    center_code: str
    center_name: str
    city: str
    province: str
    time_zone: str
    valid_from: date | None
    valid_to: date | None

    def is_valid_on(self, day: date) -> bool:
        """Whether this dated row is valid on a WIB date."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Registry:
    """The validated content of the seed files."""

    platforms: Mapping[str, Platform]
    centers: tuple[Center, ...]
    accounts: tuple[Account, ...]

    def accounts_on(self, platform: str, day: date) -> list[Account]:
        """The accounts of a platform that the extractors read on a WIB date: verified, valid, not read by hand."""
        return [
            account
            for account in self._accounts_by_platform.get(platform, ())
            if account.status == "verified" and account.capture_path == "api" and account.is_valid_on(day)
        ]

    def verified_on(self, day: date) -> list[Account]:
        """Every verified account that is valid on a WIB date, however it is read."""
        return [account for account in self.accounts if account.status == "verified" and account.is_valid_on(day)]

    def account_on(self, account_code: str, day: date) -> Account | None:
        """The row of an account code that is valid on a WIB date."""
        rows = (account for account in self.accounts if account.account_code == account_code)
        return next((account for account in rows if account.is_valid_on(day)), None)

    def center_on(self, center_code: str, day: date) -> Center | None:
        """The row of a center that is valid on a WIB date."""
        rows = (center for center in self.centers if center.center_code == center_code)
        return next((center for center in rows if center.is_valid_on(day)), None)

    def batches(self, platform: str, day: date) -> list[list[str]]:
        """The account codes expected on a WIB date, cut into the platform's batch size."""
        codes = [account.account_code for account in self.accounts_on(platform, day)]
        size = self.platforms[platform].batch_size
        return [codes[start : start + size] for start in range(0, len(codes), size)]

    @cached_property
    def _accounts_by_platform(self) -> dict[str, list[Account]]:
        accounts: dict[str, list[Account]] = defaultdict(list)
        for account in self.accounts:
            accounts[account.platform].append(account)
        return accounts


def load_registry(folder: Path) -> Registry:
    """Read and check the registry.

    Args:
        folder: holds platforms.csv, centers.csv and center_accounts.csv.

    Raises:
        RegistryProblem: with one sentence per validation error; an invalid registry is not used.
    """
    problems: list[str] = []
    platform_file = SeedFile.read(folder / "platforms.csv", _PLATFORM_COLUMNS, problems, _OPTIONAL_PLATFORM_COLUMNS)
    center_file = SeedFile.read(folder / "centers.csv", CENTER_COLUMNS, problems)
    account_rows = rows_of(folder / "center_accounts.csv", ACCOUNT_COLUMNS, problems, OPTIONAL_ACCOUNT_COLUMNS)
    if problems:
        deque(account_rows, maxlen=0)  # the errors of that file are reported as well
        raise RegistryProblem(problems)
    platforms = {row["platform"]: _platform(row) for row in platform_file.rows}
    _check_unique(platform_file.rows, "platform")
    centers = DatedRows(
        "centers.csv", [_center(row) for row in center_file.rows], [row.line for row in center_file.rows]
    )
    check_periods(centers, "center_code", problems)
    # Row by row: of a hundred thousand accounts only the account objects stay in memory.
    accounts: DatedRows[Account] = DatedRows("center_accounts.csv", [], [])
    codes = {center.center_code for center in centers.rows}
    for row in account_rows:
        accounts.rows.append(_account(row, platforms, codes))
        accounts.lines.append(row.line)
    check_periods(accounts, "account_code", problems)
    check_codes(accounts, problems)
    check_identities(accounts, problems)
    check_centers(accounts, centers, problems)
    if problems:
        raise RegistryProblem(problems)
    return Registry(platforms, tuple(centers.rows), tuple(accounts.rows))


_PLATFORM_COLUMNS = (
    "platform",
    "platform_label",
    "followers_label_id",
    "url_hosts",
    "url_path_pattern",
    "url_stop_words",
    "platform_account_id_pattern",
    "handle_pattern",
    "allowed_api_hosts",
    "required_from",
    "required_until",
    "batch_size",
    "max_in_flight",
    "lookback_days",
    "full_listing_days",
    "reread_age_days",
    "quota_day_zone",
    "daily_call_limit",
    "daily_quota_limit",
    "daily_usd_limit",
    "count_retention_days",
    "body_retention_days",
    "caption_retention_days",
)
_OPTIONAL_PLATFORM_COLUMNS = ("monthly_usd_limit",)
CENTER_COLUMNS = (
    "center_code",
    "center_name",
    "center_type",
    "city",
    "province",
    "province_iso",
    "time_zone",
    "verification_mark",
    "source_refs",
    "legacy_focus",
    "valid_from",
    "valid_to",
)
ACCOUNT_COLUMNS = (
    "account_code",
    "center_code",
    "platform",
    "platform_account_id",
    "handle",
    "url",
    "owner_unit",
    "contact_role",
    "status",
    "verified_by",
    "verified_at",
    "evidence_ref",
    "review_due_at",
    "valid_from",
    "valid_to",
)
OPTIONAL_ACCOUNT_COLUMNS = ("capture_path",)


def _platform(row: SeedRow) -> Platform:
    if not _SLUG.fullmatch(row["platform"]):
        row.problem("platform", "is not a short lower-case name; write e.g. 'youtube'")
    return Platform(
        platform=row["platform"],
        platform_label=row.required("platform_label"),
        url_hosts=row.items("url_hosts"),
        url_path_pattern=row.pattern("url_path_pattern"),
        url_stop_words=frozenset(row.items("url_stop_words")),
        platform_account_id_pattern=row.pattern("platform_account_id_pattern"),
        handle_pattern=row.pattern("handle_pattern"),
        allowed_api_hosts=row.items("allowed_api_hosts"),
        required_from=row.date("required_from"),
        required_until=row.date("required_until"),
        batch_size=row.whole("batch_size", least=1) or 1,
        max_in_flight=row.whole("max_in_flight", least=1) or 1,
        lookback_days=row.whole("lookback_days", least=0) or 0,
        full_listing_days=row.whole("full_listing_days", least=1) or 1,
        reread_age_days=row.whole_items("reread_age_days"),
        quota_day_zone=_time_zone(row, "quota_day_zone"),
        daily_call_limit=row.whole("daily_call_limit", least=1, optional=True),
        daily_quota_limit=row.whole("daily_quota_limit", least=1, optional=True),
        daily_usd_limit=row.money("daily_usd_limit"),
        monthly_usd_limit=row.money("monthly_usd_limit"),
        count_retention_days=row.whole("count_retention_days", least=1, optional=True),
        body_retention_days=row.whole("body_retention_days", least=1, optional=True),
        caption_retention_days=row.whole("caption_retention_days", least=1, optional=True),
    )


def _center(row: SeedRow) -> Center:
    if not _SLUG.fullmatch(row["center_code"]):
        row.problem("center_code", "is not a slug; write lower-case words joined by '-', e.g. 'tumou-tou'")
    row.one_of("center_type", CENTER_TYPES)
    row.one_of("verification_mark", VERIFICATION_MARKS)
    return Center(
        center_code=row["center_code"],
        center_name=row.required("center_name"),
        city=row.required("city"),
        province=row.required("province"),
        time_zone=_time_zone(row, "time_zone"),
        valid_from=row.date("valid_from"),
        valid_to=row.date("valid_to"),
    )


def _account(row: SeedRow, platforms: Mapping[str, Platform], center_codes: set[str]) -> Account:
    platform = platforms.get(row["platform"])
    if platform is None:
        row.problem("platform", f"is not a platform of platforms.csv; write one of {', '.join(sorted(platforms))}")
    if row["center_code"] not in center_codes:
        row.problem("center_code", "is not a center of centers.csv; write its code, e.g. 'kartini'")
    row.one_of("status", ACCOUNT_STATUSES)
    if platform is not None:
        _check_identity_form(row, platform)
    if row["status"] == "verified" and not (row["platform_account_id"] or row["handle"]):
        row.problem("status", "is 'verified' although id and handle are blank; fill one in, or write 'placeholder'")
    row.date("verified_at")
    if row["capture_path"]:
        row.one_of("capture_path", CAPTURE_PATHS)
    return Account(
        account_code=row["account_code"],
        center_code=row["center_code"],
        platform=row["platform"],
        platform_account_id=row["platform_account_id"] or None,
        handle=row["handle"] or None,
        url=row["url"] or None,
        status=row["status"],
        valid_from=row.date("valid_from"),
        valid_to=row.date("valid_to"),
        capture_path=row["capture_path"] or "api",
        review_due_at=row.date("review_due_at"),
    )


def _check_identity_form(row: SeedRow, platform: Platform) -> None:
    identity, handle = row["platform_account_id"], row["handle"]
    if identity and not platform.platform_account_id_pattern.fullmatch(identity):
        if _EXPONENT.fullmatch(identity):
            advice = "looks like a number that a spreadsheet rounded; format the column as text and paste the id again"
        elif identity.startswith("@") or "/" in identity or platform.handle_pattern.fullmatch(identity):
            advice = "looks like a handle; move it to the column 'handle' and write the platform's own id here"
        else:
            advice = (
                f"is not an id of {platform.platform_label} (pattern {platform.platform_account_id_pattern.pattern})"
            )
        row.problem("platform_account_id", advice)
    if handle and not platform.handle_pattern.fullmatch(handle):
        advice = (
            "has an '@' or an address in it; write the bare name"
            if "@" in handle or "/" in handle
            else (f"is not a handle of {platform.platform_label} (pattern {platform.handle_pattern.pattern})")
        )
        row.problem("handle", advice)


def _time_zone(row: SeedRow, column: str) -> str:
    if row[column] not in _time_zones():
        row.problem(column, "is not an IANA time zone; write Asia/Jakarta, Asia/Makassar or Asia/Jayapura")
    return row[column]


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())  # walks the whole database of zones: too slow for every row


def _check_unique(rows: Iterable[SeedRow], column: str) -> None:
    seen: dict[str, SeedRow] = {}
    for row in rows:
        if row[column] in seen:
            row.problem(column, f"is already on line {seen[row[column]].line}; remove one of the two")
        seen.setdefault(row[column], row)

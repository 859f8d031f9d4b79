"""What a warehouse is built from: the registry's rows and the raw records, to write them and to read them back."""

import csv
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, astuple, dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import psycopg

from social_metrics.contract import CaptureOutcome, ManualEntry, Post, ProfileSnapshot

REGISTRY = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "registry"
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Platform:
    """A line of platforms.csv, as far as the marts read it."""

    platform: str
    platform_label: str
    followers_label_id: str
    required_from: date | None
    required_until: date | None
    quota_day_zone: str = ""
    daily_call_limit: int | None = None
    daily_quota_limit: int | None = None
    daily_usd_limit: str = ""
    monthly_usd_limit: str = ""
    count_retention_days: str = ""  # a number, or nothing, as in the file


@dataclass(frozen=True, slots=True)
class Center:
    """A dated line of centers.csv, as far as the marts read it."""

    center_code: str
    center_name: str
    time_zone: str
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Account:
    """A dated line of center_accounts.csv, as far as the marts read it."""

    account_code: str
    center_code: str
    platform: str
    status: str
    valid_from: date | None
    valid_to: date | None
    handle: str = ""
    platform_account_id: str = ""
    verified_by: str = ""
    review_due_at: date | None = None
    verified_at: date | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A row of ops.spend_ledger: what one call cost."""

    response_id: UUID
    platform: str
    spent_at: datetime
    calls: int
    quota_units: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Credential:
    """A row of ops.credentials, without its secrets."""

    account_code: str
    platform: str
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    generation: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Campaign:
    """A line of campaigns.csv."""

    campaign_code: str
    title: str
    starts_at: datetime
    ends_at: datetime
    required_platforms: str  # separated by semicolons, as in the file
    terms: str
    exempt_centers: str
    program: str
    clusters: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row of ops.doubted_listings, without the missing posts."""

    account_code: str
    run_date: date
    listed_at: datetime
    detail: str
    known_count: int


@dataclass
class Evidence:
    """Everything that the marts may know."""

    platforms: list[Platform] = field(default_factory=list)
    centers: list[Center] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    campaigns: list[Campaign] = field(default_factory=list)
    snapshots: list[ProfileSnapshot] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    outcomes: list[CaptureOutcome] = field(default_factory=list)
    entries: list[tuple[ManualEntry, bool]] = field(default_factory=list)  # by hand; and whether it is confirmed
    confirmations: list[tuple[str, datetime]] = field(default_factory=list)  # of an account's identity
    calls: list[Call] = field(default_factory=list)
    credentials: list[Credential] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)


def write_registry(evidence: Evidence, folder: Path) -> None:
    """Write the registry's files with the columns of the real ones; those that the marts do not read stay empty."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, Iterable[Any]] = {
        "platforms": evidence.platforms,
        "centers": evidence.centers,
        "center_accounts": evidence.accounts,
        "campaigns": evidence.campaigns,
    }
    for real in REGISTRY.glob("*.csv"):
        with real.open(newline="", encoding="utf-8") as file:
            columns = next(csv.reader(file))
        with (folder / real.name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(asdict(record) for record in rows.get(real.stem, ()))


def write_raw(
    evidence: Evidence, url: str, loaded_at: Callable[[datetime], datetime] = lambda happened_at: happened_at
) -> None:
    """Insert the raw records; `loaded_at` turns the instant of a capture into that of its loading."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        instants = [
            *(record.captured_at for record in (*evidence.snapshots, *evidence.posts)),
            *(record.attempted_at for record in evidence.outcomes),
        ]
        cursor.execute("select ops.ensure_month_partitions(%s)", (instants,))
        for records, instant in (
            (evidence.snapshots, "captured_at"),
            (evidence.posts, "captured_at"),
            (evidence.outcomes, "attempted_at"),
        ):
            if not records:
                continue
            columns = [column.name for column in fields(records[0])]
            with cursor.copy(f"copy {records[0].table} ({', '.join(columns)}, loaded_at) from stdin") as copy:
                for record in records:
                    copy.write_row((*astuple(record), loaded_at(getattr(record, instant))))
        _write_entries(evidence, cursor)
        cursor.executemany(
            "insert into ops.spend_ledger "
            "(response_id, platform, spent_at, calls, quota_units, usd, credential, endpoint, run_id) "
            "values (%s, %s, %s, %s, %s, %s, 'key', 'posts', 'run')",
            [astuple(call) for call in evidence.calls],
        )
        cursor.executemany(
            "insert into ops.credentials (account_code, platform, access_expires_at, refresh_expires_at, generation, "
            "updated_at, refresh_token) values (%s, %s, %s, %s, %s, %s, 'sealed')",
            [astuple(credential) for credential in evidence.credentials],
        )
        cursor.executemany(
            "insert into ops.doubted_listings (account_code, run_date, listed_at, detail, known_count, missing_ids) "
            "values (%s, %s, %s, %s, %s, '{}')",
            [astuple(doubt) for doubt in evidence.doubts],
        )


def _write_entries(evidence: Evidence, cursor: psycopg.Cursor) -> None:
    for entry, is_confirmed in evidence.entries:
        key = write_entry(entry, cursor)
        if is_confirmed:
            cursor.execute(
                "insert into raw.manual_confirmations (account_code, as_of_date, version, entered_by, decision, "
                "confirmed_by, confirmed_at, confirmed_through) "
                "values (%s, %s, %s, %s, 'confirmed', 'budi', now(), 'command_line')",
                key,
            )
    for account_code, confirmed_at in evidence.confirmations:
        cursor.execute(
            "insert into ops.account_confirmations (account_code, confirmed_at, confirmed_by, evidence_ref) "
            "values (%s, %s, 'budi', 'a call') on conflict do nothing",
            (account_code, confirmed_at),
        )


def write_entry(entry: ManualEntry, cursor: psycopg.Cursor) -> tuple[Any, ...]:
    """Insert a hand entry with a proof; the key that a confirmation names it by."""
    proof = b"a screenshot"
    digest = hashlib.sha256(proof).hexdigest()
    cursor.execute(
        "insert into raw.evidence_files (sha256, file_name, media_type, byte_count, body) "
        "values (%s, 'shot.png', 'image/png', %s, %s) on conflict do nothing",
        (digest, len(proof), proof),
    )
    columns = [column.name for column in fields(ManualEntry)]
    cells = {name: getattr(entry, name) for name in columns} | {"evidence_sha256": digest, "workbook_sha256": digest}
    cursor.execute(
        f"insert into raw.manual_entries ({', '.join(columns)}) values ({', '.join(['%s'] * len(columns))}) "
        "returning account_code, as_of_date, version, entered_by",
        list(cells.values()),
    )
    key = cursor.fetchone()
    assert key is not None
    return key


def read_evidence(url: str, registry: Path) -> Evidence:
    """The evidence of an existing warehouse: its raw tables and the registry folder that it was built with."""
    evidence = Evidence(
        platforms=_read_seed(registry / "platforms.csv", Platform),
        centers=_read_seed(registry / "centers.csv", Center),
        accounts=_read_seed(registry / "center_accounts.csv", Account),
    )
    with psycopg.connect(url) as connection:
        for target, record_type in (
            (evidence.snapshots, ProfileSnapshot),
            (evidence.posts, Post),
            (evidence.outcomes, CaptureOutcome),
        ):
            columns = ", ".join(column.name for column in fields(record_type))
            for row in connection.execute(f"select {columns} from {record_type.table}"):
                target.append(record_type(*(_utc(value) for value in row)))
    return evidence


def _read_seed(path: Path, row_type: type[Row]) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            row_type(**{column.name: _seed_value(column.name, row[column.name]) for column in fields(row_type)})
            for row in csv.DictReader(file)
        ]


def _seed_value(column: str, text: str) -> str | int | date | None:
    if column in {"valid_from", "valid_to", "required_from", "required_until", "review_due_at", "verified_at"}:
        return date.fromisoformat(text) if text else None
    if column in {"daily_call_limit", "daily_quota_limit"}:
        return int(text) if text else None
    return text


def _utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def at(day: date, hour: int = 20, minute: int = 0, second: int = 0) -> datetime:
    """The UTC instant of a WIB wall-clock time; Jakarta is seven hours ahead all year."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC) - timedelta(hours=7)

"""Manual entries in the warehouse: inserted, listed for the second person, confirmed or rejected once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from social_metrics.contract import Attachment, ManualEntry
from social_metrics.errors import UsageProblem
from social_metrics.registry.persons import canonical_person, is_latin

Decision = Literal["confirmed", "rejected"]
Channel = Literal["airflow", "command_line"]

# An entry that differs in one of these is a new version.
OBSERVED = (
    "observed_at", "followers_displayed", "followers_count", "followers_precision_step", "followers_state",
    "last_post_at", "last_post_url", "posts_looked_at", "is_outreach", "program", "evidence_sha256",
)  # fmt: skip

_LOCK = "select pg_advisory_xact_lock(hashtext('social_metrics.manual_entries'))"


class ConfirmationRefused(UsageProblem):
    """This person may not decide, or no longer; the text says why."""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry in the warehouse with its decision."""

    account_code: str
    platform: str
    as_of_date: date
    version: int
    observed_at: datetime
    followers_displayed: str
    followers_count: int | None
    followers_precision_step: int | None
    followers_state: str
    last_post_at: datetime | None
    last_post_url: str | None
    posts_looked_at: str
    is_outreach: bool | None
    program: str | None
    evidence_file_name: str
    evidence_sha256: str
    workbook_place: str
    entered_by: str
    entered_at: datetime
    decision: str | None  # confirmed, rejected, or None: waits
    confirmed_by: str | None
    confirmed_at: datetime | None
    is_newest: bool  # no later version exists

    @property
    def key(self) -> str:
        """How a person names it: account/date/version."""
        return entry_key(self.account_code, self.as_of_date, self.version)


def entry_key(account_code: str, as_of_date: date, version: int) -> str:
    """`kartini-youtube/2026-11-24/1`."""
    return f"{account_code}/{as_of_date.isoformat()}/{version}"


def parse_key(key: str) -> tuple[str, date, int]:
    """The parts of a key.

    Raises:
        UsageProblem: it is none.
    """
    parts = key.split("/")
    try:
        account_code, day, version = parts
        return account_code, date.fromisoformat(day), int(version)
    except ValueError as error:
        raise UsageProblem(
            f"{key!r} names no entry; write account/date/version as `social-metrics entry list` shows it, "
            "e.g. kartini-youtube/2026-11-24/1."
        ) from error


def lock(connection: psycopg.Connection) -> None:
    """Lock out other imports until this transaction ends: versions are counted and attachments compared."""
    connection.execute(_LOCK)


def newest_entries(
    connection: psycopg.Connection, keys: Collection[tuple[str, date]]
) -> dict[tuple[str, date], StoredEntry]:
    """The newest version of each account and date asked for, as far as there is one."""
    if not keys:
        return {}
    accounts, days = zip(*keys, strict=True)
    found = _entries(
        connection,
        "where (e.account_code, e.as_of_date) in (select * from unnest(%s::text[], %s::date[]))",
        (list(accounts), list(days)),
    )
    return {(entry.account_code, entry.as_of_date): entry for entry in found if entry.is_newest}


def attachment_uses(connection: psycopg.Connection, digests: Collection[str]) -> dict[str, set[tuple[str, date]]]:
    """The accounts and dates for which each attachment was used before."""
    uses: dict[str, set[tuple[str, date]]] = {}
    for digest, account_code, day in connection.execute(
        "select distinct evidence_sha256, account_code, as_of_date from raw.manual_entries "
        "where evidence_sha256 = any(%s)",
        (list(digests),),
    ):
        uses.setdefault(digest, set()).add((account_code, day))
    return uses


def insert(connection: psycopg.Connection, files: Iterable[Attachment], entries: Sequence[ManualEntry]) -> None:
    """Insert attachments and entries; the caller's transaction commits all or nothing."""
    with connection.cursor() as cursor:
        for record_type, records in ((Attachment, list(files)), (ManualEntry, list(entries))):
            names = [column.name for column in fields(record_type)]
            statement = sql.SQL("insert into {} ({}) values ({}){}").format(
                sql.Identifier(*record_type.table.split(".")),
                sql.SQL(", ").join(map(sql.Identifier, names)),
                sql.SQL(", ").join(sql.Placeholder() * len(names)),
                sql.SQL(" on conflict do nothing" if record_type is Attachment else ""),
            )
            cursor.executemany(statement, [[getattr(record, name) for name in names] for record in records])


def list_entries(connection: psycopg.Connection, *, only_waiting: bool) -> list[StoredEntry]:
    """Entries by account, date and version; `only_waiting`: the newest versions without a decision."""
    found = _entries(connection, "", ())
    return [entry for entry in found if not only_waiting or (entry.decision is None and entry.is_newest)]


def decide(
    connection: psycopg.Connection,
    keys: Sequence[str],
    *,
    decision: Decision,
    decided_by: str,
    decided_at: datetime,
    channel: Channel,
    note: str | None = None,
) -> list[StoredEntry]:
    """Confirm or reject entries, all or none; returns them as they were before.

    Raises:
        ConfirmationRefused: an entry is the decider's own, was decided on, or has a newer version.
        UsageProblem: a key names no entry.
    """
    person = decided_by.strip().lower()
    if not is_latin(person):
        raise ConfirmationRefused(
            f"The confirming person is {person!r}; give the user name, in Latin letters without look-alikes."
        )
    with connection.transaction():
        lock(connection)
        entries = [_entry(connection, key) for key in dict.fromkeys(keys)]
        for entry in entries:
            if canonical_person(entry.entered_by) == canonical_person(person):
                raise ConfirmationRefused(
                    f"{entry.key} was entered by {entry.entered_by}: another person has to confirm it. "
                    "Nothing was changed."
                )
            if entry.decision is not None:
                raise ConfirmationRefused(
                    f"{entry.key} was {entry.decision} by {entry.confirmed_by} already. To change it, hand in a "
                    "corrected workbook; that makes a new version."
                )
            if not entry.is_newest:
                raise ConfirmationRefused(
                    f"{entry.key} has a newer version; decide on that one: see `social-metrics entry list`."
                )
            connection.execute(
                """
                insert into raw.manual_confirmations (account_code, as_of_date, version, entered_by, decision,
                    confirmed_by, confirmed_at, confirmed_through, note)
                values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
                """,
                (
                    entry.account_code, entry.as_of_date, entry.version, entry.entered_by, decision, person,
                    decided_at, channel, note,
                ),
            )  # fmt: skip
    return entries


def _entry(connection: psycopg.Connection, key: str) -> StoredEntry:
    found = _entries(connection, "where e.account_code = %s and e.as_of_date = %s and e.version = %s", parse_key(key))
    if not found:
        raise UsageProblem(f"There is no entry {key}; `social-metrics entry list` shows those that wait.")
    return found[0]


def _entries(connection: psycopg.Connection, condition: str, values: Sequence[object]) -> list[StoredEntry]:
    with connection.cursor(row_factory=class_row(StoredEntry)) as cursor:
        return cursor.execute(
            f"""
            select e.account_code, e.platform, e.as_of_date, e.version, e.observed_at, e.followers_displayed,
                e.followers_count, e.followers_precision_step, e.followers_state, e.last_post_at, e.last_post_url,
                e.posts_looked_at, e.is_outreach, e.program, e.evidence_file_name, e.evidence_sha256,
                e.workbook_place, e.entered_by, e.entered_at, c.decision, c.confirmed_by, c.confirmed_at,
                not exists (
                    select from raw.manual_entries as later
                    where later.account_code = e.account_code and later.as_of_date = e.as_of_date
                        and later.version > e.version
                ) as is_newest
            from raw.manual_entries as e
            left join raw.manual_confirmations as c using (account_code, as_of_date, version)
            {condition}
            order by e.account_code, e.as_of_date, e.version
            """,  # noqa: S608  the conditions are constants of this file
            values,
        ).fetchall()

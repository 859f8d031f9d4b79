"""A close in the record: its parts, their digests, and the steps that people took."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from social_metrics.audit.rules import Rule, inputs_digest

RULES = "the stored seeds and models"
"""The part of a close that may not be executed unless its digest holds."""

_SCORECARD_DIGEST = """
select encode(sha256(convert_to(coalesce(string_agg(
    mart || ' ' || row_key || ' ' || encode(sha256(convert_to(figures::text, 'UTF8')), 'hex'),
    E'\\n' order by mart collate "C", row_key collate "C"), ''), 'UTF8')), 'hex')
from audit.scorecard_rows where month_start = %s and version = %s
"""

_EXCEPTIONS_DIGEST = """
select encode(sha256(convert_to(coalesce(string_agg(
    jsonb_build_array(exception_no, center_code, account_code, kind, detail, days, first_date, last_date)::text,
    E'\\n' order by exception_no), ''), 'UTF8')), 'hex')
from audit.exceptions where month_start = %s and version = %s
"""


@dataclass(frozen=True)
class Close:
    """A row of `audit.closes`; instants are UTC, digests in hexadecimal, reports print `sha256`."""

    month_start: date
    version: int
    drafted_at: datetime
    drafted_by: str
    seal_no: int
    seal_sha256: str
    previous_close_sha256: str
    code_version: str
    retention_as_of: datetime
    first_captured_at: datetime | None
    last_captured_at: datetime | None
    account_days_expected: int
    account_days_captured: int
    retention_basis: dict[str, Any]
    access_list: list[dict[str, Any]]
    score_weights_version: str | None
    indicator_sheet_version: str
    sources: list[str]
    scorecard_sha256: str
    exceptions_sha256: str
    inputs_sha256: str
    sha256: str

    @property
    def content(self) -> tuple[str, str, str]:
        """The digests that two versions of an unchanged month share."""
        return (self.scorecard_sha256, self.exceptions_sha256, self.inputs_sha256)


@dataclass(frozen=True)
class Step:
    """A row of `audit.approvals`: one person's step with a version; instants are UTC."""

    action: str  # submitted, checked, approved, refused
    person: str
    login: str
    channel: str
    acted_at: datetime
    reason: str | None


COLUMNS = tuple(column.name for column in fields(Close))


def close_digest(connection: psycopg.Connection, close: Close) -> str:
    """The sha256 of a close over all its members but the digest; jsonb in the database's own text.

    One line per member, name and value, in the order of `Close`.
    """
    lines = ["social-metrics close"]
    for name in COLUMNS[:-1]:
        value = getattr(close, name)
        if isinstance(value, datetime):
            value = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        elif isinstance(value, (dict, list)):
            value = next(iter(connection.execute("select %s::jsonb::text", (Jsonb(value),))))[0]
        lines.append(f"{name} {'' if value is None else value}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def latest_close(connection: psycopg.Connection, month_start: date) -> Close | None:
    """The newest version of a month; None when it was never drafted."""
    closes = closes_of(connection, month_start)
    return closes[-1] if closes else None


def closes_of(connection: psycopg.Connection, month_start: date) -> list[Close]:
    """All versions of a month, oldest first."""
    with connection.cursor(row_factory=class_row(Close)) as cursor:
        return cursor.execute(
            f"select {', '.join(COLUMNS)} from audit.closes where month_start = %s order by version",  # noqa: S608
            (month_start,),
        ).fetchall()


def steps_of(connection: psycopg.Connection, close: Close) -> list[Step]:
    """The steps of a version, in their order."""
    with connection.cursor(row_factory=class_row(Step)) as cursor:
        return cursor.execute(
            "select action, person, login, channel, acted_at, reason from audit.approvals "
            "where month_start = %s and version = %s order by acted_at",
            (close.month_start, close.version),
        ).fetchall()


def status_of(steps: Iterable[Step]) -> str:
    """draft, submitted, checked, approved or refused."""
    actions = [step.action for step in steps]
    for action in ("refused", "approved", "checked", "submitted"):
        if action in actions:
            return action
    return "draft"


def stored_rules(connection: psycopg.Connection, close: Close) -> list[Rule]:
    """The seeds and models of a close, in the order of building."""
    return [
        Rule(kind, name, content, tuple(types or ()), materialized)
        for kind, name, content, types, materialized in connection.execute(
            "select kind, name, content, column_types, materialized from audit.close_inputs "
            "where month_start = %s and version = %s order by place",
            (close.month_start, close.version),
        )
    ]


def scorecard_digest(connection: psycopg.Connection, month_start: date, version: int) -> str:
    """The sha256 over the scorecard rows of a version, in the order of mart and key."""
    return str(next(iter(connection.execute(_SCORECARD_DIGEST, (month_start, version))))[0])


def exceptions_digest(connection: psycopg.Connection, month_start: date, version: int) -> str:
    """The sha256 over the exceptions of a version, in their order."""
    return str(next(iter(connection.execute(_EXCEPTIONS_DIGEST, (month_start, version))))[0])


def broken_digests(connection: psycopg.Connection, close: Close) -> list[str]:
    """The parts of a close that do not match their digests; none when it is intact."""
    key = (close.month_start, close.version)
    rules = stored_rules(connection, close)
    stated = connection.execute(
        "select kind || ' ' || name, sha256 from audit.close_inputs where month_start = %s and version = %s", key
    ).fetchall()
    checks = {
        "the scorecard": scorecard_digest(connection, *key) == close.scorecard_sha256,
        "the exceptions": exceptions_digest(connection, *key) == close.exceptions_sha256,
        RULES: inputs_digest(rules) == close.inputs_sha256
        and dict(stated) == {f"{rule.kind} {rule.name}": rule.sha256 for rule in rules},
        "the close itself": close_digest(connection, close) == close.sha256,
    }
    return [part for part, holds in checks.items() if not holds]

"""The lineage of a closed figure: back to the bytes that a platform sent, or to the attachment and two persons."""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import dict_row

from social_metrics.audit.figure_names import current_figures
from social_metrics.audit.record import Close, latest_close, status_of, steps_of
from social_metrics.errors import UsageProblem

STAGING_OF_CAPTURES = "staging.stg_social__profile_snapshots"
STAGING_OF_ENTRIES = "staging.stg_social__manual_entries"

Facts = dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """One stage of the lineage: its name, its place, and its facts (instants are UTC)."""

    name: str
    place: str
    facts: Facts


def trace(connection: psycopg.Connection, center_code: str, platform: str, month_start: date) -> list[Stage]:
    """The stages from the closed figure of a center on a platform back to its evidence, in their order.

    Args:
        connection: as the role closer, no transaction open.
        center_code: of the center.
        platform: of the account.
        month_start: first day of a month that was drafted or closed.

    Raises:
        UsageProblem: the month has no close, or nothing of that account in it.
    """
    with connection.transaction():
        close = latest_close(connection, month_start)
        if close is None:
            raise UsageProblem(f"{month_start:%Y-%m} was never closed; social-metrics close --month makes its draft.")
        closed = _closed_row(connection, close, center_code, platform)
        figures = current_figures(closed["figures"])
        status = status_of(steps_of(connection, close))
        stages = [
            Stage(
                "report",
                f"{month_start:%Y-%m} version {close.version}, {center_code} on {platform}",
                {"followers": figures["followers_count"], "status": status, "close_sha256": close.sha256},
            ),
            Stage("audit row", f"audit.scorecard_rows {closed['mart']} {closed['row_key']}", _short(figures)),
            _mart_row(connection, figures),
        ]
        by_hand = bool(figures["is_manual"])
        stages.append(_staging(connection, close, STAGING_OF_ENTRIES if by_hand else STAGING_OF_CAPTURES, figures))
        evidence = _entry if by_hand else _capture
        stages += evidence(connection, figures)
        stages.append(
            Stage("code", "audit.closes", {"code_version": close.code_version, "inputs": close.inputs_sha256})
        )
        return stages


def _closed_row(connection: psycopg.Connection, close: Close, center_code: str, platform: str) -> Facts:
    """The stored row of the last day of the month on which the account has a count."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "select mart, row_key, figures from audit.scorecard_rows where month_start = %s and version = %s "
            "and mart = 'fct_follower_growth_daily' and center_code = %s and figures ->> 'platform' = %s "
            "order by figures ->> 'followers_count' is null, figures ->> 'date_day' desc limit 1",
            (close.month_start, close.version, center_code, platform),
        ).fetchone()
    if row is None:
        raise UsageProblem(
            f"{close.month_start:%Y-%m} holds no account of {center_code!r} on {platform!r}: none was expected there."
        )
    return row


def _short(figures: Facts) -> Facts:
    wanted = ("date_day", "followers_count", "followers_precision_step", "followers_state", "outcome", "captured_at")
    return {name: figures[name] for name in wanted}


def _mart_row(connection: psycopg.Connection, figures: Facts) -> Stage:
    row = _one(
        connection,
        "select to_jsonb(built) as figures from marts.fct_follower_growth_daily as built "
        "where account_code = %s and date_day = %s::date",
        figures["account_code"],
        figures["date_day"],
    )
    now: Facts = row["figures"] if row else {}
    facts = {**(_short(now) if now else {}), "same_as_closed": bool(now) and _short(now) == _short(figures)}
    return Stage("mart row", f"marts.fct_follower_growth_daily {figures['account_code']} {figures['date_day']}", facts)


def _staging(connection: psycopg.Connection, close: Close, model: str, figures: Facts) -> Stage:
    row = _one(
        connection,
        "select sha256 from audit.close_inputs "
        "where month_start = %s and version = %s and kind = 'model' and name = %s",
        close.month_start,
        close.version,
        model,
    )
    facts = {"sql_sha256": row["sha256"] if row else None, "as_of_date": figures["date_day"]}
    return Stage("staging", f"{model} {figures['account_code']} {figures['captured_at']}", facts)


def _capture(connection: psycopg.Connection, figures: Facts) -> list[Stage]:
    snapshot = _one(
        connection,
        "select attempt_id, captured_at, followers_count, followers_precision_step, followers_state, handle_seen, "
        "platform_account_id_seen, authorization_mode, source, response_id, run_id, try_number "
        "from raw.profile_snapshots where account_code = %s and captured_at = %s::timestamptz "
        "order by attempt_id desc limit 1",
        figures["account_code"],
        figures["captured_at"],
    )
    if snapshot is None:
        return [_missing("snapshot", "raw.profile_snapshots", figures)]
    response = _one(
        connection,
        "select endpoint, api_version, http_status, received_at, received_sha256, kept_sha256, received_bytes, "
        "attempt, run_id, expires_at from raw.api_responses where response_id = %s",
        snapshot["response_id"],
    )
    body = _one(connection, "select body from raw.response_bodies where response_id = %s", snapshot["response_id"])
    stages = [
        Stage(
            "snapshot",
            f"raw.profile_snapshots {snapshot['attempt_id']}",
            {
                **snapshot,
                **_seal(connection, "raw.profile_snapshots", str(snapshot["attempt_id"])),
                **_purge(connection, "raw.profile_snapshots", str(snapshot["attempt_id"])),
            },
        ),
        Stage("response", f"raw.api_responses {snapshot['response_id']}", response or {"found": False}),
    ]
    if response:
        place = f"raw.response_bodies {snapshot['response_id']}"
        stages.append(Stage("bytes", place, _bytes(connection, snapshot["response_id"], response, body)))
    stages.append(_run(connection, snapshot))
    return stages


def _bytes(connection: psycopg.Connection, response_id: object, response: Facts, body: Facts | None) -> Facts:
    if body is None:
        purge = _purge(connection, "raw.response_bodies", str(response_id))
        return purge or {"message": "the bytes are missing without a recorded purge: run social-metrics verify"}
    is_same = hashlib.sha256(body["body"]).hexdigest() == response["kept_sha256"]
    return {"message": "the kept bytes have this sha256" if is_same else "the kept bytes differ"}


def _purge(connection: psycopg.Connection, table: str, first_key: str) -> Facts:
    """The purge of a row with its reason; empty without one."""
    row = _one(
        connection,
        "select purges.purge_no, field, reason, source, rows.purged_at, encode(row_sha256, 'hex') as sha256_before "
        "from ops.purged_rows as rows join ops.purges using (purge_no) "
        "where rows.table_name = %s and rows.row_key like %s order by rows.purge_no limit 1",
        table,
        f'["{first_key}"%',
    )
    if row is None:
        return {}
    message = (
        f"{row['field']} purged by policy on {row['purged_at']:%Y-%m-%d} ({row['reason']}, purge {row['purge_no']})"
    )
    return {"message": message, "rule": row["source"], "sha256_before": row["sha256_before"]}


def _run(connection: psycopg.Connection, snapshot: Facts) -> Stage:
    """The run and its code: several versions when it was continued with other code."""
    row = _one(
        connection,
        "select string_agg(code_version, ', ' order by began_at, code_version) as versions "
        "from raw.runs where run_id = %s",
        snapshot["run_id"],
    )
    versions = row["versions"] if row else None
    return Stage("run", snapshot["run_id"], {"try_number": snapshot["try_number"], "code_version": versions})


def _entry(connection: psycopg.Connection, figures: Facts) -> list[Stage]:
    entry = _one(
        connection,
        "select e.version, e.followers_displayed, e.followers_count, e.observed_at, e.entered_by, e.entered_at, "
        "e.evidence_file_name, e.evidence_sha256, e.workbook_sha256, e.workbook_place, c.confirmed_by, c.confirmed_at, "
        "c.confirmed_through, encode(sha256(f.body), 'hex') = e.evidence_sha256 as evidence_matches "
        "from raw.manual_entries as e "
        "join raw.manual_confirmations as c using (account_code, as_of_date, version) "
        "join raw.evidence_files as f on f.sha256 = e.evidence_sha256 "
        "where e.account_code = %s and e.observed_at = %s::timestamptz and c.decision = 'confirmed' "
        "order by e.version desc limit 1",
        figures["account_code"],
        figures["captured_at"],
    )
    if entry is None:
        return [_missing("entry by hand", "raw.manual_entries", figures)]
    persons = ("entered_by", "entered_at", "confirmed_by", "confirmed_at", "confirmed_through")
    file = ("evidence_file_name", "evidence_sha256", "evidence_matches", "workbook_sha256", "workbook_place")
    place = f"raw.manual_entries {figures['account_code']}/{figures['date_day']}/{entry['version']}"
    facts = {name: entry[name] for name in entry if name not in (*persons, *file)}
    return [
        Stage("entry by hand", place, facts),
        Stage("attachment", f"raw.evidence_files {entry['evidence_sha256']}", {name: entry[name] for name in file}),
        Stage("two persons", "raw.manual_confirmations", {name: entry[name] for name in persons}),
    ]


def _missing(name: str, table: str, figures: Facts) -> Stage:
    place = f"{table} {figures['account_code']} {figures['captured_at']}"
    return Stage(name, place, {"found": False, "outcome": figures["outcome"]})


def _seal(connection: psycopg.Connection, table: str, first_key: str) -> Facts:
    row = _one(
        connection,
        "select seal_no, encode(row_sha256, 'hex') as row_sha256 from audit.sealed_rows "
        "where table_name = %s and row_key like %s limit 1",
        table,
        f'["{first_key}"%',
    )
    return row or {"seal_no": None}


def _one(connection: psycopg.Connection, query: str, *parameters: object) -> Facts | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchone()

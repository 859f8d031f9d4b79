"""The stored month that reports are made of; nothing is read from today's marts or seeds.

Figures are `audit.scorecard_rows`; labels and names come from the seeds kept with the close.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import dict_row

from social_metrics.audit.answers import AskedException, exceptions_of
from social_metrics.audit.closing import RecordAltered
from social_metrics.audit.corrections import Correction, corrections_of
from social_metrics.audit.figure_names import current_figures
from social_metrics.audit.log.entries import head_of_month
from social_metrics.audit.record import Close, Step, broken_digests, closes_of, status_of, steps_of, stored_rules
from social_metrics.audit.rules import MARTS_OF_A_MONTH
from social_metrics.clock import month_before
from social_metrics.errors import UsageProblem
from social_metrics.publish.page.formats import Language

Figures = Mapping[str, Any]

# Retention may have deleted a snapshot before the report is made; its day is listed all the same.
_EVIDENCE = """
select daily.center_code, daily.account_code, daily.figures ->> 'platform' as platform,
    (daily.figures ->> 'date_day')::date as date_day, (daily.figures ->> 'captured_at')::timestamptz as captured_at,
    case when read.attempt_id is null then 'purged' else 'response' end as evidence,
    answer.endpoint, answer.http_status, read.response_id::text as reference, answer.kept_sha256 as sha256,
    read.run_id as run_or_persons
from audit.scorecard_rows as daily
left join raw.profile_snapshots as read on read.account_code = daily.account_code
    and read.captured_at = (daily.figures ->> 'captured_at')::timestamptz
left join raw.api_responses as answer on answer.response_id = read.response_id
where daily.month_start = %(month)s and daily.version = %(version)s and daily.mart = 'fct_follower_growth_daily'
    and daily.figures ->> 'captured_at' is not null and not (daily.figures ->> 'is_manual')::boolean
union all
select daily.center_code, daily.account_code, daily.figures ->> 'platform', (daily.figures ->> 'date_day')::date,
    entry.observed_at, 'entry_by_hand', null, null, entry.evidence_file_name, entry.evidence_sha256,
    entry.entered_by || ' / ' || confirmed.confirmed_by
from audit.scorecard_rows as daily
join raw.manual_entries as entry on entry.account_code = daily.account_code
    and entry.observed_at = (daily.figures ->> 'captured_at')::timestamptz
join raw.manual_confirmations as confirmed
    on (confirmed.account_code, confirmed.as_of_date, confirmed.version)
    = (entry.account_code, entry.as_of_date, entry.version)
where daily.month_start = %(month)s and daily.version = %(version)s and daily.mart = 'fct_follower_growth_daily'
    and (daily.figures ->> 'is_manual')::boolean and confirmed.decision = 'confirmed'
    and confirmed.loaded_at <= %(drafted_at)s
order by 1, 2, 4, 5, 9
"""


@dataclass(frozen=True)
class MonthRecord:
    """An approved version with everything that its reports show.

    Attributes:
        rows: mart → its rows of the month, in the order of their keys.
        seeds: seed → its rows, as the close kept them.
        exceptions: with the answers given before the approval.
        corrections: the approved ones.
        before: the rows of the followers board of the month before, as approved; None when there is no such close.
        recency_before: the same of the recency board.
        evidence: one row per captured account day: the response, or the entry by hand.
        log_head: the head of the log of seals that covers every signature and correction.
    """

    close: Close
    steps: list[Step]
    rows: Mapping[str, list[Figures]]
    seeds: Mapping[str, list[dict[str, str]]]
    exceptions: list[AskedException]
    corrections: list[Correction]
    before: list[Figures] | None
    recency_before: list[Figures] | None
    evidence: Sequence[Figures]
    log_head: str

    @property
    def centers(self) -> list[Figures]:
        """The scorecard rows, in the order of the followers board."""
        order = {row["center_code"]: row["display_order"] for row in self.board("leaderboard_followers")}
        return sorted(
            self.rows["fct_center_monthly"], key=lambda row: (order.get(row["center_code"], 10**6), row["center_code"])
        )

    @property
    def is_simulated(self) -> bool:
        """Whether any figure of the month comes from the simulator."""
        return "simulator" in self.close.sources

    def board(self, mart: str) -> list[Figures]:
        """The board of the month's last day, all platforms and any post, in the order shown."""
        return _shown(self.rows[mart])

    def labels(self, seed: str, key: str, language: Language) -> dict[str, str]:
        """The labels of a seed: key → label in the language."""
        return {row[key]: row[f"label_{language}"] for row in self.seeds.get(seed, [])}


def approved_close(connection: psycopg.Connection, month_start: date) -> Close:
    """The approved version of a month.

    Raises:
        UsageProblem: the month has none; only an approved month has reports.
    """
    found = _approved(connection, month_start)
    if found is None:
        raise UsageProblem(
            f"{month_start:%Y-%m} is not approved, so it has no reports. "
            f"social-metrics close --month {month_start:%Y-%m} --action status names the next person."
        )
    return found


def read_month(
    connection: psycopg.Connection, month_start: date, version: int | None = None, *, through_seal: int | None = None
) -> MonthRecord:
    """Read what the reports of a month need; the caller's transaction is repeatable read.

    Args:
        connection: as the role closer.
        month_start: first day of the month.
        version: refuse when another one was approved.
        through_seal: show what this seal and those before cover: later corrections and closes are left out.

    Raises:
        RecordAltered: a digest of the version does not hold.
        UsageProblem: the month is not approved.
    """
    close = approved_close(connection, month_start)
    if version not in (None, close.version):
        raise UsageProblem(f"{month_start:%Y-%m} version {version} is not approved; version {close.version} is.")
    broken = broken_digests(connection, close)
    if broken:
        raise RecordAltered(
            f"{month_start:%Y-%m} version {close.version}: {', '.join(broken)} was altered, so no report is made. "
            "Run social-metrics verify."
        )
    earlier = _approved(connection, month_before(month_start))
    if earlier and not _is_sealed(connection, "audit.approvals", through_seal, earlier.month_start, earlier.version):
        earlier = None
    earlier_rows = _rows(connection, earlier) if earlier else None
    corrections = [
        one
        for one in corrections_of(connection, month_start)
        if one.approver and _is_sealed(connection, "audit.corrections", through_seal, one.correction_no)
    ]
    wanted = {"month": month_start, "version": close.version, "drafted_at": close.drafted_at}
    with connection.cursor(row_factory=dict_row) as cursor:
        evidence = cursor.execute(_EVIDENCE, wanted).fetchall()
    return MonthRecord(
        close=close,
        steps=steps_of(connection, close),
        rows=_rows(connection, close),
        seeds={
            rule.name.partition(".")[2]: list(csv.DictReader(io.StringIO(rule.content)))
            for rule in stored_rules(connection, close)
            if rule.kind != "model"
        },
        exceptions=exceptions_of(connection, month_start, close.version),
        corrections=corrections,
        before=_shown(earlier_rows["leaderboard_followers"]) if earlier_rows else None,
        recency_before=_shown(earlier_rows["leaderboard_recency"]) if earlier_rows else None,
        evidence=evidence,
        log_head=head_of_month(connection, close, [one.correction_no for one in corrections]),
    )


def _approved(connection: psycopg.Connection, month_start: date) -> Close | None:
    closes = [one for one in closes_of(connection, month_start) if status_of(steps_of(connection, one)) == "approved"]
    return closes[-1] if closes else None


def _is_sealed(connection: psycopg.Connection, table: str, through_seal: int | None, *key: object) -> bool:
    """Whether a seal up to this one covers a row; an approval is the last step of its version."""
    if through_seal is None:
        return True
    texts = [*map(str, key), *(["approved"] if table == "audit.approvals" else [])]
    row = connection.execute(
        "select from audit.sealed_rows where table_name = %s and row_key = %s::jsonb::text and seal_no <= %s",
        (table, json.dumps(texts), through_seal),
    ).fetchone()
    return row is not None


def _rows(connection: psycopg.Connection, close: Close) -> dict[str, list[Figures]]:
    by_mart: dict[str, list[Figures]] = {mart: [] for mart in MARTS_OF_A_MONTH}
    for mart, figures in connection.execute(
        "select mart, figures from audit.scorecard_rows where month_start = %s and version = %s "
        'order by mart, row_key collate "C"',
        (close.month_start, close.version),
    ):
        by_mart.setdefault(mart, []).append(current_figures(figures))
    return by_mart


def _shown(board: list[Figures]) -> list[Figures]:
    """The rows of the scope that reports show, in their order."""
    return sorted(
        (row for row in board if row["scope"] in ("all_platforms", "any_post")), key=lambda row: row["display_order"]
    )

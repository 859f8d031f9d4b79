"""Refusals for a missing consent that are not yet confirmed as revocations."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True)
class UnansweredRefusal:
    """An account whose platform reports a missing consent, neither confirmed nor fixed; the instant is UTC."""

    account_code: str
    platform: str
    first_refused_at: datetime


def unanswered_refusals(connection: psycopg.Connection) -> list[UnansweredRefusal]:
    """Accounts whose latest response reports a missing consent, without a revocation recorded since.

    The response alone deletes nothing: a changed password gives the same one, and deletion is final.

    Args:
        connection: as a role that may read raw and ops.
    """
    with connection.cursor(row_factory=class_row(UnansweredRefusal)) as cursor:
        return cursor.execute(
            """
            with last as (
                select distinct on (account_code) account_code, platform, outcome, attempted_at
                from raw.capture_outcomes
                where outcome not in ('not_attempted', 'rate_limited', 'platform_unavailable', 'budget_exhausted')
                order by account_code, attempted_at desc
            )
            select last.account_code, last.platform, first_refused.first_refused_at
            from last
            cross join lateral (
                select min(refused.attempted_at) as first_refused_at
                from raw.capture_outcomes as refused
                where refused.account_code = last.account_code and refused.outcome = 'consent_revoked'
                    and refused.attempted_at > coalesce((
                        select max(read.attempted_at) from raw.capture_outcomes as read
                        where read.account_code = last.account_code and read.outcome in ('captured', 'captured_partly')
                    ), '-infinity'::timestamptz)
            ) as first_refused
            where last.outcome = 'consent_revoked' and not exists (
                select from ops.revocations
                where revocations.account_code = last.account_code
                    and revocations.recorded_at >= first_refused.first_refused_at
            )
            order by 1
            """
        ).fetchall()

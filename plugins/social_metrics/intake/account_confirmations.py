"""Confirmations that an account with an identity mismatch is the center's own."""

from datetime import datetime

import psycopg

from social_metrics.contract import Outcome
from social_metrics.errors import UsageProblem


def confirm(
    connection: psycopg.Connection, account_code: str, confirmed_by: str, confirmed_at: datetime, evidence_ref: str
) -> None:
    """Record the confirmation of an account that is suspended for a mismatch.

    Args:
        connection: with the loader's rights.
        account_code: the account.
        confirmed_by: user name, lower case.
        confirmed_at: UTC instant.
        evidence_ref: what shows it.

    Raises:
        UsageProblem: no mismatch of this account waits for a confirmation.
    """
    row = connection.execute(
        """
        select max(attempted_at) from raw.capture_outcomes
        where account_code = %s and outcome = %s and attempted_at > coalesce(
            (select max(confirmed_at) from ops.account_confirmations where account_code = %s), '-infinity')
        """,
        (account_code, Outcome.IDENTITY_MISMATCH.value, account_code),
    ).fetchone()
    if row is None or row[0] is None:
        raise UsageProblem(f"No identity mismatch of {account_code} waits for a confirmation.")
    connection.execute(
        """
        insert into ops.account_confirmations (account_code, confirmed_at, confirmed_by, evidence_ref)
        values (%s, greatest(%s, %s + interval '1 microsecond'), %s, %s)
        """,
        (account_code, confirmed_at, row[0], confirmed_by, evidence_ref),
    )

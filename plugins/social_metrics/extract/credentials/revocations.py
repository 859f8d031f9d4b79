"""Revocations: an owner has withdrawn the authorisation of an account."""

from datetime import datetime

import psycopg

from social_metrics.errors import UsageProblem


def record_revocation(
    connection: psycopg.Connection, account_code: str, platform: str, revoked_at: datetime, reason: str
) -> int:
    """Write down that an authorisation was taken back; the next run of retention deletes what was read until then.

    Args:
        connection: as the role loader or retention; the caller commits.
        account_code: of the registry.
        platform: of the account.
        revoked_at: UTC instant of the revocation; what is captured later is kept.
        reason: how it is known.

    Returns:
        the revocation's number.

    Raises:
        UsageProblem: no reason is given.
    """
    if not reason.strip():
        raise UsageProblem("A revocation deletes history: say how it is known (--reason).")
    row = connection.execute(
        "insert into ops.revocations (account_code, platform, revoked_at, reason) values (%s, %s, %s, %s) "
        "returning revocation_no",
        (account_code, platform, revoked_at, reason),
    )
    return int(next(iter(row))[0])

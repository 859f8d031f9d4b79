"""Revocations: an owner has withdrawn the authorisation of an account."""

from datetime import datetime

import psycopg

from social_metrics.errors import UsageProblem
from social_metrics.registry.registry import Registry


def record_revocation(
    connection: psycopg.Connection, account_code: str, platform: str, revoked_at: datetime, reason: str
) -> int:
    """Record that an authorisation was revoked; the next retention run deletes what was read until then.

    Args:
        connection: as the role loader; the caller commits.
        account_code: of the registry.
        platform: of the account.
        revoked_at: UTC instant of the revocation; later captures are kept.
        reason: the evidence of the revocation.

    Returns:
        the revocation's number.

    Raises:
        UsageProblem: no reason is given.
    """
    if not reason.strip():
        raise UsageProblem("A revocation deletes history: name its evidence (--reason).")
    row = connection.execute(
        "insert into ops.revocations (account_code, platform, revoked_at, reason) values (%s, %s, %s, %s) "
        "returning revocation_no",
        (account_code, platform, revoked_at, reason),
    )
    return int(next(iter(row))[0])


def record_reported_revocation(
    connection: psycopg.Connection,
    registry: Registry,
    account_code: str,
    revoked_at: datetime,
    reason: str,
    now: datetime,
) -> int:
    """Record a revocation that a person reports; otherwise the same as `record_revocation`.

    Raises:
        UsageProblem: the registry has no such account, or the revocation is in the future.
    """
    account = next((account for account in registry.accounts if account.account_code == account_code), None)
    if account is None:
        raise UsageProblem(f"The registry has no account {account_code!r}.")
    if revoked_at > now:
        raise UsageProblem(
            f"{revoked_at:%Y-%m-%d %H:%M} is in the future; a revocation is recorded after it has happened."
        )
    return record_revocation(connection, account_code, account.platform, revoked_at, reason)

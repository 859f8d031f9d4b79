"""What a person asks of the captures as a whole; what one batch needs to know is in `capture_state`."""

from collections.abc import Iterable
from datetime import datetime

import psycopg


def last_captures(connection: psycopg.Connection) -> dict[str, datetime]:
    """platform → UTC instant of its last successful capture; a platform without one is not in it."""
    rows = connection.execute(
        "select platform, max(captured_at) from raw.profile_snapshots group by platform"
    ).fetchall()
    return {str(platform): instant for platform, instant in rows}


def accounts_with_tokens(connection: psycopg.Connection, account_codes: Iterable[str]) -> set[str]:
    """Those of the accounts for which a rotating token is stored."""
    rows = connection.execute(
        "select account_code from ops.credentials where account_code = any(%s)", (list(account_codes),)
    ).fetchall()
    return {str(row[0]) for row in rows}

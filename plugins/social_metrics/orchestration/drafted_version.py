"""The version of a month that `draft_month` has drafted, as the later tasks of `close_month` read it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import psycopg

from social_metrics.audit.record import Close, latest_close


def month_of_version(close: Mapping[str, Any]) -> date:
    """The first day of the version's month."""
    return date.fromisoformat(close["month"])


def load_if_newest(connection: psycopg.Connection, close: Mapping[str, Any]) -> Close | None:
    """The version from the record; None when the month has a newer one, or no version any more."""
    newest = latest_close(connection, month_of_version(close))
    return newest if newest is not None and newest.version == close["version"] else None

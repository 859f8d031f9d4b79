"""What the later tasks of `close_month` share: the version that was drafted, and whether it still counts."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import psycopg
from airflow.sdk import BaseOperator

from social_metrics.audit.record import Close, latest_close


class DraftedVersionOperator(BaseOperator):
    """An operator that works on a drafted version.

    Args:
        close: what `DraftMonthOperator` returned.
    """

    template_fields = ("close",)

    def __init__(self, *, close: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.close = close


def month_of_version(close: Mapping[str, Any]) -> date:
    """The first day of the version's month."""
    return date.fromisoformat(close["month"])


def if_newest(connection: psycopg.Connection, close: Mapping[str, Any]) -> Close | None:
    """The version as the record has it; None when the month has a newer one, or none any more."""
    newest = latest_close(connection, month_of_version(close))
    return newest if newest is not None and newest.version == close["version"] else None

"""Which centers have something to answer."""

from datetime import UTC, date, datetime
from typing import Any

from airflow.sdk import BaseOperator

from social_metrics.audit.answers import exceptions_of
from social_metrics.audit.record import latest_close, status_of, steps_of
from social_metrics.hooks.warehouse import WarehouseHook
from social_metrics.operators.plain_failure import plain_failure
from social_metrics.warehouse.connect import connect


class ListExceptionsOperator(BaseOperator):
    """Return the codes of the centers that are asked: none once the version was submitted or the days have passed.

    Args:
        close: what `DraftMonthOperator` returned.
    """

    template_fields = ("close",)

    def __init__(self, *, close: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.close = close

    def execute(self, context: Any) -> list[str]:
        """Ask the record."""
        month = date.fromisoformat(self.close["month"])
        with plain_failure(), connect(WarehouseHook().url(), "closer") as connection:
            close = latest_close(connection, month)
            if close is None or close.version != self.close["version"]:
                return []
            is_open = status_of(steps_of(connection, close)) == "draft"
            exceptions = exceptions_of(connection, month, close.version)
        by_center: dict[str, int] = {}
        for one in exceptions:
            by_center[one.center_code] = by_center.get(one.center_code, 0) + 1
        self.log.info("%d exceptions: %s", len(exceptions), by_center)
        has_time = datetime.fromisoformat(self.close["answer_until"]) > datetime.now(UTC)
        return sorted(by_center) if is_open and has_time else []

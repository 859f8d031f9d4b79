"""Which centers have something to answer."""

from datetime import datetime
from typing import Any

from social_metrics.audit.answers import exceptions_of
from social_metrics.audit.record import status_of, steps_of
from social_metrics.clock import utc_now
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.drafted_version import DraftedVersionOperator, if_newest
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.warehouse.connect import connect


class ListExceptionsOperator(DraftedVersionOperator):
    """Return the codes of the centers that are asked: none once the version was submitted or the days have passed."""

    def execute(self, context: Any) -> list[str]:
        """Ask the record."""
        with plain_failure(), connect(WarehouseHook().url(), "closer") as connection:
            close = if_newest(connection, self.close)
            if close is None:
                return []
            is_open = status_of(steps_of(connection, close)) == "draft"
            exceptions = exceptions_of(connection, close.month_start, close.version)
        by_center: dict[str, int] = {}
        for one in exceptions:
            by_center[one.center_code] = by_center.get(one.center_code, 0) + 1
        self.log.info("%d exceptions: %s", len(exceptions), by_center)
        has_time = datetime.fromisoformat(self.close["answer_until"]) > utc_now()
        return sorted(by_center) if is_open and has_time else []

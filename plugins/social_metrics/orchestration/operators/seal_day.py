"""The day's seal."""

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator

from social_metrics.audit.seals import seal_days, sealing
from social_metrics.clock import utc_now, wib_date
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.warehouse.connect import connect


class SealDayOperator(BaseOperator):
    """Seal the WIB days that are over: every row of theirs that no seal covers yet. Again does no harm."""

    def execute(self, context: Any) -> list[dict[str, Any]]:
        """Return the new seals."""
        with plain_failure(), connect(WarehouseHook().url(), "closer") as connection, sealing(connection):
            made = seal_days(connection, wib_date(utc_now()) - timedelta(days=1))
        for seal in made:
            self.log.info("Seal %s through %s: %s", seal.seal_no, seal.through_date, seal.sha256)
        return [
            {"seal_no": seal.seal_no, "through_date": seal.through_date.isoformat(), "sha256": seal.sha256}
            for seal in made
        ]

"""One dbt layer per task."""

from datetime import date
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from social_metrics.orchestration.assets import MARTS, RAW
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.settings import load_settings
from social_metrics.transform.run import TransformFailed, run_layer


class BuildLayerOperator(BaseOperator):
    """Build one layer and run the data tests that it completes.

    The facts end with the day of the capture that started the run; a run started by hand ends them with
    the last evidence in raw.

    Args:
        layer: a key of `transform.LAYERS`.
    """

    def __init__(self, *, layer: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = layer

    def execute(self, context: Any) -> dict[str, Any]:
        """Run dbt; return the number of nodes by type and status.

        Raises:
            AirflowFailException: data tests found something; running them again finds it again.
            AirflowException: dbt could not build a node; the retries try once more.
        """
        with plain_failure():
            settings = load_settings()
            url = WarehouseHook().url()
            try:
                report = run_layer(self.layer, settings, url, through_date=_captured_day(context))
            except TransformFailed as failure:
                if failure.is_finding:
                    raise
                raise AirflowException(str(failure)) from None
        summary = {"layer": self.layer, "dbt_invocation_id": report.invocation_id, "nodes": report.counts()}
        if MARTS in self.outlets:
            context["outlet_events"][MARTS].extra.update(summary)
        return summary


def _captured_day(context: Any) -> date | None:
    """The latest WIB date among the captures that started this run."""
    events = context["triggering_asset_events"].get(RAW, [])
    days = [date.fromisoformat(event.extra["day"]) for event in events if event.extra.get("day")]
    return max(days, default=None)

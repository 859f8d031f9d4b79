"""Raw into the lake, where a lake is set."""

from typing import Any

from airflow.sdk import BaseOperator, ObjectStoragePath

from social_metrics.errors import UsageProblem
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.orchestration.operators.watch_health import situation_now
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings
from social_metrics.transform.lake.landing import land


class LandLakeOperator(BaseOperator):
    """Bring SOCIAL_METRICS_LAKE to what raw holds; again does no harm.

    An object store's credentials are an Airflow connection's: `s3://connection@bucket/prefix`.
    """

    def execute(self, context: Any) -> dict[str, int]:
        """Return the number of WIB dates written by table, and of rows.

        Raises:
            AirflowFailException: no lake is set.
            AirflowException: the warehouse or the lake does not answer.
        """
        with plain_failure():
            settings = load_settings()
            if not settings.lake:
                raise UsageProblem("SOCIAL_METRICS_LAKE names no lake.")
            now = situation_now(list(load_registry(settings.registry_dir).platforms), self.log)
            landing = land(WarehouseHook().url(), ObjectStoragePath(settings.lake), now)
        return {table: len(days) for table, days in landing.written.items()} | {"rows": landing.rows}

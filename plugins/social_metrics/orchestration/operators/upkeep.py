"""Keeps the warehouse and Airflow's own database quick."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import BaseHook, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException, AirflowSkipException

from social_metrics.clock import utc_now
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.orchestration.operators.watch_health import situation_now
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import METADATA_CONN_ID
from social_metrics.warehouse.maintenance import drop_emptied_months, make_months, vacuum_tables


class KeepMonthsOperator(BaseOperator):
    """Make raw's partitions three months ahead, and let emptied ones go. Again does no harm."""

    def execute(self, context: Any) -> dict[str, Any]:
        """Return how many partitions were made, and which were dropped."""
        with plain_failure():
            url = WarehouseHook().url()
            now = situation_now(list(load_registry(load_settings().registry_dir).platforms), self.log)
            made = make_months(url, now)
            dropped = drop_emptied_months(url, now)
        self.log.info("%d partitions made; emptied and dropped: %s", made, ", ".join(dropped) or "none")
        return {"made": made, "dropped": dropped}


class VacuumTablesOperator(BaseOperator):
    """Vacuum and count the warehouse's tables."""

    def execute(self, context: Any) -> int:
        """Return how many tables that were."""
        with plain_failure():
            return vacuum_tables(WarehouseHook().url())


class CleanAirflowOperator(BaseOperator):
    """`airflow db clean`: what is older than SOCIAL_METRICS_AIRFLOW_KEEP_DAYS leaves Airflow's own database.

    A task may not know where that database is; the connection `social_metrics_airflow` says it.
    """

    def execute(self, context: Any) -> None:
        """Run the command.

        Raises:
            AirflowSkipException: there is no such connection.
            AirflowException: the command failed; its output stands in the log.
        """
        try:
            uri = BaseHook.get_connection(METADATA_CONN_ID).get_uri()
        except AirflowNotFoundException as error:
            raise AirflowSkipException(
                f"There is no connection {METADATA_CONN_ID} to Airflow's own database: nothing is cleaned."
            ) from error
        before = utc_now() - timedelta(days=load_settings().airflow_keep_days)
        command = [
            *(str(Path(sys.executable).with_name("airflow")), "db", "clean", "--yes", "--skip-archive"),
            *("--error-on-cleanup-failure", "--clean-before-timestamp", before.isoformat()),
        ]
        address = "postgresql+psycopg2" + uri[uri.index("://") :]
        environment = {**os.environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address}
        environment.pop("AIRFLOW__CORE__SQL_ALCHEMY_CONN", None)
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in done.stdout.splitlines():
            self.log.info("%s", line)
        if done.returncode:
            raise AirflowException(f"airflow db clean ended with {done.returncode}; the lines above say why.")

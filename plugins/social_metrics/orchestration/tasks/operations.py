"""Tasks that keep the installation healthy: seals, retention, alerts, partitions, vacuum, Airflow's own database."""

import logging
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import BaseHook, task
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException, AirflowSkipException

from social_metrics.audit.seals import seal_days, sealing
from social_metrics.clock import utc_now, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.monitoring.checks import find_alerts
from social_metrics.monitoring.notifications import notify
from social_metrics.monitoring.outage import outage_reported
from social_metrics.monitoring.situation import Situation
from social_metrics.orchestration.clocks import current_time
from social_metrics.orchestration.failures import translate_errors
from social_metrics.orchestration.hooks.social_api import SocialApiHook
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.plain_text import printable
from social_metrics.registry.registry import load_registry
from social_metrics.retention import enforce
from social_metrics.retention.revocation import unanswered_refusals
from social_metrics.settings import load_settings
from social_metrics.warehouse import maintenance
from social_metrics.warehouse.connect import METADATA_CONN_ID, connect

log = logging.getLogger(__name__)


@task
@translate_errors()
def seal_day() -> list[dict[str, Any]]:
    """Seal the WIB days that have ended: every row of theirs that no seal covers yet; return the new seals."""
    with connect(WarehouseHook().url(), "recorder") as connection, sealing(connection):
        seals = seal_days(connection, wib_date(utc_now()) - timedelta(days=1))
    for seal in seals:
        log.info("Seal %s through %s: %s", seal.seal_no, seal.through_date, seal.sha256)
    return [
        {"seal_no": seal.seal_no, "through_date": seal.through_date.isoformat(), "sha256": seal.sha256}
        for seal in seals
    ]


@task
@translate_errors()
def enforce_retention() -> list[dict[str, Any]]:
    """Purge by the rules of retention_rules.csv, record each loss, and return what was purged.

    Raises:
        AirflowFailException: after the purge, when captions cannot be tagged and are therefore still kept.
    """
    settings = load_settings()
    registry = load_registry(settings.registry_dir)
    url = WarehouseHook().url()
    report = enforce.enforce_retention(settings, registry, url, current_time(registry.platforms))
    for due in report.items:
        log.info("%s: %s %s of %s: %s", due.reason, due.row_count, due.field, due.platform, due.rule)
    with connect(url, "retention") as connection:
        for refused in unanswered_refusals(connection):
            log.warning(
                "%s reports that %s withdrew its consent: authorise it again, or run "
                "`social-metrics retention --action revoked --account %s`.",
                *(refused.platform, refused.account_code, refused.account_code),
            )
    if report.unread:
        raise UsageProblem(f"Captions are kept until they can be tagged: {report.unread}")
    return [
        {
            "table": due.table,
            "field": due.field,
            "platform": due.platform,
            "reason": due.reason,
            "rows": due.row_count,
        }
        for due in report.items
    ]


@task(multiple_outputs=False)
@translate_errors()
def watch_health() -> dict[str, Any]:
    """Find alerts, record them in `ops.alerts`, and send what is due; return the kinds found and the messages sent.

    Raises:
        AirflowException: a message could not be sent.
    """
    settings = load_settings()
    registry = load_registry(settings.registry_dir)
    url = WarehouseHook().url()
    now = current_time(registry.platforms)
    with outage_reported(url, settings):
        alerts = find_alerts(Situation(registry, settings, url, now, _connection))
        for alert in alerts:
            log.warning("%s: %s", alert.kind, printable(alert.text))
        sent = notify(alerts, url, settings, now)
    return {"found": [f"{alert.kind}/{alert.subject}" for alert in alerts], "sent": sent}


@task(multiple_outputs=False)
@translate_errors()
def maintain_partitions() -> dict[str, Any]:
    """Create raw's partitions three months ahead and drop emptied ones; return how many were created, which dropped."""
    url = WarehouseHook().url()
    now = current_time(load_registry(load_settings().registry_dir).platforms)
    made = maintenance.make_months(url, now)
    dropped = maintenance.drop_emptied_months(url, now)
    log.info("%d partitions created; emptied and dropped: %s", made, ", ".join(dropped) or "none")
    return {"made": made, "dropped": dropped}


@task
@translate_errors()
def vacuum_tables() -> int:
    """Vacuum and analyze the warehouse's tables; return their number."""
    return maintenance.vacuum_tables(WarehouseHook().url())


@task
@translate_errors()
def clean_airflow() -> None:
    """Run `airflow db clean` for what is older than SOCIAL_METRICS_AIRFLOW_KEEP_DAYS.

    A task may not know the address of Airflow's own database; the connection `social_metrics_airflow` holds it.

    Raises:
        AirflowSkipException: there is no such connection.
        AirflowException: the command failed; its output is in the log.
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
        log.info("%s", line)
    if done.returncode:
        raise AirflowException(f"airflow db clean ended with {done.returncode}; the lines above say why.")


def _connection(platform: str) -> PlatformConnection:
    """A platform's connection from Airflow; a missing one is reported like an unusable one."""
    try:
        return SocialApiHook.of(platform).get_conn()
    except AirflowException as problem:
        raise UsageProblem(str(problem)) from None

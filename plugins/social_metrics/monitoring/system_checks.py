"""Checks of the warehouse, of the marts and of the machine."""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import requests

from social_metrics.clock import utc_now, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.extract.state import clock_of_warehouse
from social_metrics.marts.leaderboards import read_marts
from social_metrics.monitoring.capture_checks import NAMED_IN_ALERTS, RETRY
from social_metrics.monitoring.findings import Alert, AlertKind, CheckResult, Verdict, shortened
from social_metrics.monitoring.situation import Situation
from social_metrics.publish.bi.logins import altered_logins
from social_metrics.publish.page.formats import long_date
from social_metrics.warehouse.connect import Role, connect
from social_metrics.warehouse.maintenance import missing_partitions
from social_metrics.warehouse.sessions import SERVER_RIGHTS, end_long_sessions

ROLES: tuple[Role, ...] = ("loader", "transformer", "bi_reader")
TRANSFORM = "social-metrics transform"
DISK_SHARE = 0.10
MOST_DRIFT = timedelta(seconds=60)
MOST_SILENCE = timedelta(minutes=3)


def check_warehouse(url: str) -> CheckResult:
    """The warehouse answers, is migrated, and this login can use its roles."""
    for role in ROLES:
        try:
            with connect(url, role):
                pass
        except UsageProblem as problem:
            return CheckResult("warehouse", Verdict.FINDING, str(problem), "see the sentence")
    if alert := pending_migrations(url):
        return CheckResult("warehouse", Verdict.FINDING, alert.message, alert.next_step)
    message = f"answers, is migrated, and its roles ({', '.join(ROLES)}) can be used"
    return CheckResult("warehouse", Verdict.GOOD, message)


def pending_migrations(url: str) -> Alert | None:
    """The alert of a warehouse that is not migrated to the newest version."""
    # Alembic and SQLAlchemy take a second to import.
    from social_metrics.warehouse import migrate

    pending = migrate.pending(url)
    if not pending:
        return None
    message = f"The warehouse's migrations are pending: {', '.join(pending)}."
    return Alert(AlertKind.MIGRATIONS_PENDING, "warehouse", message, "social-metrics migrate")


def disk(at: Situation, _warehouse: psycopg.Connection) -> Iterator[Alert]:
    """The volumes of this machine that we write to have space; the database server watches its own."""
    settings = at.settings
    folders = (
        settings.state_dir,
        settings.manual_entry_inbox,
        settings.reports_destination,
        os.environ.get("AIRFLOW_HOME"),
    )
    devices = set()
    for folder in (Path(folder) for folder in folders if folder and "://" not in str(folder)):
        while not folder.exists():
            folder = folder.parent
        if folder.stat().st_dev in devices:
            continue
        devices.add(folder.stat().st_dev)
        usage = shutil.disk_usage(folder)
        if usage.free < DISK_SHARE * usage.total:
            message = f"Only {usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB are free on the volume of {folder}."
            yield Alert(AlertKind.DISK_FULL, str(folder), message, "free or add space before raw cannot be written")


def drift(_at: Situation, warehouse: psycopg.Connection) -> Iterator[Alert]:
    """The clocks of this machine and of the warehouse agree."""
    difference = abs(clock_of_warehouse(warehouse) - utc_now())
    if difference > MOST_DRIFT:
        seconds = f"{difference.total_seconds():.0f}"
        message = f"The clocks of this machine and of the warehouse differ by {seconds} seconds."
        next_step = "set both by NTP: a capture carries its date by the clock"
        yield Alert(AlertKind.CLOCK_DRIFT, "warehouse", message, next_step)


def partitions(at: Situation, warehouse: psycopg.Connection) -> Iterator[Alert]:
    """The coming month's partitions exist."""
    if missing := missing_partitions(warehouse, at.now):
        names = shortened(missing, NAMED_IN_ALERTS)
        message = f"The first captures of the coming month will wait for their partitions: {names} do not exist."
        next_step = "run the DAG maintain, and see why it did not"
        yield Alert(AlertKind.PARTITION_MISSING, missing[0][-6:], message, next_step)


def scheduler(at: Situation, _warehouse: psycopg.Connection) -> Iterator[Alert]:
    """Airflow reports its scheduler's heartbeat; run on another machine this also finds that Airflow is down."""
    address = at.settings.airflow_health_url
    if not address:
        return
    try:
        body = requests.get(address, timeout=10).json()
        silent = utc_now() - datetime.fromisoformat(body["scheduler"]["latest_scheduler_heartbeat"])
        if silent <= MOST_SILENCE:
            return
        message = f"Airflow's scheduler has been silent for {int(silent.total_seconds() // 60)} minutes."
    except (requests.RequestException, KeyError, TypeError, ValueError) as error:
        message = f"Airflow does not report its scheduler's heartbeat ({type(error).__name__} at {address})."
    yield Alert(AlertKind.SCHEDULER_SILENT, "scheduler", message, f"start the scheduler again; meanwhile {RETRY}")


def marts(at: Situation, warehouse: psycopg.Connection) -> Iterator[CheckResult]:
    """There are boards, as new as the last capture."""
    try:
        with read_marts(at.url) as reader:
            first, newest = reader.dates()
    except UsageProblem as problem:
        yield CheckResult("marts", Verdict.FINDING, str(problem), TRANSFORM)
        return
    row = warehouse.execute("select max(captured_at) from raw.profile_snapshots").fetchone()
    if row and row[0] and wib_date(row[0]) > newest:
        captured = long_date(wib_date(row[0]), "en")
        message = f"the boards end on {long_date(newest, 'en')}, the captures on {captured}"
        yield CheckResult("marts", Verdict.FINDING, message, TRANSFORM)
    else:
        message = f"boards of {long_date(first, 'en')} to {long_date(newest, 'en')}"
        yield CheckResult("marts", Verdict.GOOD, message)


def stale_marts(_at: Situation, warehouse: psycopg.Connection) -> Iterator[Alert]:
    """No capture waits for more than two hours to be transformed."""
    row = warehouse.execute(
        """
        select max(o.loaded_at), (select max(finished_at) from ops.mart_builds)
        from raw.capture_outcomes as o where o.loaded_at < now() - interval '2 hours'
        """
    ).fetchone()
    loaded, built = row if row else (None, None)
    if loaded is not None and (built is None or built < loaded):
        message = "Captures wait for more than two hours to be transformed: the boards are older than raw."
        yield Alert(AlertKind.MARTS_STALE, "marts", message, TRANSFORM)


def failed_nodes(_at: Situation, warehouse: psycopg.Connection) -> Iterator[CheckResult]:
    """Every node of the last dbt invocation succeeded."""
    for node, status, error in _failed_nodes(warehouse):
        message = f"{node}: {status}{f', {error}' if error else ''}"
        yield CheckResult("transform", Verdict.FINDING, message, TRANSFORM)


def failed_transform(_at: Situation, warehouse: psycopg.Connection) -> Iterator[Alert]:
    """The last dbt invocation succeeded."""
    if failed := [node for node, _, _ in _failed_nodes(warehouse)]:
        message = f"The last transform failed at {shortened(failed, NAMED_IN_ALERTS)}."
        yield Alert(AlertKind.TRANSFORM_FAILED, "transform", message, TRANSFORM)


def _failed_nodes(warehouse: psycopg.Connection) -> list[tuple[str, str, str | None]]:
    return warehouse.execute(
        """
        select unique_id, status, message from ops.dbt_results
        where status in ('error', 'fail', 'runtime error') and invocation_id = (
            select invocation_id from ops.dbt_results order by finished_at desc limit 1)
        order by unique_id
        """
    ).fetchall()


def long_sessions(at: Situation, _warehouse: psycopg.Connection) -> Iterator[Alert]:
    """No reader holds a lock or a transaction for long; such a session is ended."""
    with psycopg.connect(at.url, connect_timeout=10) as service:
        sessions, are_ended = end_long_sessions(service)
    for session in sessions:
        what = "was ended" if are_ended else "could not be ended"
        message = f"The session {session.pid} of {session.login} held {session.reason}, and {what}."
        next_step = (
            f"ask {session.login} what it was for"
            if are_ended
            else f"as administrator: select pg_terminate_backend({session.pid}), and run {SERVER_RIGHTS}"
        )
        yield Alert(AlertKind.SESSION_TOO_LONG, session.login, message, next_step)


def reading_logins(at: Situation, _warehouse: psycopg.Connection) -> Iterator[Alert]:
    """The logins of the BI tools have the settings and the passwords that they were given."""
    key = at.settings.bi_login_key
    for name, fault in altered_logins(at.url, at.settings.bi_login, key).items() if key else ():
        yield Alert(
            AlertKind.LOGIN_ALTERED, name, f"The login {name} was altered: {fault}.", "social-metrics bi logins"
        )


def reader_rights(_at: Situation, warehouse: psycopg.Connection) -> Iterator[CheckResult]:
    """Readers can neither take the locks of the record, nor write large objects, nor run programs."""
    (open_to_all,) = warehouse.execute(
        "select has_function_privilege('social_metrics_bi_reader', 'pg_advisory_lock(bigint)', 'execute') "
        "or has_function_privilege('social_metrics_bi_reader', 'lo_create(oid)', 'execute') "
        "or has_language_privilege('social_metrics_bi_reader', 'plpgsql', 'usage')"
    ).fetchone() or (False,)
    if open_to_all:
        message = "every login can take the warehouse's locks, write large objects or run programs in the database"
        next_step = f"as administrator run {SERVER_RIGHTS} in its database, then social-metrics migrate"
        yield CheckResult("warehouse", Verdict.FINDING, message, next_step)

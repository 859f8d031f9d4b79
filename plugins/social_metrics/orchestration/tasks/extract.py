"""Tasks of `extract_social_metrics`."""

import logging
from collections import Counter
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from social_metrics.clock import WIB, Clock, SystemClock, wib_date
from social_metrics.contract import Outcome
from social_metrics.extract import state
from social_metrics.extract.platform_run import capture_batch
from social_metrics.extract.run_all import open_batches
from social_metrics.extract.run_clock import refuse_other_day
from social_metrics.orchestration.assets import RAW
from social_metrics.orchestration.clocks import connection_clock
from social_metrics.orchestration.failures import translate_errors
from social_metrics.orchestration.hooks.social_api import SocialApiHook
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect

log = logging.getLogger(__name__)


@task
@translate_errors()
def open_run(platforms: list[str], dag_run: Any = None) -> str:
    """Return the run date: today's WIB date (ISO), which every later task keeps.

    Args:
        platforms: of the registry; the first whose connection can be used gives the time.

    Raises:
        AirflowFailException: the run belongs to another date; it would write today's numbers under that date.
        AirflowSkipException: it is too late to start.
    """
    clock = connection_clock(platforms)
    now = clock.now()
    today = wib_date(now)
    refuse_other_day(_date_of_run(dag_run, clock), today)
    cutoff = load_settings().capture_cutoff
    if now.astimezone(WIB).time() > cutoff:
        raise AirflowSkipException(
            f"It is past {cutoff:%H:%M} WIB (SOCIAL_METRICS_CAPTURE_CUTOFF): a capture started now could "
            "run into the next day."
        )
    return today.isoformat()


@task
@translate_errors()
def plan_batches(platform: str, day: str) -> list[list[str]]:
    """Return the platform's batches with an account that is not complete: lists of account codes, one per task.

    A retry run after a complete day returns none, and the platform's `extract_batch` is skipped.
    """
    settings = load_settings()
    registry = load_registry(settings.registry_dir)
    return open_batches(platform, date.fromisoformat(day), registry, WarehouseHook().url(), settings)


@task(multiple_outputs=False)
@translate_errors()
def extract_batch(
    platform: str, account_codes: list[str], day: str, dag_run: Any = None, ti: Any = None
) -> dict[str, Any]:
    """Read the batch's accounts that are not complete today, and write them; return a summary without their numbers.

    An account that a platform refuses does not fail the task: it has its outcome in raw. A retry reads only
    what is still missing.

    Raises:
        AirflowFailException: the run belongs to another date, or the connection or registry cannot be used.
    """
    settings = load_settings()
    report = capture_batch(
        platform,
        account_codes,
        run_id=dag_run.run_id,
        try_number=ti.try_number,
        registry=load_registry(settings.registry_dir),
        connection=SocialApiHook.of(platform).get_conn(),
        warehouse_url=WarehouseHook().url(),
        settings=settings,
        expected_day=date.fromisoformat(day),
    )
    log.info("%s", report)
    return {**asdict(report), "day": report.day.isoformat()}


@task(multiple_outputs=False, outlets=[RAW])
@translate_errors()
def publish_raw(day: str | None, dag_run: Any = None, outlet_events: Any = None) -> dict[str, Any]:
    """Publish the raw asset when this run wrote anything; the event says how complete the day is.

    Raises:
        AirflowSkipException: the run wrote nothing, so there is nothing to transform.
    """
    if day is None:
        raise AirflowSkipException("The run was not opened; see the log of open_run.")
    registry = load_registry(load_settings().registry_dir)
    run_date = date.fromisoformat(day)
    with connect(WarehouseHook().url(), "loader") as connection:
        attempts = state.attempts_of_run(connection, dag_run.run_id, run_date)
        outcomes = state.best_outcomes(connection, run_date)
    if not attempts:
        raise AirflowSkipException(f"Nothing was left to read on {day}: raw is unchanged.")
    event = {"day": day, "attempts": attempts, "platforms": _completeness(registry, run_date, outcomes)}
    outlet_events[RAW].extra.update(event)
    return event


def _date_of_run(dag_run: Any, clock: Clock) -> date | None:
    """The WIB date that a run belongs to; a run without a logical date belongs to the date of its creation.

    The simulator's calendar is not Airflow's: there only a logical date counts.
    """
    instant: datetime | None = dag_run.logical_date
    if instant is None and isinstance(clock, SystemClock):
        instant = dag_run.run_after
    return wib_date(instant) if instant is not None else None


def _completeness(registry: Registry, day: date, outcomes: dict[str, Outcome]) -> dict[str, dict[str, Any]]:
    """Platform → accounts expected and captured on the date so far, and how many have which outcome."""
    platforms = {}
    for platform in registry.platforms:
        reached = Counter(
            outcomes.get(account.account_code, Outcome.NOT_ATTEMPTED).value
            for account in registry.accounts_on(platform, day)
        )
        platforms[platform] = {
            "expected": reached.total(),
            "captured": reached[Outcome.CAPTURED.value],
            "outcomes": dict(sorted(reached.items())),
        }
    return platforms

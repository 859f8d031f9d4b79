"""Tasks of `close_month` before the signatures: the draft, and the centers that are asked."""

import logging
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

from airflow.sdk import task

from social_metrics.audit.answers import exceptions_of
from social_metrics.audit.closing import draft_close
from social_metrics.audit.record import latest_close, status_of, steps_of
from social_metrics.audit.working_days import end_of_working_days, load_holidays
from social_metrics.clock import month_before, utc_now, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.orchestration.drafted_version import load_if_newest
from social_metrics.orchestration.failures import translate_errors
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect

log = logging.getLogger(__name__)


@task(multiple_outputs=False)
@translate_errors()
def draft_month(params: Any = None, dag_run: Any = None) -> dict[str, Any]:
    """Draft the month of the run; return the month, its version, and until when the centers may answer.

    A version that was already submitted or checked is kept.

    Raises:
        AirflowFailException: the month cannot be closed; the message says why.
    """
    settings = load_settings()
    url = WarehouseHook().url()
    month = month_of(params, dag_run)
    with connect(url, "closer") as connection:
        close = latest_close(connection, month)
        status = status_of(steps_of(connection, close)) if close else "none"
    if close is None or status not in ("submitted", "checked"):
        close = draft_close(settings, url, month)
    with connect(url, "closer") as connection:
        status = status_of(steps_of(connection, close))
    until = end_of_working_days(utc_now(), settings.center_answer_working_days, load_holidays(settings.dbt_project_dir))
    log.info("%s version %s is %s; digest %s", f"{month:%Y-%m}", close.version, status, close.sha256)
    return {"month": month.isoformat(), "version": close.version, "answer_until": until.isoformat()}


@task
@translate_errors()
def list_exceptions(close: dict[str, Any]) -> list[str]:
    """Return the centers that are asked: none once the version was submitted or the working days have passed."""
    with connect(WarehouseHook().url(), "closer") as connection:
        version = load_if_newest(connection, close)
        if version is None:
            return []
        is_open = status_of(steps_of(connection, version)) == "draft"
        exceptions = exceptions_of(connection, version.month_start, version.version)
    by_center = Counter(one.center_code for one in exceptions)
    log.info("%d exceptions: %s", len(exceptions), dict(by_center))
    has_time = datetime.fromisoformat(close["answer_until"]) > utc_now()
    return sorted(by_center) if is_open and has_time else []


def month_of(params: Any, dag_run: Any) -> date:
    """The first day of the month that a run closes: its parameter `month`, or the month before its WIB date."""
    wanted = params.get("month")
    if wanted:
        try:
            return datetime.strptime(wanted, "%Y-%m").replace(tzinfo=UTC).date()
        except ValueError:
            raise UsageProblem(f"The parameter month is {wanted!r}; write e.g. 2026-10.") from None
    return month_before(wib_date(dag_run.logical_date or dag_run.run_after))

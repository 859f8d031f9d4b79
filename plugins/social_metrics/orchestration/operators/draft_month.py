"""The draft of a month, with which a run of close_month begins."""

from datetime import UTC, date, datetime
from typing import Any

from airflow.sdk import BaseOperator

from social_metrics.audit.closing import draft_close
from social_metrics.audit.record import latest_close, status_of, steps_of
from social_metrics.audit.working_days import end_of_working_days, load_holidays
from social_metrics.clock import month_before, utc_now, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect


class DraftMonthOperator(BaseOperator):
    """Draft the month of the run; go on with the version that is with checker or approver already.

    The month is the run's parameter `month` (2026-10), or the one before the WIB date of the run.
    """

    def execute(self, context: Any) -> dict[str, Any]:
        """Return the month, its version, and until when the centers may answer.

        Raises:
            AirflowFailException: the month cannot be closed; the sentence says why.
        """
        with plain_failure():
            settings = load_settings()
            url = WarehouseHook().url()
            month = month_of(context)
            with connect(url, "closer") as connection:
                close = latest_close(connection, month)
                status = status_of(steps_of(connection, close)) if close else "none"
            if close is None or status not in ("submitted", "checked"):
                close = draft_close(settings, url, month)
            with connect(url, "closer") as connection:
                status = status_of(steps_of(connection, close))
            until = end_of_working_days(
                utc_now(), settings.center_answer_working_days, load_holidays(settings.dbt_project_dir)
            )
        self.log.info("%s version %s is %s; digest %s", f"{month:%Y-%m}", close.version, status, close.sha256)
        return {
            "month": month.isoformat(),
            "version": close.version,
            "answer_until": until.isoformat(),
        }


def month_of(context: Any) -> date:
    """The first day of the month that a run closes."""
    wanted = context["params"].get("month")
    if wanted:
        try:
            return datetime.strptime(wanted, "%Y-%m").replace(tzinfo=UTC).date()
        except ValueError:
            raise UsageProblem(f"The parameter month is {wanted!r}; write e.g. 2026-10.") from None
    run = context["dag_run"]
    day = wib_date(run.logical_date or run.run_after)
    return month_before(day)

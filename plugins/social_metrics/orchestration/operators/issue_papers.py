"""The papers are issued: from an approved month, or of a pinned evening."""

from datetime import date, datetime, timedelta
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from social_metrics.audit.record import status_of, steps_of
from social_metrics.clock import wib_date
from social_metrics.errors import UsageProblem
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.drafted_version import DraftedVersionOperator, if_newest, month_of_version
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.publish.reports.issue import issue_as_of, issue_month
from social_metrics.warehouse.connect import connect


class IssueMonthOperator(DraftedVersionOperator):
    """Issue the papers of a month once its approver has signed; issuing them again gives the same bytes."""

    def execute(self, context: Any) -> list[str]:
        """Return the sha256 of each paper.

        Raises:
            AirflowSkipException: the version was refused, or is not the newest any more.
        """
        month = month_of_version(self.close)
        with plain_failure():
            url = WarehouseHook().url()
            with connect(url, "closer") as connection:
                close = if_newest(connection, self.close)
                status = status_of(steps_of(connection, close)) if close else "none"
            if status != "approved":
                raise AirflowSkipException(f"{month:%Y-%m} version {self.close['version']} is not approved: no papers.")
            papers = issue_month(url, month)
        for paper in papers:
            self.log.info("%s %s", paper.file_name, paper.sha256)
        return [paper.sha256 for paper in papers]


class IssueAsOfOperator(BaseOperator):
    """Issue the provisional page of the Sunday evening before the run, or of the parameter `as_of` (2026-11-22)."""

    def execute(self, context: Any) -> list[str]:
        """Return the sha256 of the page."""
        with plain_failure():
            paper = issue_as_of(WarehouseHook().url(), as_of_day(context), language="id")
        self.log.info("%s %s", paper.file_name, paper.sha256)
        return [paper.sha256]


def as_of_day(context: Any) -> date:
    """The WIB date of the evening: the last Sunday before the run's WIB date, or the one asked for."""
    wanted = context["params"].get("as_of")
    if wanted:
        try:
            return date.fromisoformat(wanted)
        except ValueError:
            raise UsageProblem(f"The parameter as_of is {wanted!r}; write e.g. 2026-11-22.") from None
    run = context["dag_run"]
    instant: datetime = run.logical_date or run.run_after
    day = wib_date(instant)
    return day - timedelta(days=day.isoweekday())

"""The DAG close_month as Airflow reads it, the schedules of monthly and weekly reports, and the daily seal."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from social_metrics.clock import WIB
from tests.support.airflow_dags import AirflowStack, load_dags


@pytest.fixture(scope="module")
def dags(airflow: Any) -> dict[str, Any]:
    return load_dags().dags


def test_close_runs_from_draft_to_approval_and_starts_again_after_a_refusal(dags: dict[str, Any]) -> None:
    tasks = dags["close_month"].task_dict
    way = ["draft", "list_exceptions", "answer_exceptions", "submit", "check", "approve"]
    for before, after in pairwise(way):
        assert after in tasks[before].downstream_task_ids
    assert {"submit", "check", "approve"} <= tasks["close_again"].upstream_task_ids
    assert tasks["close_again"].trigger_dag_id == "close_month"
    for task_id in ("submit", "check", "approve"):
        assert tasks[task_id].execution_timeout is None, "a person has all the time that a person needs"


@pytest.mark.parametrize(
    ("dag_id", "first"),
    [
        ("seal_evidence", (2026, 11, 2, 0, 10)),
        ("close_month", (2026, 11, 2, 6, 0)),
        ("report_as_of", (2026, 11, 2, 6, 0)),
    ],
)
def test_schedule_is_in_jakarta_time(dags: dict[str, Any], dag_id: str, first: tuple[int, ...]) -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    timetable = coerce_to_core_timetable(dags[dag_id].timetable)
    after = datetime(2026, 11, 1, 18, tzinfo=WIB)
    info = timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(after.astimezone(UTC), None, catchup=True)
    )
    assert info.logical_date.astimezone(WIB) == datetime(*first, tzinfo=WIB)  # type: ignore[misc]


def test_month_of_a_run_is_the_month_before_its_wib_date(dags: dict[str, Any]) -> None:
    from types import SimpleNamespace

    from social_metrics.errors import UsageProblem
    from social_metrics.orchestration.tasks.close import month_of

    def run(month: str | None, at: str) -> str:
        instant = datetime.fromisoformat(at)
        dag_run = SimpleNamespace(logical_date=instant, run_after=instant)
        return month_of({"month": month}, dag_run).isoformat()

    assert run(None, "2026-11-01T23:00:00+00:00") == "2026-10-01"
    assert run(None, "2026-12-31T17:30:00+00:00") == "2026-12-01"  # it is the new year in Jakarta
    assert run("2026-08", "2026-11-01T23:00:00+00:00") == "2026-08-01"
    with pytest.raises(UsageProblem, match=r"write e\.g\. 2026-10"):
        run("2026-13", "2026-11-01T23:00:00+00:00")


def test_provisional_page_is_as_of_the_last_sunday(dags: dict[str, Any]) -> None:
    from types import SimpleNamespace

    from social_metrics.orchestration.tasks.reports import as_of_date

    def of(at: str) -> str:
        run = SimpleNamespace(logical_date=datetime.fromisoformat(at), run_after=None)
        return as_of_date({}, run).isoformat()

    assert of("2026-11-22T23:00:00+00:00") == "2026-11-22"  # Monday, 06.00 in Jakarta
    assert of("2026-11-24T03:00:00+00:00") == "2026-11-22"
    assert of("2026-11-22T10:00:00+00:00") == "2026-11-15"  # the run of that Sunday is still to come


def test_reports_follow_the_approval_and_are_stored_and_mailed(dags: dict[str, Any]) -> None:
    tasks = dags["close_month"].task_dict
    assert "issue_reports" in tasks["approve"].downstream_task_ids
    assert {"store_reports", "mail_reports"} <= tasks["issue_reports"].downstream_task_ids
    assert dags["report_as_of"].task_dict["issue_page"].downstream_task_ids == {"store_page", "mail_page"}


def test_ended_days_are_sealed_and_today_stays_open(stack: AirflowStack) -> None:
    with psycopg.connect(stack.warehouse_url) as owner:
        owner.execute(
            "insert into raw.runs (run_id, code_version, began_at) values ('old', 'x', now() - interval '3 days'), "
            "('new', 'x', now())"
        )
    finished = stack.run("seal_evidence")
    states = {"seal_day": "success", "sign_checkpoint": "skipped", "mail_checkpoint": "skipped"}
    assert finished.task_states == states, finished.output
    sealed = stack.warehouse("select row_key from audit.sealed_rows where table_name = 'raw.runs'")
    assert sealed == [('["old", "x"]',)]
    seals = stack.warehouse("select count(*) from audit.seals")
    again = stack.run("seal_evidence")
    assert again.task_states == states
    assert stack.warehouse("select count(*) from audit.seals") == seals

"""Centers answer the exceptions of a draft, as themselves, and only before it is submitted."""

from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from local_stack.databases import Login
from social_metrics.audit import closing
from social_metrics.audit.answers import MAX_CHARACTERS, UnusableAnswer, answer_exceptions, exceptions_of
from social_metrics.audit.closing import draft_close
from social_metrics.audit.rules import Rule
from social_metrics.audit.working_days import end_of_working_days, load_holidays
from social_metrics.cli import app
from social_metrics.errors import UsageProblem
from social_metrics.warehouse.connect import connect
from tests.support.closable import MONTH, Closable, as_person, step
from tests.support.dbt_runner import PROJECT


@pytest.fixture(autouse=True)
def _compiled_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "closable" in request.fixturenames:
        rules: list[Rule] = request.getfixturevalue("compiled")
        monkeypatch.setattr(closing, "rules_in_force", lambda *_: list(rules))


@pytest.mark.slow
def test_an_answer_stands_beside_its_exception_with_the_person_s_name(
    closable: Closable, people: dict[str, Login]
) -> None:
    draft_close(closable.settings, closable.url, MONTH)
    officer = people["maker"]
    with connect(as_person(closable.url, officer), "closer") as connection:
        asked = exceptions_of(connection, MONTH, 1)
        gap = next(one for one in asked if one.account_code == "satria-x" and one.kind == "not_captured")
        assert (gap.days, gap.answer) == (3, None)
        with pytest.raises(UsageProblem, match="no exception"):
            answer_exceptions(connection, MONTH, {gap.exception_no: "milik sentra lain"}, center_code="kartini")
        with pytest.raises(UsageProblem, match="too late"):
            answer_exceptions(connection, MONTH, {gap.exception_no: "untuk versi lain"}, version=2)
        for text in ("  ", "x" * (MAX_CHARACTERS + 1), "a\0b"):
            with pytest.raises(UnusableAnswer):
                answer_exceptions(connection, MONTH, {gap.exception_no: text})
        answer_exceptions(connection, MONTH, {gap.exception_no: "X mati"}, center_code="satria")
        answer_exceptions(connection, MONTH, {gap.exception_no: "X mati tiga hari"}, center_code="satria")
        last = {one.exception_no: one for one in exceptions_of(connection, MONTH, 1)}[gap.exception_no]
        assert (last.answer, last.answered_by) == ("X mati tiga hari", officer.name)
        both = connection.execute("select count(*) from audit.exception_answers").fetchone()
        assert both == (2,)
    step(closable, people["maker"], "submitted")
    with (
        connect(as_person(closable.url, officer), "closer") as connection,
        pytest.raises(UsageProblem, match="before the maker submits"),
    ):
        answer_exceptions(connection, MONTH, {gap.exception_no: "terlambat"})
    step(closable, people["checker"], "refused", reason="belum lengkap")
    draft_close(closable.settings, closable.url, MONTH)
    with connect(closable.url, "closer") as connection:
        again = next(one for one in exceptions_of(connection, MONTH, 2) if one.account_code == "satria-x")
        assert (again.answer, again.earlier_answer) == (None, "X mati tiga hari")


@pytest.mark.slow
def test_the_command_lists_exceptions_and_takes_answers(
    closable: Closable, people: dict[str, Login], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", closable.url)
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(closable.registry))
    monkeypatch.setenv("PGPASSWORD", people["maker"].password)
    draft_close(closable.settings, closable.url, MONTH)

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["close", "--month", "2026-10", *arguments])
        return result.exit_code, result.output

    code, said = run("--action", "exceptions", "--center", "satria")
    assert (code, "satria-x" in said, "kartini" in said) == (0, True, False), said
    code, said = run("--action", "answer", "--exception", "1")
    assert (code, "--reason" in said) == (2, True)
    code, said = run("--action", "answer", "--as", people["maker"].name, "--exception", "1", "--reason", "sudah benar")
    assert code == 0, said
    code, said = run("--action", "exceptions", "--format", "json")
    assert people["maker"].name in said


def test_working_days_leave_out_weekends_and_the_holidays_of_the_seed() -> None:
    holidays = load_holidays(PROJECT)
    assert date(2026, 8, 17) in holidays

    def last_day(start: str, days: int) -> str:
        end = end_of_working_days(datetime.fromisoformat(start), days, holidays)
        return end.isoformat()

    # Friday, 14 August 2026, then a weekend, then Independence Day: Tuesday and Wednesday are the two days.
    assert last_day("2026-08-14T03:00:00+00:00", 2) == "2026-08-19T17:00:00+00:00"
    # 20:00 UTC on a Thursday is Friday in Jakarta: the first working day after it is Monday.
    assert last_day("2026-10-08T20:00:00+00:00", 1) == "2026-10-12T17:00:00+00:00"
    start = datetime(2026, 10, 8, 20, tzinfo=UTC)
    assert end_of_working_days(start, 0, holidays) == start

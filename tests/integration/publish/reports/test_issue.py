"""Reports are of an approved month, issued once, and show what the record holds and nothing else."""

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from social_metrics.audit import closing
from social_metrics.audit.answers import answer_exceptions, exceptions_of
from social_metrics.audit.chain import walk_chain
from social_metrics.audit.closing import draft_close
from social_metrics.audit.corrections import approve_correction, request_correction
from social_metrics.audit.rules import Rule
from social_metrics.clock import utc_now
from social_metrics.errors import UsageProblem
from social_metrics.publish.reports.issue import Report, issue_as_of, issue_month, issued_of_month
from social_metrics.warehouse.connect import connect
from tests.support.closable import CENTERS, LAST_DAY, MONTH, Closable, sign_in_airflow
from tests.support.pdf import pages_of, qr_codes_of, words_of

pytestmark = pytest.mark.slow

INJECTION = '=HYPERLINK("http://example.org","klik") #emph[x] */ '


@pytest.fixture(autouse=True)
def _compiled_once(monkeypatch: pytest.MonkeyPatch, compiled: list[Rule]) -> None:
    monkeypatch.setattr(closing, "rules_in_force", lambda *_: list(compiled))


def approve(closable: Closable, answers: dict[int, str] | None = None) -> None:
    """Draft the month and take it to its approval by three users of Airflow."""
    draft_close(closable.settings, closable.url, MONTH)
    with connect(closable.url, "closer") as service:
        if answers:
            answer_exceptions(service, MONTH, answers, person="sari", channel="airflow")
        sign_in_airflow(service)


def words(report: Report) -> str:
    """All text of a PDF, on one line."""
    return words_of(report.content)


def one(reports: list[Report], kind: str, center: str | None = None) -> Report:
    """The one report of a kind."""
    (found,) = [report for report in reports if (report.kind, report.center_code) == (kind, center)]
    return found


def sheet(report: Report, place: int) -> list[dict[str, Any]]:
    """A sheet of a workbook as its rows by column."""
    rows = list(openpyxl.load_workbook(io.BytesIO(report.content)).worksheets[place].iter_rows(min_row=2))
    names = [cell.value for cell in rows[0]]
    return [{str(name): cell.value for name, cell in zip(names, row, strict=True)} for row in rows[1:]]


def test_a_month_that_is_not_approved_has_no_reports(closable: Closable) -> None:
    with pytest.raises(UsageProblem, match="not approved"):
        issue_month(closable.url, MONTH)
    draft_close(closable.settings, closable.url, MONTH)
    with pytest.raises(UsageProblem, match="not approved"):
        issue_month(closable.url, MONTH)
    with connect(closable.url, "closer") as connection:
        assert connection.execute("select count(*) from audit.issued_papers").fetchone() == (0,)


def test_reports_are_issued_once_and_a_correction_makes_new_ones(closable: Closable) -> None:
    approve(closable)
    reports = issue_month(closable.url, MONTH)
    assert [(report.kind, report.center_code) for report in reports] == [
        ("leadership", None), ("full", None), ("workbook", None), *(("center", code) for code in sorted(CENTERS)),
    ]  # fmt: skip
    assert issue_month(closable.url, MONTH) == reports
    with connect(closable.url, "closer") as connection:
        assert issued_of_month(connection, MONTH) == reports
        walk = walk_chain(connection, utc_now())
        assert (walk.findings, walk.unsealed) == ((), {})
        number = request_correction(
            connection, MONTH, center_code="kartini", figure="posts", new_value=4321, reason="salah hitung",
            document_number="BA-7/2026", person="ani", channel="airflow",
        )  # fmt: skip
        assert issue_month(closable.url, MONTH) == reports  # asked for, not yet approved
        approve_correction(connection, number, person="budi", channel="airflow")
    corrected = issue_month(closable.url, MONTH)
    told = words(one(corrected, "full"))
    published = sheet(one(reports, "workbook"), 0)
    posts = next(row["posts"] for row in published if row["center_code"] == "kartini")
    assert f"{posts} → 4.321*" in told
    assert "BA-7/2026" in told
    assert "BA-7/2026" in words(one(corrected, "leadership"))
    assert "4.321" not in words(one(reports, "full"))
    assert one(corrected, "center", "satria") == one(reports, "center", "satria")
    assert one(corrected, "center", "kartini") != one(reports, "center", "kartini")


def test_the_same_close_gives_the_same_bytes(closable: Closable) -> None:
    approve(closable)
    reports = issue_month(closable.url, MONTH, languages=("id", "en"))
    with psycopg.connect(closable.url) as owner:  # as if they had never been issued
        owner.execute("alter table audit.issued_papers disable trigger user")
        owner.execute("delete from audit.issued_papers")
    again = issue_month(closable.url, MONTH, languages=("id", "en"))
    assert [(report.file_name, report.sha256) for report in again] == [(p.file_name, p.sha256) for p in reports]


def test_two_who_issue_at_once_issue_one(closable: Closable) -> None:
    approve(closable)
    both = threading.Barrier(2)

    def issue(_: int) -> list[Report]:
        both.wait()
        return issue_month(closable.url, MONTH)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(issue, range(2))
    assert first == second
    with connect(closable.url, "closer") as connection:
        assert issued_of_month(connection, MONTH) == first


def test_a_center_s_pack_holds_nobody_else(closable: Closable) -> None:
    approve(closable)
    reports = issue_month(closable.url, MONTH)
    for center in CENTERS:
        told = words(one(reports, "center", center)).lower()
        assert center in told
        assert [other for other in CENTERS if other != center and other in told] == []
    assert all(center in words(one(reports, "full")).lower() for center in CENTERS)


def test_figures_of_reports_are_those_of_the_record(closable: Closable) -> None:
    approve(closable)
    reports = issue_month(closable.url, MONTH)
    with connect(closable.url, "closer") as connection:
        rows = dict(
            connection.execute(
                "select center_code, figures from audit.scorecard_rows where mart = 'fct_center_monthly'"
            ).fetchall()
        )
        daily = connection.execute(
            "select count(*), sum((figures ->> 'followers_count')::bigint) from audit.scorecard_rows "
            "where mart = 'fct_follower_growth_daily'"
        ).fetchone()
        close = connection.execute("select sha256 from audit.closes").fetchone()
    assert close is not None
    full, page = words(one(reports, "full")), words(one(reports, "leadership"))
    for row in rows.values():
        if row["end_followers_count"] is not None:
            shown = f"{row['end_followers_count']:,}".replace(",", ".")
            assert shown in full
            assert shown in page
    assert qr_codes_of(one(reports, "full").content) == [close[0]]
    for told in (full, page):
        assert close[0] in told
        assert "DATA SIMULASI" in told
    scorecard = {row["center_code"]: row for row in sheet(one(reports, "workbook"), 0)}
    for code, row in rows.items():
        for name in ("end_followers_count", "growth", "posts", "completeness"):
            assert scorecard[code][name] == row[name]
        assert scorecard[code]["month_start"] == datetime(2026, 10, 1)  # noqa: DTZ001 - a cell knows no zone
    series = sheet(one(reports, "workbook"), 1)
    assert (len(series), sum(row["followers_count"] or 0 for row in series)) == daily
    evidence = sheet(one(reports, "workbook"), 2)
    captured = [row for row in series if row["captured_at"] is not None]
    assert len(evidence) == len(captured) > 150


def test_every_page_is_marked_and_the_meeting_s_is_one(closable: Closable) -> None:
    approve(closable)
    reports = issue_month(closable.url, MONTH, languages=("en",))
    for report in reports:
        if report.kind != "workbook":
            assert all("SIMULATED DATA" in page for page in pages_of(report.content))
    assert len(pages_of(one(reports, "leadership").content)) == 1


def test_what_a_person_wrote_is_text_and_stays_text(closable: Closable) -> None:
    draft_close(closable.settings, closable.url, MONTH)
    with connect(closable.url, "closer") as connection:
        number = exceptions_of(connection, MONTH, 1)[0].exception_no
    approve(closable, {number: INJECTION})
    with connect(closable.url, "closer") as connection:
        correction = request_correction(
            connection, MONTH, center_code="kartini", figure="posts", new_value=1, reason=INJECTION,
            document_number="@SUM(1)", person="ani", channel="airflow",
        )  # fmt: skip
        approve_correction(connection, correction, person="budi", channel="airflow")
    reports = issue_month(closable.url, MONTH)
    assert words(one(reports, "full")).replace(" ", "").count(INJECTION.replace(" ", "")) == 2
    book = openpyxl.load_workbook(io.BytesIO(one(reports, "workbook").content))
    cells = [cell for part in book.worksheets for row in part.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "b"}
    assert [cell.value for cell in cells if str(cell.value).startswith(("=", "@"))] == [INJECTION, "@SUM(1)"]
    assert all(part.freeze_panes == "C3" for part in book.worksheets)


def test_an_evening_s_page_is_provisional_and_kept(closable: Closable) -> None:
    report = issue_as_of(closable.url, date(2026, 10, 18))
    assert report.is_provisional
    assert (report.month_start, report.as_of_date) == (None, date(2026, 10, 18))
    told = words(report)
    assert "ANGKA SEMENTARA" in told
    assert "18 Oktober 2026" in told
    with psycopg.connect(closable.url) as owner:
        owner.execute("update marts.leaderboard_followers set followers_count = 1, center_name = 'Lain'")
    assert issue_as_of(closable.url, date(2026, 10, 18)) == report
    with pytest.raises(UsageProblem, match=f"to {LAST_DAY}"):
        issue_as_of(closable.url, date(2027, 1, 1))


def test_an_altered_record_gives_no_report(closable: Closable) -> None:
    approve(closable)
    with psycopg.connect(closable.url) as owner:
        owner.execute("alter table audit.scorecard_rows disable trigger user")
        owner.execute("update audit.scorecard_rows set figures = jsonb_set(figures, '{posts}', '99')")
    with pytest.raises(UsageProblem, match="the scorecard was altered"):
        issue_month(closable.url, MONTH)


def test_the_command_writes_what_was_issued(
    closable: Closable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from social_metrics.cli.application import app

    approve(closable)
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", closable.url)
    wanted = ["report", "month", "--month", "2026-10", "--center", "satria", "--to", str(tmp_path / "reports")]
    told = CliRunner().invoke(app, [*wanted, "--format", "json"])
    assert told.exit_code == 0, told.output
    (written,) = json.loads(told.stdout)
    (report,) = issue_month(closable.url, MONTH, center_code="satria")
    assert Path(written["file"]).read_bytes() == report.content
    assert written["sha256"] == report.sha256
    unknown = CliRunner().invoke(app, [*wanted[:-3], "nowhere"])
    assert unknown.exit_code == 2
    evening = ["report", "--as-of", "2026-10-18", "--to", str(tmp_path / "reports"), "--format", "json"]
    (page,) = json.loads(CliRunner().invoke(app, evening).stdout)
    assert Path(page["file"]).read_bytes() == issue_as_of(closable.url, date(2026, 10, 18)).content
    assert CliRunner().invoke(app, [*evening[:3], "month", "--month", "2026-10"]).exit_code == 2

"""A report that the record does not explain is a finding, is not delivered, and hides no true one."""

import hashlib
import json
from datetime import UTC, date, datetime

import psycopg
import pytest
from psycopg.types.json import Jsonb
from typer.testing import CliRunner

from social_metrics.audit import closing, verification
from social_metrics.audit.closing import draft_close, seal_now
from social_metrics.audit.rules import Rule
from social_metrics.cli.application import app
from social_metrics.publish.reports import comparison, typesetting
from social_metrics.publish.reports.comparison import ReportsUnexplained, compare_reports, require_explained
from social_metrics.publish.reports.issue import Report, issue_as_of, issue_month
from social_metrics.publish.reports.month_record import read_month
from social_metrics.publish.reports.rendering import render, template_version
from social_metrics.warehouse.connect import connect
from tests.support.closable import MONTH, Closable, correct_in_airflow, sign_in_airflow

pytestmark = pytest.mark.slow

DAY = date(2026, 10, 18)


@pytest.fixture
def approved(closable: Closable, compiled: list[Rule], monkeypatch: pytest.MonkeyPatch) -> Closable:
    """An approved month without reports."""
    for module in (closing, verification):
        monkeypatch.setattr(module, "rules_in_force", lambda *_: list(compiled))
    draft_close(closable.settings, closable.url, MONTH)
    with connect(closable.url, "closer") as service:
        sign_in_airflow(service)
    seal_now(closable.url)
    return closable


def pdf_that_says(words: str) -> bytes:
    page = typesetting.document(
        title="Laporan", subtitle="", running="", foot="", stamps=[], language="id", blocks=[typesetting.text(words)]
    )
    return typesetting.pdf(page, datetime(2026, 11, 1, tzinfo=UTC))


def insert(closable: Closable, content: bytes, *, name: str = "2026-10-v1-pimpinan-id.pdf", **more: object) -> str:
    """What the service login can insert; returns its sha256."""
    with psycopg.connect(closable.url) as service:
        close = service.execute("select sha256 from audit.closes").fetchone() or (None,)
        row: dict[str, object] = {
            "kind": "leadership", "month_start": MONTH, "version": 1, "as_of_date": date(2026, 10, 31),
            "is_provisional": False, "language": "id", "file_name": name, "media_type": "application/pdf",
            "content": content, "sha256": hashlib.sha256(content).hexdigest(), "issued_by": "x",
            "close_sha256": close[0], "template_version": template_version(), **more,
        }  # fmt: skip
        columns, places = ", ".join(row), ", ".join(["%s"] * len(row))
        service.execute(f"insert into audit.issued_papers ({columns}) values ({places})".encode(), list(row.values()))
    return str(row["sha256"])


def problems(closable: Closable) -> list[tuple[str, bool, str]]:
    with connect(closable.url, "closer") as connection:
        found = compare_reports(connection, month_start=MONTH)
    return [(one.file_name, one.is_explained, one.message) for one in found]


def names(reports: list[Report]) -> list[str]:
    return [report.file_name for report in reports]


def test_a_forged_report_hides_no_true_one_and_is_not_delivered(
    approved: Closable, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = insert(approved, pdf_that_says("Kartini: 99.999.999 pengikut"))
    reports = issue_month(approved.url, MONTH)
    assert forged not in {report.sha256 for report in reports}
    assert names(reports)[0] == "2026-10-v1-pimpinan-id.pdf"
    assert issue_month(approved.url, MONTH) == reports
    ((name, is_explained, _),) = problems(approved)
    assert (name, is_explained) == ("2026-10-v1-pimpinan-id.pdf", False)
    with connect(approved.url, "closer") as connection:
        require_explained(connection, [report.sha256 for report in reports])
        with pytest.raises(ReportsUnexplained, match=r"2026-10-v1-pimpinan-id\.pdf"):
            require_explained(connection, [reports[1].sha256, forged])
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", approved.url)
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(approved.registry))
    verified = CliRunner().invoke(app, ["verify", "--month", "2026-10", "--format", "json"])
    assert verified.exit_code == 1
    printed = json.loads(verified.stdout)
    assert [(one["file_name"], one["sha256"]) for one in printed["reports"]] == [(name, forged)]
    assert "submitted by ani" in printed["unproven"]


def test_reports_stay_explained_after_a_correction(approved: Closable) -> None:
    reports = issue_month(approved.url, MONTH)
    with connect(approved.url, "closer") as connection:
        correct_in_airflow(connection)
    corrected = issue_month(approved.url, MONTH)
    assert names(corrected)[0] == "2026-10-v1-pimpinan-koreksi-1-id.pdf"
    assert problems(approved) == []
    assert [report.seal_no for report in reports] < [report.seal_no for report in corrected]
    # A name that the record did not have when the report was issued.
    insert(approved, corrected[0].content + b"\n", name="2026-10-v1-pimpinan-koreksi-2-id.pdf")
    ((name, is_explained, _),) = problems(approved)
    assert (name, is_explained) == ("2026-10-v1-pimpinan-koreksi-2-id.pdf", False)


def test_a_template_no_longer_shipped_is_compared_by_its_figures(approved: Closable) -> None:
    with connect(approved.url, "closer") as connection:
        page = render(read_month(connection, MONTH), "leadership", None, "id")
    shown = sorted(comparison._figures(page))[:20]
    old = {"template_version": "0" * 64}
    true = insert(approved, pdf_that_says(" ".join(shown)), **old)
    insert(approved, pdf_that_says(" ".join([*shown, "99.999.999"])), **old)
    insert(approved, b"%PDF-1.7 broken", **old)
    insert(approved, pdf_that_says(shown[0]), template_version=None)  # issued before templates were stored
    found = problems(approved)
    assert [is_explained for _, is_explained, _ in found] == [True, False, False, True]
    assert "template is no longer shipped" in found[0][2]
    assert "does not give its figures 99.999.999" in found[1][2]
    assert "cannot be read" in found[2][2]
    with connect(approved.url, "closer") as connection:
        require_explained(connection, [true])
    reports = issue_month(approved.url, MONTH)
    assert reports[0].sha256 == true, "issued before, so it is not issued again"
    assert all(report.content != page for report in reports)
    # From now on nobody can claim that an old template was still in use.
    insert(approved, pdf_that_says(shown[0] + " "), **old)
    insert(approved, pdf_that_says(shown[0] + "  "), template_version=None)
    assert [message for *_, message in problems(approved)[-2:]] == [
        "it names a template that was replaced before it was issued"
    ] * 2


def test_a_provisional_page_is_compared_with_its_pinned_figures(approved: Closable) -> None:
    page = issue_as_of(approved.url, DAY)
    with psycopg.connect(approved.url) as owner:  # the marts change; what was pinned does not
        owner.execute("set role social_metrics_transformer")
        owner.execute("update marts.leaderboard_followers set followers_count = followers_count + 1")
    assert problems(approved) == []
    assert issue_as_of(approved.url, DAY) == page
    name = page.file_name.replace("18", "19")
    provisional = {
        "month_start": None, "version": None, "is_provisional": True, "close_sha256": None, "name": name,
        "as_of_date": date(2026, 10, 19), "settings_sha256": page.settings_sha256,
    }  # fmt: skip
    forged = pdf_that_says("Kartini: 99.999.999 pengikut")
    insert(approved, forged, **provisional)  # type: ignore[arg-type]
    insert(approved, forged + b"\n", pinned=Jsonb(page.pinned), **provisional)  # type: ignore[arg-type]
    assert [is_explained for _, is_explained, _ in problems(approved)] == [False, False]
    true = issue_as_of(approved.url, date(2026, 10, 19))
    assert true.content not in (forged, forged + b"\n")


def test_name_and_digest_of_a_report_are_those_of_its_close(approved: Closable) -> None:
    names_of_others = ("2026-09-v1-x-id.pdf", "2026-10-v2-x-id.pdf", "2026-10-v1-../../x-id.pdf", "2026-10-v1-x-en.pdf")
    for wrong in (*({"name": name} for name in names_of_others), {"close_sha256": "0" * 64}, {"close_sha256": None}):
        with pytest.raises(psycopg.errors.CheckViolation):
            insert(approved, b"x", **wrong)  # type: ignore[arg-type]

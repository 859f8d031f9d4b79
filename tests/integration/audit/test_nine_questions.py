"""The nine questions of an audit: docs/audit.md names a command for each, and the command gives the answer."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row
from typer.testing import CliRunner

from social_metrics.audit import closing, verification
from social_metrics.audit.closing import draft_close
from social_metrics.audit.rules import Rule
from social_metrics.cli import app
from social_metrics.publish.reports.issue import issue_month
from social_metrics.warehouse.connect import connect
from tests.support.closable import MONTH, Closable, correct_in_airflow, sign_in_airflow
from tests.support.pdf import qr_codes_of

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[3] / "docs" / "audit.md"

# Question → what the answers of its commands contain, one for each command.
ANSWERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Where did this number come from?": (
        ("report", "audit row", "mart row", "staging", "snapshot", "captured_at", "run", "code"),
    ),
    "Has it changed since you reported it?": (("holds",), ("BA-7/2026", "salah hitung", "4321", "ani", "budi")),
    "Can you get the same result again?": (("holds: identical when computed again",),),
    "Is it complete?": (("satria-x", "platform_unavailable", "2026-10-10"), ("186", "183")),
    "Who says so?": (("submitted", "ani", "checked", "budi", "approved", "sekretaris", "airflow"),),
    "What was entered by hand?": (("layar.png", "12,3 rb", "ani", "budi"), ("layar.png", "ani", "budi")),
    "By which rule?": (
        ("inputs", "score_weights_version", "indicator_sheet_version", "marts.fct_center_monthly"),
        ("marts.fct_center_monthly", "select"),
    ),
    "Who could see or alter it?": (("access_list", "social_metrics_closer", "noted_from"), ("itjen@example.go.id",)),
    "What is uncertain?": (("insyaf-youtube", "satria-x"), ("retention_basis", "youtube")),
}


@dataclass(frozen=True)
class Asked:
    """A row of the page: the question and the commands that answer it."""

    question: str
    commands: tuple[str, ...]


def questions() -> list[Asked]:
    """The table of the page."""
    table = PAGE.read_text(encoding="utf-8").partition("## Nine questions")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return [
        Asked(question, tuple(re.findall(r"`((?:social-metrics |select |--action )[^`]+)`", " ".join(cells))))
        for question, *cells in rows[1:]
    ]


@pytest.fixture
def audited(closable: Closable, monkeypatch: pytest.MonkeyPatch, compiled: list[Rule]) -> str:
    """A month that was closed, corrected, printed and sent; the digest printed on its report."""
    for module in (closing, verification):
        monkeypatch.setattr(module, "rules_in_force", lambda *_: list(compiled))
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", closable.url)
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(closable.registry))
    draft_close(closable.settings, closable.url, MONTH)
    with connect(closable.url, "closer") as closer:
        sign_in_airflow(closer)
        correct_in_airflow(closer)
    reports = issue_month(closable.url, MONTH)
    with psycopg.connect(closable.url) as service:
        service.execute(
            "insert into audit.deliveries (paper_no, channel, recipient, delivered_by) "
            "select paper_no, 'email', 'itjen@example.go.id', 'x' from audit.issued_papers where kind = 'full'"
        )
    (digest,) = next(qr_codes_of(report.content) for report in reports if report.kind == "full")
    return digest


def test_the_page_answers_every_question_of_the_audit() -> None:
    assert [asked.question for asked in questions()] == list(ANSWERS)
    assert all(asked.commands for asked in questions())


def test_each_command_gives_its_answer(audited: str, closable: Closable) -> None:
    for asked in questions():
        said = [answer(closable, command, audited) for command in asked.commands]
        assert len(said) == len(ANSWERS[asked.question]), asked
        for text, expected in zip(said, ANSWERS[asked.question], strict=True):
            assert [words for words in expected if words not in text] == [], f"{asked.question}\n{text}"


def answer(closable: Closable, command: str, digest: str) -> str:
    """What a command of the page says to an auditor; SQL runs with the rights of one."""
    if command.startswith("select"):
        with connect(closable.url, "auditor") as auditor, auditor.cursor(row_factory=dict_row) as cursor:
            return json.dumps(cursor.execute(command.encode()).fetchall(), default=str, ensure_ascii=False)
    if command.startswith("--action"):  # the page shortens: the same command with another action
        command = f"social-metrics close --month 2026-10 {command}"
    told = CliRunner().invoke(
        app, shlex.split(command.replace("<from the report>", digest))[1:], env={"COLUMNS": "200"}
    )
    assert told.exit_code == 0, f"{command}: {told.output}"
    return told.stdout

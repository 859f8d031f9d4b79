"""From a closed figure back to the bytes or to the screenshot, and the commands that say so."""

import hashlib
import json

import psycopg
import pytest
from typer.testing import CliRunner

from local_stack.databases import Login
from social_metrics.audit import closing, verification
from social_metrics.audit.closing import draft_close
from social_metrics.audit.corrections import approve_correction, corrections_of, request_correction
from social_metrics.audit.rules import Rule
from social_metrics.audit.trace import trace
from social_metrics.cli import app
from social_metrics.errors import UsageProblem
from social_metrics.warehouse.connect import connect
from tests.support.closable import LAST_DAY, MONTH, Closable, as_person, step
from tests.support.warehouse import change_evidence

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _compiled_once(monkeypatch: pytest.MonkeyPatch, compiled: list[Rule]) -> None:
    for module in (closing, verification):
        monkeypatch.setattr(module, "rules_in_force", lambda *_: list(compiled))


def test_a_figure_leads_to_its_bytes(closable: Closable) -> None:
    body = b'{"followers": 1}'
    digest = hashlib.sha256(body).hexdigest()
    with psycopg.connect(closable.url) as owner:
        response, instant = owner.execute(
            "select response_id, captured_at from raw.profile_snapshots "
            "where account_code = 'kartini-x' order by captured_at <= '2026-10-31 17:00+00' desc, captured_at desc"
        ).fetchone()
        owner.execute(
            "insert into raw.api_responses values (%s, 'x', 'users', '2', 'GET', '{}', 200, %s, 5, %s, 16, %s, '{}', "
            "1, 'simulator', 'run-1', 1, null)",
            (response, instant, digest, digest),
        )
        owner.execute("insert into raw.response_bodies values (%s, %s, %s, null)", (response, instant, body))
    draft_close(closable.settings, closable.url, MONTH)
    with connect(closable.url, "closer") as connection:
        stages = {stage.name: stage for stage in trace(connection, "kartini", "x", MONTH)}
        assert list(stages) == [
            "report", "audit row", "mart row", "staging", "snapshot", "response", "bytes", "run", "code",
        ]  # fmt: skip
        assert stages["report"].facts["followers"] == stages["snapshot"].facts["followers_count"]
        assert stages["mart row"].facts["same_as_closed"] is True
        assert stages["staging"].facts["sql_sha256"]
        assert stages["snapshot"].facts["seal_no"] >= 1
        assert stages["response"].facts["http_status"] == 200
        assert stages["bytes"].facts["message"] == "the kept bytes have this sha256"
        with pytest.raises(UsageProblem, match="no account"):
            trace(connection, "kartini", "tiktok", MONTH)


def test_a_figure_by_hand_leads_to_its_screenshot_and_two_persons(closable: Closable) -> None:
    draft_close(closable.settings, closable.url, MONTH)
    with connect(closable.url, "closer") as connection:
        stages = {stage.name: stage for stage in trace(connection, "satria", "youtube", MONTH)}
    assert list(stages) == [
        "report", "audit row", "mart row", "staging", "entry by hand", "attachment", "two persons", "code",
    ]  # fmt: skip
    assert stages["entry by hand"].facts["followers_displayed"] == "12,3 rb"
    assert stages["entry by hand"].facts["followers_count"] == stages["report"].facts["followers"] == 12300
    assert stages["attachment"].facts["evidence_matches"] is True
    assert stages["two persons"].facts["entered_by"] == "ani"
    assert stages["two persons"].facts["confirmed_by"] == "budi"


def test_a_correction_stands_beside_the_published_figure(closable: Closable, people: dict[str, Login]) -> None:
    close = draft_close(closable.settings, closable.url, MONTH)
    asked = {"center_code": "kartini", "figure": "posts", "reason": "salah hitung", "document_number": "BA-7/2026"}
    with connect(as_person(closable.url, people["maker"]), "closer") as maker:
        with pytest.raises(UsageProblem, match="is not approved"):
            request_correction(maker, MONTH, new_value=99, **asked)
        for person, action in (("maker", "submitted"), ("checker", "checked"), ("approver", "approved")):
            step(closable, people[person], action)
        with pytest.raises(UsageProblem, match="no figure"):
            request_correction(maker, MONTH, new_value=99, **{**asked, "figure": "likes"})
        number = request_correction(maker, MONTH, new_value=99, **asked)
        with pytest.raises(UsageProblem, match="another person approves"):
            approve_correction(maker, number)
    with connect(as_person(closable.url, people["checker"]), "closer") as checker:
        done = approve_correction(checker, number)
        assert (done.requester, done.approver) == (people["maker"].name, people["checker"].name)
        assert done.new_value == 99
        assert corrections_of(checker, MONTH) == [done]
        published = checker.execute(
            "select figures -> 'posts' from audit.scorecard_rows where version = %s and mart = 'fct_center_monthly' "
            "and center_code = 'kartini'",
            (close.version,),
        ).fetchone()
    assert published == (done.old_value,)
    assert done.old_value != 99


def test_the_commands_close_verify_trace_and_say_what_a_shell_needs(
    closable: Closable, people: dict[str, Login], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", closable.url)
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(closable.registry))
    monkeypatch.setenv("PGPASSWORD", people["maker"].password)

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, list(arguments))
        return result.exit_code, result.output

    month = ("--month", "2026-10")
    assert run("verify", *month)[0] == 2
    code, said = run("seal", "--format", "json")
    assert code == 0
    assert json.loads(said)[-1]["through_date"] >= LAST_DAY.isoformat()
    code, said = run("close", *month, "--format", "json")
    assert (code, json.loads(said)["status"]) == (0, "draft")
    digest = json.loads(said)["sha256"]
    code, said = run("close", *month, "--as", people["maker"].name, "--action", "submit")
    assert code == 0, said
    assert people["maker"].name in said
    code, said = run("close", *month, "--as", people["maker"].name, "--action", "check")
    assert (code, "three persons" in said) == (2, True)
    code, said = run("verify", *month, "--digest", digest[:12])
    assert (code, "identical" in said) == (0, True), said
    code, said = run("trace", *month, "--center", "kartini", "--platform", "x", "--format", "json")
    assert (code, json.loads(said)[0]["stage"]) == (0, "report")
    with psycopg.connect(closable.url) as owner:
        change_evidence(owner, "update raw.profile_snapshots set followers_count = 1 where account_code = 'kartini-x'")
    code, said = run("verify", *month)
    assert (code, "does NOT hold" in said, "raw_altered" in said) == (1, True, True), said
    assert len(said.splitlines()) <= 50

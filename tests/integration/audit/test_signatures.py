"""A signature given in Airflow is proven by Airflow's own record, copied by a login that no task holds."""

import json
import os
import uuid
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from local_stack.databases import Login
from local_stack.secret_files import new_password
from local_stack.server import Server
from social_metrics.audit import closing, verification
from social_metrics.audit.answers import answer_exceptions, exceptions_of
from social_metrics.audit.closing import act, draft_close
from social_metrics.audit.corrections import approve_correction, request_correction
from social_metrics.audit.record import Close
from social_metrics.audit.rules import Rule
from social_metrics.audit.signatures import check_signatures, copy_answers
from social_metrics.audit.verification import verify_month
from social_metrics.clock import utc_now
from social_metrics.errors import UsageProblem
from social_metrics.warehouse.connect import connect
from tests.support.closable import MONTH, Closable, as_person

pytestmark = pytest.mark.slow

STEPS = (("submitted", "submit", "Ajukan", "ani"), ("checked", "check", "Setuju", "budi"))
TABLES = """
create table task_instance (id uuid primary key, dag_id text, run_id text, task_id text, map_index integer);
create table hitl_detail (ti_id uuid primary key references task_instance, responded_at timestamptz,
    responded_by json, chosen_options json, params_input json, subject text, body text);
create table task_instance_history (task_instance_id uuid primary key, dag_id text, run_id text, task_id text,
    map_index integer);
create table hitl_detail_history (ti_history_id uuid primary key, responded_at timestamptz, responded_by json,
    chosen_options json, params_input json, subject text, body text);
"""


class Answers:
    """The tables of Airflow's database that hold answers to forms."""

    def __init__(self, url: str) -> None:
        self.url = url
        with psycopg.connect(url) as connection:
            connection.execute(TABLES.encode())

    def give(
        self, person: str, task: str, option: str, body: str, *, given: dict[str, str] | None = None,
        dag: str = "close_month", is_old: bool = False,
    ) -> UUID:  # fmt: skip
        """An answer to a form; `is_old`: its task was cleared since."""
        number = uuid.uuid4()
        suffix, key, id_name = ("_history", "ti_history_id", "task_instance_id") if is_old else ("", "ti_id", "id")
        with psycopg.connect(self.url) as connection:
            connection.execute(
                f"insert into task_instance{suffix} ({id_name}, dag_id, run_id, task_id, map_index) "
                "values (%s, %s, 'manual__1', %s, -1)",
                (number, dag, task),
            )
            connection.execute(
                f"insert into hitl_detail{suffix} ({key}, responded_at, responded_by, chosen_options, params_input, "
                "subject, body) values (%s, %s, %s, %s, %s, 'x', %s)",
                (
                    number, utc_now(), json.dumps({"id": person, "name": person}), json.dumps([option]),
                    json.dumps(given or {}), body,
                ),
            )  # fmt: skip
        return number


@pytest.fixture
def answers(empty_database_url: str) -> Answers:
    return Answers(empty_database_url)


@pytest.fixture(scope="module")
def notary(postgres_server: Server, service_login: Login) -> Iterator[Login]:
    """The login that copies; it is in no other group."""
    login = Login(f"notary_{os.getpid()}", new_password())
    postgres_server.ensure_login(login.name, login.password)
    yield login
    with postgres_server.admin() as admin:
        admin.execute(sql.SQL("drop role {}").format(sql.Identifier(login.name)))


@pytest.fixture
def close(
    closable: Closable, compiled: list[Rule], monkeypatch: pytest.MonkeyPatch, postgres_server: Server, notary: Login
) -> Close:
    for module in (closing, verification):
        monkeypatch.setattr(module, "rules_in_force", lambda *_: list(compiled))
    with postgres_server.admin() as admin:
        admin.execute(sql.SQL("grant social_metrics_notary to {}").format(sql.Identifier(notary.name)))
    return draft_close(closable.settings, closable.url, MONTH)


def signed(closable: Closable, action: str, person: str, response: UUID | None, reason: str | None = None) -> None:
    """The service records a step of a user of Airflow, as the DAG does, or as who holds its login likes."""
    with connect(closable.url, "closer") as service:
        act(service, MONTH, action, person=person, channel="airflow", response_id=response, reason=reason)  # type: ignore[arg-type]


def checked(closable: Closable, close: Close) -> tuple[list[str], list[str]]:
    with connect(closable.url, "closer") as connection:
        unproven, findings = check_signatures(connection, close)
    return unproven, [f"{finding.place}: {finding.message}" for finding in findings]


def test_signatures_are_proven_by_airflow_s_own_record(
    closable: Closable, close: Close, answers: Answers, notary: Login
) -> None:
    with connect(closable.url, "closer") as service:
        number = exceptions_of(service, MONTH, 1)[0].exception_no
        given = answers.give(
            "sari", "answer_exceptions", "Kirim jawaban", close.sha256, given={str(number): " mati listrik "}
        )
        answer_exceptions(
            service, MONTH, {number: "mati listrik"}, person="sari", channel="airflow", response_id=given
        )  # fmt: skip
    body = f"digest: `{close.sha256}`"
    signed(closable, "submitted", "ani", answers.give("ani", "submit", "Ajukan", body, is_old=True))
    signed(closable, "checked", "budi", answers.give("Budi", "check", "Setuju", body))
    refusal = answers.give("sekretaris", "approve", "Tolak", body, given={"alasan": "belum lengkap"})
    signed(closable, "refused", "sekretaris", refusal, "belum lengkap")
    with psycopg.connect(closable.url) as owner:
        owner.execute("alter table raw.manual_confirmations disable trigger user")
        owner.execute("update raw.manual_confirmations set confirmed_through = 'airflow'")
        (confirmer,) = owner.execute("select confirmed_by from raw.manual_confirmations").fetchone() or ("",)
    confirmed = f"satria-youtube/2026-10-31/1 confirmed by {confirmer}"
    copied_by = as_person(closable.url, notary)
    unproven, findings = checked(closable, close)
    steps = ["submitted by ani", "checked by budi", "refused by sekretaris"]
    assert sorted(unproven) == sorted([*steps, f"answer 1 to exception {number} by sari", confirmed])
    assert findings == []
    assert copy_answers(answers.url, copied_by) == 4
    assert copy_answers(answers.url, copied_by) == 0
    assert checked(closable, close) == ([confirmed], [])
    answers.give(
        confirmer, "confirm_entries", "Konfirmasi", "| satria-youtube/2026-10-31/1 | x |", dag="ingest_manual_entries"
    )
    answers.give("x", "y", "Setuju", "of another DAG", dag="other")
    assert copy_answers(answers.url, copied_by) == 1
    assert checked(closable, close) == ([], [])


def test_verify_says_that_signatures_are_not_proven(closable: Closable, close: Close) -> None:
    signed(closable, "submitted", "ani", None)
    found = verify_month(closable.settings, closable.url, MONTH, now=utc_now())
    assert "submitted by ani" in found.unproven
    assert [finding for finding in found.findings if "Airflow" in finding.message] == []


@pytest.mark.parametrize("forgery", ["another_person", "another_month", "another_answer", "another_form", "later"])
def test_the_service_login_cannot_sign_with_another_answer(
    closable: Closable, close: Close, answers: Answers, notary: Login, forgery: str
) -> None:
    body = close.sha256 if forgery != "another_month" else "0" * 64
    person = "budi" if forgery == "another_person" else "sekretaris"
    option = "Susun ulang" if forgery == "another_answer" else "Ajukan"
    response = answers.give(person, "check" if forgery == "another_form" else "submit", option, body)
    if forgery == "later":
        with psycopg.connect(answers.url) as airflow:
            airflow.execute("update hitl_detail set responded_at = %s", (utc_now() + timedelta(hours=1),))
    signed(closable, "submitted", "sekretaris", response)
    copy_answers(answers.url, as_person(closable.url, notary))
    _, findings = checked(closable, close)
    assert len(findings) == 1
    assert "2026-10 version 1: submitted by sekretaris" in findings[0]
    assert f"an answer of {person}" in findings[0]
    with pytest.raises(UsageProblem, match="recorded as another step already"):
        signed(closable, "checked", "itjen", response)


@pytest.mark.parametrize("forgery", ["another_month", "not_sent", "sent_once_recorded_twice", "another_text"])
def test_the_service_login_cannot_answer_for_a_center(
    closable: Closable, close: Close, answers: Answers, notary: Login, forgery: str
) -> None:
    body = close.sha256 if forgery != "another_month" else "0" * 64
    option = "Tanpa keterangan" if forgery == "not_sent" else "Kirim jawaban"
    with connect(closable.url, "closer") as service:
        number = exceptions_of(service, MONTH, 1)[0].exception_no
        response = answers.give("sari", "answer_exceptions", option, body, given={str(number): "mati listrik"})
        texts = {"sent_once_recorded_twice": ["mati listrik"] * 2, "another_text": ["mati listrik", "lupa"]}
        recorded = texts.get(forgery, ["mati listrik"])
        for text in recorded:
            answer_exceptions(service, MONTH, {number: text}, person="sari", channel="airflow", response_id=response)
    copy_answers(answers.url, as_person(closable.url, notary))
    unproven, findings = checked(closable, close)
    assert unproven == []
    assert len(findings) == 1
    assert f"2026-10 version 1: answer {len(recorded)} to exception {number} by sari" in findings[0]


def test_nothing_proves_a_correction_that_the_service_login_requests_for_others(
    closable: Closable, close: Close
) -> None:
    for action, person in (("submitted", "ani"), ("checked", "budi"), ("approved", "sekretaris")):
        signed(closable, action, person, None)
    with connect(closable.url, "closer") as service:
        (value,) = service.execute(
            "select figures -> 'posts' from audit.scorecard_rows where mart = 'fct_center_monthly' "
            "and center_code = 'satria'"
        ).fetchone() or (None,)
    with connect(closable.url, "closer") as service:
        number = request_correction(
            service, MONTH, center_code="satria", figure="posts", new_value=(value or 0) + 1, reason="x",
            document_number="BA-1", person="ani", channel="airflow",
        )  # fmt: skip
    with connect(closable.url, "closer") as service:
        approve_correction(service, number, person="budi", channel="airflow")
    unproven, findings = checked(closable, close)
    assert {f"correction {number} requested by ani", f"correction {number} approved by budi"} <= set(unproven)
    assert findings == []


def test_nobody_but_the_notary_writes_the_copies_and_nobody_changes_them(
    closable: Closable, close: Close, people: dict[str, Login], notary: Login
) -> None:
    insert = (
        "insert into audit.airflow_responses values (gen_random_uuid(), now(), 'x', now(), 'close_month', 'r', "
        "'submit', -1, '1', 'ani', '{Ajukan}', '{}', 'x', 'x')"
    )
    for attempt in (insert, "set role social_metrics_notary; " + insert):
        with psycopg.connect(closable.url) as service, pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(attempt.encode())
    with (
        connect(as_person(closable.url, people["maker"]), "closer") as closer,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        closer.execute(insert.encode())
    with psycopg.connect(as_person(closable.url, notary)) as connection:
        connection.execute(insert.encode())
        assert connection.execute("select copied_by from audit.airflow_responses").fetchall() == [(notary.name,)]
        connection.commit()
        for change in ("update audit.airflow_responses set person = 'x'", "delete from audit.airflow_responses"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(change.encode())
            connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("insert into audit.approvals (month_start) values (now())")

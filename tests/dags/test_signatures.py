"""An answer to a form of Airflow is recorded with the responder's name, or the form is shown again."""

import json
import os
import uuid
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from local_stack.databases import Login
from local_stack.secret_files import new_password
from local_stack.server import Server
from social_metrics.audit import closing
from social_metrics.audit.closing import draft_close
from social_metrics.audit.record import latest_close, status_of, steps_of
from social_metrics.audit.rules import Rule
from social_metrics.audit.signatures import copy_answers
from social_metrics.clock import utc_now
from social_metrics.warehouse.connect import connect
from tests.support.airflow_dags import Airflow
from tests.support.closable import MONTH, Closable, as_person

pytestmark = pytest.mark.slow


def context() -> dict[str, Any]:
    """Of a new form's task."""
    return {"task_instance": SimpleNamespace(id=uuid.uuid4())}


@pytest.fixture
def drafted(
    airflow: Airflow,
    closable: Closable,
    compiled: list[Rule],
    monkeypatch: pytest.MonkeyPatch,
) -> Closable:
    """A month with a draft; roles.csv names no person, so every permitted user may respond."""
    monkeypatch.setattr(closing, "rules_in_force", lambda *_: list(compiled))
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", closable.url)
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(closable.registry))
    draft_close(closable.settings, closable.url, MONTH)
    return closable


@pytest.fixture
def asked_again(drafted: Closable, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The forms that were shown again."""
    from social_metrics.orchestration import forms

    again: list[dict[str, Any]] = []
    monkeypatch.setattr(forms, "upsert_hitl_detail", lambda **form: again.append(form))
    return again


def close_facts(version: int = 1) -> dict[str, Any]:
    until = utc_now() + timedelta(days=2)
    return {"month": MONTH.isoformat(), "version": version, "answer_until": until.isoformat()}


def sign(action: Any, name: str | None, option: str, reason: str | None = None) -> dict[str, Any]:
    from social_metrics.orchestration.operators.sign_close import SignCloseOperator

    task = SignCloseOperator(task_id=f"sign_{action}", action=action, close=close_facts())
    event = {
        "chosen_options": [option],
        "params_input": {} if action == "submitted" else {"alasan": reason},
        "responded_at": utc_now(),
        "responded_by_user": {"id": "7", "name": name} if name else None,
    }
    return task.execute_complete(context(), event)


def steps_taken(place: Closable) -> list[tuple[str, str, str, str | None]]:
    with connect(place.url, "closer") as connection:
        close = latest_close(connection, MONTH)
        assert close is not None
        return [(step.action, step.person, step.channel, step.reason) for step in steps_of(connection, close)]


def test_three_persons_sign_and_the_same_person_is_asked_again(
    drafted: Closable, asked_again: list[dict[str, Any]]
) -> None:
    from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

    with pytest.raises(AirflowFailException, match="does not say who"):
        sign("submitted", None, "Ajukan")
    assert sign("submitted", "ani", "Ajukan") == {"decision": "submitted", "person": "ani"}
    with pytest.raises(TaskAwaitingInput):
        sign("checked", "ani", "Setuju")
    assert len(asked_again) == 1
    assert steps_taken(drafted) == [("submitted", "ani", "airflow", None)]
    assert sign("checked", "budi", "Setuju")["decision"] == "checked"
    for signed in ("ani", "budi"):
        with pytest.raises(TaskAwaitingInput):
            sign("approved", signed, "Setuju")
    assert sign("approved", "sekretaris", "Setuju")["decision"] == "approved"
    assert [person for _, person, _, _ in steps_taken(drafted)] == ["ani", "budi", "sekretaris"]
    # Cleared and answered again, nothing happens twice.
    assert sign("approved", "itjen", "Setuju") == {"decision": "approved", "person": "sekretaris"}
    assert len(steps_taken(drafted)) == 3


def test_refusal_needs_a_reason_and_starts_a_new_version(drafted: Closable, asked_again: list[dict[str, Any]]) -> None:
    from airflow.sdk.exceptions import AirflowSkipException, DagRunTriggerException, TaskAwaitingInput

    from social_metrics.orchestration.operators.close_again import CloseAgainOperator

    sign("submitted", "ani", "Ajukan")
    with pytest.raises(TaskAwaitingInput):
        sign("checked", "budi", "Tolak", "  ")
    refused = sign("checked", "budi", "Tolak", "Sentra Satria belum menjawab")
    assert steps_taken(drafted)[-1] == ("refused", "budi", "airflow", "Sentra Satria belum menjawab")
    assert sign("approved", "sekretaris", "Setuju")["decision"] == "refused", "there is nothing left to sign"

    def again(*decisions: dict[str, Any] | None) -> Any:
        return CloseAgainOperator(
            task_id="again", trigger_dag_id="close_month", close=close_facts(), decisions=list(decisions)
        ).execute({})

    with pytest.raises(AirflowSkipException):
        again({"decision": "submitted"}, None, None)
    with pytest.raises(DagRunTriggerException) as triggered:
        again({"decision": "submitted"}, refused, None)
    assert triggered.value.conf == {"month": "2026-10"}
    second = draft_close(drafted.settings, drafted.url, MONTH)
    assert second.version == 2
    with pytest.raises(AirflowSkipException, match="another version"):
        sign("checked", "budi", "Setuju")  # the form of the first run still stands open
    with connect(drafted.url, "closer") as connection:
        assert status_of(steps_of(connection, second)) == "draft"


def test_maker_may_ask_for_another_draft_without_signing(drafted: Closable) -> None:
    assert sign("submitted", "ani", "Susun ulang") == {"decision": "again", "person": "ani"}
    assert steps_taken(drafted) == []


def test_center_answers_within_the_working_days(
    drafted: Closable, asked_again: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.providers.standard.operators.hitl import HITLOperator
    from airflow.sdk.exceptions import TaskAwaitingInput

    from social_metrics.orchestration.operators.answer_exceptions import AnswerExceptionsOperator
    from social_metrics.orchestration.tasks.close import list_exceptions

    centers = list_exceptions.function(close_facts())
    assert "satria" in centers
    form = AnswerExceptionsOperator(task_id="ask", center_code="satria", close=close_facts())
    ask: Callable[..., Any] = form.execute_complete
    with connect(drafted.url, "closer") as connection:
        (digest,) = connection.execute("select sha256 from audit.closes").fetchone() or ("",)
        numbers = [
            number
            for (number,) in connection.execute(
                "select exception_no from audit.exceptions where center_code = 'satria' order by 1"
            )
        ]
    monkeypatch.setattr(HITLOperator, "execute", lambda *_: None)
    form.execute(context())
    assert f"`{digest}`" in form.body, "what proves that the answer is one to this close"
    blank: dict[str, str | None] = dict.fromkeys(map(str, numbers))

    def event(text: str | None, **more: Any) -> dict[str, Any]:
        fields = blank | {str(numbers[0]): text}
        user = {"id": "9", "name": "siti"}
        return {"chosen_options": ["Kirim jawaban"], "params_input": fields, "responded_at": utc_now(),
                "responded_by_user": user, **more}  # fmt: skip

    assert ask(context(), event(None, timedout=True, chosen_options=["Tanpa keterangan"]))["answers"] == 0
    with pytest.raises(TaskAwaitingInput):
        ask(context(), event("x" * 2001))
    assert ask(context(), event("X mati tiga hari"))["answers"] == 1
    with connect(drafted.url, "closer") as connection:
        kept = connection.execute("select answer, person, channel from audit.exception_answers").fetchall()
    assert kept == [("X mati tiga hari", "siti", "airflow")]
    sign("submitted", "ani", "Ajukan")
    assert "too_late" in ask(context(), event("terlambat"))
    assert list_exceptions.function(close_facts()) == []


def fill(metadata: psycopg.Connection, table: str, **given: Any) -> None:
    """Insert a row with these columns; the others that need a value get any."""
    values = {"uuid": uuid.uuid4(), "timestamptz": utc_now(), "json": "[]", "jsonb": "[]", "bool": False, "bytea": b""}
    needed = metadata.execute(
        "select column_name, udt_name from information_schema.columns "
        "where table_name = %s and is_nullable = 'NO' and column_default is null",
        (table,),
    ).fetchall()
    row = {name: values.get(kind, 0 if "int" in kind or "float" in kind else "x") for name, kind in needed} | given
    metadata.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join([sql.Placeholder()] * len(row)),
        ),
        list(row.values()),
    )


def test_copies_are_read_from_airflow_s_own_tables(
    airflow: Airflow, warehouse_url: str, postgres_server: Server
) -> None:
    """The tables are Airflow's, and an upgrade may change them."""
    notary = Login(f"notary_{os.getpid()}", new_password())
    postgres_server.ensure_login(notary.name, notary.password)
    form, cleared, other = (uuid.uuid4() for _ in range(3))
    answer = {
        "responded_at": utc_now(), "responded_by": json.dumps({"id": "7", "name": "ani"}), "subject": "x", "body": None,
        "chosen_options": json.dumps(["Ajukan"]), "params_input": "{}",
    }  # fmt: skip
    with psycopg.connect(postgres_server.url(airflow.metadata_url.rpartition("/")[2])) as metadata:
        metadata.execute("set session_replication_role = replica")  # without the rows of a whole run
        task = {"dag_id": "close_month", "run_id": "r", "task_id": "submit", "map_index": -1}
        fill(metadata, "task_instance", id=form, **task)
        fill(metadata, "hitl_detail", ti_id=form, **answer)
        fill(metadata, "task_instance", id=other, **task | {"run_id": "r2"})
        fill(metadata, "hitl_detail", ti_id=other, **answer | {"responded_at": None, "responded_by": "null"})
        fill(metadata, "task_instance_history", task_instance_id=cleared, **task)
        fill(metadata, "hitl_detail_history", ti_history_id=cleared, **answer)
    try:
        with postgres_server.admin() as admin:
            admin.execute(sql.SQL("grant social_metrics_notary to {}").format(sql.Identifier(notary.name)))
        assert copy_answers(airflow.metadata_url, as_person(warehouse_url, notary)) == 2
        with psycopg.connect(warehouse_url) as owner:
            copied = owner.execute("select response_id, person, chosen_options from audit.airflow_responses").fetchall()
    finally:
        with postgres_server.admin() as admin:
            admin.execute(sql.SQL("drop role {}").format(sql.Identifier(notary.name)))
    assert sorted(copied) == sorted((number, "ani", ["Ajukan"]) for number in (form, cleared))

"""The head of the log leaves the warehouse every night: signed into a folder, and by e-mail to the inspectorate."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from aiosmtpd.controller import Controller

from local_stack.ports import free_port
from social_metrics.audit.log.checkpoint import parse_checkpoint, parse_request
from social_metrics.audit.log.note import NOTE, Signer, new_signer
from tests.support.airflow_dags import Airflow
from tests.support.receivers import Mailbox


@pytest.fixture
def signer(monkeypatch: pytest.MonkeyPatch) -> Signer:
    """The key of the log, in the environment."""
    made = new_signer("example.go.id/log", NOTE)
    monkeypatch.setenv("SOCIAL_METRICS_LOG_KEY", str(made))
    return made


@pytest.fixture
def sealed(airflow: Airflow, warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A warehouse with one seal; roles.csv has an inspectorate."""
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "roles.csv").write_text(
        "role_code,person,email,center_code\nleadership,,pimpinan@example.go.id,\ninspectorate,,itjen@example.go.id,\n"
    )
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", warehouse_url)
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(tmp_path / "registry"))
    monkeypatch.setenv("SOCIAL_METRICS_STATE_DIR", str(tmp_path / "state"))
    with psycopg.connect(warehouse_url) as owner:
        owner.execute(
            "insert into audit.seals values (1, '2026-11-01', now(), repeat('0', 64), 'x', 'x', repeat('1', 64))"
        )
    return warehouse_url


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A mail server, and Airflow's connection to it."""
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    extra = {"from_email": "segel@example.go.id", "disable_tls": True, "disable_ssl": True}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": json.dumps(extra)}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
    yield box
    controller.stop()


def test_checkpoint_is_signed_and_sent_to_the_inspectorate(
    sealed: str, signer: Signer, mailbox: Mailbox, tmp_path: Path
) -> None:
    from social_metrics.orchestration.tasks.checkpoints import mail_checkpoint, sign_checkpoint

    note = sign_checkpoint.function()
    assert (tmp_path / "state" / "checkpoints" / "checkpoint-1").read_text() == note
    assert mail_checkpoint.function(note) == ["itjen@example.go.id"]
    ((recipients, message),) = mailbox.letters
    assert recipients == ["itjen@example.go.id"]
    assert message["Subject"] == f"Log segel {parse_checkpoint(note).short}"
    files = {part.get_filename(): part.get_payload(decode=True) for part in message.walk() if part.get_filename()}
    assert files["checkpoint-1"] == note.encode(), "byte for byte: it is a signed note"
    request = parse_request(files["add-checkpoint"].decode())  # type: ignore[union-attr]
    assert (request.old_size, request.checkpoint) == (0, parse_checkpoint(note))
    assert request.checkpoint.checked(signer.verifier) == {}


def test_rewritten_log_is_not_signed(sealed: str, signer: Signer) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from social_metrics.orchestration.tasks.checkpoints import sign_checkpoint

    sign_checkpoint.function()
    with psycopg.connect(sealed) as owner:
        owner.execute("alter table audit.seals disable trigger user")
        owner.execute("update audit.seals set sealed_by = 'somebody'")
    with pytest.raises(AirflowFailException, match="do not continue"):
        sign_checkpoint.function()


def test_nothing_is_signed_without_a_key(sealed: str) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from social_metrics.orchestration.tasks.checkpoints import sign_checkpoint

    with pytest.raises(AirflowSkipException, match="SOCIAL_METRICS_LOG_KEY"):
        sign_checkpoint.function()


def test_checkpoint_is_not_sent_without_a_mail_server(sealed: str, signer: Signer) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from social_metrics.orchestration.tasks.checkpoints import mail_checkpoint, sign_checkpoint

    with pytest.raises(AirflowSkipException, match="smtp_default"):
        mail_checkpoint.function(sign_checkpoint.function())


def test_proof_of_a_report_is_mailed_beside_it(sealed: str, mailbox: Mailbox) -> None:
    from social_metrics.audit.deliveries import IssuedReport
    from social_metrics.orchestration.tasks import reports

    day = date(2026, 10, 31)
    names = ("full", date(2026, 10, 1), 1, day, False, None, "lengkap.pdf", "application/pdf", b"%PDF", "abc")
    report = IssuedReport(7, *names)
    reports._send("itjen@example.go.id", [report], {"abc": '{"a": "—"}'}, "smtp_default")
    reports._send("itjen@example.go.id", [report], {}, "smtp_default")
    with_proof, without = (
        {part.get_filename(): part.get_payload(decode=True) for part in message.walk() if part.get_filename()}
        for _, message in mailbox.letters
    )
    assert with_proof == {"lengkap.pdf": b"%PDF", "lengkap.pdf.proof.json": '{"a": "—"}'.encode()}
    assert without == {"lengkap.pdf": b"%PDF"}

"""The head of the log leaves the warehouse every night: signed into a folder, and by e-mail to the inspectorate."""

from pathlib import Path

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from social_metrics.audit.log.checkpoint import parse_checkpoint, parse_request
from social_metrics.audit.log.note import NOTE, Signer, new_signer
from tests.dags.test_delivery import Mailbox, mailbox, offices  # noqa: F401 - fixtures


@pytest.fixture
def signer(monkeypatch: pytest.MonkeyPatch) -> Signer:
    """The key of the log, in the environment."""
    made = new_signer("example.go.id/log", NOTE)
    monkeypatch.setenv("SOCIAL_METRICS_LOG_KEY", str(made))
    return made


@pytest.fixture
def sealed(offices: str) -> str:  # noqa: F811
    """A warehouse with one seal."""
    with psycopg.connect(offices) as owner:
        owner.execute(
            "insert into audit.seals values (1, '2026-11-01', now(), repeat('0', 64), 'x', 'x', repeat('1', 64))"
        )
    return offices


def test_checkpoint_is_signed_and_sent_to_the_inspectorate(
    sealed: str,
    signer: Signer,
    mailbox: Mailbox,  # noqa: F811
    tmp_path: Path,
) -> None:
    from social_metrics.orchestration.tasks.checkpoints import mail_checkpoint, sign_checkpoint

    note = sign_checkpoint.function()
    assert (tmp_path / "state" / "checkpoints" / "checkpoint-1").read_text() == note
    assert mail_checkpoint.function(note) == ["itjen@example.go.id"]
    ((recipient, message),) = mailbox.received
    assert recipient == "itjen@example.go.id"
    assert message["Subject"] == f"Log segel {parse_checkpoint(note).short}"
    files = {part.get_filename(): part.get_payload(decode=True) for part in message.walk() if part.get_filename()}
    assert files["checkpoint-1"] == note.encode(), "byte for byte: it is a signed note"
    request = parse_request(files["add-checkpoint"].decode())  # type: ignore[union-attr]
    assert (request.old_size, request.checkpoint) == (0, parse_checkpoint(note))
    assert request.checkpoint.checked(signer.verifier) == {}


def test_rewritten_log_is_not_signed(sealed: str, signer: Signer) -> None:
    from social_metrics.orchestration.tasks.checkpoints import sign_checkpoint

    sign_checkpoint.function()
    with psycopg.connect(sealed) as owner:
        owner.execute("alter table audit.seals disable trigger user")
        owner.execute("update audit.seals set sealed_by = 'somebody'")
    with pytest.raises(AirflowFailException, match="do not continue"):
        sign_checkpoint.function()


def test_nothing_is_signed_without_a_key(sealed: str) -> None:
    from social_metrics.orchestration.tasks.checkpoints import sign_checkpoint

    with pytest.raises(AirflowSkipException, match="SOCIAL_METRICS_LOG_KEY"):
        sign_checkpoint.function()


def test_checkpoint_is_not_sent_without_a_mail_server(sealed: str, signer: Signer) -> None:
    from social_metrics.orchestration.tasks.checkpoints import mail_checkpoint, sign_checkpoint

    with pytest.raises(AirflowSkipException, match="smtp_default"):
        mail_checkpoint.function(sign_checkpoint.function())

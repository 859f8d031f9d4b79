"""A warehouse that is down is an alert of its own, although it cannot be recorded there."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local_stack.ports import free_port
from social_metrics.cli.application import app
from social_metrics.settings import DEFAULT_REGISTRY
from tests.support.receivers import Mailbox, Webhook

ROLES = "role_code,person,email,center_code\noperator,Tim data,data@example.org,\n"


@pytest.fixture
def watched(tmp_path: Path, mailbox: Mailbox, webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings that lead to a port at which no PostgreSQL listens."""
    shutil.copytree(DEFAULT_REGISTRY, tmp_path / "registry")
    (tmp_path / "registry" / "roles.csv").write_text(ROLES)
    for name, value in {
        "AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE": f"postgresql://login:secret@127.0.0.1:{free_port()}/warehouse",
        "SOCIAL_METRICS_REGISTRY_DIR": str(tmp_path / "registry"),
        "SOCIAL_METRICS_STATE_DIR": str(tmp_path / "state"),
        "SOCIAL_METRICS_SMTP_URL": mailbox.url,
        "SOCIAL_METRICS_ALERT_WEBHOOK_URL": webhook.url,
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def watch() -> tuple[int, dict[str, object]]:
    result = CliRunner().invoke(app, ["watch", "--format", "json"])
    return result.exit_code, json.loads(result.stdout)


def test_watch_sends_an_alert_while_the_warehouse_is_down(watched: Path, mailbox: Mailbox, webhook: Webhook) -> None:
    code, printed = watch()
    assert code == 1, "as documented: something is wrong"
    assert [alert["kind"] for alert in printed["alerts"]] == ["warehouse_down"]  # type: ignore[attr-defined]
    assert len(printed["sent"]) == 1  # type: ignore[arg-type]
    ((to, letter),) = mailbox.letters
    assert to == ["data@example.org"]
    assert "[warehouse_down]" in letter.get_payload()
    assert "does not respond" in letter.get_payload()
    assert "secret" not in letter.get_payload()
    assert [alert["kind"] for alert in webhook.posts[0]["alerts"]] == ["warehouse_down"]
    code, printed = watch()
    assert (code, printed["sent"]) == (1, []), "sent once while it lasts"
    assert len(webhook.posts) == 1


def test_alert_that_no_one_took_is_sent_at_the_next_look(watched: Path, webhook: Webhook) -> None:
    webhook.status = 500
    result = CliRunner().invoke(app, ["watch"])
    assert result.exit_code == 2
    assert "did not take the alert" in result.stderr
    webhook.status = 200
    assert watch()[1]["sent"] == ["Social metrics: the warehouse does not respond"]


def test_a_second_outage_is_reported_again(
    watched: Path, webhook: Webhook, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch()
    with monkeypatch.context() as environment:
        environment.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", warehouse_url)
        kinds = [alert["kind"] for alert in watch()[1]["alerts"]]  # type: ignore[attr-defined]
    assert "warehouse_down" not in kinds
    before = len(webhook.posts)
    assert watch()[1]["sent"]
    assert len(webhook.posts) == before + 1

"""Reports are delivered once: to a folder, and by e-mail to the offices that may have them."""

import email
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiosmtpd.controller import Controller

from local_stack.ports import free_port
from tests.support.airflow_dags import Airflow, load_dags
from tests.support.example_marts import create_example_marts
from tests.support.factories import REGISTRY
from tests.support.pdf import words_of

ROLES = """role_code,person,email,center_code,airflow_user_id
maker,ani,data@example.go.id,,
leadership,,pimpinan@example.go.id,,
inspectorate,,itjen@example.go.id,,
center_officer,,kartini@example.go.id,kartini,
center_officer,,satria@example.go.id,satria,
"""

# Labels of the page; the example marts have no seeds.
LABELS = """
create schema if not exists seeds;
create table seeds.capture_outcomes (outcome text, label_id text);
create table seeds.platforms (platform text, platform_label text);
create table seeds.time_zones (time_zone text, time_zone_label text);
grant usage on schema marts, seeds to social_metrics_closer;
grant select on all tables in schema marts, seeds to social_metrics_closer;
"""


@dataclass
class Mailbox:
    """A mail server that keeps its mails; `refuses` holds addresses that it rejects."""

    received: list[tuple[str, Message]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refuses:
            return "550 no such office"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        self.received.append((recipient, email.message_from_bytes(envelope.content)))
        return "250 OK"

    def attachments(self) -> dict[str, list[str]]:
        """Address → names of the files that it got, in the order of arrival."""
        got: dict[str, list[str]] = {}
        for recipient, message in self.received:
            got.setdefault(recipient, []).extend(str(name) for part in message.walk() if (name := part.get_filename()))
        return got


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    extra = {"from_email": "tutup-buku@example.go.id", "disable_tls": True, "disable_ssl": True, "retry_limit": 0}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": json.dumps(extra)}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
    yield box
    controller.stop()


@pytest.fixture
def offices(airflow: Airflow, warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A warehouse's address; the registry's roles.csv names offices."""
    shutil.copytree(REGISTRY, tmp_path / "registry")
    (tmp_path / "registry" / "roles.csv").write_text(ROLES)
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", warehouse_url)
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(tmp_path / "registry"))
    monkeypatch.setenv("SOCIAL_METRICS_STATE_DIR", str(tmp_path / "state"))
    return warehouse_url


@pytest.fixture
def reports(offices: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """File name → sha256 of the reports of a closed month, and of one provisional page, as if the record gave them."""
    monkeypatch.setattr("social_metrics.publish.reports.comparison.require_explained", lambda *_: None)
    return insert_reports(offices)


def insert_reports(offices: str) -> dict[str, str]:
    """Insert reports of a month that has no figures; file name → sha256."""
    made: dict[str, str] = {}
    with psycopg.connect(offices) as owner:
        owner.execute("alter table audit.issued_papers disable trigger check_paper")
        owner.execute(
            "insert into audit.seals values (1, '2026-11-01', now(), repeat('0', 64), 'x', 'x', repeat('1', 64))"
        )
        owner.execute(
            "insert into audit.closes values ('2026-10-01', 1, now(), 'x', 1, repeat('1', 64), repeat('0', 64), 'x', "
            "now(), null, null, 0, 0, '{}', '[]', null, '1', '{}', 'x', 'x', 'x', repeat('2', 64))"
        )
        for kind, name, month, center in (
            ("leadership", "halaman.pdf", "2026-10-01", None),
            ("full", "lengkap.pdf", "2026-10-01", None),
            ("center", "kartini.pdf", "2026-10-01", "kartini"),
            ("center", "satria.pdf", "2026-10-01", "satria"),
            ("leadership", "sementara.pdf", None, None),
        ):
            content = f"%PDF {name}".encode()
            made[name] = hashlib.sha256(content).hexdigest()
            owner.execute(
                "insert into audit.issued_papers (kind, month_start, version, as_of_date, is_provisional, center_code, "
                "language, file_name, media_type, content, sha256, issued_by) "
                "values (%s, %s, %s, '2026-10-31', %s, %s, 'id', %s, 'application/pdf', %s, %s, 'x')",
                (kind, month, 1 if month else None, month is None, center, name, content, made[name]),
            )
    return made


def mail(digests: list[str]) -> list[str]:
    from social_metrics.orchestration.tasks.reports import mail_reports

    sent: list[str] = mail_reports.function(digests)
    return sent


def store(digests: list[str]) -> list[str]:
    from social_metrics.orchestration.tasks.reports import store_reports

    places: list[str] = store_reports.function(digests)
    return places


def test_each_office_gets_its_reports_once_and_a_center_only_its_own(
    reports: dict[str, str], mailbox: Mailbox, warehouse_url: str
) -> None:
    closed = [digest for name, digest in reports.items() if name != "sementara.pdf"]
    assert len(mail(closed)) == 5
    assert mailbox.attachments() == {
        "data@example.go.id": ["halaman.pdf", "lengkap.pdf"],
        "itjen@example.go.id": ["lengkap.pdf"],
        "kartini@example.go.id": ["kartini.pdf"],
        "pimpinan@example.go.id": ["halaman.pdf"],
        "satria@example.go.id": ["satria.pdf"],
    }
    _, message = next(pair for pair in mailbox.received if pair[0] == "kartini@example.go.id")
    assert message["From"] == "tutup-buku@example.go.id"
    (attached,) = [part for part in message.walk() if part.get_filename()]
    assert attached.get_payload(decode=True) == b"%PDF kartini.pdf"
    assert mail(closed) == [], "delivered twice, sent once"
    assert len(mailbox.received) == 5
    with psycopg.connect(warehouse_url) as owner:
        assert owner.execute("select count(*) from audit.deliveries").fetchone() == (6,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            owner.execute("delete from audit.deliveries")


def test_a_report_that_the_record_does_not_explain_is_not_delivered(
    offices: str, mailbox: Mailbox, tmp_path: Path
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    forged = insert_reports(offices)
    for deliver in (mail, store):
        for name in ("halaman.pdf", "sementara.pdf"):
            with pytest.raises(AirflowFailException, match=rf"were not delivered:\n  {name}"):
                deliver([forged[name]])
    assert mailbox.received == []
    assert not list((tmp_path / "state").rglob("*.pdf"))
    with psycopg.connect(offices) as owner:
        assert owner.execute("select count(*) from audit.deliveries").fetchone() == (0,)


def test_mail_that_failed_is_sent_by_the_next_try(reports: dict[str, str], mailbox: Mailbox) -> None:
    import smtplib

    mailbox.refuses = {"satria@example.go.id"}
    packs = [reports["kartini.pdf"], reports["satria.pdf"]]
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        mail(packs)
    assert list(mailbox.attachments()) == ["kartini@example.go.id"]
    mailbox.refuses = set()
    assert mail(packs) == ["satria@example.go.id"]
    assert mailbox.attachments() == {
        "kartini@example.go.id": ["kartini.pdf"],
        "satria@example.go.id": ["satria.pdf"],
    }


def test_provisional_page_is_named_so_in_the_subject(reports: dict[str, str], mailbox: Mailbox) -> None:
    mail([reports["sementara.pdf"]])
    assert {recipient for recipient, _ in mailbox.received} == {"data@example.go.id", "pimpinan@example.go.id"}
    assert all(message["Subject"].startswith("ANGKA SEMENTARA") for _, message in mailbox.received)


def test_report_as_of_issues_stores_and_mails_the_page_once(
    offices: str, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole DAG twice, from marts to mailbox: the page stays the same, and no office gets it twice."""
    from airflow.sdk import ObjectStoragePath

    monkeypatch.setenv("SOCIAL_METRICS_REPORTS_DESTINATION", "memory://reports")
    create_example_marts(offices)
    with psycopg.connect(offices) as owner:
        owner.execute(LABELS)
    name = "2024-01-31-sementara-id.pdf"
    kept = ObjectStoragePath(f"memory://reports/sementara/2024-01-31/{name}")
    contents = []
    for _ in range(2):
        dag = load_dags().dags["report_as_of"]
        for task in dag.tasks:
            task.retries = 0  # `test` would wait for them
        run = dag.test(run_conf={"as_of": "2024-01-31"})
        states = {instance.task_id: str(instance.state) for instance in run.get_task_instances()}
        assert states == dict.fromkeys(("issue_page", "store_page", "mail_page"), "success")
        contents.append(kept.read_bytes())
    assert contents[0] == contents[1]
    assert "ANGKA SEMENTARA" in words_of(contents[0])
    assert "31 Januari 2024" in words_of(contents[0])
    assert mailbox.attachments() == {"data@example.go.id": [name], "pimpinan@example.go.id": [name]}


def test_missing_mail_connection_is_reported_with_its_id(
    reports: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)
    with pytest.raises(AirflowFailException, match="no connection smtp_default"):
        mail([reports["halaman.pdf"]])
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", "/nowhere")
    with pytest.raises(AirflowSkipException, match="No office"):
        mail([reports["halaman.pdf"]])
    with pytest.raises(AirflowFailException, match="never issued"):
        mail(["0" * 64])


def test_reports_are_stored_in_the_folder_and_restored_when_lost(reports: dict[str, str], tmp_path: Path) -> None:
    first = store(list(reports.values()))
    root = tmp_path / "state" / "reports"
    files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.pdf")}
    assert sorted(files) == [
        "2026-10/versi-1/halaman.pdf",
        "2026-10/versi-1/lengkap.pdf",
        "2026-10/versi-1/sentra/kartini/kartini.pdf",
        "2026-10/versi-1/sentra/satria/satria.pdf",
        "sementara/2026-10-31/sementara.pdf",
    ]
    assert files["2026-10/versi-1/halaman.pdf"] == b"%PDF halaman.pdf"
    lost = root / "2026-10/versi-1/halaman.pdf"
    lost.unlink()
    kept = root / "2026-10/versi-1/lengkap.pdf"
    kept.chmod(0o400)
    written = kept.stat().st_mtime_ns
    assert store(list(reports.values())) == first
    assert lost.read_bytes() == b"%PDF halaman.pdf"
    assert kept.stat().st_mtime_ns == written

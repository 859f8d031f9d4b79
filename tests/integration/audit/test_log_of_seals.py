"""The log of seals end to end: a superuser rewrites everything, and what lies elsewhere refuses it.

Reports are checked in a process that has neither a warehouse nor the packages to reach one.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from local_stack.server import Server
from social_metrics.audit import closing, verification
from social_metrics.audit.closing import draft_close
from social_metrics.audit.rules import Rule
from social_metrics.cli.application import app
from social_metrics.warehouse.connect import connect
from tests.support.closable import MONTH, Closable, correct_in_airflow, sign_in_airflow
from tests.support.pdf import words_of
from tests.support.rewriting import cut_off, rewrite

pytestmark = pytest.mark.slow

# What an auditor's machine lacks. None in sys.modules makes an import fail.
AUDITOR = """
import sys
for name in ("psycopg", "airflow", "pandas", "dbt", "sqlalchemy", "requests", "yaml", "typst", "openpyxl", "alembic"):
    sys.modules[name] = None
import socket
socket.socket = None
from social_metrics.cli import app
app()
"""


@dataclass(frozen=True)
class Offices:
    """The ministry, with a folder for its checkpoints, and the inspectorate with a witness."""

    closable: Closable
    ministry: Path
    inspectorate: Path
    log_key: str
    witness_key: str

    def run(self, *arguments: str, code: int = 0) -> str:
        """A command of the ministry; returns what it printed."""
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    def verify(self, *arguments: str, code: int = 0) -> str:
        return " ".join(self.run("verify", "--month", "2026-10", *arguments, code=code).split())

    def audit(self, *arguments: str, code: int = 0) -> str:
        """A command on a machine of the inspectorate."""
        done = subprocess.run(
            [sys.executable, "-c", AUDITOR, *arguments],
            cwd=self.inspectorate,
            env={"PATH": "/usr/bin", "PYTHONPATH": str(Path(closing.__file__).parents[2])},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return " ".join((done.stdout + done.stderr).split())

    def witness(self, request: Path, *arguments: str, code: int = 0) -> str:
        return self.audit(
            *("witness", str(request), "--state", "state", "--log", self.log_key, "--key", "witness.key"),
            *("--to", "cosigned", *arguments),
            code=code,
        )

    def verify_report(self, report: Path, *arguments: str, code: int = 0) -> str:
        return self.audit("verify-report", str(report), "--key", self.log_key, *arguments, code=code)

    def reports(self) -> Path:
        """The folder with the month's reports, written now."""
        folder = self.ministry / "reports"
        self.run("report", "month", "--month", "2026-10", "--to", str(folder))
        return folder


FULL = "2026-10-v1-lengkap-koreksi-1-id.pdf"


@pytest.fixture
def offices(closable: Closable, monkeypatch: pytest.MonkeyPatch, compiled: list[Rule], tmp_path: Path) -> Offices:
    """October is closed, corrected and reported; the witness cosigned before and after it."""
    for module in (closing, verification):
        monkeypatch.setattr(module, "rules_in_force", lambda *_: list(compiled))
    ministry, inspectorate = tmp_path / "ministry", tmp_path / "inspectorate"
    ministry.mkdir()
    inspectorate.mkdir()
    keys = {}
    for name, folder, kind in (("log", ministry, []), ("witness", inspectorate, ["--witness"])):
        made = CliRunner().invoke(app, ["keys", "new", f"example.go.id/{name}", "--to", f"{folder}/{name}.key", *kind])
        keys[name] = made.output.strip()
    for variable, value in {
        "AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE": closable.url,
        "SOCIAL_METRICS_REGISTRY_DIR": str(closable.registry),
        "SOCIAL_METRICS_LOG_KEY_FILE": str(ministry / "log.key"),
        "SOCIAL_METRICS_CHECKPOINTS_DIR": str(ministry / "checkpoints"),
        "SOCIAL_METRICS_WITNESS_KEYS": keys["witness"],
    }.items():
        monkeypatch.setenv(variable, value)
    made_ = Offices(closable, ministry, inspectorate, keys["log"], keys["witness"])
    made_.run("seal")
    made_.witness(ministry / "checkpoints" / "add-checkpoint", "--first")
    made_.run("checkpoint", "accept", str(inspectorate / "cosigned"))
    draft_close(closable.settings, closable.url, MONTH)
    with connect(closable.url, "closer") as closer:
        sign_in_airflow(closer)
        correct_in_airflow(closer)
    made_.reports()
    made_.witness(ministry / "checkpoints" / "add-checkpoint")
    made_.run("checkpoint", "accept", str(inspectorate / "cosigned"))
    made_.reports()
    return made_


def rewritten(offices: Offices, server: Server, *statements: str) -> None:
    """The attack: consistent, and signed with the log's own key over an emptied folder."""
    with psycopg.connect(offices.closable.url) as owner:
        database = owner.info.dbname
    with server.admin(database) as admin:
        rewrite(admin, *statements, *REPORTS_AWAY)
    for file in (offices.ministry / "checkpoints").iterdir():
        file.unlink()


# All of it: from the oldest evidence to the signers, times and corrections.
EVERYTHING = (
    "update raw.capture_outcomes set run_id = 'another run'",
    "update audit.approvals set person = 'mallory', approver = 'mallory' where action = 'approved'",
    "update audit.approvals set acted_at = acted_at - interval '3 days'",
    "update audit.correction_requests set new_value = '9999', document_number = 'BA-1/2026'",
)
# A report whose bytes are not those of the record would be found: it is issued again.
REPORTS_AWAY = (
    "delete from audit.issued_papers",
    "delete from audit.deliveries",
    "delete from audit.sealed_rows where table_name in ('audit.issued_papers', 'audit.deliveries')",
)
SIGNERS = EVERYTHING[1:3]
CORRECTIONS = EVERYTHING[3:]
SINCE = r"20\d\d-\d\d-\d\d \d\d:\d\d UTC"


def test_untouched_record_is_proven_inside_and_outside(offices: Offices) -> None:
    told = offices.verify("--checkpoint", str(offices.inspectorate / "cosigned"))
    assert "holds: identical" in told
    assert re.search(rf"cosigned by example.go.id/witness on {SINCE}\): nothing up to seal \d+ .* was rewritten", told)
    folder = offices.reports()
    for report in folder.iterdir():
        if report.suffix != ".json":
            proven = offices.verify_report(report, "--witness", offices.witness_key)
            assert "is the report that was issued" in proven
            assert "approved" in proven
            assert "by sekretaris" in proven
    data = json.loads(CliRunner().invoke(app, ["verify", "--month", "2026-10", "--format", "json"]).output)
    assert data["holds"]
    assert len(data["anchored"]) >= 2


@pytest.mark.parametrize("statements", [SIGNERS, CORRECTIONS, EVERYTHING], ids=["signers", "corrections", "everything"])
def test_consistent_rewriting_is_found_by_what_lies_elsewhere(
    offices: Offices, postgres_server: Server, statements: tuple[str, ...]
) -> None:
    genuine = (offices.ministry / "reports" / FULL).read_bytes()
    (printed,) = set(re.findall(r"Log segel: (\d+:[0-9a-f]{64})", words_of(genuine)))
    cosigned = str(offices.inspectorate / "cosigned")
    rewritten(offices, postgres_server, *statements)
    forged = offices.reports() / FULL
    assert forged.read_bytes() != genuine

    # Inside, nothing shows it: neither the chain nor a computation, nor the digest where only signers were changed.
    assert "holds: identical" in offices.verify()
    if statements in (SIGNERS, CORRECTIONS):
        digest = re.search(r"[0-9a-f]{64}", words_of(genuine))
        assert digest
        assert "holds: identical" in offices.verify("--digest", digest[0])

    found = offices.verify("--checkpoint", cosigned, code=1)
    assert re.search(rf"at least one was rewritten after {SINCE}", found)
    assert "at least one was rewritten after this head was made" in offices.verify("--root", printed, code=1)

    # The auditor gets forged reports with fresh proofs of the forged log.
    refused = offices.verify_report(forged, "--witness", offices.witness_key, code=1)
    assert "is NOT proven" in refused
    assert "not cosigned by example.go.id/witness" in refused
    refused = offices.verify_report(forged, "--checkpoint", cosigned, "--witness", offices.witness_key, code=1)
    assert re.search(rf"rewritten since {SINCE}", refused)

    # And the witness does not cosign the forged log, however it is asked.
    request = offices.ministry / "checkpoints" / "request"
    state = (offices.inspectorate / "state").read_bytes()
    size = state.split(b"\n")[1].decode()
    offices.run("checkpoint", "export", "--old", size, "--to", str(request))
    assert re.search(rf"(Fork|does not continue).* {SINCE}", offices.witness(request, code=1))
    assert (offices.inspectorate / "state").read_bytes() == state


def test_service_signs_no_head_that_does_not_continue_the_last_one(offices: Offices, postgres_server: Server) -> None:
    with psycopg.connect(offices.closable.url) as owner:
        database = owner.info.dbname
    with postgres_server.admin(database) as admin:
        rewrite(admin, *EVERYTHING)
    assert "do not continue" in str(CliRunner().invoke(app, ["seal"]).stderr)
    found = offices.verify(code=1)
    assert "checkpoint-" in found
    assert re.search(rf"rewritten after {SINCE}", found)


def test_part_before_the_rewriting_is_named(offices: Offices, postgres_server: Server) -> None:
    sizes = sorted(int(file.name.split("-")[1]) for file in (offices.ministry / "checkpoints").glob("checkpoint-*"))
    with psycopg.connect(offices.closable.url) as owner:
        database = owner.info.dbname
    with postgres_server.admin(database) as admin:
        rewrite(admin, *SIGNERS)
    found = offices.verify(code=1)
    assert f"of the seals {sizes[0] + 1} to {sizes[-1]} at least one was rewritten" in found
    assert f"unchanged are seals 1 to {sizes[0]}" in found
    assert f"nothing up to seal {sizes[0]} " in found


def test_seals_that_were_cut_off_are_found(offices: Offices, postgres_server: Server) -> None:
    with psycopg.connect(offices.closable.url) as owner:
        database = owner.info.dbname
        (last,) = owner.execute("select max(seal_no) from audit.seals").fetchone() or (0,)
    with postgres_server.admin(database) as admin:
        cut_off(admin, last - 1)
    for file in (offices.ministry / "checkpoints").iterdir():
        file.unlink()
    offices.verify()
    found = offices.verify("--checkpoint", str(offices.inspectorate / "cosigned"), code=1)
    assert re.search(rf"seals {last} to {last} were cut off after {SINCE}: the warehouse has {last - 1}", found)


def test_changed_report_proof_or_key_is_refused(offices: Offices, tmp_path: Path) -> None:
    report = offices.ministry / "reports" / FULL
    proof = report.with_name(FULL + ".proof.json")
    changed = tmp_path / FULL
    changed.write_bytes(report.read_bytes()[:-1] + b"\n\n")
    assert "was changed after its issue" in offices.verify_report(changed, "--proof", str(proof), code=1)
    other = next(one for one in report.parent.glob("*-pimpinan-*.proof.json"))
    assert "of another report" in offices.verify_report(report, "--proof", str(other), code=1)
    stranger = CliRunner().invoke(app, ["keys", "new", "example.go.id/log", "--to", str(tmp_path / "k")]).output.strip()
    told = offices.audit("verify-report", str(report), "--key", stranger, code=1)
    assert "is not signed with the key of example.go.id/log" in told
    text = json.loads(proof.read_text())
    for number, row in enumerate(text["rows"]):
        for old, new in (("sekretaris", "sekretari5"), ("2026", "2025"), ("sealed", "")):
            if old not in row["text"]:
                continue
            damaged = json.loads(proof.read_text())
            damaged["rows"][number]["text"] = row["text"].replace(old, new)
            (tmp_path / "damaged").write_text(json.dumps(damaged))
            assert "NOT proven" in offices.verify_report(report, "--proof", str(tmp_path / "damaged"), code=1)


def test_machine_without_the_key_signs_and_proves_nothing(offices: Offices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOCIAL_METRICS_LOG_KEY_FILE")
    folder = offices.ministry / "elsewhere"
    offices.run("report", "month", "--month", "2026-10", "--to", str(folder))
    assert [file for file in folder.iterdir() if file.suffix == ".json"] == []
    done: Result = CliRunner().invoke(app, ["checkpoint", "prove", str(folder / FULL)])
    assert done.exit_code == 2
    assert "The log has no key here" in done.stderr


def test_signing_key_stands_in_no_row_and_no_output(offices: Offices) -> None:
    secret = (offices.ministry / "log.key").read_text().strip().rpartition("+")[2]
    with psycopg.connect(offices.closable.url) as owner:
        for (table,) in owner.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('raw', 'ops', 'audit')"
        ).fetchall():
            rows = owner.execute(f"select count(*) from {table} as row where row::text like %s", (f"%{secret}%",))
            assert rows.fetchone() == (0,), table
    assert secret not in offices.verify()
    assert (offices.ministry / "log.key").stat().st_mode & 0o077 == 0

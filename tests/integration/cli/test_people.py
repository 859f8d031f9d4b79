"""Entry by hand and the registry's life from a shell: exit codes, JSON, and a copy folder_reader the file."""

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from social_metrics.cli import app
from social_metrics.clock import utc_now, wib_date
from social_metrics.contract import CaptureOutcome, Outcome, PostsRead, Source
from social_metrics.intake.form import FIRST_ROW, Column
from social_metrics.registry.registry import load_registry
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.loader import BatchRecords, load
from tests.support.officer import OFFICER, SECOND, Desk, fill, put, sheet_of, write_registry

ACCOUNT = "kartini-x"
YESTERDAY = wib_date(utc_now()) - timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path, warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry in which one account is read by hand; commands work on it and on a fresh warehouse."""
    registry = write_registry(tmp_path / "registry", {ACCOUNT: {}})
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", warehouse_url)
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(registry))
    return registry


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def said(result: Result) -> Any:
    return json.loads(result.stdout)


def test_from_the_template_to_the_confirmation(folder: Path, tmp_path: Path, warehouse_url: str) -> None:
    file = tmp_path / "kartini.xlsx"
    made = run("entry", "template", "--out", file, "--center", "kartini")
    assert (made.exit_code, "1 accounts of 1 centers" in made.stdout) == (0, True)
    desk = Desk(load_registry(folder), warehouse_url)
    workbook = load_workbook(file)
    fill(sheet_of(workbook), [desk.good_row(ACCOUNT, YESTERDAY, "1.2")])
    for name, content in desk.files.items():
        (tmp_path / name).write_bytes(content)
    workbook.save(file)

    returned = run("ingest", file, "--format", "json")
    assert returned.exit_code == 1
    assert said(returned)["taken"] == []
    assert "satuannya" in said(returned)["faults"][0]
    copy = Path(said(returned)["annotated_copy"])
    assert copy == tmp_path / "kartini.catatan.xlsx"

    corrected = load_workbook(copy)
    put(sheet_of(corrected), FIRST_ROW, {Column.FOLLOWERS: "12,3 rb"})
    corrected.save(copy)
    taken = run("ingest", copy)
    key = f"{ACCOUNT}/{YESTERDAY}/1"
    assert (taken.exit_code, key in taken.stdout) == (0, True)
    assert key in run("entry", "list").stdout
    own = run("entry", "confirm", key, "--by", OFFICER)
    assert (own.exit_code, "another person" in own.stderr) == (2, True)
    assert run("entry", "confirm", "--center", "kartini", "--by", SECOND).exit_code == 0
    assert said(run("entry", "list", "--format", "json")) == []
    (entry,) = said(run("entry", "list", "--all", "--format", "json"))
    assert (entry["decision"], entry["confirmed_by"], entry["followers_precision_step"]) == ("confirmed", SECOND, 100)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("entry", "confirm", "nonsense"), "names no entry"),
        (("entry", "confirm", f"{ACCOUNT}/2026-01-01/1"), "There is no entry"),
        (("entry", "confirm"), "Name the entries"),
        (("entry", "confirm", "x/2026-01-01/1", "--reject"), "needs a reason"),
        (("entry", "template", "--out", "x.xlsx", "--center", "melati"), "is not the code of a center"),
        (("ingest", "no-such-file.xlsx"), "cannot be read"),
        (("account", "confirm", ACCOUNT, "--evidence", "a call"), "No identity mismatch"),
        (("account", "status", "melati-x"), "is not in the registry"),
        (("account", "add", "https://example.com/x", "--center", "kartini", "--evidence", "e"), "none of the registry"),
        (
            ("account", "add", "https://x.com/a", "--center", "satriya", "--evidence", "e"),
            "Did you mean Sentra Satria (satria)",
        ),
        (("account", "add", "https://x.com/a", "--center", "qqqq", "--evidence", "e"), "is not the code of a center"),
        (("account", "add", "https://www.instagram.com/p/a", "--center", "satria", "--evidence", "e"), "is a post"),
        (("account", "add", "@contoh", "--center", "satria", "--evidence", "e"), "does not say on which platform"),
        (("account", "mark", ACCOUNT, "verified", "--evidence", "e"), "is not a status to mark"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_wrong_use_is_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    result = run(*words)
    assert (result.exit_code, sentence in " ".join(result.stderr.split())) == (2, True), result.output
    assert "Traceback" not in result.output


def test_an_account_is_submitted_verified_and_published(folder: Path, tmp_path: Path) -> None:
    evidence = ("--evidence", "surat 12/2026")
    added = run("account", "add", "https://x.com/sentra_satria", "--center", "satria", "--by", OFFICER, *evidence)
    assert (added.exit_code, "satria-x (sentra_satria) is submitted" in added.stdout) == (0, True)
    own = run("account", "verify", "satria-x", "--by", OFFICER, *evidence)
    assert (own.exit_code, "another person has to verify" in own.stderr) == (2, True)
    assert run("account", "verify", "satria-x", "--by", SECOND, *evidence).exit_code == 0
    status = said(run("account", "status", "satria-x", "--format", "json"))
    assert [step["status"] for step in status["history"]] == ["submitted", "verified"]
    assert status["faults"] == []
    assert run("account", "publish", "--out", tmp_path / "public").exit_code == 0
    published = json.loads((tmp_path / "public" / "akun-resmi.json").read_text())
    assert "https://x.com/sentra_satria" in [account["url"] for account in published["accounts"]]
    assert "sentra_satria" in (tmp_path / "public" / "akun-resmi.csv").read_text()
    assert 'href="https://x.com/sentra_satria"' in (tmp_path / "public" / "akun-resmi.html").read_text()


def test_an_account_that_was_renamed_keeps_its_code(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = wib_date(utc_now())
    add = ("account", "add", "https://x.com/new_name", "--center", "kartini", "--by", OFFICER, "--evidence", "surat 3")
    offered = run(*add)
    assert (offered.exit_code, f"--renames {ACCOUNT}" in offered.stderr) == (2, True)
    monkeypatch.setattr("social_metrics.cli.account.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    declined = CliRunner().invoke(app, add, input="n\n")
    assert (declined.exit_code, f"Was {ACCOUNT} renamed?" in declined.stderr) == (2, True)
    accepted = CliRunner().invoke(app, add, input="y\n")
    assert (accepted.exit_code, f"{ACCOUNT} (new_name) is submitted" in accepted.stdout) == (0, True)
    assert "keeps its code" in accepted.stderr
    assert run("account", "verify", ACCOUNT, "--by", SECOND, "--evidence", "surat 3").exit_code == 0
    assert {row.account_code for row in load_registry(folder).verified_on(day)} == {ACCOUNT}


def test_a_second_account_of_a_center_is_kept_with_a_notice(folder: Path) -> None:
    names = ("first", "second")
    added = [
        run(
            "account",
            "add",
            f"https://x.com/{name}",
            "--center",
            "Satria Baturraden",
            "--by",
            OFFICER,
            "--evidence",
            "surat 3",
        )
        for name in names
    ]
    assert [result.exit_code for result in added] == [0, 0]
    assert "only account" not in added[0].stderr
    assert "satria-x-2 is not the only account of its center" in added[1].stderr
    handles = {row.handle for row in load_registry(folder).accounts if row.status == "submitted"}
    assert handles == set(names)


def test_a_person_s_word_ends_a_suspension_once(folder: Path, warehouse_url: str) -> None:
    at = utc_now() - timedelta(hours=1)
    mismatch = CaptureOutcome(
        uuid4(), ACCOUNT, "x", at, Outcome.IDENTITY_MISMATCH, "another id", None, PostsRead.NOT_TRIED, None, None, None,
        Source.API, "run", 1,
    )  # fmt: skip
    with connect(warehouse_url, "loader") as connection:
        load(connection, BatchRecords(outcomes=[mismatch]))
    assert run("account", "confirm", ACCOUNT, "--evidence", "a call", "--by", SECOND).exit_code == 0
    assert run("account", "confirm", ACCOUNT, "--evidence", "a call", "--by", SECOND).exit_code == 2

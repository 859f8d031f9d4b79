"""Entry by hand and the registry's life from a shell: exit codes, JSON, previews, and a copy beside the file."""

import json
from datetime import timedelta
from pathlib import Path
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
        (("account", "mark", ACCOUNT, "closed", "--evidence", "e"), "is not a status to mark"),
        (("account", "status", "--status", "open"), "'open' is not one of placeholder, submitted"),
        (("account", "status", "--platform", "yutube"), "'yutube' is not one of youtube"),
        (("account", "move", ACCOUNT, "--to", "satriya", "--on", "2026-01-01", "--decree", "x"), "Did you mean"),
        (("account", "move", ACCOUNT, "--to", "satria", "--on", "2026-01-01", "--decree", " "), "needs its evidence"),
        (("account", "move", ACCOUNT, "--to", "satria", "--on", "2999-01-01", "--decree", "x"), "is in the future"),
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


BY = ("--by", OFFICER)


def lines_of(folder: Path) -> dict[str, list[str]]:
    return {path.name: path.read_text(encoding="utf-8").splitlines() for path in folder.iterdir()}


def test_an_account_that_was_renamed_keeps_its_code(folder: Path) -> None:
    day = wib_date(utc_now())
    new, evidence = "https://x.com/new_name", ("--evidence", "surat 3")
    offered = run("account", "add", new, "--center", "kartini", *BY, *evidence)
    command = f"social-metrics account rename {ACCOUNT} {new}"
    assert (offered.exit_code, command in " ".join(offered.stderr.split())) == (2, True)
    renamed = run(*command.split()[1:], *BY, *evidence, "--yes")
    assert (renamed.exit_code, "renamed from demo_kartini to new_name" in renamed.stdout) == (0, True)
    assert f"Another person verifies it: social-metrics account verify {ACCOUNT}" in renamed.stderr
    assert run("account", "verify", ACCOUNT, "--by", SECOND, *evidence).exit_code == 0
    assert {row.account_code for row in load_registry(folder).verified_on(day)} == {ACCOUNT}


CHANGES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("account", "move", ACCOUNT, "--to", "Sentra Satria", "--on", YESTERDAY.isoformat(), "--decree", "SK 1"): (
        f"{ACCOUNT}: moved from kartini to satria on {YESTERDAY}",
        f"-{ACCOUNT},kartini,x,",
        f"+{ACCOUNT},satria,x,",
    ),
    ("account", "close", ACCOUNT, "--evidence", "surat 2", "--note", "pindah"): (
        f"{ACCOUNT}: closed on {YESTERDAY + timedelta(days=1)}: pindah",
    ),
    ("account", "rename", ACCOUNT, "https://x.com/new", "--evidence", "surat 2"): ("renamed from demo_kartini to new",),
    ("center", "merge", "kartini", "--into", "satria", "--on", YESTERDAY.isoformat(), "--decree", "SK 1"): (
        f"kartini: merged into satria on {YESTERDAY}",
        f"{ACCOUNT}: moved from kartini to satria",
        f"+{ACCOUNT},satria,x,",
        "+satria,Sentra Terpadu Kartini,merged_unit,",
    ),
    ("center", "close", "kartini", "--on", YESTERDAY.isoformat(), "--decree", "SK 1", "--close-accounts"): (
        f"kartini: closed on {YESTERDAY}",
        f"{ACCOUNT}: closed on {YESTERDAY}: kartini closed",
    ),
}


@pytest.mark.parametrize(("words", "shown"), CHANGES.items(), ids=lambda one: "-".join(one[:2]))
def test_a_change_is_shown_and_written_only_when_asked(
    folder: Path, words: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    before = lines_of(folder)
    preview = run(*words, *BY)
    assert preview.exit_code == 0, preview.output
    assert all(text in preview.stdout for text in shown), preview.stdout
    assert "Repeat the command with --yes" in preview.stderr
    assert lines_of(folder) == before
    planned = said(run(*words, *BY, "--format", "json"))
    written = said(run(*words, *BY, "--format", "json", "--yes"))
    assert (planned["is_written"], written["is_written"]) == (False, True)
    assert written["changes"] == planned["changes"]
    after = lines_of(folder)
    assert {name for name, lines in after.items() if lines != before.get(name)} == set(planned["differences"])
    for name, lines in planned["differences"].items():
        added = [line[1:] for line in lines if line.startswith("+")]
        if "changes" not in name:  # a log has the second at which the command ran
            assert set(added) <= set(after[name])
        assert len(after[name]) - len(before[name]) == len(lines) - 2 * (len(lines) - len(added))
    assert said(run("account", "status", "--format", "json"))["faults"] == []


def test_a_center_with_open_accounts_is_not_closed(folder: Path) -> None:
    words = ("center", "close", "kartini", "--on", YESTERDAY.isoformat(), "--decree", "SK 1", *BY, "--yes")
    result = run(*words)
    assert (result.exit_code, f"{ACCOUNT} (verified) is still open" in result.stderr) == (2, True)


def test_officers_of_a_merged_center_are_named(folder: Path) -> None:
    with (folder / "roles.csv").open("a", encoding="utf-8") as file:
        file.write("center_officer,siti.kartini,,kartini,\n")
    result = run("center", "merge", "kartini", "--into", "satria", "--on", YESTERDAY.isoformat(), "--decree", "SK 1")
    assert (result.exit_code, "names officers of kartini: siti.kartini" in result.stderr) == (0, True)


def test_accounts_are_verified_together_or_not_at_all(folder: Path) -> None:
    for center in ("satria", "mahatmiya", "efata"):
        added = run("account", "add", f"https://x.com/{center}", "--center", center, *BY, "--evidence", "surat 3")
        assert added.exit_code == 0, added.output
    verify = ("account", "verify", "satria-x", "mahatmiya-x", "--evidence", "surat 3", "--by")
    refused = run(*verify, OFFICER)
    assert refused.exit_code == 2
    assert [line.split()[0] for line in refused.stderr.removeprefix("social-metrics: ").splitlines()] == [
        "satria-x", "mahatmiya-x",
    ]  # fmt: skip
    assert run(*verify[:4], "melati-x", *verify[4:], SECOND).exit_code == 2
    status = ("account", "status", "--format", "json", "--platform", "x", "--status")
    assert len(said(run(*status, "submitted"))["accounts"]) == 3
    both = run(*verify, SECOND, "--format", "json")
    assert [(row["account_code"], row["status"]) for row in said(both)] == [
        ("satria-x", "verified"), ("mahatmiya-x", "verified"),
    ]  # fmt: skip
    assert [row["account_code"] for row in said(run(*status, "submitted"))["accounts"]] == ["efata-x"]
    assert {row["center_code"] for row in said(run(*status, "verified"))["accounts"]} == {
        "kartini", "satria", "mahatmiya",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (("--center", "Sentra Terpadu Kartini", "--platform", "x"), {ACCOUNT}),
        (("--status", "verified"), {ACCOUNT}),
        (("--center", "satria", "--status", "verified"), set()),
    ],
)
@pytest.mark.usefixtures("folder")
def test_the_status_is_filtered(words: tuple[str, ...], codes: set[str]) -> None:
    assert {
        row["account_code"] for row in said(run("account", "status", "--format", "json", *words))["accounts"]
    } == codes


def test_entries_of_a_moved_account_are_confirmed_for_the_center_of_their_date(
    folder: Path, warehouse_url: str
) -> None:
    desk = Desk(load_registry(folder), warehouse_url, now=utc_now())
    workbook = desk.template(ACCOUNT, day=YESTERDAY)
    fill(sheet_of(workbook), [desk.good_row(ACCOUNT, YESTERDAY)])
    assert desk.hand_in(workbook).taken == [f"{ACCOUNT}/{YESTERDAY}/1"]
    today = wib_date(utc_now()).isoformat()
    moved = run("account", "move", ACCOUNT, "--to", "satria", "--on", today, "--decree", "SK 1", *BY, "--yes")
    assert moved.exit_code == 0, moved.output
    confirm = ("entry", "confirm", "--by", SECOND, "--center")
    of_the_new_one = run(*confirm, "satria")
    assert (of_the_new_one.exit_code, "No entry of satria waits" in of_the_new_one.stderr) == (2, True)
    assert run(*confirm, "Sentra Terpadu Kartini").exit_code == 0


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

"""The registry: the shipped seeds are whole, and every fault is named with its place and its remedy."""

import csv
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from social_metrics.registry.registry import Registry, RegistryProblem, load_registry
from social_metrics.settings import DEFAULT_REGISTRY

Edit = Callable[[str, str, str, str], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped registry that a test may spoil."""
    return Path(shutil.copytree(DEFAULT_REGISTRY, tmp_path / "registry"))


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Change one cell: (file, key in the first column, column, value)."""

    def change(file: str, key: str, column: str, value: str) -> None:
        path = folder / file
        with path.open(newline="") as handle:
            rows = list(csv.DictReader(handle))
        changed = [row for row in rows if next(iter(row.values())) == key]
        assert changed, f"no row {key} in {file}"
        for row in changed:
            row[column] = value
        _write(path, rows)

    return change


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _append(folder: Path, **cells: str) -> None:
    path = folder / "center_accounts.csv"
    with path.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    _write(path, [*rows, {**dict.fromkeys(rows[0], ""), **cells}])


def _problems(folder: Path) -> str:
    with pytest.raises(RegistryProblem) as caught:
        load_registry(folder)
    return str(caught.value)


def test_the_shipped_registry_is_whole_and_guesses_no_handle() -> None:
    registry: Registry = load_registry(DEFAULT_REGISTRY)
    assert len([c for c in registry.centers if c.valid_from is None or c.valid_from <= date(2024, 12, 31)]) == 31
    assert Counter(center.time_zone for center in registry.centers) == {
        "Asia/Jakarta": 20,
        "Asia/Makassar": 10,
        "Asia/Jayapura": 1,
    }
    accounts = [a for a in registry.accounts if a.platform in ("youtube", "facebook", "instagram", "x", "tiktok")]
    assert len(accounts) == 155
    assert all(a.status == "placeholder" and not (a.handle or a.platform_account_id or a.url) for a in accounts)
    assert all(registry.accounts_on(name, date(2026, 1, 1)) == [] for name in registry.platforms)


@pytest.mark.parametrize(
    ("file", "key", "column", "value", "expected"),
    [
        (
            "center_accounts.csv",
            "kartini-youtube",
            "platform",
            "yutube",
            "is not a platform of platforms.csv; write one",
        ),
        ("center_accounts.csv", "kartini-youtube", "center_code", "kartinni", "is not a center of centers.csv"),
        ("center_accounts.csv", "kartini-youtube", "status", "ok", "is not allowed here; write one of placeholder"),
        ("center_accounts.csv", "kartini-youtube", "status", "verified", "although id and handle are blank"),
        ("center_accounts.csv", "kartini-x", "platform_account_id", "1.23457E+18", "number that a spreadsheet rounded"),
        ("center_accounts.csv", "kartini-x", "platform_account_id", "@kartini", "move it to the column 'handle'"),
        ("center_accounts.csv", "kartini-youtube", "platform_account_id", "sentrakartini", "looks like a handle"),
        ("center_accounts.csv", "kartini-x", "handle", "@kartini", "write the bare name"),
        ("center_accounts.csv", "kartini-x", "valid_from", "2024-02-30", "write YYYY-MM-DD"),
        ("center_accounts.csv", "kartini-x", "valid_from", "31/01/2024", "write YYYY-MM-DD"),
        ("center_accounts.csv", "kartini-x", "valid_to", "2023-12-31", "is before valid_from"),
        ("center_accounts.csv", "kartini-x", "review_due_at", "soon", "write YYYY-MM-DD"),
        ("center_accounts.csv", "kartini-x", "account_code", "kartini-tweets", "write 'kartini-x'"),
        ("centers.csv", "kartini", "time_zone", "WIB", "is not an IANA time zone; write Asia/Jakarta"),
        ("centers.csv", "kartini", "center_name", "", "is blank; fill it in"),
        ("platforms.csv", "youtube", "batch_size", "0", "whole number of at least 1"),
        ("platforms.csv", "youtube", "handle_pattern", "(", "is not a regular expression"),
        ("platforms.csv", "youtube", "quota_day_zone", "PST", "is not an IANA time zone"),
        ("platforms.csv", "youtube", "batch_size", "٣", "whole number of at least 1"),  # dbt's seed cannot load it
        ("platforms.csv", "youtube", "reread_age_days", "1;٧", "is not a list of whole numbers"),
        ("platforms.csv", "x", "daily_usd_limit", "two", "is not an amount in US$"),
        ("platforms.csv", "x", "daily_usd_limit", "1_0.5", "is not an amount in US$"),
    ],
)
def test_a_wrong_cell_is_named_with_file_line_column_and_remedy(
    folder: Path, edit: Edit, file: str, key: str, column: str, value: str, expected: str
) -> None:
    edit(file, key, column, value)
    lines = (folder / file).read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if value in text and text.startswith(key[:7]))
    said = _problems(folder)
    assert f"{file}, line {line}, column {column}: {value!r}" in said
    assert expected in said


def test_one_id_of_two_accounts_is_refused(folder: Path, edit: Edit) -> None:
    edit("center_accounts.csv", "kartini-x", "platform_account_id", "4711")
    edit("center_accounts.csv", "satria-x", "platform_account_id", "4711")
    assert "is already the id of kartini-x (line " in _problems(folder)


def test_a_new_id_needs_a_new_account_code(folder: Path, edit: Edit) -> None:
    edit("center_accounts.csv", "kartini-x", "platform_account_id", "4711")
    edit("center_accounts.csv", "kartini-x", "valid_to", "2024-06-30")
    _append(
        folder,
        account_code="kartini-x",
        center_code="kartini",
        platform="x",
        platform_account_id="4712",
        status="placeholder",
        valid_from="2024-07-01",
    )
    assert "a new id is a new account code, e.g. 'kartini-x-2'" in _problems(folder)


def test_a_new_handle_is_a_dated_row_and_the_row_of_the_day_is_used(folder: Path, edit: Edit) -> None:
    for column, value in (("platform_account_id", "4711"), ("handle", "kartini_old"), ("status", "verified")):
        edit("center_accounts.csv", "kartini-x", column, value)
    edit("center_accounts.csv", "kartini-x", "valid_to", "2024-06-30")
    _append(
        folder,
        account_code="kartini-x",
        center_code="kartini",
        platform="x",
        platform_account_id="4711",
        handle="kartini_new",
        status="verified",
        valid_from="2024-07-01",
    )
    registry = load_registry(folder)
    handles = {day: [a.handle for a in registry.accounts_on("x", day)] for day in (date(2024, 6, 30), date(2024, 7, 1))}
    assert list(handles.values()) == [["kartini_old"], ["kartini_new"]]
    assert registry.batches("x", date(2024, 7, 1)) == [["kartini-x"]]


def test_overlapping_rows_of_one_account_are_refused(folder: Path) -> None:
    _append(
        folder,
        account_code="kartini-x",
        center_code="kartini",
        platform="x",
        status="placeholder",
        valid_from="2025-01-01",
    )
    assert "end that row the day before this one begins" in _problems(folder)


def _row(account_code: str, center_code: str, since: str, until: str = "", **cells: str) -> dict[str, str]:
    platform = cells.pop("platform", "x")
    periods = {"valid_from": since, "valid_to": until}
    return {"account_code": account_code, "center_code": center_code, "platform": platform} | periods | cells


MOVES = {"platform_account_id": "4711", "handle": "kartini", "status": "verified"}


@pytest.fixture
def without_kartini_x(folder: Path) -> Path:
    """A registry in which the tests write the dated rows of kartini-x themselves."""
    path = folder / "center_accounts.csv"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith("kartini-x,")))
    return folder


def test_an_account_that_moved_belongs_to_the_center_of_its_row_on_each_date(without_kartini_x: Path) -> None:
    _append(without_kartini_x, **_row("kartini-x", "kartini", "2024-01-01", "2026-11-14", **MOVES))
    _append(without_kartini_x, **_row("kartini-x", "satria", "2026-11-15", **MOVES))
    registry = load_registry(without_kartini_x)
    rows = [registry.account_on("kartini-x", day) for day in (date(2026, 11, 14), date(2026, 11, 15))]
    assert [row and row.center_code for row in rows] == ["kartini", "satria"]
    assert registry.batches("x", date(2026, 11, 15)) == [["kartini-x"]]


def test_the_first_row_of_a_code_belongs_to_the_center_in_the_code(without_kartini_x: Path) -> None:
    _append(without_kartini_x, **_row("kartini-x", "satria", "2026-11-15", **MOVES))
    assert "column account_code: 'kartini-x' does not belong to this row; write 'satria-x'" in _problems(
        without_kartini_x
    )


def test_a_code_never_changes_its_platform(without_kartini_x: Path) -> None:
    _append(without_kartini_x, **_row("kartini-x", "kartini", "2024-01-01", "2026-11-14", status="placeholder"))
    _append(without_kartini_x, **_row("kartini-x", "kartini", "2026-11-15", status="placeholder", platform="threads"))
    assert "write 'kartini-threads'" in _problems(without_kartini_x)


@pytest.mark.parametrize("status", ["verified", "submitted", "suspended", "placeholder", "missing"])
def test_an_account_that_outlives_its_center_is_a_problem_of_its_line(
    without_kartini_x: Path, edit: Edit, status: str
) -> None:
    edit("centers.csv", "kartini", "valid_to", "2026-10-31")
    path = without_kartini_x / "center_accounts.csv"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith("kartini-")))
    _append(without_kartini_x, **_row("kartini-x", "kartini", "2024-01-01", **MOVES | {"status": status}))
    line = len(path.read_text().splitlines())
    problems = _problems(without_kartini_x)
    assert f"center_accounts.csv, line {line}, column valid_to: ''" in problems
    assert "kartini does not exist on 2026-11-01" in problems
    assert "social-metrics center close" in problems


@pytest.mark.parametrize(
    ("since", "until", "is_whole"),
    [
        ("2024-01-01", "2026-10-31", True),
        ("2024-01-01", "2026-11-01", False),
        ("", "2026-10-31", True),  # as long as its center
        ("2023-12-31", "2026-10-31", False),  # before its center
        ("2026-12-01", "", False),
    ],
)
def test_an_account_stays_within_the_rows_of_its_center(
    without_kartini_x: Path, edit: Edit, since: str, until: str, is_whole: bool
) -> None:
    edit("centers.csv", "kartini", "valid_from", "2024-01-01")
    edit("centers.csv", "kartini", "valid_to", "2025-12-31")
    centers = without_kartini_x / "centers.csv"
    row = next(line for line in centers.read_text().splitlines() if line.startswith("kartini,"))
    renamed = row.replace("2024-01-01,2025-12-31", "2026-01-01,2026-10-31").replace("Sentra Terpadu", "Balai")
    centers.write_text(f"{centers.read_text()}{renamed}\n")
    path = without_kartini_x / "center_accounts.csv"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith("kartini-")))
    _append(without_kartini_x, **_row("kartini-x", "kartini", since, until, **MOVES))
    if is_whole:
        assert load_registry(without_kartini_x).account_on("kartini-x", date(2026, 1, 1)) is not None
    else:
        assert "kartini does not exist on" in _problems(without_kartini_x)


def test_a_closed_account_may_outlive_its_center(without_kartini_x: Path, edit: Edit) -> None:
    edit("centers.csv", "kartini", "valid_to", "2026-10-31")
    path = without_kartini_x / "center_accounts.csv"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith("kartini-")))
    _append(without_kartini_x, **_row("kartini-x", "kartini", "2024-01-01", "2026-10-31", **MOVES))
    _append(without_kartini_x, **_row("kartini-x", "kartini", "2026-11-01", **MOVES | {"status": "closed"}))
    load_registry(without_kartini_x)


@pytest.mark.parametrize(
    ("ends", "begins", "last_status", "is_refused"),
    [
        ("2026-11-14", "2026-11-15", "closed", False),
        ("2026-11-14", "2026-11-15", "suspended", True),
        ("2026-11-15", "2026-11-15", "closed", True),
        ("", "2026-11-15", "", True),
    ],
)
def test_a_platform_id_belongs_to_one_account_code_at_a_time(
    without_kartini_x: Path, ends: str, begins: str, last_status: str, is_refused: bool
) -> None:
    """A channel is handed over under a new code in mid-month: two codes, one after the other."""
    _append(without_kartini_x, **_row("kartini-x", "kartini", "2024-01-01", ends, **MOVES))
    if last_status:
        after = (date.fromisoformat(ends) + timedelta(days=1)).isoformat()
        _append(without_kartini_x, **_row("kartini-x", "kartini", after, **MOVES | {"status": last_status}))
    _append(without_kartini_x, **_row("satria-x-2", "satria", begins, **MOVES))
    if is_refused:
        assert "is already the id of kartini-x (line " in _problems(without_kartini_x)
    else:
        load_registry(without_kartini_x)


@pytest.mark.parametrize(
    ("cells", "is_refused"),
    [
        ({}, True),
        ({"handle": "KARTINI"}, True),
        ({"platform_account_id": "4712"}, True),
        ({"status": "submitted"}, True),
        ({"status": "closed"}, False),
        ({"valid_to": "2025-12-31"}, False),
        ({"platform": "threads", "account_code": "satria-threads-2"}, False),
        ({"handle": "satria"}, False),
    ],
)
def test_a_handle_without_an_id_belongs_to_one_account_code_at_a_time(
    without_kartini_x: Path, cells: dict[str, str], is_refused: bool
) -> None:
    own = {"handle": "kartini", "status": "verified"}
    _append(without_kartini_x, **_row("kartini-x", "kartini", "2026-01-01", **own))
    _append(without_kartini_x, **_row("satria-x-2", "satria", "2025-01-01") | own | cells)
    if is_refused:
        lines = (without_kartini_x / "center_accounts.csv").read_text().splitlines()
        problem = _problems(without_kartini_x)
        assert f"center_accounts.csv, line {len(lines) - 1}, column handle: 'kartini' is already the handle" in problem
        assert f"of satria-x-2 (line {len(lines)})" in problem
    else:
        load_registry(without_kartini_x)


def test_the_ids_tell_two_accounts_apart_that_had_one_handle(without_kartini_x: Path) -> None:
    """A handle that was given up can be taken by another account before the registry knows the new one."""
    _append(without_kartini_x, **_row("kartini-x", "kartini", "2026-01-01", **MOVES))
    _append(without_kartini_x, **_row("satria-x-2", "satria", "2026-01-01", **MOVES | {"platform_account_id": "4712"}))
    load_registry(without_kartini_x)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda path: path.unlink(), "does not exist; set SOCIAL_METRICS_REGISTRY_DIR"),
        (lambda path: path.write_text(""), "is empty; begin it with the header"),
        (lambda path: path.write_text(path.read_text().replace("city", "town")), "the column city is missing"),
        (lambda path: path.write_text(path.read_text().replace(",", ";")), "separated by semicolons"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\xff\xfe"), "is not UTF-8"),
        (lambda path: path.write_text(path.read_text() + 'a,"b\n'), "check the double quotes"),
        (lambda path: path.write_text(path.read_text() + "a,b\n"), "2 cells instead of 12"),
        (lambda path: path.write_text(path.read_text().splitlines()[0] + "\n"), "has a header and no rows"),
    ],
)
def test_a_spoilt_file_is_refused_in_words(folder: Path, spoil: Callable[[Path], object], expected: str) -> None:
    spoil(folder / "centers.csv")
    said = _problems(folder)
    assert expected in said
    assert "centers.csv" in said


def test_all_faults_are_told_at_once(folder: Path, edit: Edit) -> None:
    edit("centers.csv", "kartini", "time_zone", "WIB")
    edit("center_accounts.csv", "satria-x", "status", "ok")
    assert len(_problems(folder).splitlines()) == 3


def test_a_cell_that_was_pasted_by_mistake_buries_no_sentence(folder: Path, edit: Edit) -> None:
    """Every account of an unknown platform names the known ones (found by `make test-fuzz`)."""
    edit("platforms.csv", "x", "platform", "")
    edit("platforms.csv", "youtube", "platform", "a" * 9000)
    edit("centers.csv", "kartini", "time_zone", "Asia/Jakarta " * 900)
    said = _problems(folder)
    assert max(map(len, said.splitlines())) < 500
    assert "'Asia/Jakarta Asia/Jakarta" in said
    assert "a" * 80 + "…" in said

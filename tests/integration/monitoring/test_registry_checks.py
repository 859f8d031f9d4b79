"""Checks of dated registry rows: an account with several rows counts once, and one that ended not at all."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography.fernet import Fernet

from social_metrics.monitoring import capture_checks, registry_checks
from social_metrics.monitoring.findings import CheckResult, Verdict
from social_metrics.monitoring.situation import Situation
from social_metrics.registry.account import Account
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.registry.registry_files import PENDING
from social_metrics.settings import DEFAULT_REGISTRY, Settings
from social_metrics.warehouse.connect import connect
from tests.support.registry_file import rows_of

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
KARTINI = Account("kartini-tiktok", "kartini", "tiktok", "open-id", "demo_kartini", None, "verified", None, None)


def test_an_account_that_moved_or_ended_is_one_account_without_a_token(warehouse_url: str, tmp_path: Path) -> None:
    shipped = load_registry(DEFAULT_REGISTRY)
    accounts = (
        replace(KARTINI, valid_to=date(2026, 11, 14)),
        replace(KARTINI, center_code="satria", valid_from=date(2026, 11, 15)),
        replace(KARTINI, account_code="efata-tiktok", center_code="efata", valid_to=date(2026, 10, 31)),
    )
    settings = Settings(state_dir=tmp_path, credentials_key=Fernet.generate_key().decode())
    situation = Situation(Registry(shipped.platforms, shipped.centers, accounts), settings, warehouse_url, NOW)
    with connect(warehouse_url, "loader") as warehouse:
        (result,) = capture_checks.tokens(situation, warehouse)
    assert isinstance(result, CheckResult)
    assert (result.verdict, result.message) == (
        Verdict.FINDING, "1 of 1 accounts have no token: kartini-tiktok",
    )  # fmt: skip


def test_the_registry_counts_accounts_and_not_their_rows(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DEFAULT_REGISTRY, tmp_path / "registry"))
    with rows_of(folder / "center_accounts.csv") as rows:
        codes = {row["account_code"] for row in rows}
        row = next(row for row in rows if row["account_code"] == "kartini-x")
        row |= {"handle": "kartini", "status": "verified"}
        rows.append(row | {"center_code": "satria", "valid_from": "2026-11-15"})
        row["valid_to"] = "2026-11-14"
    _, (result,) = registry_checks.check_registry(Settings(registry_dir=folder))
    assert result.message.endswith(f"{len(codes)} accounts, 1 of them verified")


def test_an_account_that_outlives_its_center_is_a_finding_of_its_line(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DEFAULT_REGISTRY, tmp_path / "registry"))
    with rows_of(folder / "centers.csv") as rows:
        next(row for row in rows if row["center_code"] == "kartini")["valid_to"] = "2026-10-31"
    registry, results = registry_checks.check_registry(Settings(registry_dir=folder))
    lines = (folder / "center_accounts.csv").read_text().splitlines()
    places = [f"center_accounts.csv, line {number}," for number, line in enumerate(lines, 1) if ",kartini," in line]
    assert registry is None
    assert [result.message.partition(" column")[0] for result in results] == places
    assert {result.verdict for result in results} == {Verdict.FINDING}


def test_an_interrupted_change_is_a_finding(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DEFAULT_REGISTRY, tmp_path / "registry"))
    (folder / PENDING).mkdir()
    _, (result,) = registry_checks.check_registry(Settings(registry_dir=folder))
    assert (result.verdict, result.message) == (Verdict.FINDING, "a change was interrupted")


def test_a_verification_of_a_later_date_is_a_finding_of_its_line(warehouse_url: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DEFAULT_REGISTRY, tmp_path / "registry"))
    with rows_of(folder / "center_accounts.csv") as rows:
        for code, day, status in (
            ("kartini-x", "2026-11-21", "verified"),
            ("satria-x", "2026-11-20", "verified"),
            ("mahatmiya-x", "2026-11-21", "closed"),
        ):
            row = next(row for row in rows if row["account_code"] == code)
            row |= {"handle": code.replace("-", "_"), "status": status, "verified_at": day}
    situation = Situation(load_registry(folder), Settings(registry_dir=folder), warehouse_url, NOW)
    with connect(warehouse_url, "loader") as warehouse:
        messages = [result.message for result in registry_checks.accounts(situation, warehouse)]
    lines = (folder / "center_accounts.csv").read_text().splitlines()
    (line,) = (number for number, text in enumerate(lines, 1) if text.startswith("kartini-x,"))
    assert [message for message in messages if "verified_at" in message] == [
        f"center_accounts.csv, line {line}, column verified_at: '2026-11-21' is in the future; write the WIB date of "
        "the verification, 2026-11-20 or earlier."
    ]

"""Capture, doctor and simulate against a running simulator and a real warehouse."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from local_stack.simulate import simulate
from social_metrics.cli import app
from tests.support.example_marts import create_example_marts
from tests.support.simulator import RunningSimulator


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def run_simulate(*arguments: str) -> Result:
    return CliRunner().invoke(simulate, list(arguments))


def answer(result: Result) -> Any:
    assert "Traceback" not in result.output
    assert result.stdout, result.stderr
    return json.loads(result.stdout)


def test_capture_reads_what_is_missing_and_names_what_stays_unread(
    simulator: RunningSimulator, warehouse_url: str
) -> None:
    simulator.fault("youtube", "account_not_found", account="kartini-youtube")
    first = run("capture", "--missing", "--platform", "youtube", "--platform", "facebook", "--format", "json")
    read = answer(first)
    assert first.exit_code == 1
    assert read["date"] == "2026-11-24"
    assert {batch["platform"] for batch in read["batches"]} == {"youtube", "facebook"}
    assert [(a["account_code"], a["outcome"]) for a in read["unread"]] == [("kartini-youtube", "account_not_found")]
    assert read["expected"] == sum(sum(batch["outcomes"].values()) for batch in read["batches"])
    with psycopg.connect(warehouse_url) as connection:
        (rows,) = connection.execute("select count(*) from raw.profile_snapshots").fetchone() or (None,)
    assert rows == read["expected"] - 1

    simulator.clear_faults()
    again = run("capture", "--missing", "--platform", "youtube", "--platform", "facebook", "--format", "json")
    complete = answer(again)
    assert again.exit_code == 0
    assert complete["unread"] == []
    assert sum(sum(batch["outcomes"].values()) for batch in complete["batches"]) == 1


def test_no_capture_is_started_after_the_cutoff(simulator: RunningSimulator) -> None:
    simulator.set_clock(simulator.started_at.replace(hour=23, minute=50))
    late = run("capture", "--missing", "--platform", "facebook")
    assert late.exit_code == 2
    assert "It is 23:50 WIB, past 23:45" in late.stderr


def test_doctor_names_the_gap_and_its_next_step(simulator: RunningSimulator, warehouse_url: str) -> None:
    simulator.fault("facebook", "account_not_found", account="kartini-facebook")
    run("capture", "--platform", "facebook")
    found = answer(run("doctor", "--format", "json"))
    findings = {
        (check["area"], check["message"]): check["next_step"]
        for check in found["checks"]
        if check["verdict"] == "finding"
    }
    assert found["findings"] == len(findings)
    gap = findings["captures", "Facebook, account not found: 1 account (kartini-facebook)"]
    assert gap.startswith("Ask the center")
    assert any(message.startswith("YouTube, not attempted: 27 accounts") for _, message in findings)
    assert findings["marts", "The marts are not built yet. Run `social-metrics transform`, or `make demo`."]
    assert any(area == "tokens" and "have no token" in message for area, message in findings)


def test_doctor_has_no_finding_when_every_account_is_read(simulator: RunningSimulator, warehouse_url: str) -> None:
    assert answer(run_simulate("history", "--days", "1", "--format", "json"))["captured"] == 1
    assert answer(run_simulate("history", "--days", "1", "--until", "2026-11-23", "--format", "json")) == {
        "first": "2026-11-23",
        "last": "2026-11-23",
        "captured": 0,
        "held_before": 1,
    }
    simulator.set_clock(simulator.started_at)
    unread = {account["account_code"] for account in answer(run("capture", "--format", "json"))["unread"]}
    create_example_marts(warehouse_url)
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("update marts.leaderboard_followers set date_day = '2026-11-24'")
    found = answer(run("doctor", "--format", "json"))
    findings = [check for check in found["checks"] if check["verdict"] == "finding"]
    # What is left is what the simulator's world keeps unread: a deleted and a suspended account.
    assert {check["area"] for check in findings} == ({"captures"} if unread else set())
    assert all(any(code in check["message"] for code in unread) for check in findings)


def test_doctor_checks_the_marts_although_the_registry_is_invalid(
    simulator: RunningSimulator, broken_registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(broken_registry))
    checks = answer(run("doctor", "--format", "json"))["checks"]
    assert {(check["area"], check["verdict"]) for check in checks} == {
        ("registry", "finding"),
        ("warehouse", "good"),
        ("marts", "finding"),
    }


def test_doctor_finds_a_silent_simulator_and_a_wrong_key(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIAL_METRICS_CREDENTIALS_KEY", "short")
    name, value = simulator.connection_variable("x")
    monkeypatch.setenv(name, value.replace(simulator.base_url, "http://127.0.0.1:9"))
    result = run("doctor")
    assert result.exit_code == 1
    said = " ".join(result.stdout.split())
    assert "SOCIAL_METRICS_CREDENTIALS_KEY is not a Fernet key" in said
    assert "The connection of X points at 127.0.0.1, which is neither the simulator nor one of its hosts" in said


def test_clock_and_faults(simulator: RunningSimulator) -> None:
    assert answer(run_simulate("clock", "--format", "json"))["now"].startswith("2026-11-24T13:00:00")
    set_to = answer(run_simulate("clock", "--set", "2026-11-25T20:00:00+07:00", "--stand", "--format", "json"))
    assert set_to["now"].startswith("2026-11-25T13:00:00")
    refused = run_simulate("clock", "--set", "tomorrow")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "The simulator refuses: 'tomorrow' is not an instant" in refused.stderr

    added = answer(
        run_simulate("faults", "add", "slow", "--platform", "x", "--with", "seconds=0.1", "--format", "json")
    )
    assert (added["faults"][0]["kind"], added["faults"][0]["seconds"]) == ("slow", 0.1)
    assert "slow" in run_simulate("faults", "list").stdout
    assert "has no fault" in run_simulate("faults", "add", "earthquake", "--platform", "x").stderr
    assert "account_suspended" in run_simulate("faults", "kinds").stdout
    assert run_simulate("faults", "clear").stdout == "No fault is active.\n"


def test_doctor_shows_what_was_spent_and_where_the_month_is_heading(simulator: RunningSimulator) -> None:
    run("capture", "--platform", "x", "--platform", "youtube")
    checks = answer(run("doctor", "--format", "json"))["checks"]
    messages = {check["message"].split(":")[0]: check["message"] for check in checks if check["area"] == "budgets"}
    assert "of 9000 quota units" in messages["YouTube"]
    assert "of 100.00 this month, heading for" in messages["X"]


def test_watch_sends_an_alert_once_while_it_lasts(simulator: RunningSimulator) -> None:
    simulator.fault("x", "token_expired")
    run("capture", "--platform", "x")
    first = run("watch", "--format", "json")
    assert first.exit_code == 1
    told = answer(first)
    assert [alert["kind"] for alert in told["alerts"]].count("credential_failed") == 1
    assert told["sent"] == ["Social metrics: a credential failed"]
    assert answer(run("watch", "--format", "json"))["sent"] == []

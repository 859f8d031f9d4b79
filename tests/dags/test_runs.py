"""Extraction and transform, run by Airflow against the simulator and a real warehouse."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from social_metrics.contract import Outcome
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings
from tests.support.airflow_dags import Airflow, AirflowStack, FinishedRun
from tests.support.simulator import CREDENTIALS, RUN_START
from tests.support.warehouse import refuse_outcomes

EXTRACT, TRANSFORM = "extract_social_metrics", "transform_social_metrics"
MOSTLY = 0.75
"""Share of a platform's accounts that can be read when nothing is wrong: the simulator's world has broken ones."""


def test_retry_run_reads_only_the_platform_that_was_down(stack: AirflowStack) -> None:
    """Its accounts have outcomes, and the other platforms are in the marts; complete platforms are not called again."""
    registry = load_registry(stack.simulator.registry_dir)
    expected = {name: len(registry.accounts_on(name, RUN_START.date())) for name in registry.platforms}
    stack.simulator.fault("x", "unavailable")

    first = stack.run(EXTRACT, logical_date=RUN_START)
    assert first.state == "success", first.output
    ((publisher, event),) = stack.events(first)
    assert publisher == "publish_raw"
    assert event["day"] == "2026-11-20"
    assert event["platforms"]["x"] == {
        "expected": expected["x"],
        "captured": 0,
        "outcomes": {Outcome.PLATFORM_UNAVAILABLE.value: expected["x"]},
    }
    for name in set(registry.platforms) - {"x"}:
        assert event["platforms"][name]["expected"] == expected[name]
        assert event["platforms"][name]["captured"] >= MOSTLY * expected[name]
        assert Outcome.PLATFORM_UNAVAILABLE.value not in event["platforms"][name]["outcomes"]

    built = stack.run(TRANSFORM)
    assert built.state == "success", built.output
    ((publisher, event),) = stack.events(built)
    assert publisher == "marts"
    assert event["nodes"]["model success"] > 0
    assert event["nodes"]["test pass"] > 0
    # Accounts that only their people can read, into a workbook, are expected too; no extractor asks for them.
    down = "select count(*) from marts.fct_capture_completeness where platform = 'x' and outcome = %s and is_expected"
    assert stack.warehouse(down, Outcome.PLATFORM_UNAVAILABLE.value) == [(expected["x"],)]
    growth = "select count(*) from marts.fct_follower_growth_daily where platform <> 'x' and followers_count > 0"
    assert stack.warehouse(growth)[0][0] >= MOSTLY * (sum(expected.values()) - expected["x"])
    page = (load_settings().state_dir / "boards.html").read_text(encoding="utf-8")
    assert "20 November 2026" in page
    _assert_no_secret(stack, [first, built])

    stack.simulator.clear_faults()
    stack.simulator.set_clock(RUN_START + timedelta(minutes=30))  # the platform's circuit breaker has closed
    stack.calls()
    retry_run = stack.run(EXTRACT, logical_date=RUN_START + timedelta(minutes=30))
    assert retry_run.state == "success", retry_run.output
    complete = {
        name for name, counts in _platforms_of(stack, first).items() if counts["captured"] == counts["expected"]
    }
    assert complete, "a platform of which everything was read is needed to see it left alone"
    asked = {name for name, number in stack.calls().items() if number}
    assert "x" in asked
    assert not complete & asked
    assert {retry_run.task_states[f"{name}.extract_batch"] for name in complete} == {"skipped"}
    assert _platforms_of(stack, retry_run)["x"]["captured"] >= MOSTLY * expected["x"]
    assert stack.warehouse(
        "select count(*) from (select from raw.profile_snapshots group by account_code having count(*) > 1) as twice"
    ) == [(0,)], "what was read is not read again"


@pytest.mark.parametrize("days", [1, 40])
def test_run_of_a_past_date_is_refused_and_writes_nothing(stack: AirflowStack, days: int) -> None:
    other_day = RUN_START - timedelta(days=days)
    stack.calls()
    run = stack.run(EXTRACT, retries=2, logical_date=other_day)
    assert run.state == "failed"
    assert run.task_states["open_run"] == "failed"
    assert (
        f"This run belongs to {other_day.date()} (WIB), and today is 2026-11-20. A follower count read now is "
        "today's; it is never written under another date"
    ) in run.output
    assert stack.metadata(
        "select try_number from task_instance where run_id = %s and state = 'failed'", run.run_id
    ) == [(1,)], "a refusal is not retried"
    assert stack.events(run) == []
    assert not any(stack.calls().values())
    assert stack.warehouse("select count(*) from raw.capture_outcomes") == [(0,)]


def test_clearing_yesterdays_run_does_not_change_yesterday(stack: AirflowStack) -> None:
    stack.simulator.fault("*", "unavailable")
    assert stack.run(EXTRACT, logical_date=RUN_START).state == "success"
    held = stack.warehouse("select count(*), max(attempted_at) from raw.capture_outcomes")
    stack.simulator.clear_faults()
    stack.simulator.set_clock(RUN_START + timedelta(days=1))
    cleared = stack.run(EXTRACT, logical_date=RUN_START)
    assert cleared.state == "failed"
    assert "This run belongs to 2026-11-20 (WIB), and today is 2026-11-21" in cleared.output
    assert stack.warehouse("select count(*), max(attempted_at) from raw.capture_outcomes") == held


def test_cleared_batch_of_yesterday_is_refused(stack: AirflowStack) -> None:
    """open_run does not run again, so the batch keeps yesterday's run date."""
    from airflow.sdk.exceptions import AirflowFailException

    from social_metrics.orchestration.tasks.extract import extract_batch

    context = {"dag_run": SimpleNamespace(run_id="yesterday"), "ti": SimpleNamespace(try_number=2)}
    with pytest.raises(AirflowFailException, match=r"This run belongs to 2026-11-19 \(WIB\), and today is 2026-11-20"):
        extract_batch.function("x", ["kartini-x"], "2026-11-19", **context)


def test_failed_task_fails_the_run_while_the_transform_starts_and_a_retry_reads_what_is_missing(
    stack: AirflowStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """YouTube has no connection, TikTok's rows are refused for good, one of X's two batches only on its first try."""
    monkeypatch.delenv("AIRFLOW_CONN_SOCIAL_METRICS_YOUTUBE")
    batches = stack.simulator.registry_dir / "platforms.csv"
    batches.write_text(batches.read_text().replace(",100,8,2,7,1;3;7;30,UTC", ",20,8,2,7,1;3;7;30,UTC"))
    first_batch, second_batch = load_registry(stack.simulator.registry_dir).batches("x", RUN_START.date())
    refuse_outcomes(
        stack.warehouse_url,
        "new.platform = 'tiktok'",
        f"new.account_code = '{second_batch[0]}' and new.try_number = 1",
    )
    run = stack.run(EXTRACT, retries=1, logical_date=RUN_START)
    assert run.state == "failed"
    assert run.tasks["youtube.extract_batch"] == ["failed"]
    assert "social_metrics_youtube" in run.output
    assert run.tasks["tiktok.extract_batch"] == ["failed"]
    assert run.tasks["facebook.extract_batch"] == ["success"]
    assert run.tasks["x.extract_batch"] == ["success", "success"]
    assert run.task_states["publish_raw"] == "success"
    assert run.task_states["all_batches_ended"] == "upstream_failed"
    assert len(stack.events(run)) == 1, "the transform starts in spite of the crash"
    platforms = _platforms_of(stack, run)
    assert platforms["tiktok"]["outcomes"] == {Outcome.NOT_ATTEMPTED.value: platforms["tiktok"]["expected"]}
    tries = dict(
        stack.warehouse(
            "select account_code, array_agg(try_number) from raw.capture_outcomes where platform = 'x' group by 1"
        )
    )
    assert tries == {code: [1] for code in first_batch} | {code: [2] for code in second_batch}


def test_after_the_cutoff_nothing_is_read(stack: AirflowStack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("CRON", "0,30 19 * * *"), ("BEGINS", "19:00"), ("LAST_ATTEMPT", "19:30"), ("CUTOFF", "19:59")):
        monkeypatch.setenv(f"SOCIAL_METRICS_CAPTURE_{name}", value)
    stack.calls()
    run = stack.run(EXTRACT, logical_date=RUN_START)
    assert run.state == "success"
    assert {state for task, state in run.task_states.items() if task != "all_batches_ended"} == {"skipped"}
    assert "It is past 19:59 WIB" in run.output
    assert stack.events(run) == []
    assert not any(stack.calls().values())


def test_without_accounts_nothing_is_published(
    stack: AirflowStack, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The production registry as delivered, no account verified yet; triggered without a logical date."""
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(repository / "dbt_project" / "seeds" / "registry"))
    stack.calls()
    run = stack.run(EXTRACT, logical_date=None)
    assert run.state == "success", run.output
    opened = stack.metadata("select value from xcom where run_id = %s and task_id = 'open_run'", run.run_id)
    assert opened == [("2026-11-20",)], "the day is the simulator's, not the machine's"
    assert run.task_states["publish_raw"] == "skipped"
    assert stack.events(run) == []
    assert not any(stack.calls().values())


def _platforms_of(stack: AirflowStack, run: FinishedRun) -> dict[str, dict[str, int]]:
    ((_, event),) = stack.events(run)
    platforms: dict[str, dict[str, int]] = event["platforms"]
    return platforms


def _assert_no_secret(stack: AirflowStack, runs: list[FinishedRun]) -> None:
    """Neither in what was logged nor in anything that Airflow keeps: XCom, rendered fields, events."""
    warehouse_password = stack.warehouse_url.split("@")[0].rsplit(":", 1)[1]
    secrets = [secret for _, secret in CREDENTIALS.values()] + [warehouse_password, "demo-refresh", "demo-access"]
    kept = {f"the output of {run.run_id}": run.output for run in runs}
    kept |= {str(path): path.read_text(errors="replace") for path in _log_files(stack.airflow)}
    tables = stack.metadata("select table_name from information_schema.tables where table_schema = 'public'")
    assert ("xcom",) in tables
    assert ("rendered_task_instance_fields",) in tables
    for (table,) in tables:
        kept[table] = "\n".join(row for (row,) in stack.metadata(f'select t::text from "{table}" as t'))
    assert "2026-11-20" in kept["xcom"], "the search looks where the runs wrote"
    for place, text in kept.items():
        for secret in secrets:
            assert secret not in text, f"{secret} stands in {place}"


def _log_files(airflow: Airflow) -> list[Path]:
    return [path for path in (airflow.home / "logs").rglob("*") if path.is_file()]


def test_boards_page_may_go_to_an_object_store(stack: AirflowStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """fsspec's memory store stands for any: an address that is no folder is written through ObjectStoragePath."""
    from airflow.sdk import ObjectStoragePath

    from social_metrics.orchestration.tasks.transform import publish_boards
    from tests.support.example_marts import create_example_marts

    create_example_marts(stack.warehouse_url)
    monkeypatch.setenv("SOCIAL_METRICS_BOARDS_PAGE", "memory://published/boards.html")
    published = publish_boards.function()
    assert published == {"day": "2024-01-31", "page": "memory://published/boards.html"}
    assert "31 Januari 2024" in ObjectStoragePath("memory://published/boards.html").read_text(encoding="utf-8")

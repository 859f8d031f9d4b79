"""Entry by hand on a real Airflow: files picked up, a form answered by somebody, and the rules that it cannot bend."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from social_metrics.clock import utc_now
from social_metrics.registry.registry import Registry, load_registry
from tests.support.airflow_dags import Evening, load_dags
from tests.support.officer import OFFICER, SECOND, Desk, fill, saved, sheet_of

DAY = datetime(2026, 11, 20, tzinfo=UTC).date()
ACCOUNT = "meohai-x"


@pytest.fixture
def inbox(evening: Evening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "inbox"
    (folder / "meohai").mkdir(parents=True)
    monkeypatch.setenv("SOCIAL_METRICS_MANUAL_ENTRY_INBOX", folder.as_uri())
    return folder


@pytest.fixture
def registry(evening: Evening) -> Registry:
    return load_registry(evening.simulator.registry_dir)


def hand_in(evening: Evening, registry: Registry, folder: Any, followers: str, center: str = "meohai") -> None:
    """Put a filled template with its screenshot into a center's folder."""
    desk = Desk(registry, evening.warehouse_url)
    workbook = desk.template(ACCOUNT, day=DAY)
    fill(sheet_of(workbook, "meohai"), [desk.good_row(ACCOUNT, DAY, followers)])
    for name, content in desk.files.items():
        (folder / center / name).write_bytes(content)
    (folder / center / "entri.xlsx").write_bytes(saved(workbook))


def take() -> list[dict[str, Any]]:
    """Run the task that picks files up, as the DAG has it."""
    task = load_dags().dags["ingest_manual_entries"].get_task("take_entries")
    asked: list[dict[str, Any]] = task.execute({})
    return asked


def answer(question: dict[str, Any], name: str, option: str = "Konfirmasi") -> dict[str, Any]:
    """What becomes of the form when somebody answers it."""
    from social_metrics.orchestration.operators.confirm_entries import ConfirmEntriesOperator

    event = {
        "chosen_options": [option],
        "params_input": {},
        "responded_at": utc_now(),
        "responded_by_user": {"id": "7", "name": name},
    }
    return ConfirmEntriesOperator(task_id="confirm", **question).execute_complete({}, event)


def test_a_good_file_is_taken_asked_about_and_confirmed_by_another(
    evening: Evening, registry: Registry, inbox: Path
) -> None:
    hand_in(evening, registry, inbox, "1,2 rb")
    (question,) = take()
    assert question["keys"] == [f"{ACCOUNT}/2026-11-20/1"]
    assert "| 1,2 rb | 1200 (langkah 100) |" in question["body"]
    assert sorted(path.name for path in (inbox / "meohai" / "taken").iterdir()) == ["entri.xlsx"]
    assert take() == [], "what was taken is not asked about twice"
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=f"entered by {OFFICER}: another person"):
        answer(question, OFFICER.upper())
    assert evening.warehouse("select count(*) from raw.manual_confirmations") == [(0,)]
    assert answer(question, SECOND)["decision"] == "confirmed"
    assert evening.warehouse("select confirmed_by, confirmed_through, decision from raw.manual_confirmations") == [
        (SECOND, "airflow", "confirmed")
    ]


def test_an_object_store_is_an_inbox_as_well(
    evening: Evening, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fsspec's memory store stands for any: nothing here is a file of this machine."""
    from airflow.sdk import ObjectStoragePath
    from airflow.sdk.io import attach
    from fsspec.implementations.memory import MemoryFileSystem

    attach(protocol="memory", fs=MemoryFileSystem())
    bucket = ObjectStoragePath("memory://inbox")
    (bucket / "meohai").mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("SOCIAL_METRICS_MANUAL_ENTRY_INBOX", str(bucket))
    hand_in(evening, registry, bucket, "1,2 rb")
    (question,) = take()
    assert question["keys"] == [f"{ACCOUNT}/2026-11-20/1"]
    assert [path.name for path in (bucket / "meohai" / "taken").iterdir()] == ["entri.xlsx"]
    hand_in(evening, registry, bucket, "1.2")
    assert take() == []
    returned = sorted(path.name for path in (bucket / "meohai" / "returned").iterdir())
    assert returned == ["entri.catatan.xlsx", "entri.xlsx"]


def test_a_bad_file_is_returned_with_remarks(evening: Evening, registry: Registry, inbox: Path) -> None:
    hand_in(evening, registry, inbox, "1.2")
    (inbox / "meohai" / "foto.xlsx").write_bytes(b"\x89PNG")
    assert take() == []
    names = sorted(path.name for path in (inbox / "meohai" / "returned").iterdir())
    assert names == ["entri.catatan.xlsx", "entri.xlsx", "foto.xlsx", "foto.xlsx.txt"]
    assert evening.warehouse("select count(*) from raw.manual_entries") == [(0,)]


def test_a_center_s_folder_enters_that_center_only(evening: Evening, registry: Registry, inbox: Path) -> None:
    (inbox / "satria").mkdir()
    hand_in(evening, registry, inbox, "1,2 rb", center="satria")
    assert take() == []
    assert (inbox / "satria" / "returned" / "entri.catatan.xlsx").exists()


def test_a_rejection_counts_nowhere_and_publishes_nothing(evening: Evening, registry: Registry, inbox: Path) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from social_metrics.orchestration.tasks.intake import publish_entries

    hand_in(evening, registry, inbox, "1,2 rb")
    (question,) = take()
    rejected = answer(question, SECOND, "Tolak")
    assert rejected["decision"] == "rejected"
    with pytest.raises(AirflowSkipException, match="No entry was confirmed"):
        publish_entries.function(decisions=[rejected])

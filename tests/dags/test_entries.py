"""Manual entry on a real Airflow: workbooks taken or returned, and the second person's confirmation."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from social_metrics.clock import utc_now
from social_metrics.registry.registry import Registry, load_registry
from tests.support.airflow_dags import AirflowStack, load_dags
from tests.support.officer import OFFICER, SECOND, Desk, fill, saved, sheet_of

DAY = datetime(2026, 11, 20, tzinfo=UTC).date()
ACCOUNT = "meohai-x"


@pytest.fixture
def inbox(stack: AirflowStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "inbox"
    (folder / "meohai").mkdir(parents=True)
    monkeypatch.setenv("SOCIAL_METRICS_MANUAL_ENTRY_INBOX", folder.as_uri())
    return folder


@pytest.fixture
def registry(stack: AirflowStack) -> Registry:
    return load_registry(stack.simulator.registry_dir)


def hand_in(stack: AirflowStack, registry: Registry, folder: Any, followers: str, center: str = "meohai") -> None:
    """Put a filled template with its screenshot into a center's folder."""
    desk = Desk(registry, stack.warehouse_url)
    workbook = desk.template(ACCOUNT, day=DAY)
    fill(sheet_of(workbook, "meohai"), [desk.good_row(ACCOUNT, DAY, followers)])
    for name, content in desk.files.items():
        (folder / center / name).write_bytes(content)
    (folder / center / "entri.xlsx").write_bytes(saved(workbook))


def take() -> list[dict[str, Any]]:
    """Run the DAG's own task take_entries."""
    task = load_dags().dags["ingest_manual_entries"].get_task("take_entries")
    asked: list[dict[str, Any]] = task.python_callable()
    return asked


def answer(question: dict[str, Any], name: str, option: str = "Konfirmasi") -> dict[str, Any]:
    """The result of the form after a person has answered it."""
    from social_metrics.orchestration.operators.confirm_entries import ConfirmEntriesOperator

    event = {
        "chosen_options": [option],
        "params_input": {},
        "responded_at": utc_now(),
        "responded_by_user": {"id": "7", "name": name},
    }
    return ConfirmEntriesOperator(task_id="confirm", **question).execute_complete({}, event)


def test_valid_file_is_taken_and_confirmed_by_another_person(
    stack: AirflowStack, registry: Registry, inbox: Path
) -> None:
    hand_in(stack, registry, inbox, "1,2 rb")
    (question,) = take()
    assert question["keys"] == [f"{ACCOUNT}/2026-11-20/1"]
    assert "| 1,2 rb | 1200 (langkah 100) |" in question["body"]
    assert sorted(path.name for path in (inbox / "taken" / "meohai").iterdir()) == ["entri.xlsx"]
    assert take() == [], "a taken file is not asked about twice"
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=f"entered by {OFFICER}: another person"):
        answer(question, OFFICER.upper())
    assert stack.warehouse("select count(*) from raw.manual_confirmations") == [(0,)]
    assert answer(question, SECOND)["decision"] == "confirmed"
    assert stack.warehouse("select confirmed_by, confirmed_through, decision from raw.manual_confirmations") == [
        (SECOND, "airflow", "confirmed")
    ]


def write_roles(registry_dir: Path, *lines: str) -> None:
    (registry_dir / "roles.csv").write_text("role_code,person,email,center_code\n" + "".join(f"{x}\n" for x in lines))


def test_folder_s_only_officer_is_the_author_whatever_the_file_says(
    stack: AirflowStack, registry: Registry, inbox: Path
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    write_roles(
        stack.simulator.registry_dir, "center_officer,sari,,meohai", "center_officer,tono,,satria", "maker,ani,,",
        "checker,Sari,,", "operator,joko,,", "approver,sekretaris,,",
    )  # fmt: skip
    from social_metrics.errors import UsageProblem
    from social_metrics.registry.roles import load_roles

    with pytest.raises(UsageProblem, match="reads as 'sari'"):
        load_roles(stack.simulator.registry_dir)
    write_roles(
        stack.simulator.registry_dir, "center_officer,sari,,meohai", "center_officer,tono,,satria", "maker,ani,,",
        "operator,joko,,", "approver,sekretaris,,",
    )  # fmt: skip
    hand_in(stack, registry, inbox, "1,2 rb")
    (question,) = take()
    assert stack.warehouse("select entered_by from raw.manual_entries") == [("sari",)], f"the file says {OFFICER}"
    assert question["assigned_users"] == [{"id": "ani", "name": "ani"}, {"id": "joko", "name": "joko"}]
    assert "| Waktu bukti |" in question["body"]
    assert "20-11-2026" in question["body"]
    for spelling in ("sari", "Sari", "s\u0430ri", "sari "):
        with pytest.raises(AirflowFailException, match="another person"):
            answer(question, spelling)
    assert answer(question, OFFICER)["decision"] == "confirmed"


def test_any_officer_of_a_center_may_have_written_a_name_that_is_none_of_theirs(
    stack: AirflowStack, registry: Registry, inbox: Path
) -> None:
    write_roles(
        stack.simulator.registry_dir, "center_officer,sari,,meohai", "center_officer,tini,,meohai", "maker,ani,,"
    )  # fmt: skip
    hand_in(stack, registry, inbox, "1,2 rb")
    (question,) = take()
    assert question["assigned_users"] == [{"id": "ani", "name": "ani"}]
    assert stack.warehouse("select entered_by from raw.manual_entries") == [(OFFICER,)]


def test_links_in_the_inbox_read_nothing_out(stack: AirflowStack, registry: Registry, inbox: Path) -> None:
    secret = inbox.parent / "secret"
    secret.write_bytes(b"the password")
    (inbox / "meohai" / "entri.xlsx").symlink_to(secret)
    (inbox / "meohai" / "returned").symlink_to(secret)
    (inbox / "meohai" / "bukti.csv").hardlink_to(secret)
    assert take() == []
    assert sorted(path.name for path in (inbox / "returned" / "meohai").iterdir()) == [
        "bukti.csv.txt",
        "entri.xlsx.txt",
    ]
    assert secret.read_bytes() == b"the password"
    assert not list((inbox / "meohai").glob("*.xlsx"))


def test_run_is_red_when_its_author_confirms_and_publishes_when_another_person_does(
    stack: AirflowStack, registry: Registry, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from social_metrics.orchestration.operators.confirm_entries import ConfirmEntriesOperator

    responder = OFFICER

    def answered(task: Any, context: Any) -> Any:  # at once, as dag.test has nobody to wait for
        user = {"id": responder, "name": responder}
        event = {"chosen_options": ["Konfirmasi"], "params_input": {}, "responded_at": utc_now()}
        return task.execute_complete(context, event | {"responded_by_user": user})

    monkeypatch.setattr(ConfirmEntriesOperator, "execute", answered)
    hand_in(stack, registry, inbox, "1,2 rb")
    red = stack.run("ingest_manual_entries")
    assert (red.state, red.tasks["confirm_entries"], red.tasks["publish_entries"]) == (
        "failed", ["failed"], ["upstream_failed"],
    )  # fmt: skip
    assert "another person has to confirm it" in red.output
    assert stack.events(red) == []
    responder = SECOND
    hand_in(stack, registry, inbox, "1,3 rb")
    green = stack.run("ingest_manual_entries")
    assert green.state == "success"
    assert [task for task, _ in stack.events(green)] == ["publish_entries"]


def test_inbox_may_be_an_object_store(stack: AirflowStack, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """fsspec's memory store stands for any: nothing here is a file of this machine."""
    from airflow.sdk import ObjectStoragePath
    from airflow.sdk.io import attach
    from fsspec.implementations.memory import MemoryFileSystem

    attach(protocol="memory", fs=MemoryFileSystem())
    bucket = ObjectStoragePath("memory://inbox")
    (bucket / "meohai").mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("SOCIAL_METRICS_MANUAL_ENTRY_INBOX", str(bucket))
    hand_in(stack, registry, bucket, "1,2 rb")
    (question,) = take()
    assert question["keys"] == [f"{ACCOUNT}/2026-11-20/1"]
    assert [path.name for path in (bucket / "taken" / "meohai").iterdir()] == ["entri.xlsx"]
    hand_in(stack, registry, bucket, "1.2")
    assert take() == []
    returned = sorted(path.name for path in (bucket / "returned" / "meohai").iterdir())
    assert returned == ["entri.catatan.xlsx", "entri.xlsx"]


def test_invalid_file_is_returned_with_annotations(stack: AirflowStack, registry: Registry, inbox: Path) -> None:
    hand_in(stack, registry, inbox, "1.2")
    (inbox / "meohai" / "foto.xlsx").write_bytes(b"\x89PNG")
    assert take() == []
    names = sorted(path.name for path in (inbox / "returned" / "meohai").iterdir())
    assert names == ["entri.catatan.xlsx", "entri.xlsx", "foto.xlsx", "foto.xlsx.txt"]
    assert stack.warehouse("select count(*) from raw.manual_entries") == [(0,)]


def test_folder_of_a_center_enters_that_center_only(stack: AirflowStack, registry: Registry, inbox: Path) -> None:
    (inbox / "satria").mkdir()
    hand_in(stack, registry, inbox, "1,2 rb", center="satria")
    assert take() == []
    assert (inbox / "returned" / "satria" / "entri.catatan.xlsx").exists()


def test_rejected_entry_publishes_nothing(stack: AirflowStack, registry: Registry, inbox: Path) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from social_metrics.orchestration.tasks.intake import publish_entries

    hand_in(stack, registry, inbox, "1,2 rb")
    (question,) = take()
    rejected = answer(question, SECOND, "Tolak")
    assert rejected["decision"] == "rejected"
    with pytest.raises(AirflowSkipException, match="No entry was confirmed"):
        publish_entries.function(decisions=[rejected])

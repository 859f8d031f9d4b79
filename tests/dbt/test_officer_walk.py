"""One officer's whole way: template, refusal, correction, confirmation, board; and a try at cheating at every step."""

import io
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from openpyxl import load_workbook

from social_metrics.contract import (
    AuthorizationMode,
    CaptureOutcome,
    FollowersState,
    Outcome,
    PostsRead,
    ProfileSnapshot,
    Source,
)
from social_metrics.intake import store
from social_metrics.intake.due_accounts import accounts_to_enter
from social_metrics.intake.form import FIRST_ROW, Column
from social_metrics.intake.store import ConfirmationRefused
from social_metrics.intake.template import make_template
from social_metrics.marts.leaderboards import FollowersRow, RecencyRow, read_marts
from social_metrics.publish.page import boards
from social_metrics.warehouse.connect import connect
from tests.support.dbt_runner import PROJECT, Warehouse
from tests.support.factories import Evidence, at, write_raw
from tests.support.officer import (
    NOW,
    OFFICER,
    SECOND,
    TODAY,
    Desk,
    fill,
    put,
    registry_with,
    saved,
    sheet_of,
)

ACCOUNT = "kartini-youtube"
KEY = f"{ACCOUNT}/{TODAY}/1"


@pytest.mark.slow
def test_the_way_of_one_officer(make_warehouse: Callable[[Evidence], Warehouse], tmp_path: Path) -> None:
    warehouse = make_warehouse(Evidence())
    shutil.rmtree(warehouse.registry)
    registry = registry_with(warehouse.registry, ACCOUNT, "satria-x")
    warehouse.variables = {"from_date": TODAY.isoformat(), "through_date": TODAY.isoformat()}
    desk = Desk(registry, warehouse.url)

    # The template goes out, for the accounts that need it.
    with connect(warehouse.url, "loader") as connection:
        needed = accounts_to_enter(registry, connection, TODAY, "kartini")
    assert [account.account_code for account in needed] == [ACCOUNT]
    template = make_template(registry, needed, TODAY)

    # It comes back with a fault and is returned, annotated; nothing was taken.
    workbook = load_workbook(io.BytesIO(template))
    fill(sheet_of(workbook), [desk.good_row(ACCOUNT, followers="12.3")])
    returned = desk.hand_in(workbook)
    assert returned.taken == []
    assert _count(warehouse, "raw.manual_entries") == 0
    assert returned.annotated is not None

    # Cheating: another date than the screenshot's, another center's account, yesterday with today's screenshot.
    corrected = load_workbook(io.BytesIO(returned.annotated))
    put(sheet_of(corrected), FIRST_ROW, {Column.FOLLOWERS: "12,3 rb", Column.EVIDENCE_DATE: TODAY - timedelta(days=3),
                                         Column.POST_DATE: TODAY - timedelta(days=4)})  # fmt: skip
    assert "tidak cocok dengan tanggal pada nama berkas" in desk.hand_in(corrected).errors[0].message
    put(
        sheet_of(corrected),
        FIRST_ROW,
        {Column.EVIDENCE_DATE: TODAY, Column.POST_DATE: TODAY, Column.ACCOUNT: "satria-x"},
    )
    assert "milik sentra lain (satria)" in desk.hand_in(corrected).errors[0].message

    # Corrected in the returned copy, it is taken; on the board there is nothing yet.
    put(sheet_of(corrected), FIRST_ROW, {Column.ACCOUNT: ACCOUNT})
    assert desk.hand_in(corrected).taken == [KEY]
    desk.files["copy.png"] = desk.files[f"{ACCOUNT}-{TODAY}.png"]
    again = load_workbook(io.BytesIO(saved(corrected)))
    put(sheet_of(again), FIRST_ROW, {Column.EVIDENCE_FILE: "copy.png", Column.EVIDENCE_DATE: TODAY - timedelta(days=1),
                                     Column.POST_DATE: TODAY - timedelta(days=2)})  # fmt: skip
    assert "sudah dipakai untuk kartini-youtube" in desk.hand_in(again).errors[0].message
    followers, _ = _leaderboard_rows(warehouse)
    assert (followers.followers_count, followers.is_ranked) == (None, False)
    assert "entri manual: 1" not in _page(warehouse)

    # Cheating: one's own word for it, by the command and past it.
    with pytest.raises(ConfirmationRefused, match="another person"):
        _decide(warehouse, KEY, OFFICER)
    with pytest.raises(psycopg.errors.CheckViolation, match="confirmed_by_a_second_person"):
        _write(warehouse, f"""insert into raw.manual_confirmations values
            ('{ACCOUNT}', '{TODAY}', 1, '{OFFICER}', 'confirmed', '{OFFICER}', now(), 'command_line')""")  # fmt: skip
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        _write(warehouse, f"""insert into raw.manual_confirmations values
            ('{ACCOUNT}', '{TODAY}', 1, 'somebody', 'confirmed', '{OFFICER}', now(), 'command_line')""")  # fmt: skip

    # Confirmed by another, it stands on both boards, marked.
    _decide(warehouse, KEY, SECOND)
    followers, recency = _leaderboard_rows(warehouse)
    assert (followers.followers_count, followers.followers_count_high) == (12_300, 12_399)
    assert (followers.best_rank, followers.worst_rank, followers.accounts_manual) == (1, 1, 1)
    assert recency.last_post_at == at(TODAY, 8, 15)
    assert (recency.best_rank, recency.recency_band, recency.accounts_manual) == (1, "fresh", 1)
    assert "entri manual: 1" in _page(warehouse)

    # Cheating: an edit after the confirmation is a new version that waits; what stands cannot be touched.
    put(sheet_of(corrected), FIRST_ROW, {Column.FOLLOWERS: "99,9 rb"})
    assert desk.hand_in(corrected).taken == [f"{ACCOUNT}/{TODAY}/2"]
    with pytest.raises(ConfirmationRefused, match=f"confirmed by {SECOND} already"):
        _decide(warehouse, KEY, SECOND)
    for statement in (
        "update raw.manual_entries set followers_count = 1",
        "delete from raw.manual_entries",
        "update raw.manual_confirmations set confirmed_by = 'x'",
        "delete from raw.evidence_files",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _write(warehouse, statement)
    assert _leaderboard_rows(warehouse)[0].followers_count == 12_300
    unranked = _unranked(warehouse)
    assert unranked["manual_waiting"] == [(ACCOUNT, None, "99,9 rb")]

    # An API's reading of the same day wins, and the difference is a finding.
    write_raw(_api_reading(13_000), warehouse.url)
    followers, _ = _leaderboard_rows(warehouse)
    assert (followers.followers_count, followers.accounts_manual) == (13_000, 0)
    assert _unranked(warehouse)["manual_differs"] == [(ACCOUNT, "13000", "12,3 rb")]


def _count(warehouse: Warehouse, table: str) -> int:
    return len(warehouse.rows(table))


def _write(warehouse: Warehouse, statement: str) -> None:
    with connect(warehouse.url, "loader") as connection:
        connection.execute(statement)


def _decide(warehouse: Warehouse, key: str, person: str) -> None:
    with connect(warehouse.url, "loader") as connection:
        store.decide(connection, [key], decision="confirmed", decided_by=person, decided_at=NOW, channel="command_line")


def _leaderboard_rows(warehouse: Warehouse) -> tuple[FollowersRow, RecencyRow]:
    """The center on both boards, built anew."""
    warehouse.build()
    with read_marts(warehouse.url) as marts:
        day = marts.day(None)
        return (
            next(row for row in marts.followers_board(day) if row.center_code == "kartini"),
            next(row for row in marts.recency_board(day) if row.center_code == "kartini"),
        )


def _unranked(warehouse: Warehouse) -> dict[str, list[tuple[str | None, str | None, str | None]]]:
    found: dict[str, list[tuple[str | None, str | None, str | None]]] = {}
    with read_marts(warehouse.url) as marts:
        for entry in marts.unranked_centers(marts.day(None)):
            found.setdefault(entry.kind, []).append((entry.account_code, entry.known_value, entry.seen_value))
    return found


def _page(warehouse: Warehouse) -> str:
    with read_marts(warehouse.url) as marts:
        data = boards.gather(marts, marts.day(None))
    return boards.render(data, PROJECT / "seeds" / "rules")


def _api_reading(followers: int) -> Evidence:
    attempt, instant = UUID(int=7), at(TODAY)
    captured = CaptureOutcome(
        attempt, ACCOUNT, "youtube", instant, Outcome.CAPTURED, None, None, PostsRead.LISTED, 0, None, None, Source.API,
        "run", 1,
    )  # fmt: skip
    snapshot = ProfileSnapshot(
        attempt, ACCOUNT, "youtube", instant, followers, 1, FollowersState.REPORTED, None, None, None, "demo_kartini",
        None, "youtube.subscriberCount.v1", AuthorizationMode.OWNER, Source.API, attempt, "run", 1, None,
    )  # fmt: skip
    return Evidence(snapshots=[snapshot], outcomes=[captured])

"""Manual entries of the demo for centers without API access, by the same way as in production.

Each entry is a filled template with its screenshots, handed in and confirmed by a second person; one entry stays
unconfirmed. The values are those that the simulator would show.
"""

import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
import vl_convert
from markupsafe import escape
from openpyxl import load_workbook

from local_stack import StackError
from social_metrics.clock import WIB
from social_metrics.intake import store
from social_metrics.intake.form import FIRST_ROW, INPUT_COLUMN, NEVER_POSTED, OFFICER_ROW, Column
from social_metrics.intake.ingest import ingest
from social_metrics.intake.screenshots import folder_reader
from social_metrics.intake.template import make_template
from social_metrics.publish.page.formats import number
from social_metrics.registry.account import Account
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect

OFFICER, SECOND_PERSON = "siti.humas", "budi.data"
DAYS_AGO = (30, 14, 8, 7, 1, 0)  # baselines of growth over a week and a month, and this evening
WAITING = "wirajaya-facebook"  # entered this evening and not confirmed
TAKEN_OVER = "antasena-instagram"  # its handle answers with another id this evening

_SHOWN_AT = (19, 30)  # of the center's own clock


def take_over_an_account(simulator_url: str) -> None:
    """Let a handle of the demo belong to an account with another id from now on.

    Raises:
        StackError: the simulator refuses.
    """
    platform = TAKEN_OVER.rpartition("-")[2]
    fault = {"platform": platform, "kind": "identity_mismatch", "account": TAKEN_OVER}
    reply = requests.post(f"{simulator_url}/_simulator/faults", json=fault, timeout=10)
    if not reply.ok:
        raise StackError(f"The simulator refuses to take over {TAKEN_OVER}: {reply.text}")


def enter_by_hand(
    simulator_url: str, folder: Path, first_day: date, evening: datetime, *,
    registry: Registry, settings: Settings, warehouse_url: str,
) -> int:  # fmt: skip
    """Hand in and confirm the entries of the demo's officers; repeating it changes nothing.

    Args:
        simulator_url: its base address.
        folder: the inbox, with a folder per center.
        first_day: first WIB date of the demo's history.
        evening: the instant of this evening's capture.
        registry: the demo's registry.
        settings: see `settings.Settings`.
        warehouse_url: postgresql://… of the service login.

    Returns:
        the number of confirmed entries.

    Raises:
        StackError: an entry was returned, or an account is unknown to the simulator.
    """
    for days_ago in DAYS_AGO:
        day = evening.astimezone(WIB).date() - timedelta(days=days_ago)
        if day < first_day:
            continue
        by_center: dict[str, list[Account]] = {}
        for account in registry.verified_on(day):
            if account.capture_path == "manual" and (account.account_code != WAITING or days_ago == 0):
                by_center.setdefault(account.center_code, []).append(account)
        for center_code, accounts in by_center.items():
            home = folder / center_code / "taken"  # where the DAG puts a workbook that it has ingested
            home.mkdir(parents=True, exist_ok=True)
            name = f"{center_code}-{day.isoformat()}.xlsx"
            content = _filled(simulator_url, home, registry, accounts, day)
            (home / name).write_bytes(content)
            result = ingest(
                name,
                content,
                registry=registry,
                warehouse_url=warehouse_url,
                now=evening - timedelta(days=days_ago),
                read_attachment=folder_reader(home),
                max_age_days=settings.manual_entry_max_age_days,
                center_code=center_code,
            )
            if result.errors:
                raise StackError(f"{name} was returned: {result.errors[0].message}")
    with connect(warehouse_url, "loader") as connection:
        waiting = store.list_entries(connection, only_waiting=True)
        keys = [entry.key for entry in waiting if entry.account_code != WAITING]
        store.decide(
            connection, keys, decision="confirmed", decided_by=SECOND_PERSON, decided_at=evening, channel="command_line"
        )
        entries = store.list_entries(connection, only_waiting=False)
    return sum(entry.decision == "confirmed" for entry in entries)


def as_shown(followers: int) -> str:
    """A count as an Indonesian page shows it, cut and never rounded up: 9.876, 12,3 rb, 1,2 jt."""
    if followers < 10_000:
        return number(followers, "id")
    if followers < 1_000_000:
        return f"{number(followers // 100 / 10, 'id', 1)} rb"
    return f"{number(followers // 100_000 / 10, 'id', 1)} jt"


def _filled(simulator_url: str, home: Path, registry: Registry, accounts: list[Account], day: date) -> bytes:
    """The day's filled template of one center, with the screenshots beside it."""
    center = registry.center_on(accounts[0].center_code, day)
    if center is None:
        raise StackError(f"The registry has no center {accounts[0].center_code} on {day}.")
    zone = ZoneInfo(center.time_zone)
    shown_at = datetime(day.year, day.month, day.day, *_SHOWN_AT, tzinfo=zone)
    workbook = load_workbook(io.BytesIO(make_template(registry, accounts, day)))
    sheet = workbook[center.center_code]
    sheet.cell(OFFICER_ROW, INPUT_COLUMN).value = OFFICER
    for row, account in enumerate(accounts, start=FIRST_ROW):
        truth = _truth(simulator_url, account, shown_at)
        post = _newest_post(truth["posts"], shown_at)
        shown = as_shown(truth["followers"])
        evidence = f"{account.account_code}-{day.isoformat()}.png"
        (home / evidence).write_bytes(_screenshot(registry, account, shown, shown_at))
        cells: dict[Column, Any] = {
            Column.EVIDENCE_DATE: day,
            Column.EVIDENCE_TIME: shown_at.strftime("%H.%M"),
            Column.FOLLOWERS: shown,
            Column.POST_DATE: NEVER_POSTED,
            Column.EVIDENCE_FILE: evidence,
        }
        if post is not None:
            published = datetime.fromisoformat(post["published_at"]).astimezone(zone)
            cells |= {
                Column.POST_DATE: published.date(),
                Column.POST_TIME: published.strftime("%H.%M"),
                Column.POST_URL: f"{account.url}/{post['id']}",
            }
        for column, value in cells.items():
            sheet.cell(row, list(Column).index(column) + 1).value = value
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _truth(simulator_url: str, account: Account, at: datetime) -> dict[str, Any]:
    asked = {"account": account.account_code, "at": at.isoformat()}
    reply = requests.get(f"{simulator_url}/_simulator/truth", params=asked, timeout=30)
    found = reply.json().get("accounts") if reply.ok else None
    if not found:
        raise StackError(f"The simulator does not serve {account.account_code}: {reply.text[:200]}")
    truth: dict[str, Any] = found[0]
    return truth


def _newest_post(posts: Iterable[dict[str, Any]], at: datetime) -> dict[str, Any] | None:
    """The newest post on its page at the instant."""

    def is_shown(post: dict[str, Any]) -> bool:
        deleted = post["deleted_at"]
        return datetime.fromisoformat(post["visible_at"]) <= at and (
            deleted is None or datetime.fromisoformat(deleted) > at
        )

    shown = [post for post in posts if is_shown(post) and datetime.fromisoformat(post["published_at"]) <= at]
    return max(shown, key=lambda post: str(post["published_at"]), default=None)


def _screenshot(registry: Registry, account: Account, shown: str, at: datetime) -> bytes:
    """A picture of an invented page, marked as simulated."""
    label = registry.platforms[account.platform].platform_label
    lines = (
        (40, 22, "#1d2733", f"{label}  ·  {account.handle}"),
        (88, 30, "#1d2733", f"{shown} pengikut"),
        (126, 15, "#4c5967", at.strftime("%d/%m/%Y %H.%M %Z")),
        (160, 15, "#9c1c10", "SIMULASI"),
    )
    words = "".join(
        f'<text x="20" y="{y}" font-family="sans-serif" font-size="{size}" fill="{ink}">{escape(text)}</text>'
        for y, size, ink, text in lines
    )
    sheet = '<rect width="420" height="180" fill="#fff"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="420" height="180">{sheet}{words}</svg>'
    return bytes(vl_convert.svg_to_png(svg))

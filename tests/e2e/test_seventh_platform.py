"""A platform that nobody foresaw is one file, one line of the registry and its accounts as rows: nothing else changes.

Warta exists in this folder only. Its file is put beside the real ones, its line and rows into a registry of the
test's own, its API into the simulator; three evenings are captured, and the boards have it.
"""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet

import social_metrics.extract.platforms
from local_stack.databases import Login
from local_stack.history import authorise_demo_accounts
from local_stack.server import Server
from social_metrics.clock import WIB
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.extract.platform_run import capture_batch
from social_metrics.marts.leaderboards import read_marts
from social_metrics.publish.page import boards
from social_metrics.registry.registry import load_registry
from social_metrics.settings import Settings
from social_metrics.transform.run import run_transform
from social_metrics.warehouse import migrate
from tests.support.simulator import CREDENTIALS, running_simulator

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SEVENTH = Path(__file__).parent / "seventh_platform"
FIRST_EVENING = datetime(2026, 11, 20, 20, 0, tzinfo=WIB)
EVENINGS = 3
CENTERS = ("kartini", "mahatmiya")
READERS_ON_THE_FIRST_EVENING = 5_000 + 3 * 19
DATABASE = "social_metrics_seventh_platform"

LINE = {
    "platform": "warta",
    "platform_label": "Warta",
    "followers_label_id": "pembaca",
    "url_hosts": "warta.example",
    "url_path_pattern": "^/(?P<handle>[a-z_]{3,20})",
    "platform_account_id_pattern": "^W[0-9]{8}$",
    "handle_pattern": "^[a-z_]{3,20}$",
    "allowed_api_hosts": "api.warta.example",
    "batch_size": "1",  # one account a batch: two batches
    "max_in_flight": "2",
    "lookback_days": "2",
    "full_listing_days": "1",
    "quota_day_zone": "Asia/Jakarta",
    "body_retention_days": "90",
    "caption_retention_days": "30",
}
ROWS = [
    {
        "account_code": f"{center}-warta",
        "center_code": center,
        "platform": "warta",
        "platform_account_id": f"W{number:08d}",
        "handle": f"demo_{center}",
        "url": f"https://warta.example/demo_{center}",
        "owner_unit": center,
        "contact_role": "humas",
        "status": "verified",
        "verified_by": "tim data (simulasi)",
        "verified_at": "2026-05-01",
        "evidence_ref": "simulasi/warta",
        "review_due_at": "2027-05-01",
        "valid_from": "2024-01-01",
    }
    for number, center in enumerate(CENTERS, start=1)
]


@dataclass(frozen=True)
class Captured:
    """A warehouse with the evenings in it, its marts built."""

    url: str
    days: list[date]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with psycopg.connect(self.url, options="-c timezone=UTC") as connection:
            return connection.execute(query).fetchall()


def _append(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        columns = next(csv.reader(file))
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, columns, restval="", lineterminator="\n").writerows(rows)


def _add_the_seventh(registry: Path) -> None:
    _append(registry / "platforms.csv", [LINE])
    _append(registry / "center_accounts.csv", ROWS)


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def warehouse(postgres_server: Server, service_login: Login, warehouse_template: str) -> Iterator[str]:
    postgres_server.ensure_database(DATABASE, owner=service_login.name, template=warehouse_template)
    url = postgres_server.url(DATABASE, service_login.name, service_login.password)
    migrate.grant_database_rights(url)
    yield url
    postgres_server.drop_database(DATABASE)


@pytest.fixture(scope="module")
def captured(
    warehouse: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch_module: pytest.MonkeyPatch
) -> Iterator[Captured]:
    home = tmp_path_factory.mktemp("seventh")
    paths = [*social_metrics.extract.platforms.__path__, str(SEVENTH / "platforms")]
    monkeypatch_module.setattr(social_metrics.extract.platforms, "__path__", paths)
    extra = ("--extra-apis", str(SEVENTH / "apis"))
    with running_simulator(home, FIRST_EVENING, *extra, edit_registry=_add_the_seventh) as simulator:
        monkeypatch_module.setitem(CREDENTIALS, "warta", (None, "demo-warta-pass"))
        for platform in CREDENTIALS:
            monkeypatch_module.setenv(*simulator.connection_variable(platform))
        registry = load_registry(simulator.registry_dir)
        settings = Settings(
            registry_dir=simulator.registry_dir,
            state_dir=home / "state",
            credentials_key=Fernet.generate_key().decode(),
        )
        authorise_demo_accounts(registry, settings, warehouse)
        days = [(FIRST_EVENING + timedelta(days=number)).date() for number in range(EVENINGS)]
        for day in days:
            simulator.set_clock(datetime.combine(day, FIRST_EVENING.timetz()))
            for platform in registry.platforms:
                for codes in registry.batches(platform, day):
                    capture_batch(
                        platform,
                        codes,
                        run_id=f"evening__{day}",
                        try_number=1,
                        registry=registry,
                        connection=platform_connection(platform),
                        warehouse_url=warehouse,
                        settings=settings,
                        expected_day=day,
                    )
        run_transform(settings, warehouse)
        yield Captured(warehouse, days)
    sys.modules.pop("social_metrics.extract.platforms.warta")


def test_every_evening_has_its_outcome(captured: Captured) -> None:
    rows = captured.rows(
        "select account_code, (attempted_at at time zone 'Asia/Jakarta')::date, outcome, posts_read, source"
        " from raw.capture_outcomes where platform = 'warta'"
    )
    assert sorted(rows) == sorted(
        (f"{center}-warta", day, "captured", "listed", "simulator") for center in CENTERS for day in captured.days
    )


def test_it_is_in_the_facts(captured: Captured) -> None:
    assert captured.rows(
        "select platform_label, followers_label_id from marts.dim_platforms where platform = 'warta'"
    ) == [("Warta", "pembaca")]
    followers = captured.rows(
        "select center_code, date_day, followers_count, change_1d from marts.fct_follower_growth_daily"
        " where platform = 'warta'"
    )
    assert sorted(followers) == sorted(
        (center, day, READERS_ON_THE_FIRST_EVENING + 3 * number, 3 if number else None)
        for center in CENTERS
        for number, day in enumerate(captured.days)
    )
    pieces = captured.rows(
        "select published_date, count(*) from marts.fct_posts where platform = 'warta' group by published_date"
    )
    every_day = [date(2026, 11, 1) + timedelta(days=number) for number in range(captured.days[-1].day)]
    assert sorted(pieces) == [(day, len(CENTERS)) for day in every_day]
    expected = captured.rows(
        "select count(*), bool_and(is_captured) from marts.fct_capture_completeness"
        " where platform = 'warta' and is_expected"
    )
    assert expected == [(len(CENTERS) * EVENINGS, True)]


def test_it_counts_on_both_boards(captured: Captured, tmp_path: Path) -> None:
    last = captured.days[-1]
    with read_marts(captured.url) as marts:
        followers = {row.center_code: row for row in marts.followers_board(last)}
        recency = {row.center_code: row for row in marts.recency_board(last)}
        assert "warta" in {capture.platform for capture in marts.captures(last)}
    readers = READERS_ON_THE_FIRST_EVENING + 3 * (EVENINGS - 1)
    others = dict(
        captured.rows(
            "select center_code, sum(followers_count)::bigint from marts.fct_follower_growth_daily"
            f" where platform <> 'warta' and date_day = '{last}' group by center_code"
        )
    )
    for center in CENTERS:
        assert followers[center].is_ranked, followers[center]
        assert followers[center].followers_count == others[center] + readers
        assert recency[center].last_post_platform == "warta"
        assert recency[center].last_post_at == datetime(last.year, last.month, last.day, 19, 55, tzinfo=WIB)
    assert {row.best_rank for row in recency.values() if row.center_code in CENTERS} == {1}
    boards.write(captured.url, tmp_path / "boards.html")
    assert "Warta" in (tmp_path / "boards.html").read_text(encoding="utf-8")

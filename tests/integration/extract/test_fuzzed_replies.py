"""Fuzzed replies of every platform: a clear outcome or a correct record; no traceback, no end in sight, no half row.

`make test-fuzz` runs 10,000 spoilt replies a platform; `make test` a small sample.
"""

import importlib
import logging
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, Phase, given, settings

from local_stack.databases import Login
from local_stack.history import authorise_demo_accounts
from local_stack.server import Server
from simulator.app import Simulator
from simulator.demo_registry import write_registry
from social_metrics.extract import state
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.extract.http.redaction import clean_text
from social_metrics.extract.platform_run import capture_batch
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import Settings
from social_metrics.warehouse import migrate
from tests.integration.extract.spoilt_replies import Spoil, SpoiltWay, numbers_and_texts, plans
from tests.support.simulator import CREDENTIALS, RUN_START
from tests.support.simulator_in_process import answering, connections, make_simulator

CASES = int(os.environ.get("SOCIAL_METRICS_TEST_FUZZED_REPLIES", "40"))  # spoilt replies a platform; in full 10000
SPOILT_A_CAPTURE = 4  # at least, on average
ACCOUNTS = 12
BATCH = 2  # accounts a profile call, so that one spoilt reply does not decide for all
REPLIES = 20  # of a capture, that a plan speaks about
WRITTEN = (
    *("raw.capture_outcomes", "raw.profile_snapshots", "raw.posts", "raw.post_captions"),
    *("raw.response_bodies", "raw.api_responses", "raw.runs"),
    *("ops.spend_ledger", "ops.circuit_breakers", "ops.withdrawn_metrics", "ops.reopened_days", "ops.doubted_listings"),
)
COUNTS = ("like_count", "comment_count", "share_count", "view_count")


@dataclass
class Bench:
    """Some accounts of each platform, captured from the simulator in this process into a real warehouse."""

    url: str
    registry: Registry
    simulator: Simulator
    settings: Settings
    connection: psycopg.Connection

    def capture(self, platform: str, way: SpoiltWay) -> None:
        """One capture into empty tables; tokens stay, as they do from evening to evening."""
        for table in WRITTEN:
            self.connection.execute(f"delete from {table}")  # truncating partitions takes ten times as long
        with answering(self.simulator, way):
            capture_batch(
                platform,
                self.codes(platform),
                run_id="fuzz",
                try_number=1,
                registry=self.registry,
                connection=platform_connection(platform),
                warehouse_url=self.url,
                settings=self.settings,
            )

    def codes(self, platform: str) -> list[str]:
        return [account.account_code for account in self.registry.accounts_on(platform, RUN_START.date())][:ACCOUNTS]

    def rows(self, query: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(query)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]


@pytest.fixture(scope="module")
def bench(
    postgres_server: Server,
    service_login: Login,
    warehouse_template: str,
    repository: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("fuzz") / "registry"
    write_registry(repository / "dbt_project/seeds/registry", folder, 2024, RUN_START.date())
    name = f"{warehouse_template}_fuzz"
    postgres_server.ensure_database(name, owner=service_login.name, template=warehouse_template)
    url = postgres_server.url(name, service_login.name, service_login.password)
    migrate.grant_database_rights(url)
    loaded = load_registry(folder)
    one_by_one = {name: replace(line, max_in_flight=1) for name, line in loaded.platforms.items()}
    registry = Registry(one_by_one, loaded.centers, loaded.accounts)  # a plan needs an order
    given_settings = Settings(credentials_key=Fernet.generate_key().decode(), http_attempts=1, http_max_wait_seconds=0)
    administrator = psycopg.connect(postgres_server.url(name), autocommit=True)
    with administrator as connection, pytest.MonkeyPatch.context() as environment:
        connection.execute("set session_replication_role = replica")  # evidence is only added to: its triggers
        environment.setattr(state, "FIRST_READ_DAYS", 6)  # fewer posts, more captures
        for variable, value in connections(folder).items():
            environment.setenv(variable, value)
        authorise_demo_accounts(registry, given_settings, url)
        yield Bench(url, registry, make_simulator(folder, int(RUN_START.timestamp())), given_settings, connection)
    postgres_server.drop_database(name)


@pytest.mark.slow
@pytest.mark.parametrize("platform", sorted(CREDENTIALS))
def test_a_spoilt_reply_is_an_outcome_or_a_correct_record(
    bench: Bench, platform: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(f"social_metrics.extract.platforms.{platform}")
    monkeypatch.setattr(module, "RULES", replace(module.RULES, accounts_per_call=BATCH))
    bench.capture(platform, SpoiltWay([]))
    right = _contents(bench)
    assert {row["outcome"] for row in right.outcomes.values()} <= {"captured", "below_threshold"}
    spoilt, became = 0, Counter[str]()

    @settings(
        max_examples=CASES // SPOILT_A_CAPTURE,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(plan=plans(REPLIES))
    def check(plan: list[Spoil | None]) -> None:
        nonlocal spoilt
        caplog.clear()
        way = SpoiltWay(plan)
        bench.capture(platform, way)
        found = _contents(bench)
        strange = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert not strange, "a reply that the platform's file does not foresee"
        _check(found, right, way, set(bench.codes(platform)))
        spoilt += len(way.spoilt)
        became.update(row["outcome"] for row in found.outcomes.values())

    check()
    print(f"{platform}: {spoilt} spoilt replies, {dict(became)}")
    assert became["captured"]
    assert len(became) > 1, f"a run of {dict(became)} proves little"


@dataclass(frozen=True)
class Contents:
    """What a capture has written, each table by its key."""

    outcomes: dict[Any, dict[str, Any]]
    snapshots: dict[Any, dict[str, Any]]
    posts: dict[Any, dict[str, Any]]
    responses: dict[Any, dict[str, Any]]


def _contents(bench: Bench) -> Contents:
    def by(names: tuple[str, ...], query: str) -> dict[Any, dict[str, Any]]:
        rows = bench.rows(query)
        keyed = {tuple(row[name] for name in names): row for row in rows}
        assert len(keyed) == len(rows), f"one key, two rows: {query}"
        return keyed

    return Contents(
        by(("account_code",), "select * from raw.capture_outcomes"),
        by(("account_code",), "select * from raw.profile_snapshots"),
        by(("account_code", "post_id"), "select * from raw.posts"),
        by(("response_id",), "select * from raw.api_responses left join raw.response_bodies using (response_id)"),
    )


def _check(found: Contents, right: Contents, way: SpoiltWay, codes: set[str]) -> None:
    assert {code for (code,) in found.outcomes} == codes, "every account has its outcome"
    for key, outcome in found.outcomes.items():
        has_profile = outcome["outcome"] in ("captured", "captured_partly", "below_threshold")
        assert (key in found.snapshots) == has_profile, outcome
        assert has_profile or not any(code == key[0] for code, _ in found.posts), "posts without a profile"
    for response in found.responses.values():
        assert sha256(bytes(response["body"])).hexdigest() == response["kept_sha256"]
        assert response["received_sha256"] in way.spoilt | way.whole
    for key, snapshot in found.snapshots.items():
        _check_row(snapshot, right.snapshots[key], ("followers_count", "posts_count", "views_count"), found, way)
        assert (snapshot["followers_count"] is None) == (snapshot["followers_state"] != "reported")
    for key, post in found.posts.items():
        _check_row(post, right.posts.get(key), COUNTS, found, way)


def _check_row(
    row: dict[str, Any], right: dict[str, Any] | None, counts: tuple[str, ...], found: Contents, way: SpoiltWay
) -> None:
    """A row from a reply that came whole is as it always is; one from a spoilt reply says what that reply says.

    So does one that is there because another reply was spoilt: a list without times has older posts asked for.
    """
    received = found.responses[(row["response_id"],)]["received_sha256"]
    if received in way.spoilt or right is None:
        numbers, texts = numbers_and_texts((way.spoilt | way.whole)[received])
        said = {name: row[name] for name in counts if row[name] is not None and not _is_stated_zero(row, name)}
        assert set(said.values()) <= numbers, f"{said}, and the reply says no such thing"
        assert "post_id" not in row or row["post_id"] in {clean_text(text) for text in texts}
    else:
        # An address may be made from the handle in another reply, the account's.
        same = set(row) - {"response_id", "attempt_id", "captured_at", "expires_at", "loaded_at", "run_id", "url"}
        assert {name: row[name] for name in same} == {name: right[name] for name in same}


def _is_stated_zero(row: dict[str, Any], name: str) -> bool:
    """Facebook leaves `shares` out of a post that nobody shared; it alone says zero by silence."""
    return (row["platform"], name, row[name]) == ("facebook", "share_count", 0)

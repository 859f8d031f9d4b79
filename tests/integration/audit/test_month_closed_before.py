"""October 2026, closed by the code of commit 74191c4, verifies and is reported with today's code.

The fixture `closed_month/74191c4.sql.xz` was written by `pg_dump --inserts` at that commit. It holds `raw`, `ops` and
`audit` of the warehouse of `closable.py`: September and October 2026, each signed by three logins, with an answered
exception, an approved correction and one issued report. It is never made anew: it stands for closes in production.
"""

import hashlib
import lzma
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from local_stack.databases import Login
from local_stack.server import Server
from social_metrics.audit import verification
from social_metrics.audit.chain import walk_chain
from social_metrics.audit.record import steps_of
from social_metrics.audit.rules import MARTS_OF_A_MONTH, Rule, rules_in_force
from social_metrics.audit.trace import trace
from social_metrics.audit.verification import verify_month
from social_metrics.publish.reports.issue import issue_month
from social_metrics.registry.registry import load_registry
from social_metrics.retention.enforce import enforce_retention
from social_metrics.settings import Settings
from social_metrics.warehouse import migrate
from social_metrics.warehouse.connect import connect
from tests.support.closable import CENTERS, MONTH, Closable, evidence
from tests.support.dbt_runner import Warehouse
from tests.support.factories import write_registry
from tests.support.pdf import words_of

pytestmark = pytest.mark.slow

DUMP = "tests/fixtures/closed_month/74191c4.sql.xz"
DIGEST = "7d13217af2d773403040ff05671b42a05c65d49a7e9eaf3ad8f7b2182cf31a8a"
ISSUED = ("2026-10-v1-sentra-satria-id.pdf", "f1ad2568d6035e8f580e3da00e6ed58c89cca51108edba252c6026f800e486b5")
CLOSED_AT = datetime(2026, 12, 1, 15, tzinfo=UTC)  # YouTube's counts expire on 31 December
EXPIRED_AT = datetime(2027, 1, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def upgraded(
    postgres_server: Server,
    service_login: Login,
    warehouse_template: str,  # makes the server's group roles
    repository: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Closable]]:
    """Name and access of the restored warehouse, migrated to head and with today's marts."""
    name = f"{warehouse_template}_74191c4"
    postgres_server.ensure_database(name, owner=service_login.name)
    with psycopg.connect(postgres_server.url(name)) as administrator:
        administrator.execute(lzma.decompress((repository / DUMP).read_bytes()))
    url = postgres_server.url(name, service_login.name, service_login.password)
    migrate.upgrade(url)
    home = tmp_path_factory.mktemp("closed_before")
    warehouse = Warehouse(url, home / "registry", home / "state", variables={"retention_as_of": CLOSED_AT.isoformat()})
    write_registry(evidence(), warehouse.registry)
    warehouse.build("--select", *(f"+{mart}" for mart in MARTS_OF_A_MONTH), "--indirect-selection", "empty")
    yield name, Closable(url, warehouse.registry, warehouse.state)
    postgres_server.drop_database(name)


@pytest.fixture(scope="module")
def rules_today(upgraded: tuple[str, Closable]) -> list[Rule]:
    """Today's rules, compiled once: dbt takes seconds."""
    _, closed = upgraded
    return rules_in_force(closed.settings, closed.url)


@pytest.fixture
def closed(
    postgres_server: Server,
    service_login: Login,
    upgraded: tuple[str, Closable],
    rules_today: list[Rule],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Closable]:
    """A clone of the upgraded warehouse for one test."""
    monkeypatch.setattr(verification, "rules_in_force", lambda *_: list(rules_today))
    template, original = upgraded
    name = f"social_metrics_closed_before_{os.getpid()}"
    postgres_server.ensure_database(name, owner=service_login.name, template=template)
    url = postgres_server.url(name, service_login.name, service_login.password)
    migrate.grant_database_rights(url)
    yield Closable(url, original.registry, original.state)
    postgres_server.drop_database(name)


def test_month_closed_before_holds_with_the_digest_printed_then(closed: Closable) -> None:
    found = verify_month(closed.settings, closed.url, MONTH, now=CLOSED_AT, digest=DIGEST[:12])
    assert (found.walk.findings, found.findings, found.altered, found.purged) == ((), (), (), ())
    assert found.holds
    assert (found.close.sha256, found.status) == (DIGEST, "approved")
    with connect(closed.url, "closer") as connection:
        signed = [(step.action, step.person.split("_")[0]) for step in steps_of(connection, found.close)]
    assert signed == [("submitted", "maker"), ("checked", "checker"), ("approved", "approver")]


def test_closed_figures_equal_those_of_current_rules(closed: Closable) -> None:
    """A renamed mart column needs its line in `audit/figure_names.py`. `next_step` is a text, which may be reworded."""
    found = verify_month(closed.settings, closed.url, MONTH, now=CLOSED_AT)
    differing = [one for one in found.changed_since if one.figure != "next_step"]
    assert [(one.mart, one.row_key, one.figure, one.closed, one.computed) for one in differing] == []


def test_reports_of_month_closed_before_are_issued_in_both_languages(closed: Closable) -> None:
    reports = issue_month(closed.url, MONTH, languages=("id", "en"))
    assert [(report.language, report.kind) for report in reports] == [
        (language, kind)
        for language in ("id", "en")
        for kind in ("leadership", "full", "workbook", *("center" for _ in CENTERS))
    ]
    (before,) = [report for report in reports if report.file_name == ISSUED[0]]
    assert (before.sha256, hashlib.sha256(before.content).hexdigest()) == (ISSUED[1], ISSUED[1])
    for report in reports:
        if report.kind == "full":
            words = words_of(report.content)
            assert DIGEST in words.replace(" ", "")
            assert {"id": "4.321*", "en": "4,321*"}[report.language] in words
            assert "Sedang diurus. (sari)" in words
    with connect(closed.url, "closer") as connection:
        assert walk_chain(connection, CLOSED_AT).findings == ()


def test_month_closed_before_holds_after_its_counts_have_expired(closed: Closable) -> None:
    shipped = Settings()
    enforce_retention(shipped, load_registry(shipped.registry_dir), closed.url, EXPIRED_AT)
    found = verify_month(closed.settings, closed.url, MONTH, now=EXPIRED_AT)
    assert (found.findings, found.altered, found.holds) == ((), (), True)
    assert found.walk.purged.keys() == {"raw.profile_snapshots", "raw.posts"}
    assert {one.figure for one in found.purged} <= {"interactions", "posts_with_interactions", "engagement_rate_pct"}
    with connect(closed.url, "closer") as connection:
        closed_count = trace(connection, "kartini", "youtube", MONTH)[0].facts["followers"]
    assert closed_count is not None

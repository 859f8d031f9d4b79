"""Every single change to evidence or record is found by the walk along the chain, with its place named."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from local_stack.databases import Login
from local_stack.server import Server
from social_metrics.audit import closing
from social_metrics.audit.canonical import tables_to_seal
from social_metrics.audit.chain import walk_chain
from social_metrics.audit.closing import draft_close, seal_now
from social_metrics.audit.corrections import approve_correction, request_correction
from social_metrics.audit.rules import Rule
from social_metrics.clock import utc_now
from social_metrics.warehouse.connect import connect
from tests.resilience.tampering import CHAIN, KINDS, Tamperer, Tampering
from tests.support.audit_fixtures import write_history
from tests.support.closable import MONTH, Closable, as_person, step

CHANGES = int(os.environ.get("SOCIAL_METRICS_TEST_TAMPERINGS", "60"))  # a full run says 200
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def superuser(postgres_server: Server, warehouse_url: str, seed: int) -> Iterator[psycopg.Connection]:
    """A superuser's connection to a sealed history."""
    write_history(warehouse_url, seed)
    with psycopg.connect(warehouse_url) as owner:
        database = owner.info.dbname
    with psycopg.connect(postgres_server.url(database), options="-c timezone=UTC") as connection:
        yield connection


def test_every_single_change_is_found_and_its_place_named(superuser: psycopg.Connection, seed: int) -> None:
    draw = random.Random(seed)
    assert walk_chain(superuser, NOW).findings == ()
    touched: Counter[str] = Counter()
    for number in range(CHANGES):
        made = Tamperer(superuser, draw).change(KINDS[number % len(KINDS)])
        findings = walk_chain(superuser, NOW).findings
        superuser.rollback()
        assert findings, f"seed {seed}, change {number}: not found: {made.what}"
        missed = unnamed(made, [finding.place for finding in findings])
        assert not missed, f"seed {seed}, change {number}: {made.what} was reported at {findings}"
        touched[made.table] += 1
    assert walk_chain(superuser, NOW).findings == ()
    assert len(touched) >= 10, touched


@pytest.mark.slow
def test_every_single_change_after_a_close_is_found_and_its_place_named(
    postgres_server: Server,
    closable: Closable,
    people: dict[str, Login],
    compiled: list[Rule],
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.setattr(closing, "rules_in_force", lambda *_: list(compiled))
    approve_and_correct(closable, people)
    draw = random.Random(seed)
    with psycopg.connect(closable.url) as owner:
        database = owner.info.dbname
    with psycopg.connect(postgres_server.url(database), options="-c timezone=UTC") as superuser:
        record = [table.name for table in tables_to_seal(superuser) if table.name.startswith("audit.")]
        assert walk_chain(superuser, utc_now()).findings == ()
        for number in range(CHANGES // 3):
            made = Tamperer(superuser, draw).change(KINDS[number % len(KINDS)], [*record, *CHAIN])
            findings = walk_chain(superuser, utc_now()).findings
            superuser.rollback()
            assert not unnamed(made, [finding.place for finding in findings]), (
                f"seed {seed}, change {number}: {made.what} was reported at {findings}"
            )


def approve_and_correct(closable: Closable, people: dict[str, Login]) -> None:
    """Bring the month through all its steps, with a row in every table that people write."""
    draft_close(closable.settings, closable.url, MONTH)
    for person, action in (("maker", "submitted"), ("checker", "checked"), ("approver", "approved")):
        step(closable, people[person], action)
    for figure in ("posts", "platforms_posted"):
        with connect(as_person(closable.url, people["maker"]), "closer") as maker:
            number = request_correction(
                maker,
                MONTH,
                center_code="kartini",
                figure=figure,
                new_value=99,
                reason="salah hitung",
                document_number="BA-7/2026",
            )
        with connect(as_person(closable.url, people["checker"]), "closer") as checker:
            approve_correction(checker, number)
    seal_now(closable.url)


def unnamed(made: Tampering, places: list[str]) -> bool:
    """Whether no place holds the words of a row that was changed."""
    return not any(all(word in place for word in words) for words in made.names for place in places)

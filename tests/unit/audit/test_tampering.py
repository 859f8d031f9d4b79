"""Every single change to evidence or record is found by the walk along the chain, with its place named."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from social_metrics.audit.chain import walk_chain
from social_metrics.stack.server import Server
from tests.unit.audit.conftest import write_history
from tests.unit.audit.tampering import KINDS, Tamperer, Tampering

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
        assert findings, f"seed {seed}, change {number}: nobody saw {made.what}"
        missed = unnamed(made, [finding.place for finding in findings])
        assert not missed, f"seed {seed}, change {number}: {made.what} is said to be at {findings}"
        touched[made.table] += 1
    assert walk_chain(superuser, NOW).findings == ()
    assert len(touched) >= 10, touched


def unnamed(made: Tampering, places: list[str]) -> bool:
    """Whether no place holds the words of a row that was changed."""
    return not any(all(word in place for word in words) for words in made.names for place in places)

"""`make test-compose`: docker-compose.yml on a real engine, from an empty machine to its removal.

It takes root, minutes and some 6 GB, so `make test` does not collect these tests.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.compose.engine import Engine
from tests.e2e.compose.stack import ComposeStack, copy_repository

if not os.environ.get("SOCIAL_METRICS_TEST_COMPOSE"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def engine(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A running engine with the base images."""
    made = Engine(repository / ".compose-cache", tmp_path_factory.mktemp("engine"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def stack(engine: Engine, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    """The stack in a copy of the repository: nothing started yet."""
    site = tmp_path_factory.mktemp("compose") / "site"
    copy_repository(repository, site)
    made = ComposeStack(engine, site)
    try:
        yield made
    finally:
        if (site / ".env").exists():
            made.compose("down", "--volumes", "--remove-orphans", "--timeout", "10")

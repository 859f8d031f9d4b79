"""Fixtures for every test; those with a database stand in tests/support."""

from pathlib import Path

import pytest

pytest_plugins = ["tests.support.run_guards", "tests.support.warehouse", "tests.support.audit_fixtures"]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root folder."""
    return Path(__file__).resolve().parents[1]

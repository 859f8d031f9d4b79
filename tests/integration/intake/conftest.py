"""A desk for every test: the kartini accounts are read by hand."""

from pathlib import Path

import pytest

from social_metrics.registry.registry import Registry
from tests.support.officer import READ_BY_HAND, Desk, registry_with


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """The shipped registry with six verified accounts of three centers."""
    return registry_with(tmp_path / "registry", *READ_BY_HAND)


@pytest.fixture
def desk(registry: Registry, warehouse_url: str) -> Desk:
    """An officer's desk."""
    return Desk(registry, warehouse_url)

"""A desk for every test: the kartini accounts are read by hand."""

from pathlib import Path

import pytest

from social_metrics.registry.registry import Registry
from tests.support.officer import Desk, registry_with

KARTINI = ("kartini-youtube", "kartini-facebook", "kartini-instagram", "kartini-x")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """The shipped registry with five verified accounts of two centers."""
    return registry_with(tmp_path / "registry", *KARTINI, "satria-x", "mahatmiya-x")


@pytest.fixture
def desk(registry: Registry, warehouse_url: str) -> Desk:
    """An officer's desk."""
    return Desk(registry, warehouse_url)

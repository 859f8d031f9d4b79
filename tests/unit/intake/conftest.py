"""A registry whose accounts are read by hand."""

from pathlib import Path

import pytest

from social_metrics.registry.registry import Registry
from tests.support.officer import READ_BY_HAND, registry_with


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """The shipped registry with verified accounts of four centers, in each of the three time zones."""
    return registry_with(tmp_path / "registry", *READ_BY_HAND, "wasana-bahagia-x")

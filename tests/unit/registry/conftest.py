"""Fixtures: a registry to edit."""

import shutil
from pathlib import Path

import pytest

from social_metrics.settings import DEFAULT_REGISTRY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped registry."""
    return Path(shutil.copytree(DEFAULT_REGISTRY, tmp_path / "registry"))

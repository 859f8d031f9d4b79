"""A warehouse whose marts hold the example of `example_marts`."""

import pytest

from tests.support.example_marts import create_example_marts


@pytest.fixture
def example_url(warehouse_url: str) -> str:
    """The service login's URI of a warehouse with the example's boards."""
    create_example_marts(warehouse_url)
    return warehouse_url

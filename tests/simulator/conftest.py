"""One simulator for the whole folder, put back to its first state before each test."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.platform_calls import NOW, SimulatorClient, running, shared_file, write_registry


@pytest.fixture(scope="session")
def demo_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's registry folder."""
    return write_registry(tmp_path_factory.mktemp("registry"))


@pytest.fixture(scope="session")
def _server(demo_registry: Path) -> Iterator[SimulatorClient]:
    with running(demo_registry, "--no-rate-limits") as simulator:
        yield simulator


@pytest.fixture
def simulator(_server: SimulatorClient) -> SimulatorClient:
    """A simulator without faults, limits, calls or tokens, at 20:00 WIB on 24 November 2026."""
    _server.admin("POST", "reset")
    _server.admin("PUT", "rate-limits", {"enabled": False, "overrides": {}})
    _server.admin("PUT", "options", {"x_names": "by-parameter", "app_secret": None})
    _server.admin("PUT", "clock", {"now": NOW, "ticking": False})
    return _server


def _schema(name: str) -> Any:
    path = shared_file("schemas", name)
    if not path.is_file():
        pytest.skip(f"{path} is not there: set SOCIAL_METRICS_SHARED_DIR to the folder that holds apis/schemas")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def youtube_discovery() -> Any:
    """YouTube's discovery document."""
    return _schema("youtube.v3.discovery.json")


@pytest.fixture(scope="session")
def x_tweet_names() -> Any:
    """X's OpenAPI document with the names of July 2026."""
    return _schema("x.openapi.2.166.tweet-names.json")


@pytest.fixture(scope="session")
def x_post_names() -> Any:
    """X's OpenAPI document with the names of August 2026."""
    return _schema("x.openapi.2.167.post-names.json")


@pytest.fixture(scope="session")
def meta_specs() -> dict[str, Any]:
    """Meta's node specs by name."""
    return {name: _schema(f"meta.spec.{name}.json") for name in ("Page", "PagePost", "IGUser", "IGMedia")}

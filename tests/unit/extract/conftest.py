"""The running simulator that shards are captured from."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from social_metrics.clock import WIB
from social_metrics.registry import Registry, load_registry
from tests.simulated import CREDENTIALS, RunningSimulator, running_simulator

EVENING = datetime(2026, 11, 20, 20, 0, tzinfo=WIB)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    """A simulator for a whole file."""
    with running_simulator(tmp_path_factory.mktemp("simulator"), EVENING) as simulator:
        yield simulator


@pytest.fixture
def simulator(started: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSimulator]:
    """20:00 WIB, no faults, every connection in the environment."""
    for platform in CREDENTIALS:
        monkeypatch.setenv(*started.connection_variable(platform))
    started.set_clock(EVENING)
    yield started
    started.clear_faults()


@pytest.fixture
def registry(simulator: RunningSimulator) -> Registry:
    """The simulator's registry."""
    return load_registry(simulator.registry_dir)

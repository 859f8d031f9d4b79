"""The running simulator that batches are captured from."""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet

from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.extract.platform_run import BatchReport, capture_batch
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import Settings
from tests.support.capture import Capture
from tests.support.simulator import CREDENTIALS, RUN_START, RunningSimulator, running_simulator


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    """A simulator for a whole file."""
    with running_simulator(tmp_path_factory.mktemp("simulator"), RUN_START) as simulator:
        yield simulator


@pytest.fixture
def simulator(started: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSimulator]:
    """20:00 WIB, no faults, every connection in the environment."""
    for platform in CREDENTIALS:
        monkeypatch.setenv(*started.connection_variable(platform))
    started.set_clock(RUN_START)
    yield started
    started.clear_faults()


@pytest.fixture
def registry(simulator: RunningSimulator) -> Registry:
    """The simulator's registry."""
    return load_registry(simulator.registry_dir)


@pytest.fixture
def capture(registry: Registry, warehouse_url: str) -> Capture:
    """Captures a platform's accounts of the evening as one batch, without a second try; any argument can be another."""
    settings = Settings(credentials_key=Fernet.generate_key().decode(), http_attempts=1, http_max_wait_seconds=0)

    def run(platform: str, **changes: Any) -> BatchReport:
        arguments: dict[str, Any] = {
            "account_codes": [account.account_code for account in registry.accounts_on(platform, RUN_START.date())],
            "run_id": "test",
            "try_number": 1,
            "registry": registry,
            "connection": platform_connection(platform),
            "warehouse_url": warehouse_url,
            "settings": settings,
        }
        return capture_batch(platform, **{**arguments, **changes})

    return run

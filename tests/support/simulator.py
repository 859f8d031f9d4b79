"""A running simulator for tests: a process of its own, its registry, its clock and its faults."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from simulator.apis import platform_classes

REPOSITORY = Path(__file__).resolve().parents[2]

# The secrets that the simulator accepts, platform -> (login, secret); they open nothing else.
CREDENTIALS: dict[str, tuple[str | None, str]] = {
    platform: api.credentials for platform, api in platform_classes().items()
}


@dataclass(frozen=True)
class RunningSimulator:
    """Where the simulator answers, and the registry that it serves."""

    base_url: str
    registry_dir: Path

    def set_clock(self, instant: datetime) -> None:
        """Set the simulated clock to an aware instant."""
        requests.put(
            f"{self.base_url}/_simulator/clock", json={"now": instant.isoformat()}, timeout=10
        ).raise_for_status()

    def fault(self, platform: str, kind: str, **parameters: Any) -> None:
        """Switch a fault on; `simulator/faults.py` lists the kinds."""
        reply = requests.post(
            f"{self.base_url}/_simulator/faults", json={"platform": platform, "kind": kind, **parameters}, timeout=10
        )
        assert reply.ok, reply.text

    def clear_faults(self) -> None:
        """Switch all faults off."""
        requests.delete(f"{self.base_url}/_simulator/faults", timeout=10).raise_for_status()

    def connection_variable(self, platform: str) -> tuple[str, str]:
        """Name and value of the AIRFLOW_CONN_… variable that leads to this simulator."""
        login, secret = CREDENTIALS[platform]
        value = {
            "conn_type": "social_api",
            "host": self.base_url,
            "login": login,
            "password": secret,
            "extra": {"simulated_clock": True, "authorization_mode": "owner"},
        }
        return f"AIRFLOW_CONN_SOCIAL_METRICS_{platform.upper()}", json.dumps(value)


@contextmanager
def running_simulator(
    folder: Path, instant: datetime, *options: str, edit_registry: Callable[[Path], None] = lambda _: None
) -> Iterator[RunningSimulator]:
    """A simulator with its own registry under `folder`, its clock at `instant`; stopped at the end.

    Args:
        folder: an empty folder of the test.
        instant: the aware instant to begin with.
        options: more options of `simulator serve`.
        edit_registry: called with the registry's folder before the simulator reads it.
    """
    registry = folder / "registry"
    source = REPOSITORY / "dbt_project" / "seeds" / "registry"
    command = [sys.executable, "-m", "simulator"]
    subprocess.run(
        [*command, "registry", "--source", source, "--out", registry, "--as-of", instant.date().isoformat()],
        cwd=REPOSITORY,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    edit_registry(registry)
    process = subprocess.Popen(
        [
            *command,
            *("serve", "--port", "0", "--registry-dir", registry, "--no-rate-limits"),
            *("--clock", instant.isoformat(), *options),
        ],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()  # it speaks when it can be called
        assert "http://" in said, f"the simulator did not start: {said}"
        yield RunningSimulator(said.split()[-1], registry)
    finally:
        process.terminate()
        process.wait(timeout=20)
        shutil.rmtree(registry, ignore_errors=True)

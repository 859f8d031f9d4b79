"""The platform simulator as a process of its own: its registry, its clock and its faults."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import requests

from simulator.apis import platform_classes
from social_metrics.clock import WIB
from social_metrics.registry.account import Account
from social_metrics.registry.registry import load_registry

REPOSITORY = Path(__file__).resolve().parents[2]
SEEDS = REPOSITORY / "dbt_project" / "seeds" / "registry"
RUN_START = datetime(2026, 11, 20, 20, 0, tzinfo=WIB)

# The secrets that the simulator accepts, platform -> (login, secret); they open nothing else.
CREDENTIALS: dict[str, tuple[str | None, str]] = {
    platform: api.credentials for platform, api in platform_classes().items()
}


@dataclass(frozen=True)
class RunningSimulator:
    """Where the simulator answers, the registry that it serves, and its clock at the start."""

    base_url: str
    registry_dir: Path
    started_at: datetime = RUN_START

    def admin(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """Call a path of the simulator's own, below /_simulator/; a refusal raises an AssertionError."""
        reply = requests.request(method, f"{self.base_url}/_simulator/{path}", json=body, params=query, timeout=30)
        assert reply.ok, reply.text
        return reply.json()

    def set_clock(self, instant: datetime | str) -> None:
        """Set the simulated clock to an aware instant."""
        self.admin("PUT", "clock", {"now": instant if isinstance(instant, str) else instant.isoformat()})

    def fault(self, platform: str, kind: str, **parameters: Any) -> dict[str, Any]:
        """Switch a fault on; `simulator/faults.py` lists the kinds."""
        return dict(self.admin("POST", "faults", {"platform": platform, "kind": kind, **parameters}))

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.admin("DELETE", "faults")

    def truth(self, platform: str) -> dict[str, dict[str, Any]]:
        """The exact state of a platform's accounts at the simulated present, by account_code."""
        accounts = self.admin("GET", "truth", platform=platform)["accounts"]
        return {account["account_code"]: account for account in accounts}

    def accounts(self, platform: str) -> list[Account]:
        """The verified accounts of a platform on the day of the start."""
        verified = load_registry(self.registry_dir).verified_on(self.started_at.date())
        return [account for account in verified if account.platform == platform]

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


class SimulatorProcess:
    """A simulator that can be killed and started again on the same port, its clock where it stood."""

    def __init__(self, registry: Path, instant: datetime, *options: str) -> None:
        self.at = RunningSimulator("http://127.0.0.1:0", registry, instant)
        self._options = options
        self._now = instant
        self.at = RunningSimulator(self.start(), registry, instant)

    def start(self) -> str:
        """Start it, without faults, calls and tokens of before; returns its URL."""
        command = [
            *(sys.executable, "-m", "simulator", "serve", "--port", self.at.base_url.rsplit(":", 1)[1]),
            *("--registry-dir", self.at.registry_dir, "--clock", self._now.isoformat(), *self._options),
        ]
        self._process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        first_line = self._process.stdout.readline()  # printed when it accepts calls
        if not first_line.startswith("simulator listens on "):
            raise RuntimeError(f"The simulator did not start: {first_line}")
        return first_line.split()[-1]

    def set_clock(self, instant: datetime) -> None:
        """Set its clock, also for a later start."""
        self._now = instant
        self.at.set_clock(instant)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(timeout=20)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()


def simulator_command(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command of the simulator to its end."""
    command = [sys.executable, "-m", "simulator", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, text=True, capture_output=True, check=check, timeout=60)


def write_demo_registry(folder: Path, as_of: date, *options: str | Path) -> None:
    """Write a demo registry, made from the repository's."""
    simulator_command("registry", "--source", SEEDS, "--out", folder, "--as-of", as_of.isoformat(), *options)


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
    write_demo_registry(registry, instant.date())
    edit_registry(registry)
    process = SimulatorProcess(registry, instant, "--no-rate-limits", *options)
    try:
        yield process.at
    finally:
        process.stop()
        shutil.rmtree(registry, ignore_errors=True)

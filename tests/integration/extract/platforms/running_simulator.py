"""The simulator as its own process, for tests that let a platform file speak with it."""

import csv
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from social_metrics.registry.account import Account

REPOSITORY = Path(__file__).parents[4]
CLOCK = "2026-11-20T20:00:00+07:00"


@dataclass(frozen=True)
class RunningSimulator:
    """Its address and the registry it serves."""

    base_url: str
    registry_dir: Path

    def admin(self, method: str, path: str, **body: Any) -> Any:
        """A call below /_simulator/."""
        reply = requests.request(method, f"{self.base_url}/_simulator/{path}", json=body or None, timeout=10)
        reply.raise_for_status()
        return reply.json()

    def truth(self, platform: str) -> dict[str, dict[str, Any]]:
        """What is so at the simulator's present, by account_code."""
        return {entry["account_code"]: entry for entry in self.admin("GET", f"truth?platform={platform}")["accounts"]}

    def accounts(self, platform: str) -> list[Account]:
        """The platform's verified accounts in the registry."""
        with (self.registry_dir / "center_accounts.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["platform"] == platform and row["status"] == "verified"]
        return [
            Account(
                account_code=row["account_code"],
                center_code=row["center_code"],
                platform=platform,
                platform_account_id=row["platform_account_id"] or None,
                handle=row["handle"] or None,
                url=row["url"] or None,
                status=row["status"],
                valid_from=None,
                valid_to=None,
            )
            for row in rows
            if not row["valid_to"]
        ]


@contextmanager
def simulator(folder: Path) -> Iterator[RunningSimulator]:
    """Write a demo registry into `folder`, serve it on a free port at 20:00 WIB, end it afterwards."""
    registry, port_file = folder / "registry", folder / "port"
    seeds = REPOSITORY / "dbt_project" / "seeds" / "registry"
    python = [sys.executable, "-m", "simulator"]
    subprocess.run(
        [*python, "registry", "--source", seeds, "--out", registry, "--as-of", CLOCK[:10]],
        cwd=REPOSITORY, check=True, capture_output=True,
    )  # fmt: skip
    process = subprocess.Popen(
        [*python, "serve", "--registry-dir", registry, "--clock", CLOCK, "--port-file", port_file, "--no-rate-limits"],
        cwd=REPOSITORY,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not (port_file.exists() and port_file.read_text().strip()):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the simulator did not start (exit code {process.poll()})")
            time.sleep(0.05)
        yield RunningSimulator(f"http://127.0.0.1:{port_file.read_text().strip()}", registry)
    finally:
        process.terminate()
        process.wait(timeout=20)

"""The compose stack of a copy of the repository, on the test's own engine."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import requests

from tests.e2e.compose.engine import Engine, run

AIRFLOW, SUPERSET = "http://127.0.0.1:8080", "http://127.0.0.1:8088"
TASK_SECONDS = 900
POLL_SECONDS = 2


@dataclass
class ComposeStack:
    """`docker compose` in `site`, and what the tests ask of it."""

    engine: Engine
    site: Path

    def compose(self, *words: str, seconds: int = TASK_SECONDS) -> str:
        """What `docker compose …` prints."""
        try:
            return run("docker", "compose", *words, cwd=self.site, env=self.engine.environment, timeout=seconds)
        except AssertionError:
            if words[0] == "up":
                logs = ["docker", "compose", "logs", "--no-color", "-n", "15"]
                print(run(*logs, cwd=self.site, env=self.engine.environment))
            raise

    def inside(self, service: str, *command: str) -> str:
        """What a command prints in a running container."""
        return self.compose("exec", "--no-TTY", service, *command)

    def sql(self, query: str) -> str:
        """What the warehouse answers its administrator, unaligned and without headings."""
        return self.inside("postgres", "psql", "--username=postgres", "--no-align", "--tuples-only",
                           "--dbname=social_metrics", "--command", query).strip()  # fmt: skip

    def setting(self, name: str) -> str:
        """A line of .env."""
        lines = (self.site / ".env").read_text().splitlines()
        return next(line.split("=", 1)[1] for line in lines if line.startswith(f"{name}="))

    def containers(self) -> list[dict[str, Any]]:
        """Every container of the project, as the engine describes it."""
        numbers = self.compose("ps", "--all", "--quiet").split()
        described: list[dict[str, Any]] = json.loads(run("docker", "inspect", *numbers, env=self.engine.environment))
        return described

    def states(self) -> dict[str, str]:
        """Container → healthy, starting, running, or exited with its code."""
        states = {}
        for container in self.containers():
            state = container["State"]
            ended = f"exited {state['ExitCode']}" if state["Status"] == "exited" else state["Status"]
            states[container["Name"].strip("/")] = state.get("Health", {}).get("Status", ended)
        return states

    def wait_until_healthy(self) -> dict[str, str]:
        """Until every lasting service is healthy and every other one has ended well."""

        def well() -> dict[str, str] | None:
            states = self.states()
            assert not [name for name, state in states.items() if state.startswith("exited ") and state != "exited 0"]
            return states if set(states.values()) <= {"healthy", "exited 0"} else None

        return wait_for("every service", well)

    def token(self, user: str, password: str) -> requests.Response:
        """Airflow's answer to a login by its API."""
        with self.engine.network():
            return requests.post(f"{AIRFLOW}/auth/token", json={"username": user, "password": password}, timeout=30)

    def airflow(self, method: str, path: str, **options: Any) -> Any:
        """Airflow's API as the administrator; `None` for what is not there (yet)."""
        token = self.token("admin", self.setting("AIRFLOW_ADMIN_PASSWORD")).json()["access_token"]
        with self.engine.network():
            answer = requests.request(
                method, f"{AIRFLOW}/api/v2{path}", headers={"Authorization": f"Bearer {token}"}, timeout=60, **options
            )
        assert answer.ok or answer.status_code == requests.codes.not_found, answer.text
        return answer.json() if answer.ok else None

    def enable_dags(self, *dags: str) -> None:
        """Take the first pause off, once the DAG processor has read the files."""
        for dag in dags:
            wait_for(dag, partial(self.airflow, "PATCH", f"/dags/{dag}", json={"is_paused": False}))

    def trigger(self, dag: str) -> str:
        """A run by hand: its id."""
        run_id: str = self.airflow("POST", f"/dags/{dag}/dagRuns", json={"logical_date": None})["dag_run_id"]
        return run_id

    def wait_for_run(self, dag: str, run_id: str) -> None:
        """Until the run succeeded; one that failed ends the wait."""

        def ended() -> bool:
            state = self.airflow("GET", f"/dags/{dag}/dagRuns/{run_id}")["state"]
            assert state != "failed", self.airflow("GET", f"/dags/{dag}/dagRuns/{run_id}/taskInstances")
            return bool(state == "success")

        wait_for(f"{dag} {run_id}", ended)

    def runs(self, dag: str) -> list[dict[str, Any]]:
        """Every run of a DAG."""
        runs: list[dict[str, Any]] = self.airflow("GET", f"/dags/{dag}/dagRuns?limit=100")["dag_runs"]
        return runs

    def wait_until_idle(self, dag: str) -> None:
        """Until the DAG has runs, and all of them succeeded."""

        def idle() -> bool:
            states = [run["state"] for run in self.runs(dag)]
            assert "failed" not in states, self.runs(dag)
            return bool(states) and set(states) == {"success"}

        wait_for(f"{dag} without open runs", idle)

    def boards(self) -> Any:
        """`social-metrics top` as data."""
        return json.loads(self.inside("scheduler", "social-metrics", "top", "--format", "json"))


def copy_repository(repository: Path, site: Path) -> None:
    """The files that git knows, as they are now."""
    for name in run("git", "ls-files", "-z", cwd=repository).split("\0"):
        if name and (repository / name).is_file():
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / name, site / name)


Answer = TypeVar("Answer")


def wait_for(what: str, ask: Callable[[], Answer | None]) -> Answer:
    """The first true answer; a service that is just starting may refuse to answer at all."""
    until = time.monotonic() + TASK_SECONDS
    while True:
        try:
            if answer := ask():
                return answer
            problem = "not yet"
        except (requests.ConnectionError, requests.Timeout, subprocess.TimeoutExpired) as error:
            problem = str(error)
        assert time.monotonic() < until, f"{what}: {problem}"
        time.sleep(POLL_SECONDS)

"""The part of Airflow's REST API that the stack needs: health, unpause, trigger and the state of runs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from local_stack import StackError
from social_metrics.clock import utc_now

POLL_SECONDS = 0.5
PARSED_SECONDS = 120
"""Time in which a DAG file is parsed after the start; until then its DAG answers 404."""

COMPONENTS = {
    "scheduler": "latest_scheduler_heartbeat",
    "dag_processor": "latest_dag_processor_heartbeat",
    "triggerer": "latest_triggerer_heartbeat",
}


@dataclass(frozen=True)
class Run:
    """One DAG run; `state` is queued, running, success or failed."""

    dag_id: str
    run_id: str
    state: str


@dataclass(frozen=True)
class TaskState:
    """A task instance; `map_index` is -1 for a task that is not mapped."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int


@dataclass(frozen=True)
class Form:
    """A form of a task that waits for a person; `fields` are the names of its fields."""

    task_id: str
    map_index: int
    subject: str
    body: str
    options: tuple[str, ...]
    fields: tuple[str, ...]


class AirflowApi:
    """A client of one api-server; logs in when first needed.

    Args:
        base_url: such as http://127.0.0.1:8080.
        login: user of the auth manager.
        password: returns the user's password.
    """

    def __init__(self, base_url: str, login: str, password: Callable[[], str]) -> None:
        """Keeps the address; no request is sent yet."""
        self._base_url = base_url
        self._login = login
        self._password = password
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc of the user

    def answers(self) -> bool:
        """Whether the api-server answers."""
        try:
            return self._session.get(f"{self._base_url}/api/v2/version", timeout=5).ok
        except requests.RequestException:
            return False

    def beats_since(self, component: str, started: float) -> bool:
        """Whether a component is healthy and has sent a heartbeat since it was started.

        The health page may show the heartbeat of an earlier run, so the times are compared.

        Args:
            component: a key of COMPONENTS.
            started: seconds since 1970 (UTC).
        """
        try:
            health = self._session.get(f"{self._base_url}/api/v2/monitor/health", timeout=5).json()[component]
        except (requests.RequestException, ValueError, KeyError):
            return False
        beat = health.get(COMPONENTS[component])
        if health.get("status") != "healthy" or beat is None:
            return False
        return datetime.fromisoformat(beat).timestamp() > started

    def unpause(self, dag_id: str) -> None:
        """Lets the scheduler run the DAG; waits until its file has been parsed.

        Raises:
            StackError: the DAG does not appear; the message includes the import errors.
        """
        deadline = time.monotonic() + PARSED_SECONDS
        while True:
            reply = self._call("PATCH", f"/dags/{dag_id}", {"is_paused": False})
            if reply.status_code != requests.codes.not_found:
                self._checked(reply)
                return
            errors = self._get("/importErrors")["import_errors"]
            if errors or time.monotonic() > deadline:
                reasons = [f"{error['filename']}: {error['stack_trace'].strip()}" for error in errors]
                raise StackError("\n".join([f"Airflow does not know the DAG {dag_id}.", *reasons]))
            time.sleep(POLL_SECONDS)

    def trigger(self, dag_id: str, conf: dict[str, str] | None = None) -> Run:
        """Starts a run now, with its parameters."""
        body = {"logical_date": utc_now().isoformat(), "conf": conf or {}}
        return _run(self._checked(self._call("POST", f"/dags/{dag_id}/dagRuns", body)))

    def forms(self, run: Run) -> list[Form]:
        """The open forms (Required Actions) of the run."""
        reply = self._get(f"/dags/{run.dag_id}/dagRuns/{run.run_id}/hitlDetails", response_received="false", limit=100)
        return [
            Form(
                detail["task_instance"]["task_id"],
                detail["task_instance"]["map_index"],
                detail["subject"],
                detail["body"] or "",
                tuple(detail["options"]),
                tuple(detail["params"]),
            )
            for detail in reply["hitl_details"]
            if detail["task_instance"]["state"] == "awaiting_input"
        ]

    def respond(self, run: Run, form: Form, option: str, fields: dict[str, str | None] | None = None) -> None:
        """Answers a form as the user who is logged in.

        Raises:
            StackError: the user may not answer it, or another user has answered it.
        """
        path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{form.task_id}/{form.map_index}/hitlDetails"
        given = dict.fromkeys(form.fields) | (fields or {})
        self._checked(self._call("PATCH", path, {"chosen_options": [option], "params_input": given}))

    def run(self, dag_id: str, run_id: str) -> Run:
        """The current state of a run."""
        return _run(self._get(f"/dags/{dag_id}/dagRuns/{run_id}"))

    def consumers(self, run: Run) -> list[Run]:
        """The runs that were started by the assets that this run published."""
        events = self._get("/assets/events", source_dag_id=run.dag_id, source_run_id=run.run_id)
        return [
            self.run(created["dag_id"], created["run_id"])
            for event in events["asset_events"]
            for created in event["created_dagruns"]
        ]

    def tasks(self, run: Run) -> list[TaskState]:
        """The run's task instances."""
        reply = self._get(f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances", limit=1000)
        return [
            TaskState(task["task_id"], task["map_index"], task["state"], task["try_number"])
            for task in reply["task_instances"]
        ]

    def task_log(self, run: Run, task: TaskState, lines: int = 25) -> str:
        """The last lines of a task's log, as plain text."""
        path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task.task_id}/logs/{task.try_number}"
        reply = self._get(path, map_index=task.map_index)
        entries = [
            f"{entry.get('level', '')} {entry.get('event', '')} {_exception(entry)}".strip()
            if isinstance(entry, dict)
            else str(entry)
            for entry in reply["content"]
        ]
        return "\n".join(entries[-lines:])

    def _get(self, path: str, **parameters: str | int) -> dict[str, Any]:
        return self._checked(self._call("GET", path, parameters=parameters))

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        parameters: dict[str, str | int] | None = None,
    ) -> requests.Response:
        if "Authorization" not in self._session.headers:
            self._log_in()
        try:
            return self._session.request(
                method, f"{self._base_url}/api/v2{path}", json=body, params=parameters, timeout=30
            )
        except requests.RequestException as error:
            raise StackError(f"Airflow's API at {self._base_url} does not answer any more.") from error

    def _log_in(self) -> None:
        reply = self._session.post(
            f"{self._base_url}/auth/token",
            json={"username": self._login, "password": self._password()},
            timeout=30,
        )
        token = self._checked(reply)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _checked(self, reply: requests.Response) -> dict[str, Any]:
        if not reply.ok:
            what = f"{reply.request.method} {reply.request.path_url}"
            raise StackError(f"Airflow refuses {what} ({reply.status_code}): {reply.text[:300]}")
        answer: dict[str, Any] = reply.json()
        return answer


def _run(fields: dict[str, Any]) -> Run:
    return Run(fields["dag_id"], fields["dag_run_id"], fields["state"])


def _exception(entry: dict[str, Any]) -> str:
    details = entry.get("error_detail") or []
    return " ".join(f"{detail.get('exc_type')}: {detail.get('exc_value')}" for detail in details)

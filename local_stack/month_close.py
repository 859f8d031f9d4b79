"""A month's close on the real scheduler; the demo's people answer Airflow's forms under their own names."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from local_stack import StackError
from local_stack.airflow_api import AirflowApi, Form, Run
from local_stack.daily_run import FINISHED, POLL_SECONDS, failure_of
from social_metrics.registry.roles import RoleHolder

CLOSE = "close_month"
CLOSE_SECONDS = 1800
ANSWER_AFTER_SECONDS = 4.0
"""Delay before a form is answered: the scheduler (3.3.2) loses a task whose form is answered before it knows that the
task waits. No person is that fast."""

_ROLE_OF_TASK = {"answer_exceptions": "center_officer", "submit": "maker", "check": "checker", "approve": "approver"}
_AGREES = {"submit": "Ajukan", "check": "Setuju", "approve": "Setuju"}
_ANSWER = "Sudah diperiksa oleh sentra (simulasi)"


@dataclass(frozen=True)
class CloseProgress:
    """Progress of a close: ended and known tasks, and the latest answer."""

    ended: int
    known: int
    latest: str


def people_of(roles: tuple[RoleHolder, ...]) -> dict[str, str]:
    """Role → person in the demo.

    Raises:
        StackError: a role has no person, or one person would sign twice.
    """
    people = {
        role: next((h.person for h in roles if h.role == role and h.person), "") for role in _ROLE_OF_TASK.values()
    }
    signers = {people["maker"], people["checker"], people["approver"]}
    if not all(people.values()) or len(signers) < 3:
        raise StackError("The demo's roles.csv does not name three signers and an officer. Run `make clean` first.")
    return people


def close_month(
    client_of: Callable[[str], AirflowApi],
    month: date,
    people: Mapping[str, str],
    watch: Callable[[CloseProgress], None] = lambda _progress: None,
) -> Run:
    """Trigger the close of a month and answer its forms, each as the person of its role, until it has ended.

    Args:
        client_of: a client of the stack's Airflow, logged in as a user; "admin" triggers.
        month: its first day.
        people: see `people_of`.
        watch: called with each progress.

    Raises:
        StackError: the run failed, with the end of the failed task's log; or hangs.
    """
    admin = client_of("admin")
    clients = {person: client_of(person) for person in people.values()}
    admin.unpause(CLOSE)
    run = admin.trigger(CLOSE, {"month": f"{month:%Y-%m}"})
    latest = "draft"
    seen: dict[tuple[str, int], float] = {}
    deadline = time.monotonic() + CLOSE_SECONDS
    while True:
        run = admin.run(run.dag_id, run.run_id)
        tasks = admin.tasks(run)
        watch(CloseProgress(sum(task.state in FINISHED for task in tasks), len(tasks), latest))
        if run.state == "success":
            return run
        if run.state == "failed":
            raise StackError(failure_of(admin, run))
        if time.monotonic() > deadline:
            waits = Counter(task.state for task in tasks)
            raise StackError(f"{CLOSE} is still {run.state} after {CLOSE_SECONDS} s: {dict(waits)} (run {run.run_id}).")
        now = time.monotonic()
        for form in admin.forms(run):
            if now - seen.setdefault((form.task_id, form.map_index), now) < ANSWER_AFTER_SECONDS:
                continue
            del seen[form.task_id, form.map_index]  # a repeated form waits again
            person = people[_ROLE_OF_TASK[form.task_id]]
            _answer(clients[person], run, form)
            latest = f"{form.task_id} by {person}"
        time.sleep(POLL_SECONDS)


def _answer(client: AirflowApi, run: Run, form: Form) -> None:
    if form.task_id in _AGREES:
        client.respond(run, form, _AGREES[form.task_id])
    else:
        client.respond(run, form, form.options[0], {form.fields[0]: _ANSWER})

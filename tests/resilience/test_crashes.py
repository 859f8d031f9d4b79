"""A process that is killed at any step of a close leaves what was there before, and the step can be taken again."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from local_stack.databases import Login
from social_metrics.audit import answers, closing, corrections
from social_metrics.audit.answers import answer_exceptions, exceptions_of
from social_metrics.audit.chain import walk_chain
from social_metrics.audit.closing import draft_close
from social_metrics.audit.corrections import approve_correction, corrections_of, request_correction
from social_metrics.audit.record import closes_of, latest_close, status_of, steps_of
from social_metrics.audit.rules import Rule
from social_metrics.clock import utc_now
from social_metrics.errors import UsageProblem
from social_metrics.warehouse.connect import connect
from tests.support.closable import MONTH, Closable, as_person, step

pytestmark = pytest.mark.slow

WAY = [("maker", "submitted"), ("checker", "checked"), ("approver", "approved")]


@pytest.fixture(autouse=True)
def _compiled_once(monkeypatch: pytest.MonkeyPatch, compiled: list[Rule]) -> None:
    monkeypatch.setattr(closing, "rules_in_force", lambda *_: list(compiled))


def kill_after(module: object, name: str, work: Callable[[], object]) -> None:
    """Run `work` in a process that is killed (SIGKILL) as soon as `module.name` has returned in it."""
    process = os.fork()
    if process == 0:
        try:
            done = getattr(module, name)

            def last(*arguments: object, **named: object) -> None:
                done(*arguments, **named)
                os.kill(os.getpid(), signal.SIGKILL)

            setattr(module, name, last)
            work()
        finally:
            os._exit(7)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status), f"it was to be killed in {name}, and ended with {status}"
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize(
    "after", ["rules_in_force", "seal_days", "with_column_types", "rebuild", "refuse_stale_marts", "store_exceptions",
              "close_digest", "_store"]
)  # fmt: skip
def test_a_killed_draft_leaves_nothing(closable: Closable, after: str) -> None:
    kill_after(closing, after, lambda: draft_close(closable.settings, closable.url, MONTH))
    with connect(closable.url, "closer") as connection:
        assert closes_of(connection, MONTH) == []
        walk = walk_chain(connection, utc_now())
    assert (walk.seals, walk.findings) == (0, ())
    assert draft_close(closable.settings, closable.url, MONTH).version == 1


def test_a_killed_step_leaves_the_step_before(closable: Closable, people: dict[str, Login]) -> None:
    draft_close(closable.settings, closable.url, MONTH)
    number = 1
    answer = {number: "sudah benar"}
    kill_after(answers, "exceptions_of", lambda: _as(closable, people["maker"], answer_exceptions, MONTH, answer))
    status = "draft"
    for person, action in WAY:
        for crash in ("steps_of", "broken_digests"):
            kill_after(closing, crash, lambda who=person, what=action: step(closable, people[who], what))
            assert status_of_month(closable) == status
        # Before its seal is committed: the step is taken, and the day's seal will cover it.
        kill_after(closing, "seal_days", lambda who=person, what=action: step(closable, people[who], what))
        status = action
        assert status_of_month(closable) == status
    asked = {"center_code": "kartini", "figure": "posts", "new_value": 99, "reason": "salah", "document_number": "BA-7"}
    kill_after(
        corrections, "corrections_of", lambda: _as(closable, people["maker"], request_correction, MONTH, **asked)
    )
    number = _as(closable, people["maker"], request_correction, MONTH, **asked)
    kill_after(corrections, "corrections_of", lambda: _as(closable, people["checker"], approve_correction, number))
    with connect(closable.url, "closer") as connection:
        assert [(one.correction_no, one.approver) for one in corrections_of(connection, MONTH)] == [(1, None)]
        connection.commit()
        assert [one.answer for one in exceptions_of(connection, MONTH, 1) if one.answer] == []
        assert walk_chain(connection, utc_now()).findings == ()


def test_two_persons_at_once_take_one_step(closable: Closable, people: dict[str, Login]) -> None:
    draft_close(closable.settings, closable.url, MONTH)
    step(closable, people["maker"], "submitted")
    start = threading.Barrier(2)
    ended: list[str] = []

    def check(person: str) -> None:
        start.wait(60)
        try:
            step(closable, people[person], "checked")
            ended.append("checked")
        except UsageProblem as problem:
            ended.append(str(problem))

    threads = [threading.Thread(target=check, args=(person,)) for person in ("checker", "approver")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(ended) == ["2026-10 version 1 is checked; it cannot be checked now.", "checked"]
    assert status_of_month(closable) == "checked"


def status_of_month(closable: Closable) -> str:
    """How far people have taken the month."""
    with connect(closable.url, "closer") as connection:
        close = latest_close(connection, MONTH)
        assert close is not None
        return status_of(steps_of(connection, close))


def _as(closable: Closable, login: Login, work: Callable[..., Any], *arguments: object, **named: object) -> Any:
    with connect(as_person(closable.url, login), "closer") as connection:
        return work(connection, *arguments, **named)

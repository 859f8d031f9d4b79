"""A capture in a process of its own that halts at a named stage until it may go on, or is killed there."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import wraps
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from cryptography.fernet import MultiFernet

from social_metrics.extract import platform_run, run_all
from social_metrics.extract.credentials import endpoint, token_store
from social_metrics.extract.credentials.connections import PlatformConnection, platform_connection
from social_metrics.extract.http import client
from social_metrics.extract.platforms import facebook, instagram, threads, tiktok, x, youtube  # noqa: F401  for the children
from social_metrics.extract.run_clock import RunClock
from social_metrics.extract.simulated_clock import SimulatedClock
from social_metrics.registry.registry import load_registry
from social_metrics.settings import Settings

STAGES = ("asking", "answered", "renewing", "read", "copying", "written", "committed")
CALL = {"facebook": 1}  # the call at which it halts while it asks; the second one where there is more than one
ROW_OF_THE_COPY = 20  # so many rows are on their way when a capture halts while it copies


@dataclass(frozen=True)
class Order:
    """What a capturing process is to do.

    Args:
        platform: whose capture halts; with `all_platforms` the others are captured beside it, as a worker does.
        day: the WIB date that the run belongs to.
        stage: where to halt; None goes through.
        wrong_by: how far the machine's clock is off; the platform's is right.
        on_demand: see `capture_batches`.
    """

    platform: str
    day: date
    run_id: str
    try_number: int
    warehouse_url: str
    registry: Path
    settings: Settings
    connections: dict[str, str]
    stage: str | None = None
    all_platforms: bool = False
    wrong_by: timedelta = timedelta(0)
    on_demand: bool = False


class Machine:
    """A clock that stands still, so that two runs of a day can be compared row by row, and that can be set.

    Captures watch it as they watch a real machine's. No platform and no warehouse reports its error, `wrong_by`.
    """

    def __init__(self, wrong_by: timedelta) -> None:
        self.wrong_by = wrong_by
        patch.object(SimulatedClock, "now", lambda clock: clock._anchor + self.wrong_by).start()
        patch.object(platform_run, "run_clock_of", self._watched).start()
        patch.object(RunClock, "refuse_another_date", lambda *_: None).start()  # the warehouse lives in the present

    @staticmethod
    def _watched(connection: PlatformConnection) -> RunClock:
        return RunClock(endpoint.clock_of(connection), steady=lambda: 0.0)


def run(order: Order, pipe: Connection) -> None:
    """The body of the process: sends ("at", stage), then waits for "go" or for the shift of its clock.

    It ends with ("done", outcomes, calls) or ("failed", kind, why).
    """
    os.environ.update(order.connections)
    machine = Machine(order.wrong_by)
    if order.stage is not None:
        _halt_at(order, pipe, machine)
    try:
        result = _capture(order)
    except Exception as error:  # noqa: BLE001  the parent gets every error
        pipe.send(("failed", type(error).__name__, str(error)))
        os._exit(1)
    pipe.send(("done", *result))
    os._exit(0)


def _capture(order: Order) -> tuple[dict[str, int], int]:
    registry = load_registry(order.registry)
    outcomes: dict[str, int] = {}
    calls = 0
    if order.all_platforms:
        reports = run_all.capture_all(
            registry,
            order.settings,
            order.warehouse_url,
            run_id=order.run_id,
            day=order.day,
            on_demand=order.on_demand,
        )
    else:
        reports = run_all.capture_batches(
            order.platform,
            registry.batches(order.platform, order.day),
            run_id=order.run_id,
            try_number=order.try_number,
            registry=registry,
            connection=platform_connection(order.platform),
            warehouse_url=order.warehouse_url,
            settings=order.settings,
            expected_day=order.day,
            on_demand=order.on_demand,
        )
    for report in reports:
        calls += report.calls
        for outcome, number in report.outcomes.items():
            outcomes[outcome] = outcomes.get(outcome, 0) + number
    return outcomes, calls


def _halt_at(order: Order, pipe: Connection, machine: Machine) -> None:
    here = threading.local()
    halted = threading.Lock()

    def halt() -> None:
        if halted.acquire(blocking=False):  # never given back: once is enough
            pipe.send(("at", order.stage))
            answer = pipe.recv()
            if isinstance(answer, timedelta):
                machine.wrong_by += answer

    def counting(number: int) -> Callable[[], None]:
        passed = iter(range(1, number))
        return lambda: next(passed, None) is None and halt()  # type: ignore[return-value,func-returns-value]

    def mine(function: Callable[..., Any], before: Callable[[], None] | None, after: Callable[[], None] | None) -> Any:
        @wraps(function)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            is_mine = _platform_of(arguments, here) == order.platform
            if before and is_mine:
                before()
            result = function(*arguments, **named)
            if after and is_mine:
                after()
            return result

        return wrapped

    real_batches = run_all.capture_batches

    @wraps(real_batches)
    def batches(platform: str, *arguments: Any, **named: Any) -> Any:
        here.platform = platform
        on_batch = named.pop("on_batch", lambda _report: None)

        def committed(report: Any) -> None:
            on_batch(report)
            if order.stage == "committed" and platform == order.platform and report.calls:
                halt()

        return real_batches(platform, *arguments, **named, on_batch=committed)

    run_all.capture_batches = batches
    places: dict[str, tuple[Any, str, Callable[[], None] | None, Callable[[], None] | None]] = {
        "asking": (client.ApiClient, "call", counting(CALL.get(order.platform, 2)), None),
        "answered": (client.ApiClient, "_record", None, counting(CALL.get(order.platform, 2))),
        "renewing": (token_store, "_save", halt, None),
        "read": (platform_run, "batch_records", halt, None),
        "copying": (psycopg.Copy, "write_row", counting(ROW_OF_THE_COPY), None),
        "written": (platform_run, "load", None, halt),
    }
    if order.stage in places:
        owner, name, before, after = places[order.stage]
        patch.object(owner, name, mine(getattr(owner, name), before, after)).start()


def _platform_of(arguments: tuple[Any, ...], here: threading.local) -> str | None:
    first = arguments[0] if arguments else None
    if isinstance(first, client.ApiClient):
        return first.rules.platform
    if len(arguments) > 1 and isinstance(arguments[1], MultiFernet):
        return "tiktok"  # its tokens are the only ones that are renewed
    return getattr(here, "platform", None)

"""The faults, the stages at which they strike, and the recovery from them."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product

from tests.resilience.capturing import STAGES, Order
from tests.resilience.fault_setup import Capturing, FaultSetup, History, run_start_of
from tests.support.simulator import CREDENTIALS

PLATFORMS = tuple(sorted(CREDENTIALS))
MONTH = timedelta(days=31)
JUMPS = (timedelta(hours=26), timedelta(hours=-26))


@dataclass(frozen=True)
class Case:
    """A fault that strikes at a stage of a platform's capture."""

    fault: str
    stage: str
    platform: str

    def __str__(self) -> str:
        return f"{self.fault} while {self.stage}, {self.platform}"


Strike = Callable[[FaultSetup, Capturing, Order], None]


def _kill_task(_setup: FaultSetup, capturing: Capturing, _order: Order) -> None:
    capturing.kill()


def _kill_postgres(setup: FaultSetup, capturing: Capturing, _order: Order) -> None:
    setup.kill_postgres()
    capturing.go_on()


def _kill_simulator(setup: FaultSetup, capturing: Capturing, _order: Order) -> None:
    setup.faulty.simulator.kill()
    capturing.go_on()
    setup.faulty.simulator.start()
    setup.faulty.make_access_tokens_old()  # a platform would still know them; the simulator has forgotten them


def _cut_connection(setup: FaultSetup, capturing: Capturing, _order: Order) -> None:
    setup.cut_connections()
    capturing.go_on()


def _fill_disk(setup: FaultSetup, capturing: Capturing, _order: Order) -> None:
    setup.volume.fill(setup.backends())
    capturing.go_on()
    setup.volume.free()


def _second_run(setup: FaultSetup, capturing: Capturing, order: Order) -> None:
    """Two schedulers, or two runs of one day: another capture of the same accounts begins meanwhile."""
    other = setup.faulty.start(replace(order, stage=None, run_id=f"{order.run_id}__again"))
    deadline = time.monotonic() + 60
    while not setup.waits_for_a_lock() and other.process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    result = capturing.go_on()
    assert result is not None
    assert result[0] == "done"
    result = other.receive()
    assert result is not None
    assert result[0] == "done", result
    other.process.join(60)


def _jump_clock(setup: FaultSetup, capturing: Capturing, order: Order) -> None:
    """The machine's clock is set by more than a day while batches are read, and once more before a retry."""
    there, back = JUMPS if order.day.toordinal() % 2 else reversed(JUMPS)
    result = capturing.go_on(clock_set_by=there)
    assert result is not None
    assert result[:2] == ("failed", "ClockProblem"), result
    for wrong_by in (there, back):
        result = setup.faulty.capture(replace(order, stage=None, wrong_by=wrong_by, try_number=2))
        assert result[:2] == ("failed", "PastDateRefused"), result


def _clear_later(setup: FaultSetup, capturing: Capturing, order: Order) -> None:
    """A month after the run a person clears it."""
    capturing.go_on()
    setup.faulty.simulator.set_clock(run_start_of(order.day) + MONTH)
    result = setup.faulty.capture(replace(order, stage=None, try_number=2))
    assert result[:2] == ("failed", "PastDateRefused"), result
    setup.faulty.simulator.set_clock(run_start_of(order.day))


FAULTS: dict[str, Strike] = {
    "kill -9 of the task": _kill_task,
    "kill -9 of the worker": _kill_task,
    "kill -9 of PostgreSQL": _kill_postgres,
    "kill -9 of the platform": _kill_simulator,
    "connection cut": _cut_connection,
    "disk full": _fill_disk,
    "second run": _second_run,
    "clock jump": _jump_clock,
    "cleared a month later": _clear_later,
}
WORKER = "kill -9 of the worker"


def all_cases() -> list[Case]:
    """Every fault at every stage of every platform; only accounts with tokens of their own renew any."""
    return [
        Case(fault, stage, platform)
        for fault, stage, platform in product(FAULTS, STAGES, PLATFORMS)
        if stage != "renewing" or platform == "tiktok"
    ]


def sample(seed: int, number: int) -> list[Case]:
    """Random cases; at least every fault, stage and platform once, in as few cases as that takes."""
    cases = all_cases()
    random.Random(seed).shuffle(cases)
    chosen: list[Case] = []
    while lacking := _parts(cases) - _parts(chosen):
        chosen.append(max(cases, key=lambda case: len(_parts([case]) & lacking)))
    rest = [case for case in cases if case not in chosen]
    return (chosen + rest)[: max(number, len(chosen))]


def _parts(cases: list[Case]) -> set[str]:
    return {part for case in cases for part in (case.fault, case.stage, case.platform)}


def run_days_of(cases: list[Case], first: date) -> dict[Case, date]:
    """A day for each case: a platform has one case a day, and a killed worker a day of its own."""
    days: dict[Case, date] = {}
    taken: dict[date, set[str]] = {}
    for case in cases:
        wanted = set(PLATFORMS) if case.fault == WORKER else {case.platform}
        day = first
        while taken.setdefault(day, set()) & wanted:
            day += timedelta(days=1)
        taken[day] |= wanted
        days[case] = day
    return days


def strike(setup: FaultSetup, case: Case, day: date) -> None:
    """Run a case: the fault, then the recovery."""
    faulty = setup.faulty
    order = faulty.order(case.platform, day, all_platforms=case.fault == WORKER)
    faulty.simulator.set_clock(run_start_of(day))
    capturing = faulty.start(replace(order, stage=case.stage))
    result = capturing.receive()
    assert result == ("at", case.stage), f"{case}: the stage was not reached: {result}"
    FAULTS[case.fault](setup, capturing, order)
    recover(faulty, order)


def recover(history: History, order: Order) -> None:
    """A retry, then a run on demand: it reads what breakers hold back, after lost logins are made again."""
    result = history.capture(replace(order, try_number=2))
    assert result[0] == "done", f"the retry: {result}"
    history.log_in_again(order.day)
    result = history.capture(replace(order, try_number=3, on_demand=True))
    assert result[0] == "done", f"the run on demand: {result}"

"""Which faults strike where, what is done about them, and what must be so afterwards."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product

from tests.resilience.capturing import STAGES, Order
from tests.resilience.fault_bench import Bench, Capturing, History, evening_of
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


Strike = Callable[[Bench, Capturing, Order], None]


def _kill_task(_bench: Bench, capturing: Capturing, _order: Order) -> None:
    capturing.kill()


def _kill_postgres(bench: Bench, capturing: Capturing, _order: Order) -> None:
    bench.kill_postgres()
    capturing.go_on()


def _kill_simulator(bench: Bench, capturing: Capturing, _order: Order) -> None:
    bench.stormy.simulator.kill()
    capturing.go_on()
    bench.stormy.simulator.start()
    bench.stormy.make_access_tokens_old()  # a platform would still know them; the simulator has forgotten them


def _cut_connection(bench: Bench, capturing: Capturing, _order: Order) -> None:
    bench.cut_connections()
    capturing.go_on()


def _fill_disk(bench: Bench, capturing: Capturing, _order: Order) -> None:
    bench.volume.fill(bench.backends())
    capturing.go_on()
    bench.volume.free()


def _second_run(bench: Bench, capturing: Capturing, order: Order) -> None:
    """Two schedulers, or two runs of the same evening: another capture of the same accounts begins meanwhile."""
    other = bench.stormy.start(replace(order, stage=None, run_id=f"{order.run_id}__again"))
    deadline = time.monotonic() + 60
    while not bench.waits_for_a_lock() and other.process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    said = capturing.go_on()
    assert said is not None
    assert said[0] == "done"
    said = other.hears()
    assert said is not None
    assert said[0] == "done", said
    other.process.join(60)


def _jump_clock(bench: Bench, capturing: Capturing, order: Order) -> None:
    """The machine's clock is set by more than a day while batches are read, and once more before a retry."""
    there, back = JUMPS if order.day.toordinal() % 2 else reversed(JUMPS)
    said = capturing.go_on(clock_set_by=there)
    assert said is not None
    assert said[:2] == ("failed", "ClockProblem"), said
    for wrong_by in (there, back):
        said = bench.stormy.capture(replace(order, stage=None, wrong_by=wrong_by, try_number=2))
        assert said[:2] == ("failed", "PastDateRefused"), said


def _clear_later(bench: Bench, capturing: Capturing, order: Order) -> None:
    """The evening is over; a month later somebody clears its run."""
    capturing.go_on()
    bench.stormy.simulator.set_clock(evening_of(order.day) + MONTH)
    said = bench.stormy.capture(replace(order, stage=None, try_number=2))
    assert said[:2] == ("failed", "PastDateRefused"), said
    bench.stormy.simulator.set_clock(evening_of(order.day))


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
    """So many cases by chance; at the least every fault, stage and platform once, in as few as that takes."""
    cases = all_cases()
    random.Random(seed).shuffle(cases)
    chosen: list[Case] = []
    while lacking := _parts(cases) - _parts(chosen):
        chosen.append(max(cases, key=lambda case: len(_parts([case]) & lacking)))
    rest = [case for case in cases if case not in chosen]
    return (chosen + rest)[: max(number, len(chosen))]


def _parts(cases: list[Case]) -> set[str]:
    return {part for case in cases for part in (case.fault, case.stage, case.platform)}


def evenings_of(cases: list[Case], first: date) -> dict[Case, date]:
    """A day for each case: one platform has one case an evening, and a worker's evening is its own."""
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


def strike(bench: Bench, case: Case, day: date) -> None:
    """The evening of a case: the fault, and what an evening does about it."""
    stormy = bench.stormy
    order = stormy.order(case.platform, day, whole_evening=case.fault == WORKER)
    stormy.simulator.set_clock(evening_of(day))
    capturing = stormy.start(replace(order, stage=case.stage))
    said = capturing.hears()
    assert said == ("at", case.stage), f"{case}: the stage was not reached: {said}"
    FAULTS[case.fault](bench, capturing, order)
    recover(stormy, order)


def recover(history: History, order: Order) -> None:
    """A retry, then a person's sweep: what breakers hold back is asked for, a lost login is made again."""
    said = history.capture(replace(order, try_number=2))
    assert said[0] == "done", f"the retry: {said}"
    history.log_in_again(order.day)
    said = history.capture(replace(order, try_number=3, on_demand=True))
    assert said[0] == "done", f"the sweep: {said}"

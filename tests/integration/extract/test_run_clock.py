"""A count is stored under the day on which it was read, though somebody sets the clock in the middle of a capture."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from social_metrics.clock import utc_now, wib_date
from social_metrics.extract import platform_run
from social_metrics.extract.http.client import ApiClient
from social_metrics.extract.platforms import facebook
from social_metrics.extract.run_clock import ClockProblem, RunClock
from tests.support.capture import Capture
from tests.support.simulator import RUN_START
from tests.support.warehouse import rows_of

DAYS_OF_COUNTS = "select distinct (captured_at at time zone 'Asia/Jakarta')::date from raw.profile_snapshots"
DAYS_OF_OUTCOMES = "select distinct (attempted_at at time zone 'Asia/Jakarta')::date from raw.capture_outcomes"


@dataclass
class Machine:
    """A machine whose clock can be set; what its processor counts cannot."""

    shows: datetime
    passed: float = 0.0

    def now(self) -> datetime:
        return self.shows

    def live(self, seconds: float) -> None:
        self.shows += timedelta(seconds=seconds)
        self.passed += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Captures are made on it."""
    made = Machine(RUN_START.astimezone(UTC))
    monkeypatch.setattr(platform_run, "run_clock_of", lambda _connection: RunClock(made, lambda: made.passed))
    monkeypatch.setattr(RunClock, "refuse_another_date", lambda *_: None)  # the warehouse lives in the present
    return made


@pytest.fixture
def capture(capture: Capture) -> Capture:
    """As elsewhere, of the evening's date and no other."""
    return partial(capture, expected_day=RUN_START.date())


def _at_call(number: int, monkeypatch: pytest.MonkeyPatch, what: Callable[[], None]) -> None:
    """Have something happen before the answer to a capture's nth call is taken down, once."""
    real, calls = ApiClient._record, iter(range(1, number))

    def record(client: ApiClient, *arguments: Any) -> Any:
        if next(calls, None) is None and not happened:
            happened.append(True)
            what()
        return real(client, *arguments)

    happened: list[bool] = []
    monkeypatch.setattr(ApiClient, "_record", record)


@pytest.mark.parametrize(
    ("platform", "call", "moved_by"),
    [
        ("facebook", 1, timedelta(hours=26)),
        ("youtube", 2, timedelta(hours=-26)),
        ("x", 2, timedelta(hours=26)),
        ("instagram", 3, timedelta(minutes=-2)),
    ],
)
def test_what_was_read_while_the_clock_was_set_is_written_under_no_date(
    capture: Capture,
    machine: Machine,
    warehouse_url: str,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    call: int,
    moved_by: timedelta,
) -> None:
    def set_the_clock() -> None:
        machine.shows += moved_by

    _at_call(call, monkeypatch, set_the_clock)
    with pytest.raises(ClockProblem, match=r"clock was set while a capture ran.*Check NTP"):
        capture(platform)
    assert rows_of(warehouse_url, DAYS_OF_COUNTS) == rows_of(warehouse_url, DAYS_OF_OUTCOMES) == []

    machine.shows -= moved_by
    assert capture(platform).outcomes["captured"] >= 20
    assert rows_of(warehouse_url, DAYS_OF_COUNTS) == rows_of(warehouse_url, DAYS_OF_OUTCOMES) == [(RUN_START.date(),)]


def test_a_clock_that_is_put_right_by_seconds_and_a_long_capture_are_no_jump(
    capture: Capture, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def live_and_correct() -> None:
        machine.live(40 * 60)
        machine.shows -= timedelta(seconds=59)

    _at_call(1, monkeypatch, live_and_correct)
    assert capture("facebook").outcomes["captured"] >= 20


def test_a_machine_that_slept_over_midnight_does_not_write_yesterdays_counts_today(
    capture: Capture, machine: Machine, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The processor does not count sleep: the clock has moved, as far as anybody can tell."""

    def sleep() -> None:
        machine.shows += timedelta(hours=9)

    _at_call(2, monkeypatch, sleep)
    with pytest.raises(ClockProblem):
        capture("youtube")
    assert rows_of(warehouse_url, DAYS_OF_COUNTS) == []


def test_midnight_between_profile_and_posts_leaves_the_attempt_on_the_day_of_its_count(
    capture: Capture,
    machine: Machine,
    warehouse_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    midnight = RUN_START.replace(hour=0) + timedelta(days=1)
    machine.shows = (midnight - timedelta(seconds=1)).astimezone(UTC)
    real = facebook.read_posts

    def read_posts(*arguments: Any) -> Any:
        if machine.shows < midnight:
            machine.live(60)
        return real(*arguments)

    monkeypatch.setattr(facebook, "read_posts", read_posts)
    assert capture("facebook").outcomes["captured"] >= 20
    assert wib_date(machine.shows) == RUN_START.date() + timedelta(days=1)
    assert rows_of(warehouse_url, DAYS_OF_COUNTS) == rows_of(warehouse_url, DAYS_OF_OUTCOMES) == [(RUN_START.date(),)]


def test_a_machine_that_lives_on_another_date_than_the_warehouse_reads_nothing(
    capture: Capture, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Machine(utc_now() + timedelta(hours=26))
    monkeypatch.setattr(platform_run, "run_clock_of", lambda _connection: RunClock(wrong))
    with pytest.raises(ClockProblem, match=r"on this machine and .* in the warehouse.* Set both clocks by NTP"):
        capture("facebook", expected_day=wib_date(wrong.shows))
    assert rows_of(warehouse_url, DAYS_OF_OUTCOMES) == []


def test_around_midnight_two_clocks_may_differ_by_seconds() -> None:
    clock = RunClock(Machine(datetime(2026, 11, 20, 16, 59, 50, tzinfo=UTC)))
    assert wib_date(clock.now()) == date(2026, 11, 20)
    clock.refuse_another_date(datetime(2026, 11, 20, 17, 0, 10, tzinfo=UTC))
    with pytest.raises(ClockProblem):
        clock.refuse_another_date(datetime(2026, 11, 20, 17, 1, 10, tzinfo=UTC))
    clock.refuse_another_date(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))  # it drifts, which `clock_drift` tells

"""The clock of one run, which detects a change of the system time and a date other than the warehouse's.

A count is stored under the date of the clock. Counts read by a wrong clock are not written.
"""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

from social_metrics.clock import Clock, wib_date
from social_metrics.errors import UsageProblem

MOST_OFF = timedelta(minutes=1)
"""Tolerated change of the clock during a capture, and tolerated difference of two machines around midnight."""


class ClockProblem(UsageProblem):
    """The machine's clock was set while a capture ran, or shows another date than the warehouse's."""


class RunClock:
    """A machine's clock, monitored from the capture's beginning; a simulator's clock is not monitored.

    Args:
        wall: the source of instants.
        steady: seconds of a monotonic clock; None for a simulated clock.
    """

    def __init__(self, wall: Clock, steady: Callable[[], float] | None = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._began = wall.now()
        self._began_steady = steady() if steady else 0.0

    def now(self) -> datetime:
        """The current instant, timezone-aware UTC."""
        return self._wall.now()

    def refuse_if_set(self) -> None:
        """Stop when the clock differs from the elapsed time: some instants since then are wrong.

        Raises:
            ClockProblem: it was set by more than MOST_OFF, or the machine was suspended.
        """
        if self._steady is None:
            return
        passed = timedelta(seconds=self._steady() - self._began_steady)
        shown = self.now() - self._began
        if abs(shown - passed) > MOST_OFF:
            raise ClockProblem(
                f"This machine's clock was set while a capture ran: it moved by {shown.total_seconds():.0f} seconds in "
                f"{passed.total_seconds():.0f}. Counts read since then are not written, because their date may be "
                "wrong. Check NTP, then run `social-metrics capture --missing`."
            )

    def refuse_another_date(self, warehouse_now: datetime) -> None:
        """Stop when this machine and the warehouse have different WIB dates.

        Raises:
            ClockProblem: their dates differ, by more than a small difference around midnight.
        """
        if self._steady is None:
            return
        here = self.now()
        if wib_date(here) != wib_date(warehouse_now) and abs(here - warehouse_now) > MOST_OFF:
            raise ClockProblem(
                f"The date (WIB) is {wib_date(here)} on this machine and {wib_date(warehouse_now)} in the warehouse. "
                "A count is stored under the date of the clock, so nothing is read. Set both clocks by NTP, then run "
                "`social-metrics capture --missing`."
            )


class PastDateRefused(UsageProblem):
    """A capture was requested for a date other than today."""


def refuse_other_day(expected: date | None, today: date) -> None:
    """Refuse a capture for a date other than today.

    Raises:
        PastDateRefused: with the reason: no platform returns the follower count of an earlier day.
    """
    if expected is not None and expected != today:
        raise PastDateRefused(
            f"This run belongs to {expected} (WIB), and today is {today}. A follower count read now is today's; "
            f"it is never written under another date, so {expected} stays unchanged: captured then, or a visible gap. "
            "To read what is still missing today, run `social-metrics capture --missing`."
        )

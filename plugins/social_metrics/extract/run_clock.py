"""The clock of one capture: it notices when it was set meanwhile, and when the warehouse's clock shows another date.

A count carries the date of the clock. What was read by a clock that cannot be trusted is not written under any date.
"""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

from social_metrics.clock import Clock, wib_date
from social_metrics.errors import UsageProblem

MOST_OFF = timedelta(minutes=1)
"""So far a clock may be put right while a capture runs, and two machines may differ around midnight."""


class ClockProblem(UsageProblem):
    """The machine's clock was set while a capture ran, or shows another date than the warehouse's."""


class RunClock:
    """A machine's clock, watched from the capture's beginning; or a simulator's, which is not.

    Args:
        wall: tells the instants.
        steady: seconds that have really passed, whatever anybody sets; None for a simulated clock, which they drive.
    """

    def __init__(self, wall: Clock, steady: Callable[[], float] | None = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._began = wall.now()
        self._began_steady = steady() if steady else 0.0

    def now(self) -> datetime:
        """The current instant, timezone-aware UTC, as the clock shows it."""
        return self._wall.now()

    def refuse_if_set(self) -> None:
        """Stop where the clock and the time that has passed no longer agree: some instants since then are wrong.

        Raises:
            ClockProblem: it was set by more than MOST_OFF, or the machine slept.
        """
        if self._steady is None:
            return
        passed = timedelta(seconds=self._steady() - self._began_steady)
        shown = self.now() - self._began
        if abs(shown - passed) > MOST_OFF:
            raise ClockProblem(
                f"This machine's clock was set while a capture ran: it moved by {shown.total_seconds():.0f} seconds in "
                f"{passed.total_seconds():.0f}. What was read meanwhile is not written, since its date may be wrong. "
                "Check NTP; then `social-metrics capture --missing` reads it again."
            )

    def refuse_another_date(self, warehouse_now: datetime) -> None:
        """Stop where this machine and the warehouse do not live on the same WIB date.

        Raises:
            ClockProblem: their dates differ, and not just around midnight.
        """
        if self._steady is None:
            return
        here = self.now()
        if wib_date(here) != wib_date(warehouse_now) and abs(here - warehouse_now) > MOST_OFF:
            raise ClockProblem(
                f"This machine says that it is {wib_date(here)} (WIB), the warehouse that it is "
                f"{wib_date(warehouse_now)}. A count carries the date of the clock, so nothing is read. "
                "Set both by NTP; then `social-metrics capture --missing` reads what is missing."
            )


class PastDateRefused(UsageProblem):
    """A capture was asked for under a date that is not today."""


def refuse_other_day(expected: date | None, today: date) -> None:
    """Refuse to read under another date than today's.

    Raises:
        PastDateRefused: with the reason, since no platform tells yesterday's follower count.
    """
    if expected is not None and expected != today:
        raise PastDateRefused(
            f"This run belongs to {expected} (WIB), and today is {today}. A follower count read now is today's; "
            f"it is never written under another date, so {expected} stays as it is: captured then, or a visible gap. "
            "To read what is still missing today, run `social-metrics capture --missing`."
        )

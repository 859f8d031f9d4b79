"""Which evening it is for the connections in use, and what of it is still unread."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import psycopg

from social_metrics.clock import WIB, SystemClock
from social_metrics.contract import Outcome
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.credentials.endpoint import clock_of
from social_metrics.extract.records import NEXT_STEPS
from social_metrics.extract.state import best_outcomes
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings

READ = frozenset({Outcome.CAPTURED, Outcome.CAPTURED_PARTLY, Outcome.BELOW_THRESHOLD})


@dataclass(frozen=True, slots=True)
class UnreadAccount:
    """An account without a reading on a day: the day's best outcome, and what a person or a sweep should do."""

    account_code: str
    platform: str
    outcome: Outcome
    next_step: str | None


@dataclass(frozen=True, slots=True)
class Evening:
    """One WIB day's captures: how many accounts were expected, and those that have no reading."""

    day: date
    expected: int
    unread: list[UnreadAccount]
    was_tried: bool


def now_of(connections: Iterable[PlatformConnection]) -> datetime:
    """The UTC instant that a capture over these connections would carry: the simulator's when one points there.

    Raises:
        UsageProblem: a simulated clock is set, and no simulator answers there.
    """
    simulated = [connection for connection in connections if connection.simulated_clock]
    return clock_of(simulated[0]).now() if simulated else SystemClock().now()


def is_over(now: datetime, settings: Settings) -> bool:
    """Whether it is too late at the instant `now` to start a capture: it might end on another date."""
    return now.astimezone(WIB).time() > settings.capture_cutoff


def evening_of(
    loader: psycopg.Connection, registry: Registry, day: date, platforms: Iterable[str] | None = None
) -> Evening:
    """What the captures of the WIB date `day` came to, for all platforms or some of them.

    An account that nobody tried is `not_attempted`.
    """
    found = best_outcomes(loader, day)
    accounts = [account for name in platforms or registry.platforms for account in registry.accounts_on(name, day)]
    unread = []
    for account in accounts:
        outcome = found.get(account.account_code, Outcome.NOT_ATTEMPTED)
        if outcome not in READ:
            unread.append(UnreadAccount(account.account_code, account.platform, outcome, NEXT_STEPS.get(outcome)))
    return Evening(day, len(accounts), unread, bool(found))

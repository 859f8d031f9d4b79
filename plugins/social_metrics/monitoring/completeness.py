"""How complete the captures of a day are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import psycopg

from social_metrics.contract import Outcome
from social_metrics.extract.state import best_outcomes
from social_metrics.registry.registry import Registry

READ = frozenset({Outcome.CAPTURED, Outcome.CAPTURED_PARTLY, Outcome.BELOW_THRESHOLD})


@dataclass(frozen=True, slots=True)
class UnreadAccount:
    """An account that was not read on a day: the day's best outcome, and the next step for a person."""

    account_code: str
    platform: str
    outcome: Outcome
    next_step: str | None


@dataclass(frozen=True, slots=True)
class DayCompleteness:
    """One WIB date's captures: how many accounts were expected, and which were not read."""

    day: date
    expected: int
    unread: list[UnreadAccount]
    was_tried: bool


def completeness_of(
    loader: psycopg.Connection,
    registry: Registry,
    day: date,
    platforms: Iterable[str] | None = None,
    next_steps: Mapping[Outcome, str] = MappingProxyType({}),
) -> DayCompleteness:
    """How complete the WIB date `day` is; an account without an attempt is `not_attempted`.

    Args:
        loader: a connection of that role.
        registry: names the accounts expected.
        day: the WIB date.
        platforms: only these.
        next_steps: text for people by outcome (`registry.next_steps`).
    """
    found = best_outcomes(loader, day)
    accounts = [account for name in platforms or registry.platforms for account in registry.accounts_on(name, day)]
    unread = []
    for account in accounts:
        outcome = found.get(account.account_code, Outcome.NOT_ATTEMPTED)
        if outcome not in READ:
            unread.append(UnreadAccount(account.account_code, account.platform, outcome, next_steps.get(outcome)))
    return DayCompleteness(day, len(accounts), unread, bool(found))

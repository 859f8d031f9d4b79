"""The invented world: followers and posts at any instant, from the seed alone.

Everything is drawn from (seed, account, day); memory is only a cache.
"""

import math
import random
from array import array
from dataclasses import dataclass
from datetime import date, timedelta

from simulator.accounts import Account
from simulator.clock import DAY, day_number, wib_day, wib_midnight
from simulator.habits import (
    BOT_PURGE,
    BOT_PURGE_DAY,
    FLAT,
    NEW,
    SHRINKING,
    VIRAL,
    VIRAL_DAY,
    Habit,
    habit_of,
)
from simulator.timeline import Post, Timeline

ACTIVE, NOT_YET = "active", "not_yet"
ARCHIVE_DAYS = 150


@dataclass(frozen=True)
class Counts:
    """Interactions of a post at an instant, all of them exact."""

    views: int
    likes: int
    comments: int
    shares: int
    saves: int


class World:
    """Accounts, followers and posts. `start_date` is the first day of the captured history; posts go back further."""

    def __init__(self, seed: int, start_date: date, accounts: list[Account]) -> None:
        self.seed = seed
        self.start_date = start_date
        self.accounts = accounts
        self._start_day = day_number(start_date)
        self._first_day = self._start_day - ARCHIVE_DAYS
        self._march = day_number(_march_before(start_date))
        self._habits: dict[str, Habit] = {}
        self._walks: dict[str, array[float]] = {}
        self._walkers: dict[str, random.Random] = {}
        self._timelines: dict[str, Timeline] = {}

    def of_platform(self, platform: str) -> list[Account]:
        """The accounts of a platform, in the order of the registry."""
        return [account for account in self.accounts if account.platform == platform]

    def habit(self, account: Account) -> Habit:
        """Behaviour of the account."""
        code = account.account_code
        if code not in self._habits:
            self._habits[code] = habit_of(self.seed, code, account.center_code, account.platform)
        return self._habits[code]

    def state(self, account: Account, now: int) -> str:
        """`active`, `not_yet`, `deleted`, `suspended` or `private` at the instant."""
        habit = self.habit(account)
        day = wib_day(now) - self._start_day
        if habit.exists_from is not None and day < habit.exists_from:
            return NOT_YET
        if habit.ends is not None and day >= habit.ends[1]:
            return habit.ends[0]
        return ACTIVE

    def created_at(self, account: Account) -> int:
        """Time of the account's creation."""
        habit = self.habit(account)
        if habit.exists_from is not None:
            return wib_midnight(self._start_day + habit.exists_from) + 9 * 3600
        years = random.Random(f"{self.seed}:created:{account.account_code}").uniform(1, 9)
        return wib_midnight(self._first_day - int(years * 365)) + 9 * 3600

    def followers(self, account: Account, now: int) -> int:
        """The exact number of followers at an instant: a daily random walk, linear within the day."""
        day = max(wib_day(now), self._first_day)
        walk = self._walk(account, day + 1)
        here = walk[day - self._first_day]
        share = min(max((now - wib_midnight(day)) / DAY, 0.0), 1.0)
        return max(0, int(here + (walk[day + 1 - self._first_day] - here) * share))

    def posts(self, account: Account, now: int) -> list[Post]:
        """The posts visible at an instant, newest first."""
        return self.timeline(account).visible(now)

    def timeline(self, account: Account) -> Timeline:
        """All posts of an account, visible or not."""
        timeline = self._timelines.get(account.account_code)
        if timeline is None:
            timeline = Timeline(self.seed, account, self.habit(account), self._start_day, self._first_day, self._march)
            self._timelines[account.account_code] = timeline
        return timeline

    def counts(self, post: Post, now: int) -> Counts:
        """Views and interactions of a post at an instant."""
        audience = self.habit(post.account).size * post.appeal * post.reach(now)
        likes = int(audience)
        return Counts(
            views=int(audience * (4 + post.key % 9)),
            likes=likes,
            comments=likes // (9 + post.key % 14),
            shares=likes // (14 + post.key % 30),
            saves=likes // (25 + post.key % 40),
        )

    def views_of_account(self, account: Account, now: int) -> int:
        """Views of all posts of the account; never decreases."""
        days = wib_day(now) - self._first_day + 400
        return days * max(5, self.habit(account).size // 9)

    def _walk(self, account: Account, until_day: int) -> "array[float]":
        code = account.account_code
        walk = self._walks.get(code)
        if walk is None:
            self._walkers[code] = random.Random(f"{self.seed}:followers:{code}")
            walk = self._walks[code] = array("d", [self._first_value(self.habit(account))])
        habit, draws = self.habit(account), self._walkers[code]
        while len(walk) <= until_day - self._first_day:
            day = self._first_day + len(walk) - 1 - self._start_day
            walk.append(max(0.0, walk[-1] + _change(habit, walk[-1], day, draws)))
        return walk

    def _first_value(self, habit: Habit) -> float:
        if habit.curve == NEW:
            return 0.0
        if habit.curve == FLAT:
            return float(habit.size)
        daily: float = 1 + habit.daily_growth * (-0.6 if habit.curve == SHRINKING else 1.0)
        return habit.size / math.pow(daily, ARCHIVE_DAYS)


def _change(habit: Habit, followers: float, day: int, draws: random.Random) -> float:
    """Change of followers between two days. Always two draws, so that every curve uses the same random numbers."""
    mood, noise = draws.uniform(0.2, 1.8), draws.gauss(0, 1)
    if habit.curve == NEW:
        opened = habit.exists_from or 0
        return 0.0 if day < opened else habit.size * mood / (12 + (day - opened) ** 1.2)
    if habit.curve == FLAT:
        pull = (habit.size - followers) * 0.15
        return pull + (noise * max(1.0, habit.size * 0.00012) if mood > 0.9 else 0.0)
    drift = followers * habit.daily_growth * mood
    if habit.curve == SHRINKING:
        return -0.6 * drift
    if habit.curve == BOT_PURGE:
        if day == BOT_PURGE_DAY:
            return -0.23 * followers
        return 2.5 * drift if day < BOT_PURGE_DAY else 0.2 * drift
    if habit.curve == VIRAL and VIRAL_DAY <= day < VIRAL_DAY + 6:
        return followers * math.ldexp(0.22, VIRAL_DAY - day) * mood + drift
    return drift + noise * followers * habit.daily_growth * 0.3


def _march_before(start: date) -> date:
    """The last day of posts of the silent centers: the last 12 March before the history begins."""
    march = date(start.year, 3, 12)
    return march if march <= start - timedelta(days=1) else date(start.year - 1, 3, 12)

"""The schedule replayed against the platforms' quotas, minute by minute: `make bench-scaling` rewrites docs/scaling.md.

From 20:00 WIB a retry run begins every half hour until 23:30 and reads what is still missing. It is stopped by the
platform's window or day, our budget, money, or the calls that one credential may have in flight. Nothing is assumed:
the limits are the platforms' own (sources in docs/scaling.md), the costs of an account are measured by `make bench`.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from social_metrics.registry.registry import Platform, load_registry
from social_metrics.settings import DEFAULT_REGISTRY, REPOSITORY

SIZES = (31, 1_000, 100_000, 10_000_000)
RUN_STARTS = range(0, 211, 30)  # minutes after 20:00 WIB
RUN_MINUTES = 25  # a task's time runs out before the next retry run
MIDNIGHT = 240
SECONDS_A_CALL = 0.25  # as a platform far away answers; the bench's stand-in takes 0.08
POSTS_A_DAY = 0.3  # of an account that posts; a quarter of the accounts has something new on a day
MOVED = 0.25

# Measured by `make bench` (2,000 channels, two days), of a processor's core and of the warehouse's disk.
CPU_MS_LISTED, CPU_MS_STILL = 3.4, 0.9
BYTES_A_DAY = 1_700  # evidence, snapshot, outcome, spends of an account; captions and bodies expire
BYTES_A_POST = 490 + 400  # its row with indexes, and what is kept of its response for 30 days
MART_ROWS_A_DAY = 3  # growth, recency, completeness


@dataclass(frozen=True)
class Limits:
    """What a platform allows one credential.

    Args:
        per_batch: accounts in one profile call.
        calls_listed: calls for an account whose posts are listed.
        window_minutes, window_calls: a sliding window; of the calls named in docs/scaling.md.
        day_calls: in a quota day.
        in_flight: from platforms.csv, for one credential.
        full_listing_days: from platforms.csv; 1 lists every account every day.
        usd_profile, usd_post: for each that is returned.
        more: what another credential is called, or None where more of them do not raise the limit.
    """

    per_batch: float
    calls_listed: float
    window_minutes: int | None
    window_calls: int | None
    day_calls: int | None
    in_flight: int
    full_listing_days: int
    usd_profile: float = 0.0
    usd_post: float = 0.0
    more: str | None = None

    @property
    def listed(self) -> float:
        """The share of accounts whose posts are listed on a day: those that moved, and those due for a full listing."""
        return min(1.0, MOVED + (1 - MOVED) / self.full_listing_days)


@dataclass(frozen=True)
class Replay:
    """The result of a replayed run.

    Args:
        wanted: calls needed to read every account.
        made: calls made by midnight, minute by minute.
        ended: minute after 20:00 at which the last account was read; None when not all were.
        stopped_by: the limit that delayed it longest; "" for none.
    """

    wanted: int
    made: tuple[int, ...]
    ended: int | None
    stopped_by: str

    @property
    def share(self) -> float:
        """Of the calls needed."""
        return min(1.0, sum(self.made) / self.wanted) if self.wanted else 1.0


def limits(registry_platforms: dict[str, Platform]) -> dict[str, Limits]:
    """The platforms' limits, with the concurrency and retry runs of platforms.csv."""
    limits_of = {
        # 10,000 units a day and project; a listing is a page of uploads and a call for their counts.
        "youtube": Limits(50, 2, None, None, 10_000, 0, 0, more="project, which Google must audit for more quota"),
        # 200 calls × daily users of the app in a rolling hour; here the app has one user.
        "facebook": Limits(1, 0, 60, 200, None, 0, 0, more="Page's own token (4,800 × engaged users a day)"),
        "instagram": Limits(1, 0, 60, 200, None, 0, 0, more="daily user of the app (200 calls an hour each)"),
        # 300 profile calls and 10,000 timelines in 15 minutes; followers and posts are charged each.
        "x": Limits(100, 1, 15, 10_000, None, 0, 0, 0.010, 0.005),
        # 600 a minute and endpoint; every account's token is renewed first.
        "tiktok": Limits(1 / 2, 1, 1, 600, None, 0, 0),
        # 1,000 profile lookups in 24 hours; a call for the posts beside each.
        "threads": Limits(1 / 2, 0, 24 * 60, 2_000, None, 0, 0, more="app"),
    }
    return {
        name: replace(limit, in_flight=line.max_in_flight, full_listing_days=line.full_listing_days)
        for name, limit in limits_of.items()
        if (line := registry_platforms[name])
    }


def calls_wanted(accounts: int, limit: Limits) -> int:
    """Calls of an ordinary day: profiles in batches, and the listings of accounts that moved or are due in full."""
    return math.ceil(accounts / limit.per_batch) + math.ceil(accounts * limit.listed * limit.calls_listed)


def replay(accounts: int, limit: Limits, credentials: int = 1) -> Replay:
    """The runs of a day: so many accounts, read with so many credentials of the same kind."""
    wanted = calls_wanted(accounts, limit)
    fastest = math.floor(limit.in_flight * 60 / SECONDS_A_CALL) * credentials
    day = math.inf if limit.day_calls is None else limit.day_calls * credentials
    window: deque[int] = deque(maxlen=limit.window_minutes)
    made: list[int] = []
    held: dict[str, int] = {}
    ended = None
    for minute in range(MIDNIGHT):
        left = wanted - sum(made)
        if left <= 0 or not _in_a_run(minute):
            now = 0
        else:
            allowed = {"calls in flight": fastest, "the day's quota": day - sum(made)}
            if limit.window_calls is not None and limit.window_minutes is not None:
                recent = list(window)[-(limit.window_minutes - 1) :] if limit.window_minutes > 1 else []
                allowed["the window"] = limit.window_calls * credentials - sum(recent)
            reason = min(allowed, key=lambda name: allowed[name])
            now = max(0, min(left, int(allowed[reason])))
            if now < left:
                held[reason] = held.get(reason, 0) + 1
        window.append(now)
        made.append(now)
        if ended is None and sum(made) >= wanted:
            ended = minute + 1
    return Replay(wanted, tuple(made), ended, max(held, key=lambda name: held[name]) if held else "")


def credentials_needed(accounts: int, limit: Limits) -> int:
    """The fewest credentials with which everybody is read before midnight."""
    low, high = 1, 1
    while replay(accounts, limit, high).ended is None:
        low, high = high + 1, high * 2
    while low < high:
        middle = (low + high) // 2
        if replay(accounts, limit, middle).ended is None:
            low = middle + 1
        else:
            high = middle
    return low


def _in_a_run(minute: int) -> bool:
    return any(begin <= minute < begin + RUN_MINUTES for begin in RUN_STARTS)


def platform_table() -> Iterator[str]:
    """Each platform at each size: what one credential reads by midnight, and how many it would take."""
    yield "| accounts | platform | calls a day | read by midnight | ends | held back by | credentials for all |"
    yield "|---|---|---|---|---|---|---|"
    limits_of = limits(dict(load_registry(DEFAULT_REGISTRY).platforms))
    for accounts in SIZES:
        for name, limit in limits_of.items():
            replayed = replay(accounts, limit)
            ends = "–" if replayed.ended is None else f"20:00 + {replayed.ended} min"
            needed = 1 if replayed.ended is not None else credentials_needed(accounts, limit)
            yield (
                f"| {accounts:,} | {name} | {replayed.wanted:,} | {100 * replayed.share:.3g} % | {ends} | "
                f"{replayed.stopped_by or '–'} | {needed:,} |"
            )


def machine_table() -> Iterator[str]:
    """Each size on our side: processor, disk, rows, money; of six platforms with so many accounts each."""
    yield (
        "| accounts a platform | capture, core-minutes a day | workers to end in an hour | evidence a year | "
        "mart rows a year | X, US$ a month |"
    )
    yield "|---|---|---|---|---|---|"
    limits_of = limits(dict(load_registry(DEFAULT_REGISTRY).platforms))
    for accounts in SIZES:
        an_account = sum(one.listed * CPU_MS_LISTED + (1 - one.listed) * CPU_MS_STILL for one in limits_of.values())
        minutes = accounts * an_account / 60_000
        gigabytes = 365 * accounts * len(limits_of) * (BYTES_A_DAY + POSTS_A_DAY * BYTES_A_POST) / 1e9
        rows = 365 * accounts * len(limits_of) * MART_ROWS_A_DAY
        x = limits_of["x"]
        dollars = 30 * accounts * (x.usd_profile + POSTS_A_DAY * x.usd_post)
        yield (
            f"| {accounts:,} | {minutes:,.1f} | {max(1, math.ceil(minutes / 60)):,} | {gigabytes:,.1f} GB | "
            f"{rows / 1e6:,.1f} M | {dollars:,.0f} |"
        )


def main() -> None:
    """Print both tables, and put them into the page."""
    from benchmarks.__main__ import rewrite

    tables: dict[str, Sequence[str]] = {"platforms": list(platform_table()), "machine": list(machine_table())}
    for name, table in tables.items():
        print(*table, "", sep="\n")
        rewrite(REPOSITORY / "docs" / "scaling.md", name, table)


if __name__ == "__main__":
    main()

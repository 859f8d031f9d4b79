"""The events of a year: outages, expired tokens, suspended accounts, short budgets, renamed fields.

The simulator gets them as faults with their times; `decided` holds what follows from our own decisions.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from simulator.app import Simulator
from simulator.faults import Fault
from social_metrics.clock import WIB
from tests.support.registry_file import rows_of

RUN_STARTS = tuple(time(hour, minute) for hour in (20, 21, 22, 23) for minute in (0, 30))
PLATFORMS = ("facebook", "instagram", "threads", "tiktok", "x", "youtube")
RENAMED = ("kartini-youtube", "satria-x")  # beside the one that the demo's registry renames
TAKEN_OVER = "dharma-guna-instagram"
LOST_RENEWAL = "bahagia-tiktok"
DROPPED = ("satria-tiktok", "efata-tiktok", "nipotowe-tiktok")
LOST_AT = 0.9  # share of the year
TIKTOK_READS = ("user/info", "video/list")
NOISE = {"server_error": 0.01, "cut_off_transfer": 0.003, "cut_off_json": 0.003}  # of any call, at any time
WITHDRAWN = "fan_count"
NOTHING_FOR_X = {"daily_usd_limit": "0.01"}  # less than one call
USD_A_PROFILE = 0.01  # so that a squeezed day still pays for everybody's followers, asked twice, and for little more


@dataclass
class Scenario:
    """A year by its WIB dates, drawn from a seed.

    Attributes:
        renewed: instants at which a person stores a new credential of a platform.
        granted: instants at which an owner authorises us again.
        budgets: first date → cells of X's line in platforms.csv from then on.
        decided: date → platform, where a budget that we set ourselves leaves its accounts unread.
        lost: account and date → why its consent was gone although its owner had not withdrawn it.
        x_names_change: when X renames what its replies hold.
        graph_change: when we move to another version of Meta's Graph API.
        noise: the random faults of any call, with their probability.
        kills: days on which the first capture of a platform dies before it has written.
    """

    first: date
    day_count: int
    renewed: dict[datetime, str] = field(default_factory=dict)
    granted: dict[datetime, str] = field(default_factory=dict)
    budgets: dict[date, dict[str, str]] = field(default_factory=dict)
    decided: dict[date, str] = field(default_factory=dict)
    lost: dict[tuple[str, date], str] = field(default_factory=dict)
    x_names_change: date = date.max
    graph_change: date = date.max
    kills: dict[date, str] = field(default_factory=dict)
    noise: list[tuple[Fault, float]] = field(default_factory=list)
    brought: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def days(self) -> list[date]:
        """All dates."""
        return [self.first + timedelta(days=number) for number in range(self.day_count)]

    def last_attempt(self, is_it: bool) -> None:
        """Switch random faults off for the day's last attempt: a reachable platform can be read then."""
        for fault, probability in self.noise:
            fault.probability = 0.0 if is_it else probability

    def day(self, share: float) -> date:
        """The date at a share of the year."""
        return self.days[min(int(share * self.day_count), self.day_count - 1)]


def at(day: date, moment: time) -> datetime:
    """The instant of a WIB date and time."""
    return datetime.combine(day, moment, WIB)


def rename(registry: Path, scenario: Scenario) -> None:
    """Give two accounts another handle in the course of the year, as dated rows."""
    with rows_of(registry / "center_accounts.csv") as rows:
        scenario.brought["handle changes"] += len(rows) - len({row["account_code"] for row in rows})
        written = []
        for row in rows:
            written.append(row)
            if row["account_code"] in RENAMED:
                day = scenario.day(0.3 + 0.3 * RENAMED.index(row["account_code"]))
                new = f"{row['handle'][:12]}_b"
                written.append(
                    row | {"handle": new, "url": row["url"].replace(row["handle"], new), "valid_from": day.isoformat()}
                )
                row["valid_to"] = (day - timedelta(days=1)).isoformat()
                scenario.brought["handle changes"] += 1
        rows[:] = written


def set_budget(registry: Path, cells: dict[str, str]) -> None:
    """Write cells of X's line in platforms.csv."""
    with rows_of(registry / "platforms.csv") as rows:
        next(row for row in rows if row["platform"] == "x").update(cells)


def write(scenario: Scenario, simulator: Simulator, usual_budget: dict[str, str], seed: int) -> None:
    """Draw the year, and give the simulator its faults."""
    draws = random.Random(seed)

    def fault(platform: str, kind: str, since: datetime, until: datetime | None, **more: Any) -> None:
        end = int(until.timestamp()) if until else None
        simulator.faults.add(platform, kind, since=int(since.timestamp()), until=end, **more)
        scenario.brought[kind] += 1

    begin = at(scenario.first, time(0, 0))
    for platform in PLATFORMS:  # but for TikTok's tokens, of which one loss is planned below
        for endpoint in TIKTOK_READS if platform == "tiktok" else (None,):
            for kind, probability in NOISE.items():
                fault(platform, kind, begin, None, probability=probability, endpoint=endpoint)
    scenario.noise = [(each, each.probability) for each in simulator.faults.faults]
    for day in scenario.days:
        for platform in PLATFORMS:
            spared = (platform, day) == ("tiktok", scenario.day(LOST_AT))
            if draws.random() < 0.08 and not spared:  # an hour or two, over before the last runs
                minutes = draws.randrange(20, 150)
                kind = draws.choice(["unavailable", "server_error", "rate_limited"])
                fault(platform, kind, at(day, time(19, 50)), at(day, time(20, 0)) + timedelta(minutes=minutes))
        if draws.random() < 0.05:
            scenario.kills[day] = draws.choice(PLATFORMS)
    for number in range(max(2, scenario.day_count // 60)):  # until midnight: nothing can be done
        day = scenario.day((number + draws.random()) / max(2, scenario.day_count // 60))
        fault(draws.choice(PLATFORMS), "unavailable", at(day, time(19, 0)), at(day, time(23, 59)))
    for number in range(max(1, scenario.day_count // 40)):
        account = draws.choice(simulator.world.accounts)
        begins, days = scenario.day(draws.random()), draws.randrange(1, 30)
        kind = draws.choice(["account_suspended", "account_not_found"])
        fault(account.platform, kind, at(begins, time(9, 0)), at(begins, time(9, 0)) + timedelta(days=days),
              account=account.account_code)  # fmt: skip
        del number
    _tokens(scenario, fault)
    day = scenario.day(0.45)
    fault("instagram", "identity_mismatch", at(day, time(3, 0)), at(day, time(3, 0)) + timedelta(days=3),
          account=TAKEN_OVER)  # fmt: skip
    fault("facebook", "field_withdrawn", at(scenario.day(0.6), time(0, 0)), None, field=WITHDRAWN, variant="error")
    scenario.x_names_change, scenario.graph_change = scenario.day(0.35), scenario.day(0.7)
    profiles = 2 * USD_A_PROFILE * len(simulator.world.of_platform("x"))
    followers_only = {"daily_usd_limit": f"{profiles + USD_A_PROFILE:.2f}"}
    for share, cells, is_hard in ((0.2, NOTHING_FOR_X, True), (0.8, followers_only, False)):
        squeezed = scenario.day(share)
        days = max(1, min(4, scenario.day_count // 10))
        scenario.budgets[squeezed] = cells
        scenario.budgets[squeezed + timedelta(days=days)] = usual_budget
        scenario.brought["budget squeezes"] += 1
        if is_hard:
            scenario.decided |= {squeezed + timedelta(days=number): "x" for number in range(days)}


def _tokens(scenario: Scenario, fault: Any) -> None:
    """A credential expires and is renewed the same day; another one only the day after; a consent is withdrawn."""
    day = scenario.day(0.25)
    fault("facebook", "token_expired", at(day, time(12, 0)), at(day, time(21, 10)))
    scenario.renewed[at(day, time(21, 10))] = "facebook"
    day = scenario.day(0.5)
    fault("threads", "token_expired", at(day, time(12, 0)), at(day, time(12, 0)) + timedelta(days=1))
    scenario.renewed[at(day, time(12, 0)) + timedelta(days=1)] = "threads"
    day = scenario.day(0.55)
    back = at(day, time(10, 0)) + timedelta(days=max(2, scenario.day_count // 20))
    fault("tiktok", "token_revoked", at(day, time(10, 0)), back, account="kartini-tiktok", variant="refresh")
    scenario.granted[back] = "kartini-tiktok"
    # Access tokens that TikTok drops before their time: one renewal, and no account is missed.
    for number in range(max(3, scenario.day_count // 30)):
        day = scenario.day((number + 0.5) / max(3, scenario.day_count // 30))
        fault("tiktok", "access_token_lost", at(day, time(19, 0)), at(day, time(23, 59)),
              account=DROPPED[number % len(DROPPED)], times=1)  # fmt: skip
    # New tokens that never arrive: the old ones are used up, and the owner logs in again the next morning.
    day = scenario.day(0.9)
    fault(
        "tiktok",
        "cut_off_transfer",
        at(day, time(19, 59)),
        at(day, time(23, 59)),
        account=LOST_RENEWAL,
        endpoint="oauth/token",
        times=1,
    )
    scenario.lost[LOST_RENEWAL, day] = "new tokens lost on their way"
    scenario.granted[at(day, time(10, 0)) + timedelta(days=1)] = LOST_RENEWAL

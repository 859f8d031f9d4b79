"""Random changes of the registry in random histories: late verification, moves, merged centers, handed-over channels.

A history of an account is made first; then its registry rows, and for a handed-over channel its records, change here.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from social_metrics.contract import Post, Presence
from tests.dbt.reference.oracle_channels import wib
from tests.support.factories import Account, Center, Evidence, at

Record = TypeVar("Record")
DAY = timedelta(days=1)
MERGED_ON = date(2025, 12, 28)  # from this day on its accounts are those of another center
MERGED = Center("center-13", "Sentra yang digabung", "Asia/Makassar", None, MERGED_ON - DAY)


@dataclass(frozen=True)
class _Handover:
    """A channel that gets a new code on a day, and perhaps its old code again on a later one."""

    new_code: str
    on: date
    back: date

    def is_new(self, day: date) -> bool:
        return self.on <= day < self.back


def change_registry(evidence: Evidence, codes: dict[int, str], centers: list[str], days: list[date]) -> None:
    """Change what the registry says about some of the accounts.

    Args:
        evidence: histories; its accounts change, and the records of handed-over channels.
        codes: account code by the seed of its history.
        centers: those that an account may move to.
        days: all WIB dates of the captures.
    """
    evidence.centers.append(MERGED)
    handovers: dict[str, _Handover] = {}
    for seed, code in codes.items():
        chances = random.Random(seed ^ 0x11FE)
        mine = [row for row in evidence.accounts if row.account_code == code]
        kind = chances.choice([None, None, None, _move, _move, _merge, _hand_over, _hand_over])
        split = _day_amid(mine, chances, days)
        if kind and split:
            others = [center for center in centers if center != mine[0].center_code]
            changed = kind(mine, split, chances.choice(others), chances, days)
            place = evidence.accounts.index(mine[0])
            evidence.accounts = [row for row in evidence.accounts if row.account_code != code]
            evidence.accounts[place:place] = changed
            new_codes = [row for row in changed if row.account_code != code]
            if new_codes:
                held = new_codes[0]
                back = held.valid_to + DAY if held.valid_to and held.valid_to < days[-1] else date.max
                handovers[code] = _Handover(held.account_code, split, back)
        evidence.accounts = [
            _verified_late(row, chances, days) if row.account_code == code else row for row in evidence.accounts
        ]
    if handovers:
        _record_under_new_codes(evidence, handovers, random.Random(sum(codes)), days)


def _day_amid(rows: list[Account], chances: random.Random, days: list[date]) -> date | None:
    """A day on which a verified row is valid that was valid on the day before as well."""
    found = [
        day
        for day in days[1:]
        for row in rows
        if row.status == "verified"
        and (row.valid_from or date.min) < day
        and (row.valid_to is None or day <= row.valid_to)
    ]
    return chances.choice(found) if found else None


def _split(rows: list[Account], day: date, later: Callable[[Account], Account]) -> list[Account]:
    """The rows as they were until the day, and changed from it on."""
    changed = []
    for row in rows:
        if (row.valid_from or date.min) >= day:
            changed.append(later(row))
        elif row.valid_to is None or row.valid_to >= day:
            changed += [replace(row, valid_to=day - DAY), later(replace(row, valid_from=day))]
        else:
            changed.append(row)
    return changed


def _move(rows: list[Account], day: date, other: str, chances: random.Random, days: list[date]) -> list[Account]:
    """To another center, and sometimes back again."""
    moved = _split(rows, day, lambda row: replace(row, center_code=other))
    if chances.random() < 0.3:
        back = min(day + timedelta(days=chances.choice([1, 6, 40])), days[-1])
        moved = _split(moved, back, lambda row: replace(row, center_code=rows[0].center_code))
    return moved


def _merge(rows: list[Account], day: date, other: str, chances: random.Random, days: list[date]) -> list[Account]:
    """The account was the merged center's until that ended."""
    own = rows[0].center_code
    before = [replace(row, center_code=MERGED.center_code) for row in rows]
    return _split(before, MERGED_ON, lambda row: replace(row, center_code=own))


def _hand_over(rows: list[Account], day: date, other: str, chances: random.Random, days: list[date]) -> list[Account]:
    """The channel is another code's from the day on; the account's row is closed. Sometimes it comes back."""
    channel = f"channel-{rows[0].account_code}"
    old = [row for row in rows if (row.valid_from or date.min) < day]
    old = _split(old, day, lambda row: replace(row, status="closed", valid_to=None))
    last = old[-1]
    center = chances.choice([other, other, last.center_code])
    new = replace(
        last, account_code=f"{center}-{last.platform}-after-{last.account_code}", center_code=center,
        status="verified", handle=f"{last.handle}_new", valid_from=day, valid_to=None,
    )  # fmt: skip
    back = day + timedelta(days=chances.choice([5, 30]))
    if chances.random() < 0.3 and back < days[-1]:
        old = [*old[:-1], replace(last, valid_to=back - DAY), replace(last, status="verified", valid_from=back)]
        new = replace(new, valid_to=back - DAY)
    return [replace(row, platform_account_id=channel) for row in (*old, new)]


def _verified_late(row: Account, chances: random.Random, days: list[date]) -> Account:
    if row.status != "verified" or chances.random() < 0.6:
        return row
    begin = row.valid_from or days[0]
    return replace(row, verified_at=begin + timedelta(days=chances.choice([-3, 0, 1, 4, 20, 200])))


def _record_under_new_codes(
    evidence: Evidence, handovers: dict[str, _Handover], chances: random.Random, days: list[date]
) -> None:
    """What was read of a channel while it had another code is recorded under that; it shows old posts again."""

    def recoded(records: Iterable[Record], instant_of: Callable[[Record], datetime], stays: float = 0) -> list[Record]:
        changed = []
        for record in records:
            handover = handovers.get(record.account_code)  # type: ignore[attr-defined]
            if handover and handover.is_new(wib(instant_of(record))) and chances.random() >= stays:
                record = replace(record, account_code=handover.new_code)  # type: ignore[type-var]
            changed.append(record)
        return changed

    again = [
        replace(
            post,
            account_code=handover.new_code,
            response_id=UUID(int=chances.getrandbits(128)),
            captured_at=at(handover.on + timedelta(days=chances.choice([0, 0, 1, 3])), 20, chances.choice([0, 59])),
        )
        for post in evidence.posts
        if (handover := handovers.get(post.account_code))
        and wib(post.captured_at) < handover.on
        and post.presence is Presence.SEEN
        and chances.random() < 0.5
    ]
    evidence.posts = recoded(evidence.posts, lambda post: post.captured_at, stays=0.1) + _within(again, days[-1])
    evidence.snapshots = recoded(evidence.snapshots, lambda snapshot: snapshot.captured_at)
    evidence.outcomes = recoded(evidence.outcomes, lambda outcome: outcome.attempted_at)
    entries = recoded([entry for entry, _ in evidence.entries], lambda entry: entry.observed_at)
    evidence.entries = [(entry, ok) for entry, (_, ok) in zip(entries, evidence.entries, strict=True)]
    evidence.confirmations = [
        (handovers[code].new_code if code in handovers and handovers[code].is_new(wib(instant)) else code, instant)
        for code, instant in evidence.confirmations
    ]


def _within(posts: list[Post], last: date) -> list[Post]:
    return [post for post in posts if wib(post.captured_at) <= last]

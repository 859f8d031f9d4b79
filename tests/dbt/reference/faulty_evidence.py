"""Data faults added to random histories."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from social_metrics.contract import Outcome, Post, ProfileSnapshot
from tests.dbt.reference.histories import FIRST_DAY
from tests.dbt.reference.oracle import wib
from tests.support.factories import Account, Doubt, Evidence

STALE = "invented"  # a platform whose captures all fail for a while


def with_faults(evidence: Evidence, seed: int) -> Evidence:
    """The evidence with copied posts, impossible times, still counts, a platform that is down, and new handles."""
    chance = Random(seed)
    broken = replace(evidence)
    broken.posts = _faulty_posts(evidence.posts, chance)
    broken.snapshots = _faulty_snapshots(evidence, chance)
    broken.doubts = _doubts(evidence, chance)
    begin = wib(min(found.captured_at for found in evidence.snapshots)) + timedelta(days=chance.randrange(5, 40))
    for length in (1, 2, 9):
        begin += timedelta(days=4)
        _silence(broken, begin, begin + timedelta(days=length - 1))
        begin += timedelta(days=length)
    return broken


def _faulty_posts(posts: list[Post], chance: Random) -> list[Post]:
    words = {}
    found = []
    for post in posts:
        key = (post.account_code, post.post_id)
        if key not in words:
            words[key] = chance.choice(["a" * 64, "b" * 64, None])
        moved = post
        if chance.random() < 0.02:
            moved = replace(post, published_at=post.captured_at + timedelta(minutes=chance.choice([10, 11])))
        elif chance.random() < 0.02:
            edge = datetime(2006, 3, 20, 16, 59, tzinfo=UTC)  # X exists from 21 March 2006, WIB
            moved = replace(post, published_at=edge + timedelta(minutes=chance.choice([0, 1, 1440])))
        found.append(replace(moved, content_hash=words[key]))
    by_account: dict[str, list[Post]] = {}
    for post in found:
        by_account.setdefault(post.account_code, []).append(post)
    for mine in by_account.values():
        for post in chance.sample(mine, min(2, len(mine))):
            copy = replace(post, post_id=f"{post.post_id}-copy", response_id=post.response_id)
            found.append(replace(copy, captured_at=post.captured_at + timedelta(hours=chance.choice([0, 30]))))
    return found


def _faulty_snapshots(evidence: Evidence, chance: Random) -> list[ProfileSnapshot]:
    still = {account.account_code for account in evidence.accounts if chance.random() < 0.3}
    handles = {account.account_code: account.handle for account in evidence.accounts}
    renamed = {code for code in handles if chance.random() < 0.2}
    found = []
    for snapshot in evidence.snapshots:
        made = snapshot
        if snapshot.account_code in still and snapshot.followers_count is not None:
            made = replace(made, followers_count=chance.choice([500] * 200 + [499, 501]), followers_precision_step=1)
        seen = handles.get(snapshot.account_code, "")
        if snapshot.account_code in renamed and chance.random() < 0.5:
            seen = "demo_another"
        found.append(replace(made, handle_seen=chance.choice([seen.upper(), seen])))
    return found


def _doubts(evidence: Evidence, chance: Random) -> list[Doubt]:
    """Listings that were not believed: after, at or before another one, of the same day or of the day before."""
    found = {}
    for outcome in chance.sample(evidence.outcomes, min(60, len(evidence.outcomes))):
        listed_at = outcome.attempted_at - timedelta(minutes=chance.choice([-1, 0, 1, 1440]))
        key = outcome.account_code, wib(listed_at)
        found[key] = Doubt(*key, listed_at, chance.choice(["no post", "9 of 10 missing"]), chance.randrange(12))
    return list(found.values())


def _silence(evidence: Evidence, begin: object, end: object) -> None:
    """Every attempt at the platform fails between the two WIB dates, both included."""

    def is_hit(platform: str, instant: datetime) -> bool:
        return platform == STALE and str(begin) <= str(wib(instant)) <= str(end)

    evidence.snapshots = [found for found in evidence.snapshots if not is_hit(found.platform, found.captured_at)]
    evidence.entries = [found for found in evidence.entries if not is_hit(found[0].platform, found[0].observed_at)]
    evidence.outcomes = [
        replace(found, outcome=Outcome.PLATFORM_UNAVAILABLE) if is_hit(found.platform, found.attempted_at) else found
        for found in evidence.outcomes
    ]


def overlapping(account: Account) -> list[Account]:
    """Two rows of one account for the same days, of which the second is not verified."""
    day = account.valid_from or FIRST_DAY
    return [replace(account, valid_from=day), replace(account, valid_from=day + timedelta(days=1), status="suspended")]

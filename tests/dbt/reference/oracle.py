"""The rules of the numbers a second time: plain Python over the evidence, day by day, with no SQL and no windows.

It shares neither code nor shape with the models. Every rule is looked up anew for each day, which is slow and
hard to get wrong.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any
from uuid import UUID

from social_metrics.contract import (
    CaptureOutcome,
    DerivedOutcome,
    ManualEntry,
    Outcome,
    Post,
    PostsObserved,
    PostsRead,
    Presence,
    ProfileSnapshot,
)
from tests.dbt.reference.oracle_channels import Channels, begin_of, wib
from tests.support.factories import Account, Evidence

Row = dict[str, Any]
Rows = dict[tuple[Any, ...], Row]

DAY = timedelta(days=1)
ROLLING = {"1d": (1, 0), "7d": (7, 1), "30d": (30, 3)}
READ = {Outcome.CAPTURED, Outcome.CAPTURED_PARTLY, Outcome.BELOW_THRESHOLD}
PRECEDENCE = list(Outcome)
SOURCES = ["api", "manual", "simulator"]
POST_COUNTS = ("like_count", "comment_count", "share_count", "view_count")
BY_HAND = "by hand"  # in the place of an authorization mode, on a count that a person entered


class Accounts:
    """What is known of each account on each day: captures, outcomes, posts."""

    def __init__(self, evidence: Evidence, retention_as_of: datetime, next_steps: dict[str, str | None]) -> None:
        """Sort the evidence by account and WIB date; `next_steps` are the rule seed's texts by outcome."""
        self.retention_as_of = retention_as_of
        self.next_steps = next_steps
        evidence = self.evidence = with_entries(evidence)
        self.snapshots: dict[tuple[str, date], list[ProfileSnapshot]] = defaultdict(list)
        for snapshot in evidence.snapshots:
            self.snapshots[snapshot.account_code, wib(snapshot.captured_at)].append(snapshot)
        self.attempts: dict[tuple[str, date], list[CaptureOutcome]] = defaultdict(list)
        for outcome in evidence.outcomes:
            self.attempts[outcome.account_code, wib(outcome.attempted_at)].append(outcome)
        self.identity: dict[str, list[tuple[datetime, bool]]] = defaultdict(list)  # instant, is it in doubt from there
        for outcome in evidence.outcomes:
            if outcome.outcome == Outcome.IDENTITY_MISMATCH:
                self.identity[outcome.account_code].append((outcome.attempted_at, True))
        for code, instant in evidence.confirmations:
            self.identity[code].append((instant, False))
        self.observations: dict[str, dict[str, list[Post]]] = defaultdict(lambda: defaultdict(list))
        for post in sorted(evidence.posts, key=lambda post: (post.captured_at, post.response_id)):
            counts = {} if not self.is_expired(post) else dict.fromkeys(POST_COUNTS)
            self.observations[post.account_code][post.post_id].append(replace(post, **counts))
        self.sources: dict[str, set[tuple[str, date]]] = defaultdict(set)
        for record in (*evidence.snapshots, *evidence.outcomes):
            happened_at = record.captured_at if isinstance(record, ProfileSnapshot) else record.attempted_at
            self.sources[record.account_code].add((str(record.source), wib(happened_at)))
        days = [
            *(day for _, day in self.snapshots),
            *(day for _, day in self.attempts),
            *(wib(post.captured_at) for post in evidence.posts),
        ]
        self.first, self.last = min(days), max(days)
        self.registered: dict[str, list[Account]] = defaultdict(list)
        for account in evidence.accounts:
            self.registered[account.account_code].append(account)
        self.codes_of: dict[str, list[str]] = defaultdict(list)  # of accounts that are or were a center's
        for code, rows in self.registered.items():
            for center in {row.center_code for row in rows}:
                self.codes_of[center].append(code)
        self.capture = cache(self._capture)
        self.known_posts = cache(self._known_posts)
        self.channels = Channels(evidence.accounts, self.observations)
        self.growth_on = cache(self._growth_on)
        self.recency_on = cache(self._recency_on)

    def days(self) -> Iterable[date]:
        """Every day of the facts."""
        day = self.first
        while day <= self.last:
            yield day
            day += DAY

    def account_on(self, code: str, day: date) -> Account | None:
        """The registry row of the account on the day, if the account was verified by then."""
        rows = (row for row in self.registered[code] if holds(row, day))
        return next((row for row in rows if status_on(row, day) == "verified"), None)

    def owner_on(self, code: str, day: date) -> Account:
        """The registry row whose center the account's posts of the day belong to: the last one begun, or the first."""
        rows = sorted(self.registered[code], key=begin_of)
        return max((row for row in rows if begin_of(row) <= day), key=begin_of, default=rows[0])

    def center_of(self, post: Post) -> str:
        """The center that owned the account when the post was published."""
        return self.owner_on(post.account_code, wib(post.published_at)).center_code

    def expected(self) -> Iterable[tuple[Account, date]]:
        """Every verified account on every day."""
        for day in self.days():
            for code in self.registered:
                account = self.account_on(code, day)
                if account:
                    yield account, day

    def _capture(self, code: str, day: date) -> ProfileSnapshot | None:
        if not self.first <= day <= self.last or not self.account_on(code, day):
            return None
        found = self.snapshots.get((code, day), [])
        return max(found, key=lambda snapshot: (snapshot.captured_at, snapshot.attempt_id), default=None)

    def is_expired(self, record: ProfileSnapshot | Post) -> bool:
        """Its counts are past their retention."""
        return record.expires_at is not None and record.expires_at <= self.retention_as_of

    def state(self, capture: ProfileSnapshot) -> str:
        """Why there is a count or none; a count past its retention is none."""
        if self.is_expired(capture):
            return "retention_expired"
        return str(capture.followers_state)

    def reported(self, code: str, day: date) -> ProfileSnapshot | None:
        """The day's capture, if it gave a count."""
        capture = self.capture(code, day)
        return capture if capture and self.state(capture) == "reported" else None

    def last_capture(self, code: str, day: date, within: int) -> tuple[date, ProfileSnapshot] | None:
        """The last capture of any kind in the last `within` days, today included."""
        for age in range(within + 1):
            capture = self.capture(code, day - age * DAY)
            if capture:
                return day - age * DAY, capture
        return None

    def source(self, code: str, day: date) -> str | None:
        """The day's source; once simulated, always simulated."""
        if any(source == "simulator" and on <= day for source, on in self.sources[code]):
            return "simulator"
        return least_real(source for source, on in self.sources[code] if on == day)

    def outcome(self, code: str, day: date) -> Row:
        """The day's outcome and what goes with it."""
        attempts = self.attempts.get((code, day), [])
        order = sorted(attempts, key=lambda found: (found.attempted_at, found.attempt_id), reverse=True)
        best = min(order, key=lambda found: PRECEDENCE.index(found.outcome), default=None)
        asked = [found for found in attempts if found.outcome != Outcome.NOT_ATTEMPTED and found.run_id != BY_HAND]
        if best and best.outcome != Outcome.NOT_ATTEMPTED:
            outcome: Outcome | DerivedOutcome = best.outcome
        else:
            outcome = Outcome.NOT_ATTEMPTED if day == self.last else DerivedOutcome.MISSED
        own_step = best.next_step if best and best.outcome == outcome else None
        return {
            "outcome": str(outcome),
            "detail": best.detail if best else None,
            "next_step": own_step or self.next_steps[outcome],
            "attempts": len(asked),
            "last_attempted_at": max((found.attempted_at for found in asked), default=None),
            "is_captured": outcome in READ,
            "retry_at": best.retry_at if best else None,
            "source": self.source(code, day),
        }

    def is_observed(self, code: str, day: date) -> bool:
        """Whether an attempt or an entry of that day observed the posts."""
        return any(found.posts_read in {"listed", "unchanged"} for found in self.attempts.get((code, day), []))

    def is_suspended(self, code: str, day: date) -> bool:
        """The identity did not match on or before the day, and was not confirmed since, by its end."""
        return max((word for word in self.identity[code] if wib(word[0]) <= day), default=(None, False))[1]

    # ------------------------------------------------------------ growth

    def _growth_on(self, account: Account, day: date) -> Row:
        code = account.account_code
        capture = self.capture(code, day)
        now = self.reported(code, day)
        ages = (age for age in range((day - self.first).days + 1) if self.reported(code, day - age * DAY))
        row: Row = {
            "account_code": code,
            "center_code": account.center_code,
            "platform": account.platform,
            "date_day": day,
            "followers_count": now.followers_count if now else None,
            "followers_precision_step": now.followers_precision_step if now else None,
            "followers_state": self.state(capture) if capture else None,
            "is_captured": capture is not None,
            "outcome": self.outcome(code, day)["outcome"],
            "captured_at": capture.captured_at if capture else None,
            "capture_age_days": next(ages, None),
            "metric_definition_id": capture.metric_definition_id if capture else None,
            "is_manual": bool(capture and capture.authorization_mode == BY_HAND),
            "source": self.source(code, day),
        }
        for name, (length, tolerance) in ROLLING.items():
            candidates = [day - (length + extra) * DAY for extra in range(tolerance + 1)]
            row |= self._change(code, day, name, candidates)
        for name, begin in {"mtd": day.replace(day=1), "ytd": day.replace(month=1, day=1)}.items():
            row |= self._change(code, day, name, [begin - back * DAY for back in range(1, 8)])
        return row

    def _change(self, code: str, day: date, name: str, candidates: list[date]) -> Row:
        """The change since the first candidate day with a reported count."""
        capture, now = self.capture(code, day), self.reported(code, day)
        parts = ["pct", "low", "high", "is_measurable", "baseline_date", "baseline_count", "null_reason"]
        row: Row = dict.fromkeys([f"change_{name}", *(f"change_{name}_{part}" for part in parts)])
        reason = f"change_{name}_null_reason"
        if capture is None:
            return row | {reason: "not_captured"}
        baseline_day = next((on for on in candidates if self.reported(code, on)), None)
        baseline = self.reported(code, baseline_day) if baseline_day and now else None
        if now is None:
            return row | {reason: self.state(capture)}
        if baseline is None or baseline_day is None:
            return row | {reason: "no_baseline"}
        n1, s1 = baseline.followers_count, baseline.followers_precision_step
        n2, s2 = now.followers_count, now.followers_precision_step
        assert n1 is not None
        assert s1 is not None
        assert n2 is not None
        assert s2 is not None
        row |= {f"change_{name}_baseline_date": baseline_day, f"change_{name}_baseline_count": n1}
        between = [self.capture(code, baseline_day + n * DAY) for n in range((day - baseline_day).days + 1)]
        if len({found.metric_definition_id for found in between if found}) > 1:
            return row | {reason: "definition_break"}
        # The true counts are any of n1 .. n1 + s1 - 1 and n2 .. n2 + s2 - 1.
        low, high = n2 - (n1 + s1 - 1), (n2 + s2 - 1) - n1
        percent = (Decimal(100) * (n2 - n1) / n1).quantize(Decimal("0.0001"), ROUND_HALF_UP) if n1 >= 100 else None
        return row | {
            f"change_{name}": n2 - n1,
            f"change_{name}_pct": percent,
            f"change_{name}_low": low,
            f"change_{name}_high": high,
            f"change_{name}_is_measurable": measurable(low, high),
        }

    # ------------------------------------------------------------ posts

    def _known_posts(self, code: str, day: date) -> list[Post]:
        """The posts that count on the day: their last observation by then saw them, and they were published."""
        known = []
        for post_id, observations in self.observations[code].items():
            if self.channels.is_of_other_code(code, post_id):
                continue
            last = next((seen for seen in reversed(observations) if wib(seen.captured_at) <= day), None)
            if last and last.presence == "seen" and wib(last.published_at) <= day:
                known.append(last)
        return known

    def own_posts(self, center: str, day: date) -> list[Post]:
        """The posts that count for a center on a day, of all accounts expected anywhere that are not in doubt."""
        return [
            post
            for code in self.codes_of[center]
            if self.account_on(code, day) and not self.is_suspended(code, day)
            for post in self.known_posts(code, day)
            if self.center_of(post) == center
        ]

    def _recency_on(self, account: Account, day: date) -> Row:
        code = account.account_code
        known = self.known_posts(code, day)
        last = max(known, key=lambda post: (post.published_at, post.post_id), default=None)
        observed = self.is_observed(code, day)
        days_since = (day - wib(last.published_at)).days if last else None
        ages = [(day - wib(post.published_at)).days for post in known]
        return {
            "account_code": code,
            "center_code": account.center_code,
            "platform": account.platform,
            "date_day": day,
            "last_post_at": last.published_at if last else None,
            "last_post_id": last.post_id if last else None,
            "last_post_url": last.url if last else None,
            "days_since_last_post": days_since,
            "recency_band": band(days_since, observed),
            "posts_1d": sum(age < 1 for age in ages),
            "posts_7d": sum(age < 7 for age in ages),
            "posts_30d": sum(age < 30 for age in ages),
            "is_observed": observed,
            "last_outreach_post_at": None,
            "source": self.source(code, day),
        }


def with_entries(evidence: Evidence) -> Evidence:
    """The evidence as if the confirmed hand entries had been captures, on the days that no API read the account."""
    read = {(found.account_code, wib(found.captured_at)) for found in evidence.snapshots}
    newest: dict[tuple[str, date], ManualEntry] = {}
    for entry, is_confirmed in sorted(evidence.entries, key=lambda found: found[0].version):
        if is_confirmed:
            newest[entry.account_code, wib(entry.observed_at)] = entry
    widened = replace(evidence, **{name: list(getattr(evidence, name)) for name in ("snapshots", "posts", "outcomes")})
    known_ids = {
        (post.account_code, post.url): post.post_id for post in sorted(evidence.posts, key=lambda p: p.post_id)
    }
    for (code, day), entry in newest.items():
        if (code, day) in read:
            continue
        observed = entry.posts_looked_at != PostsObserved.NOT_LOOKED
        no_attempt = UUID(int=0)
        widened.outcomes.append(
            CaptureOutcome(
                no_attempt, code, entry.platform, entry.observed_at,
                Outcome.CAPTURED if observed else Outcome.CAPTURED_PARTLY, None, None,
                PostsRead.LISTED if observed else PostsRead.NOT_TRIED, None, None, None, entry.source, BY_HAND, 1,
            )
        )  # fmt: skip
        widened.snapshots.append(
            ProfileSnapshot(
                no_attempt, code, entry.platform, entry.observed_at, entry.followers_count,
                entry.followers_precision_step, entry.followers_state, None, None, None, None, None,
                entry.metric_definition_id, BY_HAND, entry.source, no_attempt, BY_HAND, 1, None,  # type: ignore[arg-type]
            )
        )  # fmt: skip
        if entry.last_post_at and entry.last_post_url:
            made = post_id_of(entry.last_post_url)
            widened.posts.append(
                Post(
                    code, entry.platform, known_ids.get((code, entry.last_post_url), made), entry.observed_at,
                    entry.last_post_at, entry.last_post_url, BY_HAND, None, None, None, None, None, None,
                    Presence.SEEN, entry.source, no_attempt, BY_HAND,
                )
            )  # fmt: skip
    return widened


def post_id_of(url: str) -> str:
    """The id of a post that no API has shown, made from its address."""
    return "manual:" + hashlib.md5(url.encode()).hexdigest()


def holds(row: Any, day: date) -> bool:
    """A dated row holds on the day, both ends included."""
    return (row.valid_from is None or row.valid_from <= day) and (row.valid_to is None or day <= row.valid_to)


def status_on(row: Account, day: date) -> str:
    """The status that the registry gave the row by the day: a row is not verified before the day of the act."""
    if row.status == "verified" and row.verified_at and day < row.verified_at:
        return "submitted"
    return row.status


def measurable(low: int, high: int) -> bool:
    """Not measurable if and only if the interval has more than one member and holds 0."""
    return low == high or not low <= 0 <= high


def least_real(sources: Iterable[str | None]) -> str | None:
    """Of several sources the one that readers must be shown."""
    return max((str(source) for source in sources if source), key=SOURCES.index, default=None)


def band(days_since: int | None, observed: bool) -> str:
    """The recency band; a band that rests on absence has to be checked."""
    if days_since is not None and days_since <= 1:
        return "fresh"
    if days_since is not None and days_since <= 7:
        return "recent"
    if not observed:
        return "unknown"
    if days_since is None:
        return "never"
    return "stale" if days_since <= 30 else "silent"

"""Random histories of accounts: gaps, resets, rounding, hidden counts, and posts found late, lost or returning.

One integer makes one account's whole history and stands in its code, so that a difference names what to repeat.
"""

import random
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from social_metrics.contract import (
    AuthorizationMode,
    CaptureOutcome,
    FollowersState,
    ManualEntry,
    Outcome,
    Post,
    PostsObserved,
    PostsRead,
    Presence,
    ProfileSnapshot,
    Source,
)
from tests.dbt.reference.histories_operations import surround
from tests.dbt.reference.registry_life import change_registry
from tests.support.factories import Account, Center, Evidence, Platform, at

FIRST_DAY = date(2025, 11, 17)
LAST_DAY = date(2026, 2, 9)  # a year's edge, three month edges, and more than 30 days on both sides
DAYS = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
RETENTION_AS_OF = datetime(2026, 2, 10, tzinfo=UTC)

PLATFORMS = [
    Platform("youtube", "YouTube", "pelanggan", date(2024, 1, 1), None, "America/Los_Angeles", None, 10_000),
    Platform("facebook", "Facebook", "pengikut", date(2024, 1, 1), None, "Asia/Jakarta", 7),
    Platform("x", "X", "pengikut", date(2024, 1, 1), date(2026, 1, 15), "UTC", None, None, "3", "5.50"),
    Platform("invented", "Invented", "pengikut", date(2025, 12, 10), None, "Pacific/Auckland", monthly_usd_limit="40"),
    Platform("optional", "Optional", "pengikut", None, None),
]
CENTERS = [
    *(Center(f"center-{n:02}", f"Sentra {n}", "Asia/Jakarta", None, None) for n in range(9)),
    Center("center-09", "Sentra lama", "Asia/Makassar", None, date(2025, 12, 31)),
    Center("center-09", "Sentra baru", "Asia/Makassar", date(2026, 1, 1), None),
    Center("center-10", "Sentra muda", "Asia/Jayapura", date(2025, 12, 20), None),
    Center("center-11", "Sentra tanpa akun", "Asia/Jayapura", None, None),
    # Its last month is three days long: what was read the week before is no end of that month.
    Center("center-12", "Sentra yang ditutup", "Asia/Jakarta", None, date(2026, 1, 3)),
]
PEOPLED = [center for center in dict.fromkeys(row.center_code for row in CENTERS) if center != "center-11"]

# Histories that once differed from the oracle; the oracle tests always run them, and the registry's life leaves them
# alone. The last date of center-12 is
# 3 January 2026 while its accounts' rows stay open: each account is in doubt on either that date or 31 January only.
ONCE_DIFFERENT = [87, 562, 780, 15882]

FAILURES = [
    Outcome.IDENTITY_MISMATCH,
    Outcome.ACCOUNT_NOT_FOUND,
    Outcome.TOKEN_EXPIRED,
    Outcome.RATE_LIMITED,
    Outcome.PLATFORM_UNAVAILABLE,
    Outcome.INVALID_RESPONSE,
]


def evidence_of(seeds: list[int], days: list[date] = DAYS) -> Evidence:
    """The evidence of a warehouse whose accounts have the histories of these seeds, over these days."""
    evidence = Evidence(platforms=list(PLATFORMS), centers=list(CENTERS))
    histories = [_AccountHistory(seed, evidence, days) for seed in seeds]
    for history in histories:
        history.write()
    alive = {history.seed: history for history in histories if history.seed not in ONCE_DIFFERENT}
    for history in alive.values():
        history.enter_before_any_capture()
    change_registry(evidence, {seed: history.code for seed, history in alive.items()}, PEOPLED, days)
    surround(evidence, days, sum(seeds))
    return evidence


def loaded_late(happened_at: datetime) -> datetime:
    """When a record was loaded: in no order that a model could lean on."""
    return happened_at + timedelta(minutes=(happened_at.second * 7919 + happened_at.minute * 104729) % 20000)


class _AccountHistory:
    def __init__(self, seed: int, evidence: Evidence, days: list[date]) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.days = days
        self.evidence = evidence
        self.platform = self.random.choice(PLATFORMS).platform
        self.center = self.random.choice(PEOPLED)
        self.code = f"{self.center}-{self.platform}-{seed}"
        self.source = Source.SIMULATOR if self.random.random() < 0.2 else Source.API
        self.by_hand = random.Random(seed ^ 0x0FF1CE)
        self.simulated_until = self.random.choice([None, None, self.random.choice(self.days)])

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))

    def moment(self, day: date) -> datetime:
        """A WIB moment of the day: midnight to 09:00 is where UTC and WIB disagree."""
        hour = self.random.choice([0, 0, 1, 3, 6, 6, 7, 8, 9, 15, 20, 20, 21, 22, 23, 23])
        return at(day, hour, self.random.choice([0, 0, 30, 59]), self.random.choice([0, 0, 0, 59]))

    def write(self) -> None:
        self._register()
        self._capture()
        self._enter_by_hand()
        self._confirm_identity()

    def _enter_by_hand(self) -> None:
        """An officer's entries: on days without a capture and beside one, corrected, confirmed or not."""
        chance = self.by_hand.choice([0, 0, 0.05, 0.5])
        for day in self.days:
            if self.by_hand.random() >= chance:
                continue
            for version in range(1, self.by_hand.choice([1, 1, 1, 2, 3]) + 1):
                self.evidence.entries.append((self._entry(day, version), self.by_hand.random() < 0.8))

    def enter_before_any_capture(self) -> None:
        """An officer's entries on the days before an API is read for the first time."""
        chances = random.Random(self.seed ^ 0xBEF0)
        if chances.random() < 0.3:
            for day in (self.days[0] - timedelta(days=age) for age in (2, 1)):
                if chances.random() < 0.8:
                    self.evidence.entries.append((self._entry(day, 1), chances.random() < 0.9))

    def _entry(self, day: date, version: int) -> ManualEntry:
        observed_at = at(day, self.by_hand.choice([0, 0, 5, 6, 7, 19, 23]), self.by_hand.choice([0, 59]))
        step = self.by_hand.choice([1, 1, 100])
        is_hidden = self.by_hand.random() < 0.1
        looked = self.by_hand.choice(
            [PostsObserved.NEWEST_SEEN] * 3 + [PostsObserved.NONE_FOUND, PostsObserved.NOT_LOOKED]
        )
        seen = looked is PostsObserved.NEWEST_SEEN
        ago = timedelta(hours=self.by_hand.choice([0, 1, 30, 200, 800]))
        return ManualEntry(
            account_code=self.code,
            platform=self.platform,
            version=version,
            observed_at=observed_at,
            followers_displayed="as shown",
            followers_count=None if is_hidden else self.by_hand.choice([0, 90, 100, 1_500, 20_000]) // step * step,
            followers_precision_step=None if is_hidden else step,
            followers_state=FollowersState.HIDDEN if is_hidden else FollowersState.REPORTED,
            metric_definition_id=self.by_hand.choice(["v1", "v1", "v2"]),
            last_post_displayed=None,
            last_post_at=observed_at - ago if seen else None,
            last_post_url=f"https://example.invalid/p{self.by_hand.randrange(12):04}" if seen else None,
            posts_looked_at=looked,
            is_outreach=None,
            program=None,
            evidence_sha256="",
            evidence_file_name="shot.png",
            workbook_sha256="",
            workbook_place="here",
            entered_by="siti",
            entered_at=observed_at,
            source=Source.SIMULATOR if self.source is Source.SIMULATOR else Source.MANUAL,
        )

    def _confirm_identity(self) -> None:
        """Most mismatches are looked into within days: an account in doubt shows nothing of the other rules."""
        mismatches = [
            found
            for found in self.evidence.outcomes
            if found.account_code == self.code and found.outcome is Outcome.IDENTITY_MISMATCH
        ]
        for found in mismatches:
            if self.by_hand.random() < 0.9:
                later = timedelta(hours=self.by_hand.choice([0, 1, 10, 40]), seconds=1)
                self.evidence.confirmations.append((self.code, found.attempted_at + later))

    def _register(self) -> None:
        """Dated rows: begun before or amid, a handle changed, a pause, an end."""
        begin = self.random.choice([None, None, self.days[0], self.days[0], self.random.choice(self.days)])
        if self.chance(0.15):
            self._row(self.random.choice(["placeholder", "missing", "submitted"]), begin, None)
            return
        spans: list[tuple[str, date | None, date | None]] = []
        while self.chance(0.35) and (begin or self.days[0]) < self.days[-1]:
            end = self.random.choice([day for day in self.days if day >= (begin or self.days[0])])
            spans.append((self.random.choice(["verified", "verified", "suspended", "placeholder"]), begin, end))
            begin = end + timedelta(days=self.random.choice([1, 1, 1, 4, 40]))
        last = self.random.choice(["verified"] * 6 + ["closed", "suspended"])
        spans.append(
            (last if spans else "verified", begin, self.days[-1] - timedelta(days=3) if self.chance(0.1) else None)
        )
        for status, start, end in spans:
            if start is None or end is None or start <= end:
                self._row(status, start, end)

    def _row(self, status: str, start: date | None, end: date | None) -> None:
        handle = f"demo_{self.code}_{start or 'always'}"
        self.evidence.accounts.append(Account(self.code, self.center, self.platform, status, start, end, handle))

    def _capture(self) -> None:
        count = self.random.choice([0, 3, 60, 99, 100, 130, 995, 1500, 20_000, 760_000])
        rounded = self.chance(0.5)
        gap_chance = self.random.choice([0.02, 0.1, 0.4])
        pace = self.random.choice([0, 0, 1, 2, 25, 700])
        definition, hidden, silent_days = "v1", False, 0
        silent_before = self.random.choice([None, None, *(day for day in self.days if day.day == 1)])
        silence = timedelta(days=self.random.choice([6, 6, 7]))  # the last baseline of a month is 7 days before it
        posts = _Posts(self)
        for day in self.days:
            count = max(0, count + self.random.randint(-pace // 2, pace))
            if self.chance(0.01):
                count //= 2  # the platform took the bots away
            if self.chance(0.015):
                definition = "v2" if definition == "v1" else "v1"
            if self.chance(0.03):
                rounded = not rounded  # the owner let us in, or out again
            if self.chance(0.02):
                hidden = not hidden
            if self.chance(0.02):
                silent_days = self.random.choice([2, 4, 5, 33])
            silent_days -= 1
            at_the_edge = silent_before is not None and silent_before - silence <= day < silent_before
            if at_the_edge or silent_days > 0 or self.chance(gap_chance):
                if self.chance(0.5):
                    self._fail(day)
                continue
            for _ in range(self.random.choice([1, 1, 1, 1, 2, 3])):
                if self.chance(0.15):
                    self._fail(day)
                    continue
                noise = self.random.choice([0, 0, 1])
                self._succeed(day, count + noise, rounded, definition, hidden, posts)

    def _source(self, day: date) -> Source:
        if self.simulated_until and day <= self.simulated_until:
            return Source.SIMULATOR
        return self.source

    def _fail(self, day: date) -> None:
        outcome = self.random.choice([*FAILURES, Outcome.NOT_ATTEMPTED])
        read = self.random.choice([PostsRead.FAILED, PostsRead.NOT_TRIED, PostsRead.NOT_TRIED, PostsRead.LISTED])
        self._outcome(self.moment(day), day, outcome, read)

    def _outcome(self, instant: datetime, day: date, outcome: Outcome, read: PostsRead) -> UUID:
        attempt = self.uuid()
        self.evidence.outcomes.append(
            CaptureOutcome(
                attempt_id=attempt,
                account_code=self.code,
                platform=self.platform,
                attempted_at=instant,
                outcome=outcome,
                detail=self.random.choice([None, "as the platform put it"]),
                next_step=self.random.choice([None, "look again"]),
                posts_read=read,
                posts_seen=None,
                retry_at=self.random.choice([None, instant + timedelta(minutes=30)]),
                response_id=None,
                source=self._source(day),
                run_id="run",
                try_number=1,
            )
        )
        return attempt

    def _succeed(self, day: date, count: int, rounded: bool, definition: str, hidden: bool, posts: "_Posts") -> None:
        instant = self.moment(day)
        outcome = self.random.choice([Outcome.CAPTURED] * 5 + [Outcome.CAPTURED_PARTLY, Outcome.BELOW_THRESHOLD])
        read = PostsRead.LISTED
        if outcome is Outcome.CAPTURED_PARTLY:
            read = self.random.choice([PostsRead.FAILED, PostsRead.LISTED])
        elif self.chance(0.3):
            read = PostsRead.UNCHANGED
        attempt = self._outcome(instant, day, outcome, read)
        if read is PostsRead.LISTED:
            posts.observe(day, instant)
        if outcome is Outcome.CAPTURED_PARTLY and read is PostsRead.LISTED:
            return  # the posts came, the profile did not
        step = 10 ** max(0, len(str(count)) - 3) if rounded else 1
        state = FollowersState.REPORTED
        if hidden or outcome is Outcome.BELOW_THRESHOLD:
            state = self.random.choice([FollowersState.HIDDEN, FollowersState.NOT_AVAILABLE])
        reported = state is FollowersState.REPORTED
        self.evidence.snapshots.append(
            ProfileSnapshot(
                attempt_id=attempt,
                account_code=self.code,
                platform=self.platform,
                captured_at=instant,
                followers_count=count - count % step if reported else None,
                followers_precision_step=step if reported else None,
                followers_state=state,
                following_count=None,
                posts_count=None,
                views_count=None,
                handle_seen=None,
                platform_account_id_seen=None,
                metric_definition_id=definition,
                authorization_mode=AuthorizationMode.PUBLIC,
                source=self._source(day),
                response_id=self.uuid(),
                run_id="run",
                try_number=1,
                expires_at=instant + timedelta(days=30) if self.chance(0.05) else None,
            )
        )


class _Posts:
    """The posts of one account: published whenever, found at some observe, gone and back as it comes."""

    def __init__(self, history: _AccountHistory) -> None:
        self.history = history
        self.posts: list[dict[str, object]] = []
        self.rate = history.random.choice([0, 0.03, 0.15, 0.8])
        if self.rate:
            for age in history.random.sample([1, 2, 7, 8, 29, 30, 31, 200], history.random.choice([0, 1, 3])):
                self._publish(history.days[0] - timedelta(days=age))

    def _publish(self, day: date) -> None:
        history = self.history
        published = self.posts[-1]["published_at"] if self.posts and history.chance(0.05) else history.moment(day)
        self.posts.append(
            {
                "post_id": f"p{len(self.posts):04}",
                "published_at": published,
                "found": False,
                "present": True,
                "waits": history.random.choice([0, 0, 0, 0, 1, 5, 20]),
            }
        )

    def observe(self, day: date, instant: datetime) -> None:
        history = self.history
        if history.chance(self.rate):
            self._publish(day - timedelta(days=history.random.choice([0, 0, 0, 1, 2])))
        for post in self.posts:
            post["waits"] = int(str(post["waits"])) - 1
            if not post["found"] and int(str(post["waits"])) < 0:
                post["found"] = True
                self._observe(post, day, instant)
            elif post["found"] and history.chance(0.03):
                post["present"] = history.chance(0.5)
                if history.chance(0.1) and isinstance(post["published_at"], datetime):
                    post["published_at"] += timedelta(hours=history.random.choice([-30, 1, 5]))
                self._observe(post, day, instant)
            elif post["found"] and history.chance(0.1):
                self._observe(post, day, instant)

    def _observe(self, post: dict[str, object], day: date, instant: datetime) -> None:
        history = self.history
        present = bool(post["present"])
        counts = [history.random.choice([None, 0, 1, 40]) if present else None for _ in range(4)]
        published_at = post["published_at"]
        assert isinstance(published_at, datetime)
        history.evidence.posts.append(
            Post(
                account_code=history.code,
                platform=history.platform,
                post_id=str(post["post_id"]),
                captured_at=instant,
                published_at=published_at,
                url=f"https://example.invalid/{post['post_id']}" if present or history.chance(0.5) else None,
                post_type=history.random.choice(["video", "photo"]),
                content_hash=None,
                caption_length=history.random.choice([None, 12]),
                like_count=counts[0],
                comment_count=counts[1],
                share_count=counts[2],
                view_count=counts[3],
                presence=Presence.SEEN if present else Presence.ABSENT,
                source=history._source(day),
                response_id=history.uuid(),
                run_id="run",
                expires_at=instant + timedelta(days=30) if present and history.chance(0.1) else None,
            )
        )

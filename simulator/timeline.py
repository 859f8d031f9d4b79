"""The posts of one account by day, drawn from the seed."""

import random
from bisect import bisect_right
from dataclasses import dataclass
from hashlib import blake2b

from simulator.accounts import Account
from simulator.captions import CAMPAIGNS, write_caption
from simulator.clock import DAY, date_of, wib_midnight
from simulator.habits import VIRAL, VIRAL_DAY, Habit

KINDS = {
    "youtube": ["video"] * 7 + ["short"] * 3 + ["live"],
    "facebook": ["photo"] * 6 + ["video"] * 2 + ["text", "link"],
    "instagram": ["photo"] * 3 + ["carousel"] * 3 + ["reel"] * 4,
    "x": ["photo"] * 4 + ["text"] * 4 + ["repost", "reply"],
    "tiktok": ["video"],
}
LATE_SHARE, DELETED_SHARE = 0.4, 0.35
PINNED_DAY = -90
SILENT_ARCHIVE_DAYS = 90


@dataclass(slots=True, eq=False)
class Post:
    """One post. Instants are UTC epoch seconds; `key` is a unique 64-bit number."""

    account: Account
    key: int
    kind: str
    published_at: int
    visible_at: int
    deleted_at: int | None
    edited_at: int | None
    caption: str | None
    appeal: float
    likes_hidden: bool
    comments_off: bool
    pinned: bool
    duration: int

    def visible(self, now: int) -> bool:
        """Whether the post is visible at the instant."""
        return self.visible_at <= now and (self.deleted_at is None or now < self.deleted_at)

    def reach(self, now: int) -> float:
        """The share of its final audience that the post has reached; most of it within a few days."""
        age = max(0, now - self.visible_at)
        return age / (age + 1.5 * DAY)


class Timeline:
    """All posts of an account, drawn on demand."""

    def __init__(self, seed: int, account: Account, habit: Habit, start_day: int, first_day: int, march: int) -> None:
        self.posts: list[Post] = []
        self._account = account
        self._habit = habit
        self._start_day = start_day
        self._last_day = march if habit.silent_since_march else None
        self._first_day = first_day if habit.exists_from is None else start_day + habit.exists_from
        if self._last_day is not None:
            self._first_day = min(first_day, march - SILENT_ARCHIVE_DAYS)
        self._next_day = self._first_day
        self._key = f"{seed}:post:{account.account_code}:".encode()
        self._published: list[int] = []
        self._seen: tuple[int, list[Post]] = (-1, [])

    def visible(self, now: int) -> list[Post]:
        """The posts visible at the instant, newest first."""
        if self._seen[0] != now:
            self.draw_until(now)
            until = bisect_right(self._published, now)
            self._seen = (now, [post for post in reversed(self.posts[:until]) if post.visible(now)])
        return self._seen[1]

    def draw_until(self, now: int) -> None:
        """Draws the days up to the instant that are not drawn yet."""
        while wib_midnight(self._next_day) <= now:
            if self._last_day is None or self._next_day < self._last_day:
                self._draw_day(self._next_day)
            self._next_day += 1

    def _draw_day(self, day: int) -> None:
        if self._habit.never_posts:
            return
        chance = int.from_bytes(blake2b(self._key + str(day).encode(), digest_size=4).digest()) / 2**32
        calendar = date_of(day)
        campaign = CAMPAIGNS.get((calendar.month, calendar.day)) if chance < 0.8 else None
        pinned = self._habit.pins_a_post and day == self._start_day + PINNED_DAY
        weekend = 0.5 if calendar.weekday() >= 5 else 1.2
        expected = self._habit.posts_per_week / 7 * weekend
        count = max(int(expected) + (chance < expected % 1), campaign is not None or pinned)
        if not count:
            return
        draws = random.Random(self._key + str(day).encode())
        instants = sorted(self._instant(draws, day) for _ in range(count))
        for place, published_at in enumerate(instants):
            post = self._draw_post(draws, day, published_at, campaign if place == 0 else None)
            post.pinned = pinned and place == 0
            self.posts.append(post)
            self._published.append(published_at)

    def _instant(self, draws: random.Random, day: int) -> int:
        if self._habit.night_posts:
            return wib_midnight(day) + 30 * 60
        hour = draws.triangular(6, 22, 10)
        return wib_midnight(day) + int(hour * 3600)

    def _draw_post(self, draws: random.Random, day: int, published_at: int, campaign: str | None) -> Post:
        habit = self._habit
        kind = "photo" if habit.photos_only else draws.choice(KINDS.get(self._account.platform, ["text"]))
        caption: str | None = None
        silent = habit.photos_only or (kind == "photo" and draws.random() < 0.1)
        if not silent:
            caption = write_caption(draws, habit.caption_style, self._account.center_name, self._account.city, campaign)
        visible_at = published_at
        if habit.publishes_late and draws.random() < LATE_SHARE:
            visible_at += draws.randint(DAY // 2, 4 * DAY)
        deleted_at = None
        if habit.deletes_posts and draws.random() < DELETED_SHARE:
            deleted_at = visible_at + draws.randint(2 * DAY, 20 * DAY)
        appeal = draws.lognormvariate(-3.2, 0.9)
        if habit.curve == VIRAL and self._start_day + VIRAL_DAY == day:
            appeal *= 40
        return Post(
            account=self._account,
            key=draws.getrandbits(64),
            kind=kind,
            published_at=published_at,
            visible_at=visible_at,
            deleted_at=deleted_at,
            edited_at=published_at + draws.randint(60, 1500) if draws.random() < 0.04 else None,
            caption=caption,
            appeal=appeal,
            likes_hidden=habit.likes_hidden,
            comments_off=habit.comments_off,
            pinned=False,
            duration=draws.randint(15, 58) if kind in ("short", "reel") else draws.randint(40, 2400),
        )

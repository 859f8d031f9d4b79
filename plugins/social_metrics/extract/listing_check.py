"""Whether a listing of posts can be believed: the one rule of all platforms.

A failing platform sends empty or shortened listings with status 200. Taken at their word they make known posts
absent, and recency, coverage and retention act on that. A listing that is not believed makes nothing absent.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from uuid import UUID

import psycopg

from social_metrics.contract import Outcome
from social_metrics.extract import state
from social_metrics.extract.batch_reader import AccountAttempt
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.state import KnownPost
from social_metrics.registry.registry import Platform


@dataclass(frozen=True, slots=True)
class ListingDoubt:
    """Why a listing is not believed.

    Args:
        detail: the reason, for people.
        missing_ids: known posts that the listing lacks.
        known_count: known posts that it should have shown.
        response_id: the listing's last response.
        days: after how many days of listings that lack the same posts it is believed; None: never.
    """

    detail: str
    missing_ids: frozenset[str]
    known_count: int
    response_id: UUID | None
    days: int | None

    def is_confirmed(self, earlier: Iterable[tuple[date, frozenset[str]]], day: date) -> bool:
        """Whether the doubted listings of earlier run dates, the latest first, agree for long enough."""
        agreeing = [run_date for run_date, _ in takewhile(lambda one: self.missing_ids <= one[1], earlier)]
        return self.days is not None and bool(agreeing) and (day - agreeing[-1]).days >= self.days


def doubts_about(
    connection: psycopg.Connection,
    attempts: Sequence[AccountAttempt],
    known_posts: Iterable[KnownPost],
    day: date,
    platform: Platform,
    max_loss: float,
) -> dict[str, CaptureFailure]:
    """Account code -> why its listing is not believed; each doubt is recorded in ops.doubted_listings.

    Args:
        connection: as the loader.
        attempts: one per account.
        known_posts: earlier posts that the listings should have shown (`state.known_posts`).
        day: the run's WIB date.
        platform: its row in platforms.csv.
        max_loss: the setting `listing_max_loss`.
    """
    known: dict[str, list[KnownPost]] = defaultdict(list)
    for post in known_posts:
        known[post.account_code].append(post)
    doubts = {
        attempt.account.account_code: (attempt, doubt)
        for attempt in attempts
        if (doubt := doubt_about(attempt, known[attempt.account.account_code], platform.lookback_days, max_loss))
    }
    earlier = state.doubted_before(connection, [*doubts], day) if doubts else {}
    failures: dict[str, CaptureFailure] = {}
    for code, (attempt, doubt) in doubts.items():
        if not doubt.is_confirmed(earlier.get(code, ()), day):
            state.record_doubt(
                connection, code, day, attempt.attempted_at, doubt.detail, doubt.known_count, doubt.missing_ids
            )
            failures[code] = CaptureFailure(Outcome.INVALID_RESPONSE, doubt.detail, response_id=doubt.response_id)
    return failures


def doubt_about(
    attempt: AccountAttempt, known_posts: Iterable[KnownPost], empty_days: int, max_loss: float
) -> ListingDoubt | None:
    """Why this attempt's listing is not believed by itself; None when it is.

    - An empty listing is never believed while the profile counts posts. Where the profile has no count, it is
      believed after `empty_days`: a lost permission, too, leaves listings empty, and for longer than a day.
    - A listing that lacks more than `max_loss` of the known posts, of its window or in all, is believed when the
      profile's own count fell alike, or when the listing of a later run date lacks the same posts. A single post may
      always be missing from a listing that shows others.
    - A listing that ends although the profile counts far more posts is never believed when it lacks known ones.
    - A listing that shows fewer new posts than the profile counts is believed at a later run date; after `empty_days`
      when it ends although the profile counts far more posts.
    """
    listing, profile, window = attempt.posts, attempt.profile, attempt.window
    if not isinstance(listing, PostListing) or not isinstance(profile, ExtractedProfile):
        return None
    published = {post.post_id: post.published_at for post in known_posts}
    missing = frozenset(published.keys() - ({post.post_id for post in listing.posts} - listing.by_id))
    expected = len(published.keys() | set(window.reread_ids if listing.gone else ()))
    if listing.is_empty and profile.posts_count is not None:
        if profile.posts_count == 0:
            return None
        return ListingDoubt(
            f"the listing shows no post although the profile counts {profile.posts_count}; no post is recorded as "
            "absent",
            missing,
            expected,
            listing.response_id,
            days=None,
        )
    in_window = {post_id for post_id, at in published.items() if window.since is None or at >= window.since}
    tolerated = 0 if listing.is_empty else 1
    loses_many = len(missing) > max(max_loss * expected, tolerated) or len(missing & in_window) > max(
        max_loss * len(in_window), tolerated
    )
    ends_early = (
        listing.is_last_page
        and listing.shown is not None
        and profile.posts_count is not None
        and listing.shown < profile.posts_count * (1 - max_loss)
    )
    new, added = window.new_posts(profile) or 0, _added(listing, window, published if listing.complete_since else None)
    if loses_many and not _count_fell_alike(listing, profile, window, len(missing), max_loss):
        days = None if ends_early else empty_days if listing.is_empty else 1
        lacked = f"{len(missing)} of {expected} known posts and the profile's own count did not fall alike"
    elif listing.shown is not None and added < new:
        days = empty_days if ends_early else 1
        lacked = f"{new - added} of {new} new posts that the profile counts"
    else:
        return None
    until = f"before a listing {days} day(s) later lacks the same ones"
    if days is None:
        until = f"while the profile counts {profile.posts_count} and the listing shows {listing.shown}"
    return ListingDoubt(
        f"the listing lacks {lacked}; no post is recorded as absent {until}",
        missing,
        expected,
        listing.response_id,
        days,
    )


def _count_fell_alike(
    listing: PostListing, profile: ExtractedProfile, window: ReadWindow, missing: int, max_loss: float
) -> bool:
    """Whether the profile's count explains the loss, posts published since the last listing included."""
    new = window.new_posts(profile)
    return new is not None and _added(listing, window) - new >= missing * (1 - max_loss)


def _added(listing: PostListing, window: ReadWindow, known_ids: Container[str] | None = None) -> int:
    """Listed posts published since the last listing; with `known_ids` also those of the window that it lacked."""
    if window.listed_at is None:
        return 0
    since = window.since or window.listed_at
    return sum(
        post.published_at > window.listed_at
        or (known_ids is not None and post.published_at >= since and post.post_id not in known_ids)
        for post in listing.posts
    )

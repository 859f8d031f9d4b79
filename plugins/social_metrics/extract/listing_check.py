"""Whether a listing of posts can be believed: the one rule of all platforms.

A failing platform sends empty or shortened listings with status 200. Taken at their word they make known posts
absent, and recency, coverage and retention act on that. A listing that is not believed makes nothing absent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import psycopg

from social_metrics.contract import Outcome
from social_metrics.extract import state
from social_metrics.extract.batch_reader import AccountAttempt
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.state import KnownPost

DEFAULT_MAX_LOSS = 0.2
"""Share of the known posts that one listing may lack and still be believed (setting `listing_max_loss`)."""


@dataclass(frozen=True, slots=True)
class ListingDoubt:
    """Why a listing is not believed.

    Args:
        detail: the reason, for people.
        missing_ids: known posts that the listing lacks.
        known_count: known posts that it should have shown.
    """

    detail: str
    missing_ids: frozenset[str]
    known_count: int

    def as_failure(self, listing: PostListing) -> CaptureFailure:
        """The failure of the account's posts."""
        return CaptureFailure(Outcome.INVALID_RESPONSE, self.detail, response_id=listing.response_id)


def doubts_about(
    connection: psycopg.Connection,
    attempts: Sequence[AccountAttempt],
    known_posts: Iterable[KnownPost],
    day: date,
    max_loss: float = DEFAULT_MAX_LOSS,
) -> dict[str, ListingDoubt]:
    """Account code -> why its listing is not believed; each doubt is recorded in ops.doubted_listings.

    Args:
        connection: as the loader.
        attempts: one per account.
        known_posts: earlier posts that the listings should have shown (`state.known_posts`).
        day: the run's WIB date.
        max_loss: see `DEFAULT_MAX_LOSS`.
    """
    known: dict[str, list[KnownPost]] = defaultdict(list)
    for post in known_posts:
        known[post.account_code].append(post)
    suspects = [
        attempt for attempt in attempts if _doubt(attempt, known[attempt.account.account_code], max_loss) is not None
    ]
    if not suspects:
        return {}
    earlier = state.doubted_before(connection, [attempt.account.account_code for attempt in suspects], day)
    doubts: dict[str, ListingDoubt] = {}
    for attempt in suspects:
        code = attempt.account.account_code
        doubt = _doubt(attempt, known[code], max_loss, earlier.get(code))
        if doubt is not None:
            doubts[code] = doubt
            state.record_doubt(
                connection, code, day, attempt.attempted_at, doubt.detail, doubt.known_count, doubt.missing_ids
            )
    return doubts


def _doubt(
    attempt: AccountAttempt, known: Sequence[KnownPost], max_loss: float, earlier: frozenset[str] | None = None
) -> ListingDoubt | None:
    if not isinstance(attempt.posts, PostListing) or not isinstance(attempt.profile, ExtractedProfile):
        return None
    return doubt_about(attempt.posts, attempt.profile, attempt.window, known, max_loss, earlier)


def doubt_about(
    listing: PostListing,
    profile: ExtractedProfile,
    window: ReadWindow,
    known_posts: Iterable[KnownPost],
    max_loss: float = DEFAULT_MAX_LOSS,
    missing_before: frozenset[str] | None = None,
) -> ListingDoubt | None:
    """Why this listing is not believed; None when it is.

    - An empty listing is never believed while the profile counts posts.
    - A listing that lacks more than `max_loss` of the known posts, of its window or in all, is believed when the
      profile's own count fell alike, or when an earlier run date's listing lacked the same posts. A single post may
      always be missing from a listing that shows others.

    Args:
        listing: as the platform file read it.
        profile: of the same attempt.
        window: what was asked for, and the state at the last believed listing.
        known_posts: earlier posts that the listing should have shown.
        max_loss: see `DEFAULT_MAX_LOSS`.
        missing_before: what the doubted listing of an earlier run date lacked; None without one.
    """
    listed = {post.post_id for post in listing.posts} - listing.by_id
    published = {post.post_id: post.published_at for post in known_posts}
    missing = frozenset(published.keys() - listed)
    expected = len(published.keys() | set(window.reread_ids if listing.gone else ()))
    if listing.is_empty and profile.posts_count:
        return ListingDoubt(
            f"the listing shows no post although the profile counts {profile.posts_count}; no post is recorded as "
            "absent",
            missing,
            expected,
        )
    in_window = {post_id for post_id, at in published.items() if _is_in(window, at)}
    loses_many = _loses_many(listing, len(missing), expected, max_loss) or _loses_many(
        listing, len(missing & in_window), len(in_window), max_loss
    )
    if not loses_many or _count_fell_alike(listing, profile, window, len(missing), max_loss):
        return None
    if missing_before is not None and missing <= missing_before:
        return None
    return ListingDoubt(
        f"the listing lacks {len(missing)} of {expected} known posts and the profile's own count did not fall alike; "
        "no post is recorded as absent until the listing of a later date lacks the same ones",
        missing,
        expected,
    )


def _is_in(window: ReadWindow, published_at: datetime) -> bool:
    return window.since is None or published_at >= window.since


def _loses_many(listing: PostListing, missing: int, expected: int, max_loss: float) -> bool:
    return missing > max(max_loss * expected, 0 if listing.is_empty else 1)


def _count_fell_alike(
    listing: PostListing, profile: ExtractedProfile, window: ReadWindow, missing: int, max_loss: float
) -> bool:
    """Whether the profile's count explains the loss, posts published since the last listing included."""
    if profile.posts_count is None or window.posts_count_then is None or window.listed_at is None:
        return False
    added = sum(1 for post in listing.posts if post.published_at > window.listed_at)
    return window.posts_count_then + added - profile.posts_count >= missing * (1 - max_loss)


def failures_of(attempts: Sequence[AccountAttempt], doubts: Mapping[str, ListingDoubt]) -> dict[str, CaptureFailure]:
    """Account code -> the failure of its posts, for the outcome."""
    return {
        attempt.account.account_code: doubts[attempt.account.account_code].as_failure(attempt.posts)
        for attempt in attempts
        if attempt.account.account_code in doubts and isinstance(attempt.posts, PostListing)
    }

"""Turns the readings of a batch into the records of the raw contract."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from social_metrics.contract import (
    AuthorizationMode,
    CaptureOutcome,
    FollowersState,
    Outcome,
    Post,
    PostCaption,
    PostsRead,
    Presence,
    ProfileSnapshot,
)
from social_metrics.extract.extracted import CaptureFailure, ExtractedPost, ExtractedProfile, PostListing
from social_metrics.extract.http.client import Recorder
from social_metrics.extract.http.redaction import clean_text
from social_metrics.extract.state import KnownPost
from social_metrics.registry.account import Account
from social_metrics.registry.registry import Platform
from social_metrics.warehouse.loader import BatchRecords

NEXT_STEPS = {
    Outcome.CAPTURED_PARTLY: "The next sweep asks for the posts again.",
    Outcome.BELOW_THRESHOLD: "Nothing to mend; the platform shows it once it is larger. Enter it by hand meanwhile.",
    Outcome.IDENTITY_MISMATCH: "Look at the account: was it renamed, or taken over? Then correct the registry row.",
    Outcome.ACCOUNT_PRIVATE: "Ask the center to make the account public.",
    Outcome.ACCOUNT_SUSPENDED: "Ask the center to appeal to the platform; enter the count by hand meanwhile.",
    Outcome.ACCOUNT_NOT_FOUND: "Ask the center: renamed, made private or deleted? Then correct the registry row.",
    Outcome.CONSENT_REVOKED: "Ask the center to authorise the application again.",
    Outcome.TOKEN_EXPIRED: "Renew the credential, then run `social-metrics capture --missing` before midnight WIB.",
    Outcome.PERMISSION_MISSING: "Ask for the missing permission, then run `social-metrics capture --missing`.",
    Outcome.QUOTA_EXHAUSTED: "Wait for the quota to reset; if that is after midnight WIB, enter the count by hand.",
    Outcome.BUDGET_EXHAUSTED: "Raise the daily limit in platforms.csv, or accept the gap.",
    Outcome.RATE_LIMITED: "The next sweep asks again.",
    Outcome.PLATFORM_UNAVAILABLE: "The next sweep asks again.",
    Outcome.INVALID_RESPONSE: "The next sweep asks again; if it stays, see the response: the API changed.",
}

# What a sweep or somebody's repair would have mended, had there been another sweep on that day.
_SWEPT = frozenset(
    {Outcome.RATE_LIMITED, Outcome.PLATFORM_UNAVAILABLE, Outcome.INVALID_RESPONSE, Outcome.QUOTA_EXHAUSTED}
    | {Outcome.TOKEN_EXPIRED, Outcome.PERMISSION_MISSING, Outcome.BUDGET_EXHAUSTED}
)
LAST_ATTEMPT = (
    "This was the day's last attempt. Before midnight WIB: mend it and run `social-metrics capture --missing`, or take "
    "a screenshot and enter the count by hand (`social-metrics entry template`)."
)
LAST_ATTEMPT_AT_POSTS = "This was the day's last attempt; the posts are read on the next evening."


@dataclass(frozen=True, slots=True)
class AccountAttempt:
    """One attempt at one account: the profile or why not; the listing, why not, or None when nothing had moved."""

    attempt_id: UUID
    account: Account
    attempted_at: datetime
    profile: ExtractedProfile | CaptureFailure
    posts: PostListing | CaptureFailure | None


def batch_records(
    attempts: Sequence[AccountAttempt],
    recorder: Recorder,
    platform: Platform,
    authorization_mode: AuthorizationMode,
    known_posts: Iterable[KnownPost],
    *,
    count_lifetime: timedelta | None = None,
    is_last_attempt: bool = False,
) -> BatchRecords:
    """The records that a batch's attempts amount to.

    Args:
        attempts: one per account.
        recorder: the evidence of their calls.
        platform: says how long captions are kept.
        authorization_mode: on whose permission the counts were read.
        known_posts: earlier posts that the listings should have shown; those they lack are recorded as absent.
        count_lifetime: how long counts read on that permission are kept; None is for ever.
        is_last_attempt: no sweep follows on this WIB date; the outcomes say so.
    """
    earlier: dict[str, list[KnownPost]] = defaultdict(list)
    for known in known_posts:
        earlier[known.account_code].append(known)
    records = BatchRecords(responses=recorder.responses, bodies=recorder.bodies, spends=recorder.spends)
    for attempt in attempts:
        records.outcomes.append(outcome_of(attempt, recorder, is_last_attempt=is_last_attempt))
        if isinstance(attempt.profile, ExtractedProfile):
            records.snapshots.append(_snapshot(attempt, attempt.profile, recorder, authorization_mode, count_lifetime))
        elif withheld := _withheld_profile(attempt.profile, attempt.attempted_at):
            records.snapshots.append(_snapshot(attempt, withheld, recorder, authorization_mode, count_lifetime))
        if isinstance(attempt.posts, PostListing):
            code = attempt.account.account_code
            seen = {post.post_id: post for post in attempt.posts.posts}
            lifetime = _days(platform.caption_retention_days)
            for post in seen.values():
                caption = clean_text(post.caption) if post.caption else None
                digest = hashlib.sha256(caption.encode()).hexdigest() if caption else None
                records.posts.append(_seen_post(attempt.account, post, digest, recorder, count_lifetime))
                if caption and digest:
                    records.captions.append(_caption(attempt.account, post, caption, digest, lifetime))
            records.posts.extend(
                _absent_post(
                    attempt.account,
                    gone,
                    attempt.posts,
                    attempt.attempted_at,
                    recorder,
                    keeps_counts=count_lifetime is None,
                )
                for gone in earlier[code]
                if gone.post_id not in seen
            )
    return records


def next_step(outcome: Outcome, *, is_last_attempt: bool) -> str | None:
    """What a person or a sweep should do after an outcome."""
    if is_last_attempt and outcome in _SWEPT:
        return LAST_ATTEMPT
    if is_last_attempt and outcome is Outcome.CAPTURED_PARTLY:
        return LAST_ATTEMPT_AT_POSTS
    return NEXT_STEPS.get(outcome)


def outcome_of(attempt: AccountAttempt, recorder: Recorder, *, is_last_attempt: bool = False) -> CaptureOutcome:
    """What became of the attempt, in one of the closed list's words."""
    posts_read, posts_seen = PostsRead.NOT_TRIED, None
    failure: CaptureFailure | None = None
    decided_by: ExtractedProfile | CaptureFailure = attempt.profile
    if isinstance(attempt.profile, CaptureFailure):
        outcome, failure = attempt.profile.outcome, attempt.profile
    elif isinstance(attempt.posts, CaptureFailure):
        outcome, posts_read = Outcome.CAPTURED_PARTLY, PostsRead.FAILED
        failure = decided_by = attempt.posts
    elif attempt.posts is None:
        outcome, posts_read = Outcome.CAPTURED, PostsRead.UNCHANGED
    else:
        posts_read, posts_seen, failure = PostsRead.LISTED, len(attempt.posts.posts), attempt.posts.left_out
        outcome = Outcome.CAPTURED if failure is None else Outcome.CAPTURED_PARTLY
    detail = None
    if failure is not None:
        words = failure.detail if failure.outcome is outcome else f"posts: {failure.outcome}: {failure.detail}"
        detail = clean_text(words)
    return CaptureOutcome(
        attempt_id=attempt.attempt_id,
        account_code=attempt.account.account_code,
        platform=attempt.account.platform,
        attempted_at=attempt.attempted_at,
        outcome=outcome,
        detail=detail,
        next_step=next_step(outcome, is_last_attempt=is_last_attempt),
        posts_read=posts_read,
        posts_seen=posts_seen,
        retry_at=failure.retry_at if failure else None,
        response_id=decided_by.response_id,
        source=recorder.source,
        run_id=recorder.run_id,
        try_number=recorder.try_number,
    )


def _withheld_profile(failure: CaptureFailure, attempted_at: datetime) -> ExtractedProfile | None:
    """The profile of an account whose count the platform says it does not show; None for every other failure."""
    if failure.withheld_metric_id is None or failure.response_id is None:
        return None
    return ExtractedProfile(
        platform_account_id=None,
        handle=None,
        followers_count=None,
        followers_precision_step=None,
        followers_state=FollowersState.NOT_AVAILABLE,
        response_id=failure.response_id,
        received_at=attempted_at,
        metric_definition_id=failure.withheld_metric_id,
    )


def _snapshot(
    attempt: AccountAttempt,
    profile: ExtractedProfile,
    recorder: Recorder,
    authorization_mode: AuthorizationMode,
    lifetime: timedelta | None,
) -> ProfileSnapshot:
    return ProfileSnapshot(
        attempt_id=attempt.attempt_id,
        account_code=attempt.account.account_code,
        platform=attempt.account.platform,
        captured_at=profile.received_at,
        followers_count=profile.followers_count,
        followers_precision_step=profile.followers_precision_step,
        followers_state=profile.followers_state,
        following_count=profile.following_count,
        posts_count=profile.posts_count,
        views_count=profile.views_count,
        handle_seen=_clean(profile.handle),
        platform_account_id_seen=_clean(profile.platform_account_id),
        metric_definition_id=profile.metric_definition_id,
        authorization_mode=authorization_mode,
        source=recorder.source,
        response_id=profile.response_id,
        run_id=recorder.run_id,
        try_number=recorder.try_number,
        expires_at=profile.received_at + lifetime if lifetime else None,
    )


def _seen_post(
    account: Account, post: ExtractedPost, content_hash: str | None, recorder: Recorder, lifetime: timedelta | None
) -> Post:
    return Post(
        account_code=account.account_code,
        platform=account.platform,
        post_id=clean_text(post.post_id),
        captured_at=post.received_at,
        published_at=post.published_at,
        url=_clean(post.url),
        post_type=clean_text(post.post_type),
        content_hash=content_hash,
        caption_length=len(post.caption) if post.caption else None,
        like_count=post.like_count,
        comment_count=post.comment_count,
        share_count=post.share_count,
        view_count=post.view_count,
        presence=Presence.SEEN,
        source=recorder.source,
        response_id=post.response_id,
        run_id=recorder.run_id,
        expires_at=post.received_at + lifetime if lifetime else None,
    )


def _absent_post(
    account: Account,
    post: KnownPost,
    listing: PostListing,
    attempted_at: datetime,
    recorder: Recorder,
    *,
    keeps_counts: bool,
) -> Post:
    """The disappearance of a post: what was last known of it, under the look that no longer found it.

    Counts that expire are not repeated: that would lengthen what they have left.
    """
    if listing.response_id is None:
        raise ValueError("a listing that lacks a known post must name the response that shows it")
    return Post(
        account_code=account.account_code,
        platform=account.platform,
        post_id=post.post_id,
        captured_at=listing.received_at or attempted_at,
        published_at=post.published_at,
        url=post.url,
        post_type=post.post_type,
        content_hash=post.content_hash,
        caption_length=post.caption_length,
        like_count=post.like_count if keeps_counts else None,
        comment_count=post.comment_count if keeps_counts else None,
        share_count=post.share_count if keeps_counts else None,
        view_count=post.view_count if keeps_counts else None,
        presence=Presence.ABSENT,
        source=recorder.source,
        response_id=listing.response_id,
        run_id=recorder.run_id,
    )


def _caption(
    account: Account, post: ExtractedPost, caption: str, content_hash: str, lifetime: timedelta | None
) -> PostCaption:
    """The words of a post as stored (cleaned), under their SHA-256."""
    return PostCaption(
        account_code=account.account_code,
        platform=account.platform,
        post_id=clean_text(post.post_id),
        content_hash=content_hash,
        captured_at=post.received_at,
        caption=caption,
        expires_at=post.received_at + lifetime if lifetime else None,
    )


def _days(days: int | None) -> timedelta | None:
    return timedelta(days=days) if days else None


def _clean(value: str | None) -> str | None:
    return None if value is None else clean_text(value)

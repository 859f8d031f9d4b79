"""Turns what a batch's attempts extracted into the records of the raw contract."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from social_metrics.contract import (
    AuthorizationMode,
    CaptureOutcome,
    Outcome,
    Post,
    PostCaption,
    PostsRead,
    Presence,
    ProfileSnapshot,
)
from social_metrics.extract.batch_reader import AccountAttempt
from social_metrics.extract.extracted import CaptureFailure, ExtractedPost, ExtractedProfile, PostListing
from social_metrics.extract.http.client import Recorder
from social_metrics.extract.state import KnownPost
from social_metrics.registry.account import Account
from social_metrics.registry.registry import Platform
from social_metrics.warehouse.loader import BatchRecords

# A later retry run of the day, or a person before it, could have fixed these.
_RETRIED = frozenset(
    {Outcome.RATE_LIMITED, Outcome.PLATFORM_UNAVAILABLE, Outcome.INVALID_RESPONSE, Outcome.QUOTA_EXHAUSTED}
    | {Outcome.TOKEN_EXPIRED, Outcome.PERMISSION_MISSING, Outcome.BUDGET_EXHAUSTED}
)
LAST_ATTEMPT = (
    "This was the day's last attempt. Before midnight WIB: fix it and run `social-metrics capture --missing`, or take "
    "a screenshot and enter the count by hand (`social-metrics entry template`)."
)
LAST_ATTEMPT_AT_POSTS = "This was the day's last attempt; the next day's run reads the posts."


def batch_records(
    attempts: Sequence[AccountAttempt],
    recorder: Recorder,
    platform: Platform,
    authorization_mode: AuthorizationMode,
    known_posts: Iterable[KnownPost],
    next_steps: Mapping[Outcome, str],
    *,
    doubts: Mapping[str, CaptureFailure] | None = None,
    count_lifetime: timedelta | None = None,
    is_last_attempt: bool = False,
) -> BatchRecords:
    """The records that a batch's attempts amount to.

    Args:
        attempts: one per account.
        recorder: the evidence of their calls.
        platform: names the retention of captions.
        authorization_mode: on whose permission the counts were read.
        known_posts: earlier posts that the listings should have shown; missing ones are recorded as absent.
        next_steps: text for people by outcome (`registry.next_steps`).
        doubts: account code -> why its listing is not believed; such a listing makes no post absent.
        count_lifetime: how long counts read on that permission are kept; None is for ever.
        is_last_attempt: no retry run follows on this WIB date; the next steps state it.
    """
    earlier: dict[str, list[KnownPost]] = defaultdict(list)
    for known in known_posts:
        earlier[known.account_code].append(known)
    days = platform.caption_retention_days
    lifetime = timedelta(days=days) if days else None
    records = BatchRecords(responses=recorder.responses, bodies=recorder.bodies, spends=recorder.spends)
    for attempt in attempts:
        doubt = (doubts or {}).get(attempt.account.account_code)
        records.outcomes.append(outcome_of(attempt, recorder, next_steps, doubt=doubt, is_last_attempt=is_last_attempt))
        if (profile := _observed_profile(attempt)) is not None:
            records.snapshots.append(_snapshot(attempt, profile, recorder, authorization_mode, count_lifetime))
        if isinstance(attempt.posts, PostListing):
            seen = {post.post_id: post for post in attempt.posts.posts}
            for post in seen.values():
                digest = hashlib.sha256(post.caption.encode()).hexdigest() if post.caption else None
                records.posts.append(_seen_post(attempt.account, post, digest, recorder, count_lifetime))
                if post.caption and digest:
                    records.captions.append(_caption(attempt.account, post, post.caption, digest, lifetime))
            if doubt is None:
                missing = [post for post in earlier[attempt.account.account_code] if post.post_id not in seen]
                records.posts += [
                    _absent_post(attempt, attempt.posts, post, recorder, keeps_counts=count_lifetime is None)
                    for post in missing
                ]
    return records


def outcome_of(
    attempt: AccountAttempt,
    recorder: Recorder,
    next_steps: Mapping[Outcome, str],
    *,
    doubt: CaptureFailure | None = None,
    is_last_attempt: bool,
) -> CaptureOutcome:
    """The outcome of an attempt, with the next step for a person."""
    posts_read, posts_seen = PostsRead.NOT_TRIED, None
    failure: CaptureFailure | None = None
    decided_by: ExtractedProfile | CaptureFailure = attempt.profile
    if isinstance(attempt.profile, CaptureFailure):
        outcome, failure = attempt.profile.outcome, attempt.profile
    elif isinstance(attempt.posts, CaptureFailure):
        outcome, posts_read = Outcome.CAPTURED_PARTLY, PostsRead.FAILED
        failure = decided_by = attempt.posts
    elif attempt.posts is not None and doubt is not None:
        outcome, posts_read, posts_seen = Outcome.CAPTURED_PARTLY, PostsRead.FAILED, len(attempt.posts.posts)
        failure = decided_by = doubt
    elif attempt.posts is None:
        outcome, posts_read = Outcome.CAPTURED, PostsRead.UNCHANGED
    else:
        posts_read, posts_seen, failure = PostsRead.LISTED, len(attempt.posts.posts), attempt.posts.left_out
        outcome = Outcome.CAPTURED if failure is None else Outcome.CAPTURED_PARTLY
    detail = None
    if failure is not None:
        detail = failure.detail if failure.outcome is outcome else f"posts: {failure.outcome}: {failure.detail}"
    next_step = next_steps.get(outcome)
    if is_last_attempt and outcome in _RETRIED:
        next_step = LAST_ATTEMPT
    elif is_last_attempt and outcome is Outcome.CAPTURED_PARTLY:
        next_step = LAST_ATTEMPT_AT_POSTS
    return CaptureOutcome(
        attempt_id=attempt.attempt_id,
        account_code=attempt.account.account_code,
        platform=attempt.account.platform,
        attempted_at=attempt.attempted_at,
        outcome=outcome,
        detail=detail,
        next_step=next_step,
        posts_read=posts_read,
        posts_seen=posts_seen,
        retry_at=failure.retry_at if failure else None,
        response_id=decided_by.response_id,
        source=recorder.source,
        run_id=recorder.run_id,
        try_number=recorder.try_number,
    )


def _observed_profile(attempt: AccountAttempt) -> ExtractedProfile | None:
    """The profile read, or that of an account whose count the platform withholds."""
    profile = attempt.profile
    if isinstance(profile, ExtractedProfile):
        return profile
    if profile.withheld_metric_id is None or profile.response_id is None:
        return None
    return ExtractedProfile(
        None, None, None, profile.response_id, attempt.attempted_at, metric_definition_id=profile.withheld_metric_id
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
        handle_seen=profile.handle,
        platform_account_id_seen=profile.platform_account_id,
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
    return _post(
        account,
        post,
        recorder,
        captured_at=post.received_at,
        content_hash=content_hash,
        caption_length=len(post.caption) if post.caption else None,
        presence=Presence.SEEN,
        response_id=post.response_id,
        expires_at=post.received_at + lifetime if lifetime else None,
    )


def _absent_post(
    attempt: AccountAttempt, listing: PostListing, post: KnownPost, recorder: Recorder, *, keeps_counts: bool
) -> Post:
    """The disappearance of a post: its last known state, under the listing that no longer contains it.

    Counts that expire are not repeated: that would extend their retention.
    """
    if listing.response_id is None:
        raise ValueError("a listing without a known post must name the response that proves it")
    if not keeps_counts:
        post = replace(post, like_count=None, comment_count=None, share_count=None, view_count=None)
    return _post(
        attempt.account,
        post,
        recorder,
        captured_at=listing.received_at or attempt.attempted_at,
        content_hash=post.content_hash,
        caption_length=post.caption_length,
        presence=Presence.ABSENT,
        response_id=listing.response_id,
    )


def _post(account: Account, post: ExtractedPost | KnownPost, recorder: Recorder, **observed: Any) -> Post:
    return Post(
        account_code=account.account_code,
        platform=account.platform,
        post_id=post.post_id,
        published_at=post.published_at,
        url=post.url,
        post_type=post.post_type,
        like_count=post.like_count,
        comment_count=post.comment_count,
        share_count=post.share_count,
        view_count=post.view_count,
        source=recorder.source,
        run_id=recorder.run_id,
        **observed,
    )


def _caption(
    account: Account, post: ExtractedPost, caption: str, content_hash: str, lifetime: timedelta | None
) -> PostCaption:
    return PostCaption(
        account_code=account.account_code,
        platform=account.platform,
        post_id=post.post_id,
        content_hash=content_hash,
        captured_at=post.received_at,
        caption=caption,
        expires_at=post.received_at + lifetime if lifetime else None,
    )

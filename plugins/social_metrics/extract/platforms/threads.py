"""Threads profiles through profile discovery: one lookup and one list of posts per handle.

Discovery reads public profiles with our own token; with each owner's token, followers would only be an insight. A
lookup returns no id: a handle that passes to another account cannot be detected. Likes and views of a post need
another call each, only for posts of the token's owner: they stay unknown. The lookup's `likes_count`, `views_count`
and similar are sums of the last seven days, not totals; they stay in the evidence.
"""

import re
from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from social_metrics.contract import Outcome
from social_metrics.extract import meta_graph
from social_metrics.extract.credentials.oauth import Authorisation
from social_metrics.extract.extracted import CaptureFailure, ExtractedPost, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.http.client import ApiClient, ApiRules
from social_metrics.extract.http.json_values import MalformedValueError, count, identifier, instant, text
from social_metrics.extract.http.replies import Refusal, Reply
from social_metrics.extract.pagination import PostPage, read_back
from social_metrics.extract.profile_calls import read_one_by_one
from social_metrics.registry.account import Account

METRIC_DEFINITION_ID = "threads.follower_count.v1"

POSTS_PER_PAGE = 100
POST_FIELDS = "id,media_type,permalink,text,timestamp"

UNKNOWN_REASON = (
    "Threads shows public profiles of adults with 100 followers or more, and does not report which condition fails, or "
    "whether the handle was renamed or deleted; before Meta's review of the app it shows only Meta's own. Open the "
    "account in a browser, ask the center, and correct the registry row"
)

_HANDLE = re.compile(r"[A-Za-z0-9._]{1,30}")
_MENTIONS_FOLLOWERS = re.compile(r"\bfollowers\b", re.IGNORECASE)  # not a field such as follower_count
_REPOST = "REPOST_FACADE"
_POST_TYPES = {"TEXT_POST": "text", "IMAGE": "photo", "VIDEO": "video", "CAROUSEL_ALBUM": "carousel"}


def _refusal(reply: Reply, now: datetime) -> Refusal | None:
    """Classify an error of Meta.

    How Threads refuses a profile with fewer than 100 followers is not documented. `below_threshold` completes the
    account for the day, so it requires an error that mentions followers; other errors are as on Meta's other APIs.
    """
    refusal = meta_graph.refusal(reply, now)
    if refusal is None or refusal.transient or refusal.for_all:
        return refusal
    if _MENTIONS_FOLLOWERS.search(str(reply.member("error", "message"))):
        return replace(refusal, outcome=Outcome.BELOW_THRESHOLD)
    if refusal.outcome is Outcome.ACCOUNT_NOT_FOUND:
        return replace(refusal, detail=f"{reply.member('error', 'message')}: {UNKNOWN_REASON}.")
    if refusal.outcome is Outcome.PERMISSION_MISSING:  # of our token, which looks every account up
        return replace(refusal, for_all=True)
    return refusal


RULES = ApiRules(
    platform="threads",
    api_version="v1.0",
    accounts_per_call=1,
    kept_members=meta_graph.ERROR_MEMBERS
    | {"id", "username", "is_verified", "follower_count"}
    | {"likes_count", "quotes_count", "replies_count", "reposts_count", "views_count"}
    | {"data", "media_type", "permalink", "timestamp", "paging", "cursors", "before", "after"},
    refusal=_refusal,
    authorize=meta_graph.authorize,
)


AUTHORISATION = Authorisation(
    steps=(
        "In Meta's developer pages open the app's Threads use case and ask for threads_profile_discovery (reviewed).",
        "Make a long-lived token (60 days); write its last day into the connection's field 'Secret ends on'.",
    ),
    secret="access token",  # noqa: S106  a prompt, no secret
)


def read_profiles(client: ApiClient, accounts: Sequence[Account]) -> dict[str, ExtractedProfile | CaptureFailure]:
    """Look accounts up one by one: a lookup shows a single handle."""
    return read_one_by_one(accounts, lambda account: _read_profile(client, account))


def read_posts(client: ApiClient, account: Account, profile: ExtractedProfile, window: ReadWindow) -> PostListing:
    """Read an account's own posts back to `window.since`, without its reposts."""

    def read_next(query: Hashable) -> PostPage:
        parameters = dict(cast("tuple[tuple[str, str], ...]", query))
        asked_with = {"username": account.handle, "fields": POST_FIELDS, "limit": POSTS_PER_PAGE, **parameters}
        return _post_page(client.get("profile_posts", f"/{client.api_version}/profile_posts", asked_with), query)

    return read_back(read_next(()), read_next, window)


def _read_profile(client: ApiClient, account: Account) -> ExtractedProfile:
    if not account.handle or not _HANDLE.fullmatch(account.handle):
        raise CaptureFailure(
            Outcome.NOT_ATTEMPTED,
            f"Threads is read by handle, and the registry row of {account.account_code} has no valid one",
        )
    try:
        reply = client.get("profile_lookup", f"/{client.api_version}/profile_lookup", {"username": account.handle})
    except CaptureFailure as failure:
        if failure.outcome is Outcome.BELOW_THRESHOLD:
            failure.withheld_metric_id = METRIC_DEFINITION_ID
        raise
    try:
        user = meta_graph.part(reply.body, "the profile") or {}
        handle = text(user.get("username"), "username")
        followers = count(user.get("follower_count"), "follower_count")
    except MalformedValueError as problem:
        raise reply.unusable(str(problem)) from problem
    if handle is None and followers is None:
        raise reply.unusable("the reply is not a profile: it has neither username nor follower_count")
    return ExtractedProfile(
        platform_account_id=None,
        handle=handle,
        followers_count=followers,
        response_id=reply.response_id,
        received_at=reply.received_at,
        metric_definition_id=METRIC_DEFINITION_ID,
    )


def _post_page(reply: Reply, requested: Hashable) -> PostPage:
    try:
        edge = meta_graph.part(reply.body, "profile_posts") or {}
        shown = meta_graph.listed(edge, "profile_posts")
        own = tuple(_post(post, reply) for post in shown if post.get("media_type") != _REPOST)
        return PostPage(own, _next_query(edge, requested), reply.response_id, reply.received_at)
    except MalformedValueError as problem:
        raise reply.unusable(str(problem)) from problem


def _next_query(edge: dict[str, Any], requested: Hashable) -> Hashable | None:
    """The query of the next page; None on the last one, or when it is the query of the present page.

    The documented example has cursors and no `next`, so a cursor alone is followed as well.
    """
    query = meta_graph.next_query(edge)
    if query is not None:
        return query
    cursor = meta_graph.cursor_after(edge)
    return None if cursor is None or requested == (("after", cursor),) else (("after", cursor),)


def _post(post: dict[str, Any], reply: Reply) -> ExtractedPost:
    return ExtractedPost(
        post_id=identifier(post.get("id"), "id of a post"),
        published_at=instant(post.get("timestamp"), "timestamp"),
        post_type=_POST_TYPES.get(str(post.get("media_type")), "other"),
        url=text(post.get("permalink"), "permalink"),
        caption=text(post.get("text"), "text"),
        response_id=reply.response_id,
        received_at=reply.received_at,
    )

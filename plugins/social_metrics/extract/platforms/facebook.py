"""Facebook Pages through the Graph API: 50 pages and their newest posts in one call.

Followers are `followers_count`; `fan_count`, the likes of the page, stays in the evidence and is never part of the
same series. `shares` is absent from a post without shares: with the other engagement counts present, absence
is zero. `reactions` counts every reaction, not only likes.
"""

import re
from collections.abc import Hashable, Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

from social_metrics.contract import Outcome
from social_metrics.extract import meta_graph
from social_metrics.extract.credentials.oauth import Authorisation
from social_metrics.extract.extracted import CaptureFailure, ExtractedPost, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.http.client import ApiClient, ApiRules
from social_metrics.extract.http.json_values import MalformedValueError, count, identifier, instant, text
from social_metrics.extract.http.replies import Refusal, Reply
from social_metrics.extract.pagination import PostPage, read_back
from social_metrics.registry.account import Account

METRIC_DEFINITION_ID = "facebook.followers_count.v1"

POSTS_PER_PAGE = 25
POST_FIELDS = (
    "id,created_time,message,permalink_url,status_type,attachments{media_type,type},shares,"
    "reactions.summary(total_count).limit(0),comments.summary(total_count).limit(0)"
)
PAGE_FIELDS = f"id,username,link,followers_count,fan_count,published_posts.limit({POSTS_PER_PAGE}){{{POST_FIELDS}}}"

# Fields without which the rest can still be read.
OPTIONAL_FIELDS = frozenset({"followers_count", "fan_count", "username", "link", "permalink_url", "status_type"}) | {
    "attachments",
    "shares",
    "reactions",
    "comments",
}

_POST_TYPES = {"photo": "photo", "video": "video", "album": "carousel", "link": "link"}

# Failures that say nothing about the requested page. Several in a row concern all pages; requests for the others
# would only add to the load.
_NOT_ABOUT_THE_PAGE = frozenset({Outcome.PLATFORM_UNAVAILABLE, Outcome.INVALID_RESPONSE, Outcome.RATE_LIMITED})
_ENOUGH_FAILURES_IN_A_ROW = 3

# A field that only a page has is missing from the node of another type: the id is not that of a page.
_NOT_A_PAGE = re.compile(
    r"field \((?:followers_count|fan_count|username|link|published_posts)\) on node type \((?!Page\))(\w+)\)"
)


def _refusal(reply: Reply, now: datetime) -> Refusal | None:
    refusal = meta_graph.refusal(reply, now)
    found = _NOT_A_PAGE.search(refusal.detail) if refusal else None
    if refusal is None or found is None:
        return refusal
    detail = f"{refusal.detail} (the id belongs to a {found[1]}, not to a page: correct it in the registry)"
    return replace(refusal, outcome=Outcome.IDENTITY_MISMATCH, detail=detail, withdrawn_field=None)


RULES = ApiRules(
    platform="facebook",
    api_version="v26.0",
    accounts_per_call=50,
    kept_members=meta_graph.ERROR_MEMBERS
    | {"id", "username", "link", "followers_count", "fan_count", "published_posts", "data"}
    | {"created_time", "permalink_url", "status_type", "attachments", "media_type"}
    | {"shares", "count", "reactions", "comments", "summary", "total_count"}
    | {"paging", "cursors", "before", "after"},
    refusal=_refusal,
    authorize=meta_graph.authorize,
)


AUTHORISATION = Authorisation(
    steps=(
        "In Meta's business settings create a system user for the ministry's app and give it the pages.",
        "Let it make a token with pages_show_list and pages_read_engagement.",
        "Pages that we do not manage need the reviewed feature Page Public Content Access and app_secret (extra).",
    ),
    secret="access token",  # noqa: S106  a prompt, no secret
)


def read_profiles(client: ApiClient, accounts: Sequence[Account]) -> dict[str, ExtractedProfile | CaptureFailure]:
    """Read up to 50 pages with their newest posts, in one call where all of them can be read.

    One page that we may not read fails a call for many, and many pages may be too large for one response; then each
    is requested alone, so that each has its own outcome. So is a page known by its handle only.
    """
    profiles: dict[str, ExtractedProfile | CaptureFailure] = {}
    if sum(account.platform_account_id is not None for account in accounts) > 1:
        profiles.update(_read_together(client, accounts))
    failures_in_a_row = 0
    for account in accounts:
        if account.account_code in profiles:
            continue
        profile = profiles[account.account_code] = _read_alone(client, account)
        if not isinstance(profile, CaptureFailure):
            failures_in_a_row = 0
            continue
        failures_in_a_row = failures_in_a_row + 1 if profile.outcome in _NOT_ABOUT_THE_PAGE else 0
        if profile.for_all or failures_in_a_row == _ENOUGH_FAILURES_IN_A_ROW:
            for left in accounts:
                profiles.setdefault(left.account_code, profile)
    return profiles


def read_posts(client: ApiClient, account: Account, profile: ExtractedProfile, window: ReadWindow) -> PostListing:
    """Read a page's posts back to `window.since`; the first of them came with the profile."""
    page_id = profile.platform_account_id

    def read_next(query: Hashable) -> PostPage:
        parameters = dict(cast("tuple[tuple[str, str], ...]", query))
        path = f"/{client.api_version}/{page_id}/published_posts"
        requested = {"fields": POST_FIELDS, "limit": POSTS_PER_PAGE, **parameters}
        reply = meta_graph.get_fields(client, "published_posts", path, requested, OPTIONAL_FIELDS)
        return _post_page(reply.body, reply.response_id, reply.received_at, client.withdrawn)

    edge = profile.context.get("published_posts")
    # Graph omits an empty edge from the page's object. Only the edge itself proves that there are no posts.
    first = (
        read_next(()) if edge is None else _post_page(edge, profile.response_id, profile.received_at, client.withdrawn)
    )
    return read_back(first, read_next, window)


def _read_together(client: ApiClient, accounts: Sequence[Account]) -> dict[str, ExtractedProfile | CaptureFailure]:
    """The pages that one call can read; others are not in the result."""
    ids = dict.fromkeys(account.platform_account_id for account in accounts if account.platform_account_id)
    try:
        requested = {"ids": ",".join(ids), "fields": PAGE_FIELDS}
        reply = meta_graph.get_fields(client, "pages", f"/{client.api_version}/", requested, OPTIONAL_FIELDS)
    except CaptureFailure as failure:
        if failure.for_all:
            raise
        return {}
    profiles: dict[str, ExtractedProfile | CaptureFailure] = {}
    for account in accounts:
        page = reply.member(account.platform_account_id) if account.platform_account_id else None
        if isinstance(page, dict) and "error" not in page:
            profiles[account.account_code] = _profile(page, reply)
    return profiles


def _read_alone(client: ApiClient, account: Account) -> ExtractedProfile | CaptureFailure:
    key = account.platform_account_id or account.handle
    if not key:
        return CaptureFailure(
            Outcome.NOT_ATTEMPTED, f"the registry row of {account.account_code} has neither a page id nor a handle"
        )
    try:
        path = f"/{client.api_version}/{quote(key, safe='')}"
        reply = meta_graph.get_fields(client, "page", path, {"fields": PAGE_FIELDS}, OPTIONAL_FIELDS)
    except CaptureFailure as failure:
        return failure
    return _profile(reply.body, reply)


def _profile(page: Any, reply: Reply) -> ExtractedProfile | CaptureFailure:
    try:
        members = meta_graph.part(page, "the page") or {}
        followers = count(members.get("followers_count"), "followers_count")
        return ExtractedProfile(
            platform_account_id=identifier(members.get("id"), "id"),
            handle=text(members.get("username"), "username"),
            followers_count=followers,
            response_id=reply.response_id,
            received_at=reply.received_at,
            metric_definition_id=METRIC_DEFINITION_ID,
            context={"published_posts": members.get("published_posts")},
        )
    except MalformedValueError as problem:
        return reply.unusable(str(problem))


def _post_page(edge: Any, response_id: UUID, received_at: datetime, withdrawn: Set[str]) -> PostPage:
    try:
        members = meta_graph.part(edge, "published_posts") or {}
        listed = meta_graph.listed(members, "published_posts")
        posts = tuple(_post(post, response_id, received_at, withdrawn) for post in listed)
        return PostPage(posts, meta_graph.next_query(members), response_id, received_at)
    except MalformedValueError as problem:
        raise CaptureFailure(Outcome.INVALID_RESPONSE, str(problem), response_id=response_id) from problem


def _post(post: dict[str, Any], response_id: UUID, received_at: datetime, withdrawn: Set[str]) -> ExtractedPost:
    reactions = _total(post, "reactions")
    comments = _total(post, "comments")
    url = text(post.get("permalink_url"), "permalink_url")
    return ExtractedPost(
        post_id=identifier(post.get("id"), "id of a post"),
        published_at=instant(post.get("created_time"), "created_time"),
        post_type=_post_type(post, url),
        url=url,
        caption=text(post.get("message"), "message"),
        response_id=response_id,
        received_at=received_at,
        like_count=reactions,
        comment_count=comments,
        share_count=_shares(
            post, engagement_served=reactions is not None and comments is not None and "shares" not in withdrawn
        ),
    )


def _total(post: dict[str, Any], edge: str) -> int | None:
    summary = (meta_graph.part(post.get(edge), edge) or {}).get("summary")
    return count((meta_graph.part(summary, f"{edge}.summary") or {}).get("total_count"), f"{edge}.total_count")


def _shares(post: dict[str, Any], *, engagement_served: bool) -> int | None:
    shares = meta_graph.part(post.get("shares"), "shares")
    if shares is None:
        return 0 if engagement_served else None
    return count(shares.get("count"), "shares.count")


def _post_type(post: dict[str, Any], url: str | None) -> str:
    if url and "/reel/" in url:
        return "reel"
    attachments = meta_graph.part(post.get("attachments"), "attachments")
    if attachments:
        for attachment in meta_graph.listed(attachments, "attachments"):
            return _POST_TYPES.get(str(attachment.get("media_type")), "other")
    return "text" if post.get("message") else "other"

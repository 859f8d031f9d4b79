"""Instagram professional accounts through Business Discovery: profile and newest media in one call.

One professional account of ours (the connection's login) reads the others by their handle. A handle can pass to
another account: the id behind it is the identity. `like_count` is absent when the owner hides likes.
"""

import re
from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

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

METRIC_DEFINITION_ID = "instagram.followers_count.v1"

MEDIA_PER_PAGE = 25
MEDIA_FIELDS = "id,caption,media_type,media_product_type,permalink,timestamp,like_count,comments_count,view_count"
USER_FIELDS = "id,username,followers_count,media_count"

# Fields without which the rest can still be read.
OPTIONAL_FIELDS = frozenset({"followers_count", "media_count", "media_product_type", "permalink"}) | {
    "like_count",
    "comments_count",
    "view_count",
}

UNKNOWN_REASON = (
    "Instagram does not show this handle, and gives the same response for an account that was renamed, made private, "
    "restricted by age, turned into a personal account, or deleted. Open the account in a browser, ask the center, "
    "and correct the registry row"
)

LOGIN_UNUSABLE = (
    "our own account cannot read others: set the login of the connection social_metrics_instagram to the id of an "
    "unrestricted Instagram professional account (1784…) that the token may use"
)

_INVALID_USER_ID = 110  # of the discovered account; mostly with the subcode 2207013
_RESTRICTED_LOGIN = (25, 2207050)
_HANDLE = re.compile(r"[A-Za-z0-9._]{1,30}")
_CURSOR = re.compile(r"[A-Za-z0-9_=+/-]+")  # it is written into the fields: other characters are not allowed
_PRODUCT_TYPES = {"REELS": "reel", "STORY": "story"}
_MEDIA_TYPES = {"IMAGE": "photo", "VIDEO": "video", "CAROUSEL_ALBUM": "carousel"}


def _refusal(reply: Reply, now: datetime) -> Refusal | None:
    """Classify an error of Meta.

    The node of a discovery is our own account, and the discovered one is only named in the fields: an error about a
    node, a permission or the token concerns our credential.
    """
    code, subcode = meta_graph.error_codes(reply)
    if code == _INVALID_USER_ID:
        return Refusal(Outcome.ACCOUNT_NOT_FOUND, f"Meta error {code}/{subcode}: {UNKNOWN_REASON}.")
    refusal = meta_graph.refusal(reply, now)
    if refusal is None:
        return None
    is_our_login = (code, subcode) == _RESTRICTED_LOGIN or refusal.withdrawn_field == "business_discovery"
    if is_our_login or refusal.outcome is Outcome.ACCOUNT_NOT_FOUND:
        detail = f"Meta error {code}/{subcode}: {reply.member('error', 'message')} ({LOGIN_UNUSABLE})"
        return Refusal(Outcome.TOKEN_EXPIRED, detail, for_all=True)
    return replace(refusal, for_all=True) if refusal.outcome is Outcome.PERMISSION_MISSING else refusal


RULES = ApiRules(
    platform="instagram",
    api_version="v26.0",
    accounts_per_call=1,
    kept_members=meta_graph.ERROR_MEMBERS
    | {"message", "business_discovery", "id", "username", "followers_count", "media_count", "media", "data"}
    | {"media_type", "media_product_type", "permalink", "timestamp"}
    | {"like_count", "comments_count", "view_count", "paging", "cursors", "before", "after"},
    refusal=_refusal,
    authorize=meta_graph.authorize,
)


AUTHORISATION = Authorisation(
    steps=(
        "One professional Instagram account of ours reads the others; it has to be linked to a Facebook page of ours.",
        "Make a token of that page's system user with instagram_basic and pages_read_engagement.",
        "The login is the Instagram user id of that account (1784...), not its handle.",
    ),
    login="our own Instagram user id",
    secret="access token",  # noqa: S106  a prompt, no secret
)


def read_profiles(client: ApiClient, accounts: Sequence[Account]) -> dict[str, ExtractedProfile | CaptureFailure]:
    """Read accounts one by one: a discovery returns a single handle."""
    return read_one_by_one(accounts, lambda account: _read_profile(client, account))


def read_posts(client: ApiClient, account: Account, profile: ExtractedProfile, window: ReadWindow) -> PostListing:
    """Read an account's media back to `window.since`; the first of them came with the profile."""

    def read_next(cursor: Hashable) -> PostPage:
        discovered, reply = _discover(client, account, f"id,{_media(str(cursor))}")
        if discovered.get("id") != profile.platform_account_id:
            raise CaptureFailure(
                Outcome.IDENTITY_MISMATCH,
                f"the handle {account.handle} passed to another account between two pages of its media",
                response_id=reply.response_id,
            )
        return _media_page(discovered.get("media"), reply.response_id, reply.received_at)

    edge = profile.context.get("media")
    if edge is None and profile.posts_count == 0:
        edge = {"data": []}
    return read_back(_media_page(edge, profile.response_id, profile.received_at), read_next, window)


def _media(cursor: str | None = None) -> str:
    after = f".after({cursor})" if cursor else ""
    return f"media{after}.limit({MEDIA_PER_PAGE}){{{MEDIA_FIELDS}}}"


def _discover(client: ApiClient, account: Account, fields: str) -> tuple[dict[str, Any], Reply]:
    if not client.connection.login:
        raise CaptureFailure(
            Outcome.NOT_ATTEMPTED,
            "the connection social_metrics_instagram has no login: set it to the id of our own Instagram "
            "professional account (1784…)",
            for_all=True,
        )
    if not account.handle or not _HANDLE.fullmatch(account.handle):
        raise CaptureFailure(
            Outcome.NOT_ATTEMPTED,
            f"Instagram is read by handle, and the registry row of {account.account_code} has no valid one",
        )
    reply = meta_graph.get_fields(
        client,
        "business_discovery",
        f"/{client.api_version}/{client.connection.login}",
        {"fields": f"business_discovery.username({account.handle}){{{fields}}}"},
        OPTIONAL_FIELDS,
    )
    discovered = reply.member("business_discovery")
    if discovered is None and isinstance(reply.body, dict):
        raise CaptureFailure(
            Outcome.ACCOUNT_NOT_FOUND,
            f"the reply does not contain the account: {UNKNOWN_REASON}.",
            response_id=reply.response_id,
        )
    if not isinstance(discovered, dict):
        raise CaptureFailure(
            Outcome.INVALID_RESPONSE, "business_discovery is not an object", response_id=reply.response_id
        )
    return discovered, reply


def _read_profile(client: ApiClient, account: Account) -> ExtractedProfile:
    user, reply = _discover(client, account, f"{USER_FIELDS},{_media()}")
    try:
        followers = count(user.get("followers_count"), "followers_count")
        return ExtractedProfile(
            platform_account_id=identifier(user.get("id"), "id"),
            handle=text(user.get("username"), "username"),
            followers_count=followers,
            response_id=reply.response_id,
            received_at=reply.received_at,
            metric_definition_id=METRIC_DEFINITION_ID,
            posts_count=count(user.get("media_count"), "media_count"),
            context={"media": user.get("media")},
        )
    except MalformedValueError as problem:
        raise reply.unusable(str(problem)) from problem


def _media_page(edge: Any, response_id: UUID, received_at: datetime) -> PostPage:
    try:
        members = meta_graph.part(edge, "media") or {}
        posts = tuple(_post(media, response_id, received_at) for media in meta_graph.listed(members, "media"))
        # There is no `next` link; the cursor is absent on the last page.
        cursor = meta_graph.cursor_after(members)
        if cursor is not None and not _CURSOR.fullmatch(cursor):
            raise MalformedValueError("paging.cursors.after", cursor, "a cursor")
        return PostPage(posts, cursor, response_id, received_at)
    except MalformedValueError as problem:
        raise CaptureFailure(Outcome.INVALID_RESPONSE, str(problem), response_id=response_id) from problem


def _post(media: dict[str, Any], response_id: UUID, received_at: datetime) -> ExtractedPost:
    return ExtractedPost(
        post_id=identifier(media.get("id"), "id of a media"),
        published_at=instant(media.get("timestamp"), "timestamp"),
        post_type=_post_type(media),
        url=text(media.get("permalink"), "permalink"),
        caption=text(media.get("caption"), "caption"),
        response_id=response_id,
        received_at=received_at,
        like_count=count(media.get("like_count"), "like_count"),
        comment_count=count(media.get("comments_count"), "comments_count"),
        view_count=count(media.get("view_count"), "view_count"),
    )


def _post_type(media: dict[str, Any]) -> str:
    by_product = _PRODUCT_TYPES.get(str(media.get("media_product_type")))
    return by_product or _MEDIA_TYPES.get(str(media.get("media_type")), "other")

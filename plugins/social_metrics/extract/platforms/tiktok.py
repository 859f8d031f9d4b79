"""TikTok through the Display API v2: every owner authorises us, and every account has its own token.

The refresh token works once and is replaced at each refresh; the reply names the lifetime of both tokens. Every
response has an `error` object, on success with the code `ok`.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from social_metrics.contract import Outcome
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.credentials.oauth import AccountGrant, Authorisation, Granted
from social_metrics.extract.extracted import (
    CaptureFailure,
    ExtractedPost,
    ExtractedProfile,
    PostListing,
    ReadWindow,
    TokenPair,
)
from social_metrics.extract.http.client import ApiClient, ApiRules
from social_metrics.extract.http.json_values import MalformedValueError, count, identifier, instant_of_seconds, text
from social_metrics.extract.http.replies import Refusal, Reply, refusal_by_status, retry_after
from social_metrics.extract.pagination import PostPage, read_back
from social_metrics.extract.profile_calls import read_one_by_one
from social_metrics.registry.account import Account

METRIC_DEFINITION_ID = "tiktok.follower_count.v1"

USER_FIELDS = "open_id,union_id,username,follower_count,following_count,video_count"
VIDEO_FIELDS = "id,create_time,title,video_description,share_url,view_count,like_count,comment_count,share_count"
SCOPES = frozenset({"user.info.basic", "user.info.profile", "user.info.stats", "video.list"})
VIDEOS_PER_PAGE = 20  # the most that TikTok gives

LOG_IN_AGAIN = "the account's owner must log in and authorise us again"

# A token that TikTok refuses was not necessarily revoked by its owner: a lost reply to a refresh also breaks the
# chain. `consent_revoked` would claim more, and obliges us to delete.
_REFUSALS = {
    "access_token_invalid": Refusal(Outcome.TOKEN_EXPIRED, LOG_IN_AGAIN),
    "invalid_grant": Refusal(Outcome.TOKEN_EXPIRED, LOG_IN_AGAIN),
    "scope_not_authorized": Refusal(Outcome.PERMISSION_MISSING, LOG_IN_AGAIN + " and leave every box ticked"),
    "scope_permission_missed": Refusal(Outcome.PERMISSION_MISSING, "our application lacks the scope", for_all=True),
    "invalid_client": Refusal(
        Outcome.PERMISSION_MISSING, "login or password of social_metrics_tiktok is wrong", for_all=True
    ),
    "unauthorized_client": Refusal(Outcome.PERMISSION_MISSING, "our application may not do this", for_all=True),
    # TikTok counts the calls of our application, whichever account's token they carry.
    "rate_limit_exceeded": Refusal(Outcome.RATE_LIMITED, "too many requests this minute", transient=True, for_all=True),
    "internal_error": Refusal(Outcome.PLATFORM_UNAVAILABLE, "TikTok could not answer", transient=True),
    "server_error": Refusal(Outcome.PLATFORM_UNAVAILABLE, "TikTok could not answer", transient=True),
    "temporarily_unavailable": Refusal(Outcome.PLATFORM_UNAVAILABLE, "TikTok could not answer", transient=True),
}
# Some replies of the token endpoint have the general code `invalid_request`.
_ENDED_REFRESH_TOKEN = re.compile(r"refresh.token is (?:invalid|expired)", re.IGNORECASE)


def _refusal(reply: Reply, now: datetime) -> Refusal | None:
    error = reply.member("error")
    if isinstance(error, dict):
        code, words_of_tiktok = error.get("code"), error.get("message")
    else:  # the token endpoint follows OAuth
        code, words_of_tiktok = error, reply.member("error_description")
    if code == "ok" or (code is None and (reply.status < 300 or not isinstance(error, dict))):
        return None
    detail = f"TikTok error {code}: {words_of_tiktok or 'without a message'}"
    if code == "invalid_request" and _ENDED_REFRESH_TOKEN.search(str(words_of_tiktok)):
        code = "invalid_grant"
    known = _REFUSALS.get(str(code))
    if known is not None:
        wait = retry_after(reply.headers, now) if known.transient else None
        return Refusal(known.outcome, f"{detail} ({known.detail})", known.transient, wait, known.for_all)
    if reply.status == 401:  # with any code: this account's own token, so the others are not concerned
        return Refusal(Outcome.TOKEN_EXPIRED, f"{detail} ({LOG_IN_AGAIN})")
    if reply.status in (403, 429) or reply.status >= 500:  # more precise than an undocumented code
        return replace(refusal_by_status(reply, now), detail=detail)
    return Refusal(Outcome.INVALID_RESPONSE, detail)


def _authorize(_connection: PlatformConnection, token: str | None) -> tuple[dict[str, str], dict[str, str]]:
    return {}, {"Authorization": f"Bearer {token}"} if token else {}


RULES = ApiRules(
    platform="tiktok",
    api_version="v2",
    accounts_per_call=1,
    kept_members=frozenset({"data", "user", "open_id", "union_id", "username"})
    | {"follower_count", "following_count", "video_count"}
    | {"videos", "id", "create_time", "view_count", "like_count", "comment_count", "share_count"}
    | {"cursor", "has_more", "error", "code", "message", "log_id", "error_description"}
    | {"expires_in", "refresh_expires_in", "scope", "token_type"},
    refusal=_refusal,
    authorize=_authorize,
)


def refresh(client: ApiClient, refresh_token: str) -> TokenPair:
    """Exchange an account's refresh token for a new pair; the old refresh token stops working at once."""
    if not client.connection.login:
        raise CaptureFailure(
            Outcome.NOT_ATTEMPTED,
            "the connection social_metrics_tiktok has no login: set it to the application's client_key",
            for_all=True,
        )
    reply = _call_oauth(client, "token", grant_type="refresh_token", refresh_token=refresh_token)
    return _token_pair(reply, refresh_token)


def _token_pair(reply: Reply, used_token: str | None) -> TokenPair:
    """The tokens of a reply; without a refresh token in it the used one stays, as far as there is one.

    A pair without a readable lifetime is kept: an old refresh token no longer works.
    """
    access_token, next_token = reply.member("access_token"), reply.member("refresh_token")
    refresh_token = next_token if isinstance(next_token, str) and next_token else used_token
    if not (isinstance(access_token, str) and access_token) or refresh_token is None:
        raise reply.unusable("the reply has no access token, or no refresh token")
    return TokenPair(
        access_token=access_token,
        access_expires_at=_end_of_life(reply, "expires_in") or reply.received_at,
        refresh_token=refresh_token,
        refresh_expires_at=_end_of_life(reply, "refresh_expires_in"),
    )


def _login_address(connection: PlatformConnection, state: str) -> str:
    requested = {
        "client_key": connection.login or "",
        "scope": ",".join(sorted(SCOPES)),
        "response_type": "code",
        "redirect_uri": str(connection.extra.get("redirect_uri", "")),
        "state": state,
    }
    return f"https://www.tiktok.com/v2/auth/authorize/?{urlencode(requested)}"


def _exchange(client: ApiClient, code: str) -> Granted:
    """Exchange the code of the redirect for an account's first tokens."""
    redirect_uri = str(client.connection.extra.get("redirect_uri", ""))
    reply = _call_oauth(client, "token", grant_type="authorization_code", code=code, redirect_uri=redirect_uri)
    scopes, open_id = frozenset(str(reply.member("scope")).split(",")), reply.member("open_id")
    return Granted(_token_pair(reply, None), scopes, open_id if isinstance(open_id, str) else None)


def _revoke(client: ApiClient, access_token: str) -> None:
    _call_oauth(client, "revoke", token=access_token)


def _call_oauth(client: ApiClient, endpoint: str, **form: str) -> Reply:
    application = {"client_key": client.connection.login or "", "client_secret": client.connection.secret or ""}
    return client.call("POST", endpoint, f"/v2/oauth/{endpoint}/", form=application | form, authorized=False)


AUTHORISATION = Authorisation(
    steps=(
        "Each center's officer authorises our application once; after that the tokens renew themselves.",
        "Send the officer the address below; they log in as the center's account and leave every box ticked.",
        "TikTok then leads to our redirect address: copy the value after 'code=' in it, and paste it here.",
    ),
    login="client key",
    secret="client secret",  # noqa: S106  a prompt, no secret
    account=AccountGrant(SCOPES, _login_address, _exchange, _revoke),
)


def read_profiles(client: ApiClient, accounts: Sequence[Account]) -> dict[str, ExtractedProfile | CaptureFailure]:
    """Read accounts one by one, each with its own token."""
    return read_one_by_one(accounts, lambda account: _read_profile(client, account))


def read_posts(client: ApiClient, account: Account, profile: ExtractedProfile, window: ReadWindow) -> PostListing:
    """Read an account's public videos back to `window.since`."""

    def read_next(cursor: Hashable | None) -> PostPage:
        requested = {"max_count": VIDEOS_PER_PAGE} | ({} if cursor is None else {"cursor": cursor})
        reply = client.call(
            "POST",
            "video_list",
            f"/{client.api_version}/video/list/",
            params={"fields": VIDEO_FIELDS},
            json_body=requested,
            account=account,
        )
        return _video_page(reply)

    return read_back(read_next(None), read_next, window)


def _read_profile(client: ApiClient, account: Account) -> ExtractedProfile:
    reply = client.get("user_info", f"/{client.api_version}/user/info/", {"fields": USER_FIELDS}, account=account)
    try:
        user = _members(reply.member("data", "user"), "data.user")
        followers = count(user.get("follower_count"), "follower_count")
        return ExtractedProfile(
            platform_account_id=identifier(user.get("open_id"), "open_id"),
            handle=text(user.get("username"), "username"),
            followers_count=followers,
            response_id=reply.response_id,
            received_at=reply.received_at,
            metric_definition_id=METRIC_DEFINITION_ID,
            following_count=count(user.get("following_count"), "following_count"),
            posts_count=count(user.get("video_count"), "video_count"),
        )
    except MalformedValueError as problem:
        raise reply.unusable(str(problem)) from problem


def _video_page(reply: Reply) -> PostPage:
    try:
        data = _members(reply.member("data"), "data")
        videos = data.get("videos")
        if not isinstance(videos, list):
            raise MalformedValueError("data.videos", videos, "a list")
        posts = tuple(_post(_members(video, "a video"), reply) for video in videos)
        return PostPage(posts, _next_cursor(data), reply.response_id, reply.received_at)
    except MalformedValueError as problem:
        raise reply.unusable(str(problem)) from problem


def _next_cursor(data: Mapping[str, Any]) -> int | None:
    """Where the next page begins, in Unix milliseconds; a short page may still have one."""
    has_more = data.get("has_more")
    if not isinstance(has_more, bool):
        raise MalformedValueError("has_more", has_more, "true or false")
    if not has_more:
        return None
    cursor = count(data.get("cursor"), "cursor")
    if cursor is None:
        raise MalformedValueError("cursor", None, "there although there are more videos")
    return cursor


def _post(video: Mapping[str, Any], reply: Reply) -> ExtractedPost:
    description = text(video.get("video_description"), "video_description")
    return ExtractedPost(
        post_id=identifier(video.get("id"), "id of a video"),
        published_at=instant_of_seconds(video.get("create_time"), "create_time"),
        post_type="video",
        url=_permalink(text(video.get("share_url"), "share_url")),
        caption=description or text(video.get("title"), "title"),
        response_id=reply.response_id,
        received_at=reply.received_at,
        like_count=count(video.get("like_count"), "like_count"),
        comment_count=count(video.get("comment_count"), "comment_count"),
        share_count=count(video.get("share_count"), "share_count"),
        view_count=count(video.get("view_count"), "view_count"),
    )


def _permalink(share_url: str | None) -> str | None:
    """The address without the query, which only tracks the person who shared it."""
    if share_url is None:
        return None
    try:
        parts = urlsplit(share_url)
    except ValueError:
        return None
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")) or None


def _end_of_life(reply: Reply, member: str) -> datetime | None:
    seconds = reply.member(member)
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds < 10 * 366 * 86_400:
        return None
    return (reply.received_at + timedelta(seconds=seconds)).astimezone(UTC)


def _members(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedValueError(name, value, "an object")
    return value

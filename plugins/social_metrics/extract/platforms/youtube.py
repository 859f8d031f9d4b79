"""YouTube Data API v3: channels by id, then each channel's uploads playlist, then the counts of its videos.

Free of charge; every request costs one quota unit, a refused one too (Quota calculator page). The uploads
playlist is read rather than search: it is complete, newest first in practice, and cheap.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from social_metrics.contract import Outcome
from social_metrics.extract import youtube_errors
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.credentials.oauth import Authorisation
from social_metrics.extract.extracted import CaptureFailure, ExtractedPost, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.http.client import ApiClient, ApiRules
from social_metrics.extract.http.json_values import MalformedValueError, at, count, identifier, instant, text
from social_metrics.extract.http.replies import Cost, Reply
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from social_metrics.registry.account import Account

# A change breaks the series of followers. The definition of a *view* changed on 31 March 2025 (Shorts) and about
# 24 to 27 August 2026 (all formats: a view counts at the start of play); subscribers were not affected.
METRIC_DEFINITION_ID = "youtube.subscriberCount.v1"

PER_CALL = 50  # ids in one call, and items on one page: the API's most
ONE_UNIT = Cost(calls=1, quota_units=1)


_KEPT_MEMBERS = frozenset({
    "kind", "etag", "pageInfo", "totalResults", "resultsPerPage", "nextPageToken", "prevPageToken", "items", "id",
    "snippet", "publishedAt", "channelId", "customUrl", "liveBroadcastContent", "resourceId", "playlistId",
    "contentDetails", "relatedPlaylists", "uploads", "videoId", "videoPublishedAt", "duration", "position",
    "statistics", "viewCount", "subscriberCount", "hiddenSubscriberCount", "videoCount", "likeCount",
    "commentCount", "status", "privacyStatus", "uploadStatus",
    "liveStreamingDetails", "actualStartTime", "actualEndTime", "scheduledStartTime",
    "error", "errors", "code", "message", "domain", "reason", "details",
})  # fmt: skip


def _authorize(connection: PlatformConnection, _token: str | None) -> tuple[dict[str, str], dict[str, str]]:
    """The API key as a header, so that it is in no URL."""
    return {}, {"X-Goog-Api-Key": connection.secret} if connection.secret else {}


RULES = ApiRules(
    platform="youtube",
    api_version="v3",
    accounts_per_call=PER_CALL,
    kept_members=_KEPT_MEMBERS,
    refusal=youtube_errors.refusal,
    authorize=_authorize,
    cost=lambda _reply: ONE_UNIT,
)


AUTHORISATION = Authorisation(
    steps=(
        "In the Google Cloud console choose the ministry's project and switch YouTube Data API v3 on.",
        "Create an API key and restrict it to that API.",
        "An API key reads public numbers, which YouTube's terms allow to be kept for 30 days (docs/configuration.md).",
    ),
    secret="API key",  # noqa: S106  a prompt, no secret
)


def read_profiles(client: ApiClient, accounts: Sequence[Account]) -> dict[str, ExtractedProfile | CaptureFailure]:
    """Read up to 50 channels in one call; a channel whose id is not known yet costs a call by its handle."""
    profiles: dict[str, ExtractedProfile | CaptureFailure] = {}
    refused: CaptureFailure | None = None
    for requested, lookup in _lookups(accounts):
        try:
            if refused is not None:
                raise refused
            profiles |= _read_channels(client, requested, lookup)
        except CaptureFailure as failure:
            profiles |= {account.account_code: failure for account in requested}
            refused = failure if failure.for_all else None
    return profiles


def _lookups(accounts: Sequence[Account]) -> Iterator[tuple[list[Account], dict[str, Any]]]:
    known = [account for account in accounts if account.platform_account_id]
    if known:
        ids = dict.fromkeys(account.platform_account_id for account in known)
        # maxResults: its default of 5 is documented as a page size; 50 covers all ids in either case.
        yield known, {"id": ",".join(filter(None, ids)), "maxResults": PER_CALL}
    for account in accounts:
        if not account.platform_account_id:
            yield [account], {"forHandle": f"@{(account.handle or '').removeprefix('@')}"}


def _read_channels(
    client: ApiClient, requested: Sequence[Account], lookup: Mapping[str, Any]
) -> dict[str, ExtractedProfile | CaptureFailure]:
    reply = _get(client, "channels", {"part": "snippet,statistics,contentDetails,status", **lookup})
    channels = _items(reply, may_be_absent=True)
    by_id = {at(channel, "id"): channel for channel in channels if isinstance(at(channel, "id"), str)}
    all_named = all(isinstance(at(channel, "id"), str) for channel in channels)
    profiles: dict[str, ExtractedProfile | CaptureFailure] = {}
    for account in requested:
        channel = by_id.get(account.platform_account_id) if account.platform_account_id else at(channels, 0)
        profiles[account.account_code] = _profile_of(channel, reply, all_named)
    return profiles


def _profile_of(channel: Any, reply: Reply, all_named: bool) -> ExtractedProfile | CaptureFailure:
    if channel is None and all_named:
        return CaptureFailure(
            Outcome.ACCOUNT_NOT_FOUND, "no such channel, or terminated", response_id=reply.response_id
        )
    if channel is None:
        return reply.unusable("the reply holds a channel without an id, which may be this one")
    try:
        return _profile(channel, reply)
    except MalformedValueError as problem:
        return reply.unusable(str(problem))


def _profile(channel: Any, reply: Reply) -> ExtractedProfile:
    statistics = at(channel, "statistics")
    if not isinstance(statistics, dict):
        raise MalformedValueError("statistics", statistics, "an object")
    hidden = statistics.get("hiddenSubscriberCount")
    if not isinstance(hidden, bool | None):
        raise MalformedValueError("hiddenSubscriberCount", hidden, "true or false")
    # A hidden count is unknown, whatever number the reply has beside the flag.
    followers = None if hidden else count(statistics.get("subscriberCount"), "subscriberCount")
    uploads = at(channel, "contentDetails", "relatedPlaylists", "uploads")
    return ExtractedProfile(
        platform_account_id=identifier(at(channel, "id"), "id"),
        handle=(text(at(channel, "snippet", "customUrl"), "customUrl") or "").removeprefix("@") or None,
        followers_count=followers,
        response_id=reply.response_id,
        received_at=reply.received_at,
        metric_definition_id=METRIC_DEFINITION_ID,
        rounding_step=1 if followers is None else precision_step(followers),
        is_hidden=bool(hidden),
        posts_count=count(statistics.get("videoCount"), "videoCount"),
        views_count=count(statistics.get("viewCount"), "viewCount"),
        context={"uploads": identifier(uploads, "uploads")} if uploads else {},
    )


def precision_step(followers: int) -> int:
    """The step to which YouTube rounded a subscriber count down: three significant figures, exact below 1000."""
    return int(10 ** max(len(str(followers)) - 3, 0))


# Known posts that a listing lacks are requested by id, in the call that reads the counts of the listed ones.
CHECKS_KNOWN_POSTS = True

# Pages of 50 read below the window while the channel counts more new videos than were found.
DEEPER_PAGES_AT_MOST = 20


def read_posts(client: ApiClient, account: Account, profile: ExtractedProfile, window: ReadWindow) -> PostListing:
    """The channel's public videos of the window, and those of `window.reread_ids` and `window.known_ids`."""
    playlist = profile.context.get("uploads")
    if not isinstance(playlist, str):
        raise CaptureFailure(
            Outcome.INVALID_RESPONSE, "the channel names no uploads playlist", response_id=profile.response_id
        )
    found = _uploads(client, playlist, window, window.new_posts(profile))
    uploads, response_id, received_at = found.published, found.response_id, found.received_at
    # An empty playlist is no reason to look for its videos one by one: it is believed, or it is not.
    unlisted = [*window.reread_ids, *(window.known_ids if found.shown else ())]
    due = [video_id for video_id in dict.fromkeys(unlisted) if video_id not in uploads]
    posts: dict[str, ExtractedPost] = {}
    requested = [*uploads, *due]
    for start in range(0, len(requested), PER_CALL):
        reply = _get(
            client,
            "videos",
            {
                "part": "snippet,statistics,contentDetails,status,liveStreamingDetails",
                "id": ",".join(requested[start : start + PER_CALL]),
            },
        )
        posts |= _videos(reply, uploads)
        response_id, received_at = reply.response_id, reply.received_at
    return PostListing(
        posts=tuple(posts[video_id] for video_id in requested if video_id in posts),
        complete_since=found.complete_since,
        response_id=response_id,
        received_at=received_at,
        gone=tuple(video_id for video_id in due if video_id not in posts),
        shown=found.shown,
        is_last_page=found.is_last_page,
        by_id=frozenset(due) & frozenset(window.known_ids) & posts.keys(),
    )


@dataclass(frozen=True, slots=True)
class _Uploads:
    published: dict[str, datetime | None]  # by video id, newest first in practice
    complete_since: datetime | None
    response_id: UUID | None
    received_at: datetime
    shown: int  # public entries of any age
    is_last_page: bool


def _uploads(client: ApiClient, playlist: str, window: ReadWindow, new_videos: int | None) -> _Uploads:
    """The uploads of the window.

    A premiere or a video published late can be listed below newer ones: only a whole page older than the window
    ends the listing, and only when as many new videos were found as the channel counts. Where that is unknown, the
    listing claims no completeness. A video without a date (private, deleted, or the reply has no dates) has None.
    """
    since = window.since
    published: dict[str, datetime | None] = {}
    shown, deeper = 0, 0
    tokens: set[str] = set()
    page: dict[str, Any] = {}
    while True:
        parameters = {"part": "contentDetails,status", "playlistId": playlist, "maxResults": PER_CALL, **page}
        try:
            reply = _get(client, "playlistItems", parameters)
        except CaptureFailure as failure:
            if failure.outcome is not Outcome.ACCOUNT_NOT_FOUND or page:
                raise
            # playlistNotFound of a channel that was found in this run: it has no uploads.
            return _Uploads(
                {}, since or BEFORE_EVERY_POST, failure.response_id, client.clock.now(), shown=0, is_last_page=True
            )
        listed = _listed(reply)
        shown += len(listed)
        published |= {
            video_id: instant_of_it
            for video_id, instant_of_it in listed.items()
            if instant_of_it is None or since is None or instant_of_it >= since
        }
        token = reply.member("nextPageToken")
        newest = max(filter(None, listed.values()), default=None)
        below_window = since is not None and newest is not None and newest < since
        sought = 0 if new_videos is None else new_videos - _new_videos(window, published)
        if token is None:
            # A lost page token looks like the end: fewer new videos than counted prove that some were not shown.
            complete_since: datetime | None = since or BEFORE_EVERY_POST if sought <= 0 else None
        elif since is None and listed:
            complete_since = newest  # older ones than this page's newest may stand on the pages not read
        elif below_window and (sought <= 0 or deeper == DEEPER_PAGES_AT_MOST):
            complete_since = since if sought <= 0 and new_videos is not None else None
        elif isinstance(token, str) and token not in tokens:
            tokens.add(token)
            page = {"pageToken": token}
            deeper += below_window
            continue
        else:
            raise reply.unusable("the page tokens of the uploads repeat or are not text")
        return _Uploads(published, complete_since, reply.response_id, reply.received_at, shown, token is None)


def _new_videos(window: ReadWindow, published: Mapping[str, datetime | None]) -> int:
    """Videos published since the last listing, or that it did not show yet."""
    listed_at, known = window.listed_at, frozenset(window.known_ids)
    return sum(
        at is not None and listed_at is not None and (at > listed_at or video_id not in known)
        for video_id, at in published.items()
    )


def _listed(reply: Reply) -> dict[str, datetime | None]:
    try:
        return dict(_upload(item) for item in _items(reply, may_be_absent=True) if not _is_private(item))
    except MalformedValueError as problem:
        raise reply.unusable(str(problem)) from problem


def _is_private(item: Any) -> bool:
    return at(item, "status", "privacyStatus") in ("private", "unlisted")


def _upload(item: Any) -> tuple[str, datetime | None]:
    video_id = at(item, "contentDetails", "videoId") or at(item, "snippet", "resourceId", "videoId")
    # snippet.publishedAt is the time of the entry in the playlist, not that of the video.
    published = at(item, "contentDetails", "videoPublishedAt")
    return (identifier(video_id, "videoId"), None if published is None else instant(published, "videoPublishedAt"))


def _videos(reply: Reply, uploads: Mapping[str, datetime | None]) -> dict[str, ExtractedPost]:
    """The public videos of a reply; YouTube omits private and deleted ones."""
    try:
        videos = [_video(item, uploads, reply) for item in _items(reply) if not _is_private(item)]
    except MalformedValueError as problem:
        raise reply.unusable(str(problem)) from problem
    return {video.post_id: video for video in videos}


def _video(item: Any, uploads: Mapping[str, datetime | None], reply: Reply) -> ExtractedPost:
    video_id = identifier(at(item, "id"), "id")
    snippet, statistics = at(item, "snippet"), at(item, "statistics")
    title, description = text(at(snippet, "title"), "title"), text(at(snippet, "description"), "description")
    is_live = at(item, "liveStreamingDetails") is not None or at(snippet, "liveBroadcastContent") in (
        "live",
        "upcoming",
    )
    return ExtractedPost(
        post_id=video_id,
        published_at=uploads.get(video_id) or instant(at(snippet, "publishedAt"), "publishedAt"),
        post_type="live" if is_live else "video",
        url=f"https://www.youtube.com/watch?v={video_id}",
        caption="\n\n".join(filter(None, (title, description))) or None,
        response_id=reply.response_id,
        received_at=reply.received_at,
        # likeCount is missing when hidden, commentCount when comments are switched off; shares are not offered.
        like_count=count(at(statistics, "likeCount"), "likeCount"),
        comment_count=count(at(statistics, "commentCount"), "commentCount"),
        view_count=count(at(statistics, "viewCount"), "viewCount"),
    )


def _get(client: ApiClient, endpoint: str, parameters: Mapping[str, Any]) -> Reply:
    path = f"/youtube/{client.api_version}/{endpoint}"
    return client.get(endpoint, path, parameters, expected=ONE_UNIT)


def _items(reply: Reply, *, may_be_absent: bool = False) -> list[Any]:
    """The items of a list reply; YouTube omits the member when nothing was found."""
    items = reply.member("items")
    if isinstance(items, list):
        return items
    if may_be_absent and items is None and str(reply.member("kind")).endswith("ListResponse"):
        return []
    raise reply.unusable("the reply holds no list of items")

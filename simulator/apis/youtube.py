"""YouTube Data API v3: channels, playlistItems, videos, videos:batchGetStats, with an API key.

Shapes from the discovery document (revision 20261104) and the recorded payloads; quota and errors from the
"Quota calculator" and "Errors" pages. Counts of subscribers are rounded down to three significant figures.
"""

import base64
import binascii
from random import Random
from typing import Any

from simulator.accounts import Account
from simulator.api import PlatformApi, digest, page_of
from simulator.clock import DAY, iso_utc, pacific_midnight
from simulator.exchange import JsonObject, Reply, Request
from simulator.partial_response import MaskError, apply_mask
from simulator.rate_limits import Allowance
from simulator.refusals.youtube import YOUTUBE_REFUSALS
from simulator.timeline import Post

API_KEY = "demo-youtube-key"
ROOT = "/youtube/v3/"
QUOTA_UNITS, STATS_CALLS, SEARCH_CALLS = 10_000, 10_000, 100
MOST_PER_PAGE, DEFAULT_PER_PAGE = 50, 5
PARTS = {
    "channels": {"id", "snippet", "statistics", "contentDetails", "status", "brandingSettings", "topicDetails",
                 "localizations", "auditDetails", "contentOwnerDetails"},
    "playlistItems": {"id", "snippet", "contentDetails", "status"},
    "videos": {"id", "snippet", "statistics", "contentDetails", "status", "liveStreamingDetails", "player",
               "topicDetails", "localizations", "recordingDetails", "paidProductPlacementDetails"},
    "videos:batchGetStats": {"id", "snippet", "statistics", "contentDetails"},
}  # fmt: skip


class YouTube(PlatformApi):
    """YouTube's read endpoints for an API key."""

    platform = "youtube"
    credentials = (None, API_KEY)
    follower_field = "subscriberCount"
    text_fields = ("title", "description")
    refusals = YOUTUBE_REFUSALS

    def claims(self, request: Request) -> bool:
        return request.path.startswith(ROOT)

    def endpoint(self, request: Request) -> str:
        return request.path.removeprefix(ROOT)

    @staticmethod
    def invent_id(draws: Random) -> str:
        return "UC" + base64.urlsafe_b64encode(draws.randbytes(16)).decode().rstrip("=")

    @staticmethod
    def profile_url(handle: str) -> str:
        return f"https://www.youtube.com/@{handle}"

    def post_id(self, post: Post) -> str:
        return base64.urlsafe_b64encode(post.key.to_bytes(8)).decode().rstrip("=")

    def identity(self, word: str) -> Account | None:
        return super().identity(f"UC{word[2:]}" if word.startswith("UU") else word)

    def allowance(self, request: Request, endpoint: str) -> Allowance | None:
        start = pacific_midnight(request.now)
        buckets = {"videos:batchGetStats": STATS_CALLS, "search": SEARCH_CALLS}
        bucket = endpoint if endpoint in buckets else "quota"
        return Allowance(f"youtube:{bucket}", buckets.get(bucket, QUOTA_UNITS), start, start + DAY)

    def over_limit(self, usage: Any, request: Request) -> Reply:
        return self.refuse("quota_exhausted", request)

    def answer(self, request: Request, endpoint: str) -> Reply:
        refused = self._refused_key(request)
        if refused is not None:
            return refused
        handlers = {
            "channels": self._channels,
            "playlistItems": self._playlist_items,
            "videos": self._videos,
            "videos:batchGetStats": self._video_stats,
        }
        if request.method != "GET" or endpoint not in handlers:
            return self.refuse("not_found", request)
        parts = request.list_of("part")
        if not parts:
            return self._invalid(request, "missingRequiredParameter", "No filter selected: part is required.")
        for part in parts:
            if part not in PARTS[endpoint]:
                return self.refuse("invalid_request", request, "part", message=part)
        reply = handlers[endpoint](request, parts)
        mask = request.query.get("fields")
        if mask and reply.status == 200:
            try:
                reply.body = apply_mask(reply.body, mask)
            except MaskError:
                return self.refuse("invalid_request", request, "fields", message=mask)
        return reply

    def _refused_key(self, request: Request) -> Reply | None:
        key = request.query.get("key") or request.headers.get("x-goog-api-key")
        if request.bearer is not None:
            return None if request.bearer == API_KEY else self.refuse("unauthorized", request)
        if not key:
            return self.refuse("no_key", request)
        return None if key == API_KEY else self.refuse("bad_key", request)

    def _invalid(self, request: Request, reason: str, message: str) -> Reply:
        return self.refuse("invalid_request", request, "parameter", reason=reason, message=message)

    def _channels(self, request: Request, parts: list[str]) -> Reply:
        filters = [name for name in ("id", "forHandle", "forUsername", "mine") if name in request.query]
        if len(filters) != 1:
            reason = "incompatibleParameters" if filters else "missingRequiredParameter"
            return self._invalid(
                request, reason, "Exactly one filter among id, forHandle, forUsername, mine is needed."
            )
        if filters[0] == "mine":
            return self.refuse("permission_missing", request)
        if filters[0] == "id":
            ids = request.list_of("id")
            if len(ids) > MOST_PER_PAGE:
                return self._invalid(request, "invalidValue", "Too many ids: at most 50 are allowed.")
            found = [self.by_id.get(channel_id) for channel_id in dict.fromkeys(ids)]
        else:
            found = [self.find_handle(request.query[filters[0]], request)]
            ids = [""]
        items = [
            self._channel(account, request, parts)
            for account in found
            if account is not None
            and self.reachable(account, request)
            and not (len(ids) > 1 and request.faults.take("bad_id_in_batch", account.account_code))
        ]
        body: JsonObject = {
            "kind": "youtube#channelListResponse",
            "etag": _etag("channels", items),
            "pageInfo": {"totalResults": len(items), "resultsPerPage": self._page_size(request)},
        }
        if items:
            body["items"] = items
        return Reply(body)

    def _channel(self, account: Account, request: Request, parts: list[str]) -> JsonObject:
        channel_id = self.shown_id(account, request)
        item: JsonObject = {"kind": "youtube#channel", "etag": "", "id": channel_id}
        if "snippet" in parts:
            title = account.center_name
            text = f"Kanal resmi {title} (data simulasi)."
            item["snippet"] = {
                "title": title,
                "description": text,
                "customUrl": f"@{account.handle_at(request.now)}",
                "publishedAt": iso_utc(self.world.created_at(account)),
                "thumbnails": _thumbnails(
                    "yt3.ggpht.com", channel_id, (("default", 88, 88), ("medium", 240, 240), ("high", 800, 800))
                ),
                "localized": {"title": title, "description": text},
                "country": "ID",
            }
        if "contentDetails" in parts:
            item["contentDetails"] = {"relatedPlaylists": {"likes": "", "uploads": f"UU{channel_id[2:]}"}}
        if "statistics" in parts:
            item["statistics"] = self._channel_statistics(account, request)
        if "status" in parts:
            item["status"] = {
                "privacyStatus": "public",
                "isLinked": True,
                "longUploadsStatus": "longUploadsUnspecified",
            }
        item["etag"] = _etag(channel_id, item.get("statistics"), account.handle_at(request.now))
        return item

    def _channel_statistics(self, account: Account, request: Request) -> JsonObject:
        followers = rounded_down(self.world.followers(account, request.now))
        fault = request.faults.take("count_hidden", account.account_code)
        hidden = fault is not None or self.world.habit(account).count_hidden
        statistics: JsonObject = {"viewCount": str(self.world.views_of_account(account, request.now))}
        if not hidden or (fault and fault.variant == "number"):
            statistics["subscriberCount"] = str(followers)
        statistics["hiddenSubscriberCount"] = hidden
        statistics["videoCount"] = str(len(self.visible_posts(account, request)))
        return statistics

    def _playlist_items(self, request: Request, parts: list[str]) -> Reply:
        playlist = request.query.get("playlistId")
        if not playlist:
            return self._invalid(request, "missingRequiredParameter", "No filter selected.")
        account = self.by_id.get(f"UC{playlist[2:]}") if playlist.startswith("UU") else None
        if account is None or not self.reachable(account, request):
            return self.refuse("playlist_not_found", request)
        empty = request.faults.take("no_posts", account.account_code)
        if self.world.habit(account).never_posts or (empty and empty.variant == "not_found"):
            return self.refuse("playlist_not_found", request)
        posts = self.visible_posts(account, request)
        size = self._page_size(request)
        token = request.query.get("pageToken")
        offset = read_page_token(token) if token else 0
        if offset is None or (token and request.faults.take("expired_page_token", account.account_code)):
            return self.refuse("bad_page_token", request)
        page, following = page_of(posts, offset, size, request)
        body: JsonObject = {"kind": "youtube#playlistItemListResponse", "etag": ""}
        if following is not None:
            body["nextPageToken"] = page_token(following)
        if offset > 0:
            body["prevPageToken"] = page_token(max(0, offset - size))
        body["items"] = [
            self._playlist_item(post, playlist, position, parts) for position, post in enumerate(page, max(offset, 0))
        ]
        body["pageInfo"] = {"totalResults": len(posts), "resultsPerPage": size}
        body["etag"] = _etag(playlist, offset, [item["id"] for item in body["items"]])
        return Reply(body)

    def _playlist_item(self, post: Post, playlist: str, position: int, parts: list[str]) -> JsonObject:
        video_id = self.post_id(post)
        item: JsonObject = {
            "kind": "youtube#playlistItem",
            "etag": _etag(playlist, video_id),
            "id": base64.urlsafe_b64encode(f"{playlist}.{video_id}".encode()).decode().rstrip("="),
        }
        if "snippet" in parts:
            title, description = _texts(post)
            item["snippet"] = {
                "publishedAt": iso_utc(post.published_at),
                "channelId": post.account.platform_account_id,
                "title": title,
                "description": description,
                "thumbnails": _video_thumbnails(video_id),
                "channelTitle": post.account.center_name,
                "playlistId": playlist,
                "position": position,
                "resourceId": {"kind": "youtube#video", "videoId": video_id},
                "videoOwnerChannelTitle": post.account.center_name,
                "videoOwnerChannelId": post.account.platform_account_id,
            }
        if "contentDetails" in parts:
            item["contentDetails"] = {"videoId": video_id, "videoPublishedAt": iso_utc(post.published_at)}
        if "status" in parts:
            item["status"] = {"privacyStatus": "public"}
        return item

    def _videos(self, request: Request, parts: list[str]) -> Reply:
        ids = request.list_of("id")
        if not ids:
            return self._invalid(request, "missingRequiredParameter", "No filter selected.")
        if len(ids) > MOST_PER_PAGE:
            return self._invalid(request, "invalidValue", "Too many ids: at most 50 are allowed.")
        items = [self._video(post, request, parts) for post in self._found(ids, request)]
        return Reply(
            {
                "kind": "youtube#videoListResponse",
                "etag": _etag("videos", [item["etag"] for item in items]),
                "items": items,
                "pageInfo": {"totalResults": len(items), "resultsPerPage": len(items)},
            }
        )

    def _found(self, ids: list[str], request: Request) -> list[Post]:
        bad = request.faults.take("bad_id_in_batch") if len(ids) > 1 else None
        found = [
            self.find_post(video_id, request) for video_id in dict.fromkeys(ids) if not (bad and video_id == bad.id)
        ]
        return [post for post in found if post is not None]

    def _video(self, post: Post, request: Request, parts: list[str]) -> JsonObject:
        video_id = self.post_id(post)
        statistics = self._video_statistics(post, request)
        item: JsonObject = {"kind": "youtube#video", "etag": _etag(video_id, statistics), "id": video_id}
        if "snippet" in parts:
            title, description = _texts(post)
            item["snippet"] = {
                "publishedAt": iso_utc(post.published_at),
                "channelId": post.account.platform_account_id,
                "title": title,
                "description": description,
                "thumbnails": _video_thumbnails(video_id),
                "channelTitle": post.account.center_name,
                "categoryId": "29",
                "liveBroadcastContent": "none",
                "localized": {"title": title, "description": description},
                "defaultAudioLanguage": "id",
            }
        if "contentDetails" in parts:
            item["contentDetails"] = {
                "duration": _duration(post.duration),
                "dimension": "2d",
                "definition": "hd",
                "caption": "false",
                "licensedContent": False,
                "contentRating": {},
                "projection": "rectangular",
            }
        if "status" in parts:
            item["status"] = {
                "uploadStatus": "processed",
                "privacyStatus": "public",
                "license": "youtube",
                "embeddable": True,
                "publicStatsViewable": True,
                "madeForKids": False,
            }
        if "statistics" in parts:
            item["statistics"] = statistics
        if "liveStreamingDetails" in parts and post.kind == "live":
            item["liveStreamingDetails"] = {
                "actualStartTime": iso_utc(post.published_at - post.duration),
                "actualEndTime": iso_utc(post.published_at),
                "scheduledStartTime": iso_utc(post.published_at - post.duration - 300),
            }
        return item

    def _video_statistics(self, post: Post, request: Request) -> JsonObject:
        counts = self.world.counts(post, request.now)
        statistics = {"viewCount": str(counts.views)}
        if not post.likes_hidden:
            statistics["likeCount"] = str(counts.likes)
        statistics["favoriteCount"] = "0"
        if not post.comments_off:
            statistics["commentCount"] = str(counts.comments)
        return statistics

    def _video_stats(self, request: Request, parts: list[str]) -> Reply:
        ids = request.list_of("id")
        if not ids or len(ids) > MOST_PER_PAGE:
            return self._invalid(request, "invalidValue", "Between 1 and 50 ids are needed.")
        items = []
        for post in self._found(ids, request):
            video_id = self.post_id(post)
            statistics = self._video_statistics(post, request)
            statistics.pop("favoriteCount")
            item: JsonObject = {"kind": "youtube#videoStats", "etag": _etag(video_id, statistics), "id": video_id}
            if "snippet" in parts:
                item["snippet"] = {"publishTime": iso_utc(post.published_at)}
            if "contentDetails" in parts:
                item["contentDetails"] = {"duration": f"{post.duration}s"}
            if "statistics" in parts:
                item["statistics"] = statistics
            items.append(item)
        body = {"kind": "youtube#batchGetStatsResponse", "etag": _etag("stats", items), "items": items}
        return Reply(body)

    def _page_size(self, request: Request) -> int:
        text = request.query.get("maxResults", "")
        return min(int(text), MOST_PER_PAGE) if text.isdigit() else DEFAULT_PER_PAGE


def rounded_down(count: int) -> int:
    """Three significant figures, rounded down; exact below 1000 (Channels resource page)."""
    if count < 1000:
        return count
    step = int(10 ** (len(str(count)) - 3))
    return count - count % step


def page_token(offset: int) -> str:
    """An opaque page token."""
    return base64.urlsafe_b64encode(b"\x08" + str(offset).encode() + b"\x10\x00").decode().rstrip("=")


def read_page_token(token: str) -> int | None:
    """The offset in a page token; None for an invalid token."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return int(raw[1:-2])
    except (ValueError, binascii.Error):
        return None


def _texts(post: Post) -> tuple[str, str]:
    caption = post.caption or "Dokumentasi kegiatan"
    title, _, rest = caption.partition("\n\n")
    return title[:100], rest


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return "PT" + (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + f"{seconds}S"


def _etag(*parts: object) -> str:
    return base64.urlsafe_b64encode(digest(*parts).to_bytes(8) * 2).decode().rstrip("=")


def _video_thumbnails(video_id: str) -> JsonObject:
    return {
        "default": {"url": f"https://i.ytimg.com/vi/{video_id}/default.jpg", "width": 120, "height": 90},
        "medium": {"url": f"https://i.ytimg.com/vi/{video_id}/mqdefault.jpg", "width": 320, "height": 180},
        "high": {"url": f"https://i.ytimg.com/vi/{video_id}/hqdefault.jpg", "width": 480, "height": 360},
    }


def _thumbnails(host: str, name: str, sizes: tuple[tuple[str, int, int], ...]) -> JsonObject:
    return {
        key: {"url": f"https://{host}/{name}=s{width}", "width": width, "height": height}
        for key, width, height in sizes
    }

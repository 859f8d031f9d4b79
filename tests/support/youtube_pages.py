"""Pages of a YouTube playlist, and the account that they are read for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from social_metrics.extract.extracted import ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.platforms import youtube
from tests.integration.extract.platforms.recorded_cases import some_profile
from tests.support.local_platform import NOW, Answer, Bench, LocalPlatform, account, bench, serve

KARTINI = account("kartini", "youtube", "UCdemo0000000000000kartini")


SINCE = datetime(2026, 11, 13, tzinfo=UTC)


PLAYLIST = "youtube#playlistItemListResponse"


PROFILE = some_profile("UCdemo0000000000000kartini", "demo_kartini", uploads="UUdemo0000000000000kartini")


AFTER_A_LISTING = ReadWindow(SINCE, listed_at=SINCE + timedelta(days=7), posts_count_then=10)


def counting(posts: int) -> ExtractedProfile:
    """The channel with this `videoCount`."""
    return replace(PROFILE, posts_count=posts)


def upload(video_id: str, published: datetime | None) -> dict[str, Any]:
    at = {} if published is None else {"videoPublishedAt": f"{published:%Y-%m-%dT%H:%M:%SZ}"}
    return {"contentDetails": {"videoId": video_id, **at}, "status": {"privacyStatus": "public"}}


def page(*uploads: dict[str, Any], following: str | None = None) -> Answer:
    return Answer({"kind": PLAYLIST, "items": list(uploads), **({"nextPageToken": following} if following else {})})


def shown(*ids: str, published: datetime = NOW) -> Answer:
    items = [{"id": name, "snippet": {"publishedAt": f"{published:%Y-%m-%dT%H:%M:%SZ}", "title": "T"}} for name in ids]
    return Answer({"kind": "youtube#videoListResponse", "items": items})


def read_posts(
    answers: dict[str, list[Answer]], window: ReadWindow | None = None, profile: ExtractedProfile = PROFILE
) -> tuple[PostListing, LocalPlatform, Bench]:
    with serve(answers) as server:
        asked = bench(youtube.RULES, server.base_url)
        return youtube.read_posts(asked.client, KARTINI, profile, window or ReadWindow(SINCE)), server, asked

"""The bench's platform: YouTube's channels and uploads without the counts of single videos, as every peer reads."""

from collections.abc import Sequence
from dataclasses import replace

from social_metrics.extract.extracted import CaptureFailure, ExtractedPost, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.http.client import ApiClient
from social_metrics.extract.http.json_values import at, identifier, instant, text
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from social_metrics.extract.platforms import youtube
from social_metrics.registry.account import Account

RULES = replace(youtube.RULES, platform="channels")
AUTHORISATION = youtube.AUTHORISATION


def read_profiles(client: ApiClient, accounts: Sequence[Account]) -> dict[str, ExtractedProfile | CaptureFailure]:
    """As YouTube's."""
    return youtube.read_profiles(client, accounts)


def read_posts(client: ApiClient, _account: Account, profile: ExtractedProfile, _window: ReadWindow) -> PostListing:
    """Every upload of the channel with title and description: the bench's twenty stand on one page."""
    parameters = {"part": "snippet,contentDetails", "playlistId": profile.context["uploads"], "maxResults": 50}
    reply = client.get("playlistItems", "/youtube/v3/playlistItems", parameters, expected=youtube.ONE_UNIT)
    posts = tuple(
        ExtractedPost(
            post_id=identifier(at(item, "contentDetails", "videoId"), "videoId"),
            published_at=instant(at(item, "contentDetails", "videoPublishedAt"), "videoPublishedAt"),
            post_type="video",
            url=None,
            caption="\n\n".join(
                filter(
                    None,
                    (
                        text(at(item, "snippet", "title"), "title"),
                        text(at(item, "snippet", "description"), "description"),
                    ),
                )
            ),
            response_id=reply.response_id,
            received_at=reply.received_at,
        )
        for item in reply.member("items")
    )
    return PostListing(posts, BEFORE_EVERY_POST, reply.response_id, reply.received_at)

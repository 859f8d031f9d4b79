"""What the simulator answers, against the platforms' own schemas."""

from typing import Any

import jsonschema
import pytest

from tests.simulator.official import check_component, check_discovery, check_meta, check_openapi
from tests.simulator.platform_calls import SimulatorClient

PARTS = "id,snippet,statistics,contentDetails,status"
TWEET_FIELDS = (
    "created_at,public_metrics,lang,referenced_tweets,attachments,note_tweet,edit_history_tweet_ids,edit_controls,"
    "author_id,conversation_id,possibly_sensitive"
)
POST_FIELDS = TWEET_FIELDS.replace("tweet", "post")
USER_FIELDS = "created_at,description,public_metrics,protected,verified,verified_type,location,url"
PAGE_FIELDS = (
    "id,name,username,link,fan_count,followers_count,verification_status,about,category,"
    "posts.limit(25){id,created_time,updated_time,message,permalink_url,status_type,is_published,"
    "attachments{media_type,type,url},shares,reactions.summary(total_count).limit(0),"
    "comments.summary(total_count).limit(0)}"
)
MEDIA_FIELDS = (
    "id,caption,media_type,media_product_type,permalink,shortcode,timestamp,like_count,comments_count,view_count"
)


def test_every_channel_and_its_videos_keep_to_youtubes_discovery_document(
    simulator: SimulatorClient, youtube_discovery: Any
) -> None:
    rows = simulator.rows("youtube")
    channels = simulator.youtube(
        "channels", part=PARTS, maxResults="50", id=",".join(r["platform_account_id"] for r in rows)
    )
    check_discovery(youtube_discovery, "ChannelListResponse", channels.json())
    assert len(channels.json()["items"]) == len(rows)
    video_ids: list[str] = []
    for row in rows:
        playlist = f"UU{row['platform_account_id'][2:]}"
        page = simulator.youtube("playlistItems", part="id,snippet,contentDetails,status", playlistId=playlist)
        if row["account_code"] == "wirajaya-youtube":
            assert page.status_code == 404
            continue
        check_discovery(youtube_discovery, "PlaylistItemListResponse", page.json())
        video_ids += [item["contentDetails"]["videoId"] for item in page.json()["items"]][:1]
    videos = simulator.youtube("videos", part=PARTS + ",liveStreamingDetails", id=",".join(video_ids))
    check_discovery(youtube_discovery, "VideoListResponse", videos.json())
    assert len(videos.json()["items"]) == len(video_ids) > 20
    stats = simulator.youtube(
        "videos:batchGetStats", part="id,snippet,statistics,contentDetails", id=",".join(video_ids)
    )
    check_discovery(youtube_discovery, "BatchGetStatsResponse", stats.json())
    assert len(stats.json()["items"]) == len(video_ids)


def test_x_keeps_to_the_document_with_tweet_names(simulator: SimulatorClient, x_tweet_names: Any) -> None:
    ids = [row["platform_account_id"] for row in simulator.rows("x")]
    users = simulator.x("users", ids=",".join(ids), user__fields=USER_FIELDS).json()
    check_openapi(x_tweet_names, "/2/users", users)
    assert {user["public_metrics"]["tweet_count"] for user in users["data"]}
    assert users["errors"][0]["title"] == "Forbidden"  # the suspended one
    for user_id in ids:
        timeline = simulator.x(f"users/{user_id}/tweets", max_results="100", tweet__fields=TWEET_FIELDS).json()
        check_openapi(x_tweet_names, "/2/users/{id}/tweets", timeline)
    timeline = simulator.x(f"users/{simulator.id_of('kartini-x')}/tweets", max_results="50").json()
    posts = [post["id"] for post in timeline["data"]]
    lookup = simulator.x("tweets", ids=",".join([*posts, "1"]), tweet__fields=TWEET_FIELDS).json()
    check_openapi(x_tweet_names, "/2/tweets", lookup)
    assert len(lookup["data"]) == len(posts)
    assert lookup["errors"][0]["resource_id"] == "1"


def test_x_keeps_to_the_document_with_post_names(simulator: SimulatorClient, x_post_names: Any) -> None:
    simulator.admin("PUT", "options", {"x_names": "post"})
    ids = [row["platform_account_id"] for row in simulator.rows("x")]
    users = simulator.x("users", ids=",".join(ids), user__fields=USER_FIELDS).json()
    check_openapi(x_post_names, "/2/users", users)
    assert {user["public_metrics"]["post_count"] for user in users["data"]}
    for user_id in ids:
        timeline = simulator.x(f"users/{user_id}/tweets", max_results="100", post__fields=POST_FIELDS).json()
        check_openapi(x_post_names, "/2/users/{id}/tweets", timeline)
    refused = simulator.x(f"users/{ids[0]}/tweets", max_results="3")
    assert refused.status_code == 400
    check_component(x_post_names, "#/components/schemas/InvalidRequestProblem", refused.json())


def test_pages_and_posts_keep_to_metas_specs(simulator: SimulatorClient, meta_specs: dict[str, Any]) -> None:
    posts = 0
    for row in simulator.rows("facebook"):
        page = simulator.facebook(row["platform_account_id"], fields=PAGE_FIELDS).json()
        check_meta(meta_specs["Page"], page)
        for post in page["posts"]["data"]:
            check_meta(meta_specs["PagePost"], post)
            posts += 1
    assert posts > 400


def test_discovered_users_and_media_keep_to_metas_specs(simulator: SimulatorClient, meta_specs: dict[str, Any]) -> None:
    media = 0
    for code in {row["account_code"] for row in simulator.rows("instagram")} - {"efata-instagram"}:
        selection = f"id,username,followers_count,media_count,biography,media.limit(25){{{MEDIA_FIELDS}}}"
        user = simulator.instagram(simulator.handle_of(code), selection).json()["business_discovery"]
        check_meta(meta_specs["IGUser"], user)
        for item in user["media"]["data"]:
            check_meta(meta_specs["IGMedia"], item)
            media += 1
    assert media > 400


def test_the_checks_refuse_what_the_schemas_do_not_allow(
    simulator: SimulatorClient,
    youtube_discovery: Any,
    x_tweet_names: Any,
    x_post_names: Any,
    meta_specs: dict[str, Any],
) -> None:
    channels = simulator.youtube("channels", part=PARTS, id=simulator.id_of("kartini-youtube")).json()
    channels["items"][0]["statistics"]["subscriberCount"] = 12300
    with pytest.raises(jsonschema.ValidationError, match="12300 is not of type 'string'"):
        check_discovery(youtube_discovery, "ChannelListResponse", channels)
    channels["items"][0]["statistics"] = {"followerCount": "1"}
    with pytest.raises(jsonschema.ValidationError, match="followerCount"):
        check_discovery(youtube_discovery, "ChannelListResponse", channels)
    users = simulator.x("users", ids=simulator.id_of("kartini-x"), user__fields=USER_FIELDS).json()
    with pytest.raises(jsonschema.ValidationError, match="post_count"):
        check_openapi(x_post_names, "/2/users", users)
    users["data"][0]["id"] = 12
    with pytest.raises(jsonschema.ValidationError):
        check_openapi(x_tweet_names, "/2/users", users)
    with pytest.raises(AssertionError, match="followers_count is str"):
        check_meta(meta_specs["Page"], {"followers_count": "12"})
    with pytest.raises(AssertionError, match="no field"):
        check_meta(meta_specs["IGUser"], {"follower_count": 12})

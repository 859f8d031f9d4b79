"""What the simulator answers has the shape of what the platforms were seen to answer.

The recordings are old in places and never a reason to refuse a field that the schemas name; so only what stands
in both is compared: the same name must hold the same JSON type, and enough names must stand in both.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.platform_calls import SimulatorClient, shared_file

Read = Callable[[SimulatorClient], Any]
ALL_PARTS = "id,snippet,statistics,contentDetails,status"
TWEET_FIELDS = "created_at,public_metrics,lang,author_id,attachments,edit_controls,referenced_tweets"


def _channels(simulator: SimulatorClient) -> Any:
    ids = f"{simulator.id_of('kartini-youtube')},{simulator.id_of('handayani-youtube')}"
    return simulator.youtube("channels", part=ALL_PARTS, id=ids).json()


def _playlist(simulator: SimulatorClient) -> Any:
    playlist = f"UU{simulator.id_of('kartini-youtube')[2:]}"
    return simulator.youtube("playlistItems", part=ALL_PARTS.replace("statistics,", ""), playlistId=playlist).json()


def _videos(simulator: SimulatorClient) -> Any:
    video = simulator.truth_of("kartini-youtube")["posts"][0]["id"]
    return simulator.youtube("videos", part=ALL_PARTS, id=video).json()


def _posts(simulator: SimulatorClient) -> Any:
    fields = "id,created_time,updated_time,message,attachments"
    return simulator.facebook(f"{simulator.id_of('kartini-facebook')}/posts", fields=fields, limit="5").json()


def _one_post(simulator: SimulatorClient) -> Any:
    post = simulator.truth_of("handayani-facebook")["posts"][1]["id"]
    fields = (
        "id,created_time,updated_time,permalink_url,status_type,reactions.summary(total_count).limit(0),"
        "comments.summary(true).limit(0)"
    )
    return simulator.facebook(post, fields=fields).json()


def _pages(simulator: SimulatorClient) -> Any:
    ids = f"{simulator.id_of('kartini-facebook')},{simulator.id_of('handayani-facebook')}"
    return simulator.facebook(ids=ids, fields="id,name,username,fan_count").json()


def _discovery(simulator: SimulatorClient) -> Any:
    media = "media.limit(5){id,caption,comments_count,like_count,media_type,permalink,timestamp}"
    handle = simulator.handle_of("handayani-instagram")
    return simulator.instagram(handle, f"id,username,biography,followers_count,media_count,{media}").json()


def _users(simulator: SimulatorClient) -> Any:
    fields = "public_metrics,created_at,description,location,protected,url,verified"
    ids = f"{simulator.id_of('kartini-x')},{simulator.id_of('handayani-x')}"
    return simulator.x("users", ids=ids, user__fields=fields).json()


def _unknown_users(simulator: SimulatorClient) -> Any:
    return simulator.x("users/by", usernames="demo_nipotowe,nobody").json()


def _timeline(simulator: SimulatorClient) -> Any:
    return simulator.x(
        f"users/{simulator.id_of('kartini-x')}/tweets", max_results="5", tweet__fields=TWEET_FIELDS
    ).json()


def _edited_post(simulator: SimulatorClient) -> Any:
    edited = next(post for post in simulator.truth_of("kartini-x")["posts"] if post["edited_at"])
    return simulator.x(f"tweets/{edited['id']}", tweet__fields="edit_controls").json()


def _token(simulator: SimulatorClient) -> Any:
    return simulator.tiktok_refresh("demo-refresh-kartini-tiktok-0").json()


def _user_info(simulator: SimulatorClient) -> Any:
    return simulator.tiktok("user/info", _token(simulator)["access_token"], fields="open_id,union_id,avatar_url").json()


def _video_list(simulator: SimulatorClient) -> Any:
    return simulator.tiktok(
        "video/list", _token(simulator)["access_token"], {}, fields="id,title,cover_image_url"
    ).json()


RECORDINGS: list[tuple[str, Read, int]] = [
    ("youtube/channels_list_two_ids.json", _channels, 20),
    ("youtube/channels_list_one_id_2019.json", _channels, 20),
    ("youtube/playlistItems_page1.json", _playlist, 15),
    ("youtube/playlistItems_snippet_contentDetails_2023.json", _playlist, 15),
    ("youtube/videos_list_2023.json", _videos, 15),
    ("youtube/videos_list_statistics_2019.json", _videos, 15),
    ("facebook/page_feed_cursors_page1.json", _posts, 8),
    ("facebook/post_single.json", _one_post, 8),
    ("facebook/pages_ids_batch.json", _pages, 4),
    ("instagram/business_discovery_media_page1.json", _discovery, 7),
    ("instagram/business_discovery_user.json", _discovery, 5),
    ("x/users_lookup_two.json", _users, 10),
    ("x/user_suspended_and_unknown_errors.json", _unknown_users, 6),
    ("x/user_tweets_page.json", _timeline, 7),
    ("x/doc_edited_post_with_history.json", _edited_post, 6),
    ("tiktok/token_response_2024_lifetimes.json", _token, 7),
    ("tiktok/doc_user_info_basic.json", _user_info, 6),
    ("tiktok/doc_video_list.json", _video_list, 8),
]


def compare(recorded: Any, answered: Any, where: str = "$") -> tuple[int, list[str]]:
    """How many values stand in both, and where their types differ. Ids as keys are taken as one."""
    if isinstance(recorded, dict) and isinstance(answered, dict):
        if recorded and all(name.isdigit() for name in recorded):
            return compare(next(iter(recorded.values())), next(iter(answered.values())), f"{where}.<id>")
        found = [compare(recorded[name], answered[name], f"{where}.{name}") for name in recorded if name in answered]
        return sum(number for number, _ in found), [place for _, places in found for place in places]
    if isinstance(recorded, list) and isinstance(answered, list):
        return compare(recorded[0], answered[0], f"{where}[0]") if recorded and answered else (0, [])
    differs = type(recorded) is not type(answered)
    return 1, [f"{where}: {type(recorded).__name__} recorded, {type(answered).__name__} answered"] if differs else []


@pytest.mark.recordings
@pytest.mark.parametrize(("recording", "read", "least"), RECORDINGS, ids=[name for name, _, _ in RECORDINGS])
def test_reply_has_the_recorded_shape(simulator: SimulatorClient, recording: str, read: Read, least: int) -> None:
    path = shared_file("recorded", *recording.split("/"))
    if not path.is_file():
        pytest.skip(f"{path} is not there: set SOCIAL_METRICS_SHARED_DIR to the folder that holds apis/recorded")
    common, differences = compare(json.loads(path.read_text(encoding="utf-8")), read(simulator))
    assert differences == []
    assert common >= least, f"only {common} values stand in both"


def test_the_comparison_sees_a_difference() -> None:
    recorded = {"data": [{"id": "1", "count": 2}], "next": "x"}
    assert compare(recorded, {"data": [{"id": "1", "count": 2}]}) == (2, [])
    assert compare(recorded, {"data": [{"id": 1, "count": 2}]}) == (2, ["$.data[0].id: str recorded, int answered"])
    assert compare(recorded, {"data": {}})[1] == ["$.data: list recorded, dict answered"]

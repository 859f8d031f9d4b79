"""Faults that leave the reply's form alone or break it: each does what its name says, and ends when it should."""

import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from tests.simulator.platform_calls import NOW, SimulatorClient

LIST_FIELDS = {
    "facebook": "id,followers_count,posts.limit(3){id,message}",
    "instagram": "id,followers_count,media.limit(3){id,caption}",
}
PLATFORMS = ["youtube", "facebook", "instagram", "x", "tiktok"]


def read(simulator: SimulatorClient, platform: str, center: str = "handayani") -> requests.Response:
    """A reply with texts in it."""
    code = f"{center}-{platform}"
    if platform == "youtube":
        return simulator.youtube("channels", part="snippet,statistics", id=simulator.id_of(code))
    if platform == "facebook":
        return simulator.facebook(simulator.id_of(code), fields=LIST_FIELDS[platform])
    if platform == "instagram":
        return simulator.instagram(simulator.handle_of(code), LIST_FIELDS[platform])
    if platform == "x":
        return simulator.x("users", ids=simulator.id_of(code), user__fields="public_metrics,description")
    return simulator.tiktok("user/info", f"demo-access-{code}-1", fields="open_id,display_name,follower_count")


@pytest.fixture
def ready(simulator: SimulatorClient) -> SimulatorClient:
    """A simulator in which TikTok's tokens were fetched."""
    for center in ("handayani", "kartini"):
        simulator.tiktok_refresh(f"demo-refresh-{center}-tiktok-0")
    return simulator


@pytest.mark.parametrize("platform", PLATFORMS)
def test_cut_off_json_is_complete_by_its_length(ready: SimulatorClient, platform: str) -> None:
    ready.fault(platform, "cut_off_json")
    reply = read(ready, platform)
    assert reply.status_code == 200
    with pytest.raises(ValueError):
        reply.json()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_cut_off_transfer_breaks_the_connection(ready: SimulatorClient, platform: str) -> None:
    ready.fault(platform, "cut_off_transfer", times=1)
    with pytest.raises(requests.RequestException):
        read(ready, platform)
    assert read(ready, platform).status_code == 200


@pytest.mark.parametrize("platform", PLATFORMS)
def test_html_instead_of_json(ready: SimulatorClient, platform: str) -> None:
    ready.fault(platform, "html_instead_of_json", status=502, times=1)
    ready.fault(platform, "html_instead_of_json")
    for status in (502, 200):
        reply = read(ready, platform)
        assert reply.status_code == status
        assert reply.headers["Content-Type"].startswith("text/html")
        assert reply.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_error_in_200(ready: SimulatorClient, platform: str) -> None:
    ready.fault(platform, "error_in_200", variant="rate_limited")
    reply = read(ready, platform)
    assert reply.status_code == 200
    body = reply.json()
    assert "error" in body or body["title"] == "Too Many Requests"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nul_and_lone_surrogate_stand_in_the_texts(ready: SimulatorClient, platform: str) -> None:
    whole = read(ready, platform).text
    ready.fault(platform, "nul_in_text", times=1)
    nul = read(ready, platform).content
    ready.fault(platform, "lone_surrogate_in_text", times=1)
    lone = read(ready, platform).content
    assert b"\\u0000" in nul
    assert b"\\ud83d" in lone
    assert any("\x00" in text for text in _texts(json.loads(nul)))
    assert any(text.endswith("\ud83d") for text in _texts(json.loads(lone)))
    assert read(ready, platform).text == whole


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for child in value.values() for text in _texts(child)]
    if isinstance(value, list):
        return [text for child in value for text in _texts(child)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize(
    ("platform", "field"),
    [
        ("youtube", "subscriberCount"),
        ("facebook", "followers_count"),
        ("instagram", "followers_count"),
        ("x", "followers_count"),
        ("tiktok", "follower_count"),
    ],
)
def test_follower_count_stands_twice_or_not_at_all(ready: SimulatorClient, platform: str, field: str) -> None:
    whole = read(ready, platform).json()
    assert field in json.dumps(whole)
    ready.fault(platform, "duplicate_keys", times=1)
    twice = read(ready, platform)
    assert twice.text.count(f'"{field}"') == 2
    assert twice.json() == whole, "the last of the two is right"
    ready.fault(platform, "field_withdrawn", times=1)
    assert field not in read(ready, platform).text


def test_withdrawn_field_may_refuse_the_request(ready: SimulatorClient) -> None:
    ready.fault("facebook", "field_withdrawn", field="fan_count", variant="error")
    assert read(ready, "facebook").status_code == 200
    refused = ready.facebook(ready.id_of("kartini-facebook"), fields="fan_count")
    assert refused.json()["error"]["code"] == 100
    ready.admin("DELETE", "faults")
    ready.fault("facebook", "field_withdrawn", field="fan_count", variant="deprecated")
    refused = ready.facebook(ready.id_of("kartini-facebook"), fields="fan_count")
    assert refused.json()["error"]["message"] == "(#12) fan_count field is deprecated for versions v27.0 and higher"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_date_header_is_off_by_minutes(ready: SimulatorClient, platform: str) -> None:
    ready.fault(platform, "clock_skew", minutes=-11, times=1)
    skewed, right = (parsedate_to_datetime(read(ready, platform).headers["Date"]) for _ in range(2))
    assert (right - skewed).total_seconds() == 11 * 60
    assert right.isoformat() == NOW.replace("Z", "+00:00")


def test_slow_waits_before_it_answers(ready: SimulatorClient) -> None:
    ready.fault("x", "slow", seconds=0.4)
    started = time.monotonic()
    assert read(ready, "x").status_code == 200
    assert time.monotonic() - started >= 0.4


def test_one_bad_id_in_a_batch(ready: SimulatorClient) -> None:
    bad, good = "handayani", "kartini"
    for platform in ("youtube", "facebook", "x"):
        ready.fault(platform, "bad_id_in_batch", account=f"{bad}-{platform}")
    ids = {
        platform: f"{ready.id_of(f'{bad}-{platform}')},{ready.id_of(f'{good}-{platform}')}" for platform in PLATFORMS
    }
    channels = ready.youtube("channels", part="id", id=ids["youtube"]).json()["items"]
    assert [item["id"] for item in channels] == [ready.id_of(f"{good}-youtube")]
    pages = ready.facebook(ids=ids["facebook"], fields="id")
    assert pages.json()["error"]["code"] == 803, "one unreadable id fails the whole call"
    users = ready.x("users", ids=ids["x"]).json()
    assert [user["id"] for user in users["data"]] == [ready.id_of(f"{good}-x")]
    assert users["errors"][0]["resource_id"] == ready.id_of(f"{bad}-x")
    for platform in ("youtube", "facebook", "x"):
        assert read(ready, platform, bad).status_code == 200, "alone it can be read"


def test_account_states(ready: SimulatorClient) -> None:
    for platform in PLATFORMS:
        ready.fault(platform, "account_not_found", account=f"handayani-{platform}")
    assert "items" not in read(ready, "youtube").json()
    assert read(ready, "facebook").json()["error"]["error_subcode"] == 33
    assert read(ready, "instagram").json()["error"]["error_subcode"] == 2207013
    gone = read(ready, "x").json()
    assert gone["errors"][0]["title"] == "Not Found Error"
    assert "data" not in gone
    assert read(ready, "tiktok").json()["error"]["code"] == "access_token_invalid"
    for platform in PLATFORMS:
        assert read(ready, platform, "kartini").status_code == 200, "others are not touched"


def test_suspended_and_protected_on_x(ready: SimulatorClient) -> None:
    ready.fault("x", "account_suspended", account="handayani-x")
    ready.fault("x", "account_private", account="kartini-x")
    suspended = read(ready, "x").json()["errors"][0]
    assert (suspended["title"], suspended["detail"].split(":")[0]) == ("Forbidden", "User has been suspended")
    assert read(ready, "x", "kartini").json()["data"][0]["public_metrics"]["followers_count"] > 0
    timeline = ready.x(f"users/{ready.id_of('kartini-x')}/tweets", max_results="5").json()
    assert timeline["errors"][0]["type"].endswith("/not-authorized-for-resource")
    assert "data" not in timeline


def test_private_tiktok_lists_no_video(ready: SimulatorClient) -> None:
    ready.fault("tiktok", "account_private", account="kartini-tiktok")
    body = ready.tiktok("video/list", "demo-access-kartini-tiktok-1", {}, fields="id").json()
    assert (body["data"]["videos"], body["data"]["has_more"]) == ([], False)


def test_hidden_counts(ready: SimulatorClient) -> None:
    ready.fault("youtube", "count_hidden", account="handayani-youtube", times=1)
    hidden = read(ready, "youtube").json()["items"][0]["statistics"]
    ready.fault("youtube", "count_hidden", variant="number", times=1)
    numbered = read(ready, "youtube").json()["items"][0]["statistics"]
    assert hidden["hiddenSubscriberCount"] is numbered["hiddenSubscriberCount"] is True
    assert "subscriberCount" not in hidden
    assert int(numbered["subscriberCount"]) > 0
    for platform in ("facebook", "instagram", "x", "tiktok"):
        ready.fault(platform, "count_hidden", times=1)
        assert "follower_count" not in read(ready, platform).text.replace("followers_count", "follower_count")


def test_handles_that_changed_or_changed_hands(ready: SimulatorClient) -> None:
    ready.fault("x", "identity_mismatch", account="kartini-x", times=1)
    other = ready.x("users/by", usernames="demo_kartini").json()["data"][0]
    assert other["id"] != ready.id_of("kartini-x")
    ready.fault("instagram", "handle_changed", account="kartini-instagram")
    assert read(ready, "instagram", "kartini").json()["error"]["code"] == 110


def test_expired_page_token(ready: SimulatorClient) -> None:
    playlist = f"UU{ready.id_of('kartini-youtube')[2:]}"
    first = ready.youtube("playlistItems", part="id", playlistId=playlist, maxResults="5")
    ready.fault("youtube", "expired_page_token")
    again = ready.youtube("playlistItems", part="id", playlistId=playlist, maxResults="5")
    assert again.json() == first.json(), "the first page needs no token"
    token = first.json()["nextPageToken"]
    second = ready.youtube("playlistItems", part="id", playlistId=playlist, maxResults="5", pageToken=token)
    assert second.json()["error"]["errors"][0]["reason"] == "invalidPageToken"


def test_account_without_posts(ready: SimulatorClient) -> None:
    playlist = f"UU{ready.id_of('kartini-youtube')[2:]}"
    ready.fault("youtube", "no_posts", variant="not_found", times=1)
    ready.fault("youtube", "no_posts")
    assert ready.youtube("playlistItems", part="id", playlistId=playlist).status_code == 404
    assert ready.youtube("playlistItems", part="id", playlistId=playlist).json()["items"] == []


LISTINGS = {
    "youtube": lambda at: at.youtube("playlistItems", part="id", playlistId=f"UU{at.id_of('kartini-youtube')[2:]}"),
    "facebook": lambda at: at.facebook(f"{at.id_of('kartini-facebook')}/published_posts", fields="id", limit="5"),
    "instagram": lambda at: at.instagram(at.handle_of("kartini-instagram"), "media_count,media.limit(5){id}"),
    "threads": lambda at: at.threads("profile_posts", username=at.handle_of("kartini-threads"), limit="5"),
    "x": lambda at: at.x(f"users/{at.id_of('kartini-x')}/tweets", max_results="5"),
    "tiktok": lambda at: at.tiktok("video/list", "demo-access-kartini-tiktok-1", {"max_count": 5}, fields="id"),
}


def listed(at: SimulatorClient, platform: str, body: Any) -> tuple[int, bool]:
    """How many posts a listing shows, and whether another page follows it."""
    if platform == "youtube":
        return len(body["items"]), "nextPageToken" in body
    if platform == "x":
        return len(body.get("data", [])), "next_token" in body["meta"]
    if platform == "tiktok":
        return len(body["data"]["videos"]), body["data"]["has_more"]
    edge = body["business_discovery"].get("media", {"data": []}) if platform == "instagram" else body
    paging = edge.get("paging", {})
    after = paging.get("cursors", {}).get("after")
    if platform == "threads" and after:  # the last page, too, has a cursor: it leads to an empty page
        following = at.threads("profile_posts", username=at.handle_of("kartini-threads"), after=after).json()
        return len(edge["data"]), following["data"] != []
    return len(edge["data"]), "next" in paging or (platform == "instagram" and after is not None)


@pytest.mark.parametrize("platform", LISTINGS)
def test_a_listing_may_be_empty_or_lose_its_page_tokens(ready: SimulatorClient, platform: str) -> None:
    whole = LISTINGS[platform](ready)
    assert listed(ready, platform, whole.json()) == (5, True)
    ready.fault(platform, "page_tokens_lost")
    assert listed(ready, platform, LISTINGS[platform](ready).json()) == (5, False)
    ready.fault(platform, "empty_listing")
    empty = LISTINGS[platform](ready)
    assert (empty.status_code, listed(ready, platform, empty.json())) == (200, (0, False))
    if platform == "youtube":
        assert empty.json()["pageInfo"]["totalResults"] == whole.json()["pageInfo"]["totalResults"] > 0
    if platform == "instagram":
        assert empty.json()["business_discovery"]["media_count"] > 0


def test_filters_end_and_chance(ready: SimulatorClient) -> None:
    ready.fault("x", "server_error", account="handayani-x")
    ready.fault("youtube", "server_error", endpoint="playlistItems")
    ready.fault("facebook", "server_error", until="2026-11-24T13:00:30Z")
    ready.fault("instagram", "server_error", probability=0.5)
    assert [read(ready, "x", center).status_code for center in ("handayani", "kartini")] == [500, 200]
    assert read(ready, "youtube").status_code == 200
    assert read(ready, "facebook").status_code == 500
    ready.set_clock("2026-11-24T13:00:30Z")
    assert read(ready, "facebook").status_code == 200
    assert {read(ready, "instagram").status_code for _ in range(30)} == {200, 500}
    number = ready.admin("GET", "faults")["faults"][0]["fault_id"]
    ready.admin("DELETE", f"faults/{number}")
    assert read(ready, "x").status_code == 200


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"platform": "myspace", "kind": "slow"}, "There is no platform 'myspace'"),
        ({"platform": "x", "kind": "quota_exhausted"}, "x has no fault 'quota_exhausted'"),
        ({"platform": "x", "kind": "rate_limited", "variant": "business"}, "variants too_many, code_88"),
        ({"platform": "x", "kind": "slow", "times": "often"}, "times cannot be 'often'"),
        ({"platform": "x", "kind": "slow", "until": "tomorrow"}, "'tomorrow' is not an instant"),
        ({"platform": "x", "kind": "slow", "account": "nobody-x"}, "no account 'nobody-x'"),
        ({"platform": "x", "kind": "slow", "color": "red"}, "takes only these parameters"),
        ([], "must be a JSON object"),
    ],
)
def test_an_invalid_fault_gets_one_sentence(ready: SimulatorClient, body: Any, sentence: str) -> None:
    reply = ready.session.post(f"{ready.base_url}/_simulator/faults", json=body, timeout=30)
    assert reply.status_code == 400
    assert sentence in reply.json()["error"]
    assert ready.admin("GET", "faults") == {"faults": []}


def test_a_fault_has_its_time_and_the_log_says_who_cannot_be_read(simulator: SimulatorClient) -> None:
    hour = {"since": "2026-11-24T21:00:00+07:00", "until": "2026-11-24T22:00:00+07:00"}
    simulator.fault("x", "unavailable", **hour)
    simulator.fault("youtube", "account_suspended", account="kartini-youtube", **hour)
    simulator.fault("facebook", "unavailable", probability=0.5)  # who asks again gets through

    def unreachable(moment: str) -> dict[str, str]:
        reply: dict[str, str] = simulator.admin("GET", f"unreachable?at=2026-11-24T{moment}:00%2B07:00")["accounts"]
        return reply

    before, during, after = unreachable("20:59"), unreachable("21:00"), unreachable("22:00")
    assert before == after
    assert before["efata-instagram"] == "deleted", "the world's own"
    assert "pangurangi-x" not in before, "its posts are protected, its followers are there to be read"
    news = during.items() - before.items()
    assert {(code, why) for code, why in news if not code.endswith("-x")} == {("kartini-youtube", "account_suspended")}
    assert {why for code, why in news if code.endswith("-x")} == {"unavailable"}
    for moment, status in (("20:59", 200), ("21:00", 503), ("22:00", 200)):
        simulator.admin("PUT", "clock", {"now": f"2026-11-24T{moment}:00+07:00"})
        assert read(simulator, "x").status_code == status

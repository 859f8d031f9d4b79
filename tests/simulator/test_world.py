"""The invented world has the sizes and habits that it promises, and tells them through the APIs."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.simulator.platform_calls import NOW, SimulatorClient

START = datetime(2026, 7, 27, 13, tzinfo=UTC)


def day(number: int) -> str:
    """20:00 WIB on a day of the history."""
    return (START + timedelta(days=number)).isoformat().replace("+00:00", "Z")


def followers(simulator: SimulatorClient, code: str, number: int) -> int:
    """Exact followers on a day of the history."""
    return int(simulator.truth_of(code, day(number))["followers"])


def captions(simulator: SimulatorClient, code: str) -> list[str | None]:
    """The messages of a page's posts."""
    body = simulator.facebook(simulator.id_of(code), fields="posts.limit(100){message}").json()
    return [post.get("message") for post in body["posts"]["data"]]


def test_centers_differ_by_orders_of_magnitude(simulator: SimulatorClient) -> None:
    totals: dict[str, int] = {}
    for account in simulator.admin("GET", "truth", posts="none")["accounts"]:
        totals[account["center_code"]] = totals.get(account["center_code"], 0) + account["followers"]
    assert len(totals) == 31
    assert max(totals.values()) > 300_000
    assert totals["wasana-bahagia"] < 100


def test_fifth_and_sixth_place_cannot_be_told_apart(simulator: SimulatorClient) -> None:
    lowest: dict[str, int] = {}
    step: dict[str, int] = {}
    for account in simulator.admin("GET", "truth", posts="none")["accounts"]:
        if account["state"] != "active" or account["count_hidden"]:
            continue
        count, width = account["followers"], 1
        if account["platform"] == "youtube" and count >= 1000:
            width = 10 ** (len(str(count)) - 3)
            count -= count % width
        center = account["center_code"]
        lowest[center] = lowest.get(center, 0) + count
        step[center] = step.get(center, 0) + width - 1
    fifth, sixth = sorted(lowest, key=lambda center: -lowest[center])[4:6]
    assert {fifth, sixth} == {"wyata-guna", "inten-soeweno"}
    assert lowest[fifth] <= lowest[sixth] + step[sixth]


def test_purge_viral_flat_and_new(simulator: SimulatorClient) -> None:
    before, after = (followers(simulator, "handayani-x", number) for number in (69, 71))
    assert 0.7 < after / before < 0.8
    before, after = (followers(simulator, "kartini-instagram", number) for number in (85, 91))
    assert after / before > 1.2
    flat = [followers(simulator, "inten-soeweno-facebook", number) for number in range(0, 120, 10)]
    assert max(flat) - min(flat) < 30
    assert simulator.truth_of("alyatama-tiktok", day(44))["state"] == "not_yet"
    assert followers(simulator, "alyatama-tiktok", 45) < 200 < followers(simulator, "alyatama-tiktok", 60)


def test_accounts_that_end(simulator: SimulatorClient) -> None:
    handle = simulator.handle_of("efata-instagram")
    for number, status in ((59, 200), (61, 400)):
        simulator.set_clock(day(number))
        assert simulator.instagram(handle, "id").status_code == status
    user = simulator.id_of("nipotowe-x")
    for number, key in ((74, "data"), (76, "errors")):
        simulator.set_clock(day(number))
        assert list(simulator.x("users", ids=user).json()) == [key]
    user = simulator.id_of("pangurangi-x")
    assert simulator.truth_of("pangurangi-x")["state"] == "private"


def test_handle_changes_on_its_day(simulator: SimulatorClient) -> None:
    old, new = "demo_bahagia", "demo_bahagia_id"
    for instant, right, wrong in (("2026-10-14T16:59:59Z", old, new), ("2026-10-14T17:00:00Z", new, old)):
        simulator.set_clock(instant)
        assert simulator.instagram(right, "username").json()["business_discovery"]["username"] == right
        assert simulator.instagram(wrong, "username").json()["error"]["error_subcode"] == 2207013


def test_silent_centers_posted_until_march(simulator: SimulatorClient) -> None:
    for code in ("budi-luhur-facebook", "galih-pakuan-instagram"):
        posts = simulator.truth_of(code)["posts"]
        assert posts
        assert "2026-01" < posts[0]["published_at"] < "2026-03-12"


def test_night_posts_stand_at_half_past_midnight_wib(simulator: SimulatorClient) -> None:
    posts = simulator.truth_of("abiseka-facebook")["posts"]
    assert {post["published_at"][11:] for post in posts} == {"17:30:00Z"}


def test_late_posts_appear_after_their_published_time(simulator: SimulatorClient) -> None:
    late = [
        post
        for post in simulator.truth_of("phalamartha-facebook")["posts"]
        if post["visible_at"] > post["published_at"]
    ]
    post = late[0]
    published = datetime.fromisoformat(post["published_at"]) + timedelta(minutes=1)
    then = simulator.truth_of("phalamartha-facebook", published.isoformat())["posts"]
    assert post["id"] not in {other["id"] for other in then}
    simulator.set_clock(post["visible_at"])
    assert (
        simulator.facebook(post["id"], fields="created_time")
        .json()["created_time"]
        .startswith(post["published_at"][:19])
    )


def test_deleted_posts_are_gone(simulator: SimulatorClient) -> None:
    posts = simulator.truth_of("dharma-guna-facebook", day(50))["posts"]
    post = next(post for post in posts if post["deleted_at"])
    simulator.set_clock(day(50))
    assert simulator.facebook(post["id"], fields="id").status_code == 200
    simulator.set_clock(post["deleted_at"])
    assert simulator.facebook(post["id"], fields="id").json()["error"]["error_subcode"] == 33
    assert post["id"] not in {other["id"] for other in simulator.truth_of("dharma-guna-facebook")["posts"]}


def test_counts_and_texts_that_are_absent(simulator: SimulatorClient) -> None:
    channel = simulator.youtube("channels", part="statistics", id=simulator.id_of("satria-youtube")).json()["items"][0]
    assert channel["statistics"]["hiddenSubscriberCount"] is True
    assert "subscriberCount" not in channel["statistics"]

    def first_video(code: str) -> Any:
        video = simulator.truth_of(code)["posts"][0]["id"]
        return simulator.youtube("videos", part="statistics", id=video).json()["items"][0]["statistics"]

    assert "likeCount" not in first_video("antasena-youtube")
    assert "commentCount" not in first_video("wyata-guna-youtube")
    media = simulator.instagram(simulator.handle_of("mahatmiya-instagram"), "media{like_count,caption}").json()
    assert not [item for item in media["business_discovery"]["media"]["data"] if "like_count" in item]
    assert set(captions(simulator, "tumou-tou-facebook")) == {None}


@pytest.mark.parametrize(
    ("code", "mark"),
    [
        ("darussaadah-facebook", lambda text: "ARABIC" in unicodedata.name(text[0])),
        ("insyaf-facebook", lambda text: text[0] == "\u202e"),
        ("paramita-facebook", lambda text: "\u200d" in text),
        ("gau-mabaji-facebook", lambda text: unicodedata.normalize("NFKC", text) != text),
    ],
)
def test_captions_in_unusual_letters(simulator: SimulatorClient, code: str, mark: Any) -> None:
    written = [text for text in captions(simulator, code) if text]
    assert sum(map(mark, written)) > len(written) / 3


def test_captions_speak_of_the_programmes_and_of_their_false_friends(simulator: SimulatorClient) -> None:
    text = " ".join(filter(None, captions(simulator, "soeharso-facebook") + captions(simulator, "kartini-facebook")))
    for word in ("YAPI", "ermakanan", "BPNT", "PENA", "ATENSI", "enjangkauan", "pena bulu", "Mohon atensi"):
        assert word in text


def test_youtube_rounds_down_to_three_figures(simulator: SimulatorClient) -> None:
    exact = {
        code: simulator.truth_of(code)["followers"] for code in ("soeharso-youtube", "kartini-youtube", "efata-youtube")
    }
    assert exact["soeharso-youtube"] > 100_000 > exact["kartini-youtube"] > 1000 > exact["efata-youtube"]
    for code, count in exact.items():
        item = simulator.youtube("channels", part="statistics", id=simulator.id_of(code)).json()["items"][0]
        shown = int(item["statistics"]["subscriberCount"])
        assert shown <= count < shown + max(1, 10 ** (len(str(shown)) - 3))
        assert str(shown)[3:].strip("0") == ""


def test_interactions_grow_with_the_age_of_a_post(simulator: SimulatorClient) -> None:
    post = simulator.truth_of("kartini-x", day(30))["posts"][0]["id"]
    likes = []
    for number in (30, 32, 60):
        simulator.set_clock(day(number))
        reply = simulator.x("tweets", ids=post, tweet__fields="public_metrics").json()
        likes.append(reply["data"][0]["public_metrics"]["like_count"])
    assert likes == sorted(likes)
    assert likes[0] < likes[2]


def test_only_the_fields_asked_for_are_answered(simulator: SimulatorClient) -> None:
    assert list(simulator.facebook(simulator.id_of("kartini-facebook"), fields="followers_count").json()) == [
        "followers_count",
        "id",
    ]
    user = simulator.x("users", ids=simulator.id_of("kartini-x")).json()["data"][0]
    assert set(user) == {"id", "name", "username"}
    access = simulator.tiktok_refresh("demo-refresh-kartini-tiktok-0").json()["access_token"]
    assert list(simulator.tiktok("user/info", access, fields="follower_count").json()["data"]["user"]) == [
        "follower_count"
    ]
    masked = simulator.youtube(
        "channels",
        part="snippet,statistics",
        id=simulator.id_of("kartini-youtube"),
        fields="items(id,statistics/viewCount)",
    )
    assert masked.json() == {
        "items": [
            {
                "id": simulator.id_of("kartini-youtube"),
                "statistics": {"viewCount": masked.json()["items"][0]["statistics"]["viewCount"]},
            }
        ]
    }


def test_truth_is_what_the_apis_say(simulator: SimulatorClient) -> None:
    for number in (0, 50, 119):
        simulator.set_clock(day(number))
        ids = ",".join(row["platform_account_id"] for row in simulator.rows("facebook"))
        pages = simulator.facebook(ids=ids, fields="followers_count").json()
        truth = simulator.admin("GET", "truth", platform="facebook", posts="none")["accounts"]
        assert {account["platform_account_id"]: account["followers"] for account in truth} == {
            page_id: page["followers_count"] for page_id, page in pages.items()
        }
    assert simulator.admin("GET", "health")["now"] == day(119)
    assert day(119) < NOW

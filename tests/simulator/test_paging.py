"""Every list of posts, read to its end, is the truth: nothing lost, nothing twice."""

from collections.abc import Callable, Iterator

import pytest

from tests.simulator.platform_calls import SimulatorClient

Pages = Iterator[list[str]]


def youtube_pages(simulator: SimulatorClient, code: str) -> Pages:
    token = ""
    while token is not None:
        more = {"pageToken": token} if token else {}
        playlist = f"UU{simulator.id_of(code)[2:]}"
        body = simulator.youtube(
            "playlistItems", part="contentDetails", playlistId=playlist, maxResults="7", **more
        ).json()
        yield [item["contentDetails"]["videoId"] for item in body["items"]]
        token = body.get("nextPageToken")


def facebook_pages(simulator: SimulatorClient, code: str) -> Pages:
    body = simulator.facebook(simulator.id_of(code), fields="id,posts.limit(10){id}").json()["posts"]
    while True:
        yield [post["id"] for post in body["data"]]
        if "next" not in body["paging"]:
            return
        assert "access_token=demo-facebook-token" in body["paging"]["next"]
        body = simulator.session.get(body["paging"]["next"], timeout=30).json()


def instagram_pages(simulator: SimulatorClient, code: str) -> Pages:
    after = ""
    while after is not None:
        cursor = f".after({after})" if after else ""
        reply = simulator.instagram(simulator.handle_of(code), f"media{cursor}.limit(10){{id}}").json()
        media = reply["business_discovery"]["media"]
        assert "next" not in media.get("paging", {})
        yield [item["id"] for item in media["data"]]
        after = media.get("paging", {}).get("cursors", {}).get("after")


def x_pages(simulator: SimulatorClient, code: str) -> Pages:
    token = ""
    while token is not None:
        more = {"pagination_token": token} if token else {}
        body = simulator.x(f"users/{simulator.id_of(code)}/tweets", max_results="20", **more).json()
        yield [post["id"] for post in body.get("data", [])]
        token = body["meta"].get("next_token")


def tiktok_pages(simulator: SimulatorClient, code: str) -> Pages:
    access = simulator.tiktok_refresh(f"demo-refresh-{code}-0").json()["access_token"]
    cursor, has_more = 0, True
    while has_more:
        body = simulator.tiktok(
            "video/list", access, {"max_count": 9, "cursor": cursor}, fields="id,create_time"
        ).json()
        data = body["data"]
        yield [video["id"] for video in data["videos"]]
        cursor, has_more = data["cursor"], data["has_more"]
        assert cursor > 10**12, "the cursor is in milliseconds"


PAGERS: dict[str, Callable[[SimulatorClient, str], Pages]] = {
    "youtube": youtube_pages,
    "facebook": facebook_pages,
    "instagram": instagram_pages,
    "x": x_pages,
    "tiktok": tiktok_pages,
}


def shown(simulator: SimulatorClient, code: str) -> list[str]:
    """The truth's ids; an edited post of X bears its new id."""
    return [post["id"] for post in simulator.truth_of(code)["posts"] if post["edited_at"] is None]


@pytest.mark.parametrize("platform", PAGERS)
def test_all_pages_together_are_the_truth(simulator: SimulatorClient, platform: str) -> None:
    found = [post_id for page in PAGERS[platform](simulator, f"handayani-{platform}") for post_id in page]
    posts = simulator.truth_of(f"handayani-{platform}")["posts"]
    assert len(found) == len(set(found)) == len(posts) > 20
    assert set(shown(simulator, f"handayani-{platform}")) <= set(found)


@pytest.mark.parametrize("platform", ["youtube", "facebook", "instagram", "x"])
def test_duplicate_items_repeat_the_last_item_on_the_next_page(simulator: SimulatorClient, platform: str) -> None:
    simulator.fault(platform, "duplicate_items")
    pages = list(PAGERS[platform](simulator, f"handayani-{platform}"))
    assert pages[1][0] == pages[0][-1]
    assert len({post_id for page in pages for post_id in page}) == len(
        simulator.truth_of(f"handayani-{platform}")["posts"]
    )


@pytest.mark.parametrize("platform", ["facebook", "x", "youtube"])
def test_a_page_may_be_empty_and_still_have_a_next_one(simulator: SimulatorClient, platform: str) -> None:
    simulator.fault(platform, "empty_page", times=1)
    pages = list(PAGERS[platform](simulator, f"handayani-{platform}"))
    assert pages[0] == []
    assert sum(map(len, pages)) == len(simulator.truth_of(f"handayani-{platform}")["posts"])


def test_since_id_leaves_only_newer_posts_and_an_empty_timeline_has_no_data(simulator: SimulatorClient) -> None:
    user = simulator.id_of("handayani-x")
    newest = simulator.x(f"users/{user}/tweets", max_results="5").json()["meta"]["newest_id"]
    nothing = simulator.x(f"users/{user}/tweets", max_results="5", since_id=newest).json()
    assert nothing == {"meta": {"result_count": 0}}
    without = simulator.x(
        f"users/{user}/tweets", max_results="100", exclude="retweets,replies", tweet__fields="referenced_tweets"
    )
    assert not [post for post in without.json()["data"] if "referenced_tweets" in post]


def test_pinned_posts_stand_first_although_they_are_old(simulator: SimulatorClient) -> None:
    for code, pages in (("mahatmiya-facebook", facebook_pages), ("kartini-instagram", instagram_pages)):
        posts = simulator.truth_of(code)["posts"]
        pinned = [post["id"] for post in posts if post["pinned"]]
        assert next(pages(simulator, code))[0] == pinned[0] != posts[0]["id"]

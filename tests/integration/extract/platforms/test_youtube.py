"""YouTube: one call for fifty channels, rounded counts with their step, uploads read back by whole pages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from social_metrics.contract import FollowersState, Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, ReadWindow
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from social_metrics.extract.platforms import youtube
from tests.support.api_fixtures import fixture
from tests.support.local_platform import NOW, SECRET, Answer, account, bench, serve
from tests.support.youtube_pages import (
    AFTER_A_LISTING,
    KARTINI,
    SINCE,
    counting,
    page,
    read_posts,
    shown,
    upload,
)

ABIYOSO = account("abiyoso", "youtube", "UCdemo0000000000000abiyoso")
PRAJNA = account("prajna", "youtube", "UCdemo00000000000000prajna")
BARU = account("baru", "youtube", "UCdemo000000000000000baru")
LOST = account("lost", "youtube", "UCdemo000000000000000lost")
ALL = [KARTINI, ABIYOSO, PRAJNA, BARU, LOST]


def error(code: int, reason: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "words", "errors": [{"reason": reason, "domain": "d"}]}}


def refused(answer: Answer) -> CaptureFailure:
    """What becomes of a channel whose call is answered so."""
    with serve({"/channels": [answer]}) as server:
        reading = youtube.read_profiles(bench(youtube.RULES, server.base_url).client, [KARTINI])["kartini-youtube"]
    assert isinstance(reading, CaptureFailure)
    return reading


# ------------------------------------------------------------------ profiles


def test_channels_come_in_one_call_with_the_key_in_a_header() -> None:
    with serve({"/channels": [Answer(fixture("youtube", "channels"))]}) as server:
        asked = bench(youtube.RULES, server.base_url)
        readings = youtube.read_profiles(asked.client, ALL)
    (request,) = server.requests
    assert request.path == "/youtube/v3/channels"
    assert request.parameters["id"].split(",") == [one.platform_account_id for one in ALL]
    assert request.parameters["maxResults"] == "50"  # its default of 5 would cut the batch
    assert request.headers["X-Goog-Api-Key"] == SECRET
    assert SECRET not in str(request.parameters)
    kartini = readings["kartini-youtube"]
    assert isinstance(kartini, ExtractedProfile)
    assert (kartini.platform_account_id, kartini.handle) == ("UCdemo0000000000000kartini", "demo_kartini")
    assert (kartini.followers_count, kartini.followers_precision_step) == (12300, 100)
    assert (kartini.posts_count, kartini.views_count, kartini.following_count) == (321, 98765, None)
    assert kartini.metric_definition_id == "youtube.subscriberCount.v1"
    assert kartini.context["uploads"] == "UUdemo0000000000000kartini"
    assert [(spend.calls, spend.quota_units, spend.usd) for spend in asked.recorder.spends] == [(1, 1, 0)]


def test_hidden_absent_zero_and_gone_are_four_things() -> None:
    with serve({"/channels": [Answer(fixture("youtube", "channels"))]}) as server:
        readings = youtube.read_profiles(bench(youtube.RULES, server.base_url).client, ALL)
    counts = {
        code: (reading.followers_count, reading.followers_precision_step, reading.followers_state)
        if isinstance(reading, ExtractedProfile)
        else reading.outcome
        for code, reading in readings.items()
    }
    assert counts == {
        "kartini-youtube": (12300, 100, FollowersState.REPORTED),
        "abiyoso-youtube": (None, None, FollowersState.HIDDEN),  # whatever number stands beside the flag
        "prajna-youtube": (None, None, FollowersState.NOT_AVAILABLE),
        "baru-youtube": (0, 1, FollowersState.REPORTED),
        "lost-youtube": Outcome.ACCOUNT_NOT_FOUND,
    }


def test_nobody_found_is_a_reply_without_items() -> None:
    failure = refused(Answer({"kind": "youtube#channelListResponse", "pageInfo": {"totalResults": 0}}))
    assert (failure.outcome, failure.for_all) == (Outcome.ACCOUNT_NOT_FOUND, False)


@pytest.mark.parametrize("body", [{}, [], {"items": None}, {"items": "x"}, {"kind": "youtube#searchResult"}, 7])
def test_a_reply_that_is_no_list_of_channels_says_nothing_about_accounts(body: Any) -> None:
    assert refused(Answer(body)).outcome is Outcome.INVALID_RESPONSE


def test_a_channel_without_an_id_may_be_the_missing_one() -> None:
    body = fixture("youtube", "channels")
    del body["items"][0]["id"]
    with serve({"/channels": [Answer(body)]}) as server:
        readings = youtube.read_profiles(bench(youtube.RULES, server.base_url).client, ALL)
    assert readings["kartini-youtube"].outcome is Outcome.INVALID_RESPONSE  # type: ignore[union-attr]
    assert isinstance(readings["baru-youtube"], ExtractedProfile)


@pytest.mark.parametrize("nonsense", ["abc", "-1", "1e3", 1.5, True, str(2**63), [], {}, ""])
@pytest.mark.parametrize("member", ["subscriberCount", "videoCount", "viewCount"])
def test_a_malformed_count_fails_its_own_account_only(member: str, nonsense: Any) -> None:
    body = fixture("youtube", "channels")
    body["items"][0]["statistics"][member] = nonsense
    with serve({"/channels": [Answer(body)]}) as server:
        readings = youtube.read_profiles(bench(youtube.RULES, server.base_url).client, [KARTINI, BARU])
    failure = readings["kartini-youtube"]
    assert isinstance(failure, CaptureFailure)
    assert failure.outcome is Outcome.INVALID_RESPONSE
    assert member in failure.detail
    assert isinstance(readings["baru-youtube"], ExtractedProfile)


def test_a_channel_known_by_handle_only_is_resolved_alone() -> None:
    by_handle = account("abiyoso", "youtube", None, "demo_abiyoso")
    body = fixture("youtube", "channels")
    one = Answer({"kind": body["kind"], "items": [body["items"][1]]})
    with serve({"/channels": [Answer(body), one]}) as server:
        readings = youtube.read_profiles(bench(youtube.RULES, server.base_url).client, [KARTINI, by_handle])
    assert [request.parameters.get("forHandle") for request in server.requests] == [None, "@demo_abiyoso"]
    assert "maxResults" not in server.requests[1].parameters
    resolved = readings["abiyoso-youtube"]
    assert isinstance(resolved, ExtractedProfile)
    assert resolved.platform_account_id == "UCdemo0000000000000abiyoso"


def test_after_a_refusal_that_concerns_all_nobody_is_asked_any_more() -> None:
    handles = [account(name, "youtube", None, f"demo_{name}") for name in ("a", "b", "c")]
    with serve({"/channels": [Answer(error(403, "quotaExceeded"), 403)]}) as server:
        readings = youtube.read_profiles(bench(youtube.RULES, server.base_url).client, handles)
    assert len(server.requests) == 1
    assert {reading.outcome for reading in readings.values()} == {Outcome.QUOTA_EXHAUSTED}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("count", "step"),
    [(0, 1), (7, 1), (999, 1), (1000, 10), (9990, 10), (12300, 100), (123000, 1000), (1980000, 10000)],
)
def test_precision_step_is_three_significant_figures(count: int, step: int) -> None:
    assert youtube.precision_step(count) == step


@given(st.integers(0, 10**12))
def test_the_step_holds_every_true_count(true_count: int) -> None:
    digits = len(str(true_count))
    shown_count = int(str(true_count)[:3]) * 10 ** max(digits - 3, 0) if digits > 3 else true_count
    assert shown_count <= true_count < shown_count + youtube.precision_step(shown_count)


# ------------------------------------------------------------------ posts


def test_posts_of_the_window_with_their_counts() -> None:
    listing, server, asked = read_posts(
        {
            "/playlistItems": [Answer(fixture("youtube", "playlist_items"))],
            "/videos": [Answer(fixture("youtube", "videos"))],
        }
    )
    newest, stream = listing.posts
    assert (newest.post_id, newest.published_at) == ("newest-0001", datetime(2026, 11, 20, 10, tzinfo=UTC))
    assert newest.url == "https://www.youtube.com/watch?v=newest-0001"
    assert newest.caption == "Penyaluran ATENSI\n\nKegiatan hari ini\nمساعدة 🇮🇩"
    assert (newest.view_count, newest.like_count, newest.comment_count, newest.share_count) == (1204, 0, 3, None)
    assert (newest.post_type, stream.post_type) == ("video", "live")
    assert (stream.like_count, stream.comment_count, stream.caption) == (None, None, "Siaran langsung")  # not zero
    assert listing.complete_since == SINCE
    assert listing.response_id == asked.recorder.responses[-1].response_id
    # The private one is not even asked for; the deleted one is, and YouTube leaves it out.
    assert server.asked("/videos")[0].parameters["id"] == "newest-0001,deleted-003,stream-0004"
    assert sum(spend.quota_units for spend in asked.recorder.spends) == len(server.requests) == 2


def test_paging_goes_on_over_an_old_video_and_ends_with_an_old_page() -> None:
    old, late = SINCE - timedelta(days=90), SINCE + timedelta(days=1)
    listing, server, _ = read_posts(
        {
            "/playlistItems": [
                page(upload("new", NOW), upload("old", old), following="p2"),
                page(upload("old2", old), upload("premiere", late), following="p3"),  # below older ones
                page(upload("old3", old), following="p4"),
                page(upload("never asked", NOW)),
            ],
            "/videos": [shown("new", "premiere")],
        },
        AFTER_A_LISTING,
        counting(11),
    )
    assert [request.parameters.get("pageToken") for request in server.asked("/playlistItems")] == [None, "p2", "p3"]
    assert server.asked("/videos")[0].parameters["id"] == "new,premiere"
    assert [post.post_id for post in listing.posts] == ["new", "premiere"]
    assert listing.posts[1].published_at == late  # videoPublishedAt, not the video's own publishedAt
    assert listing.complete_since == SINCE


def test_known_videos_that_the_listing_lacks_are_requested_by_id_in_the_same_call() -> None:
    window = replace(AFTER_A_LISTING, known_ids=("new", "late", "deleted"))
    old = page(upload("old", SINCE - timedelta(days=90)), following="p2")
    pages = [page(upload("new", NOW), following="p"), old]
    listing, server, _ = read_posts(
        {"/playlistItems": pages, "/videos": [shown("new", "late", published=NOW)]}, window, counting(11)
    )
    assert [request.parameters["id"] for request in server.asked("/videos")] == ["new,late,deleted"]
    assert {post.post_id for post in listing.posts} == {"new", "late"}
    assert (listing.by_id, listing.gone) == ({"late"}, ("deleted",))


@pytest.mark.parametrize("answer", [Answer(error(404, "playlistNotFound"), 404), page()])
def test_an_empty_listing_is_not_filled_by_id(answer: Answer) -> None:
    window = replace(AFTER_A_LISTING, known_ids=("a", "b"))
    listing, server, _ = read_posts({"/playlistItems": [answer]}, window, counting(240))
    assert listing.is_empty
    assert not server.asked("/videos")


def test_an_item_on_two_pages_is_one_post_and_an_empty_page_is_not_the_last() -> None:
    listing, _, _ = read_posts(
        {
            "/playlistItems": [page(following="p2"), page(upload("a", NOW), following="p3"), page(upload("a", NOW))],
            "/videos": [shown("a")],
        }
    )
    assert [post.post_id for post in listing.posts] == ["a"]


def test_counts_are_asked_for_fifty_videos_a_call() -> None:
    ids = [f"video{number:03}" for number in range(60)]
    listing, server, asked = read_posts(
        {
            "/playlistItems": [
                page(*(upload(name, NOW) for name in ids[:50]), following="p2"),
                page(*(upload(name, NOW) for name in ids[50:])),
            ],
            "/videos": [shown(*ids[:50]), shown(*ids[50:])],
        }
    )
    assert [len(request.parameters["id"].split(",")) for request in server.asked("/videos")] == [50, 10]
    assert [post.post_id for post in listing.posts] == ids
    assert {cost.quota_units for cost in asked.meter.reserved} == {1}


def test_without_a_watermark_one_page_is_read_and_no_more_promised_than_seen() -> None:
    day = NOW - timedelta(days=3)
    listing, server, _ = read_posts(
        {"/playlistItems": [page(upload("a", NOW), upload("b", day), following="p2")], "/videos": [shown("a", "b")]},
        ReadWindow(None),
    )
    assert len(server.asked("/playlistItems")) == 1
    assert listing.complete_since == NOW
    whole, _, _ = read_posts({"/playlistItems": [page(upload("a", NOW))], "/videos": [shown("a")]}, ReadWindow(None))
    assert whole.complete_since == BEFORE_EVERY_POST


@pytest.mark.parametrize("answer", [Answer(error(404, "playlistNotFound"), 404), page()])
def test_a_found_channel_without_uploads_has_zero_posts(answer: Answer) -> None:
    listing, _, asked = read_posts({"/playlistItems": [answer]})
    assert (listing.posts, listing.gone, listing.complete_since) == ((), (), SINCE)
    assert listing.response_id == asked.recorder.responses[0].response_id
    assert listing.received_at == NOW


@pytest.mark.parametrize(
    "answer",
    [Answer(error(404, "notFound"), 404), Answer(b"<html>no such page</html>", 404), Answer({"error": 7}, 404)],
)
def test_another_404_is_not_zero_posts(answer: Answer) -> None:
    with pytest.raises(CaptureFailure) as raised:
        read_posts({"/playlistItems": [answer]})
    assert raised.value.outcome is Outcome.INVALID_RESPONSE


def test_known_posts_are_read_again_and_missing_ones_are_gone() -> None:
    listing, server, _ = read_posts(
        {"/playlistItems": [page(upload("new", NOW))], "/videos": [shown("new", "known", published=SINCE)]},
        ReadWindow(SINCE, reread_ids=("known", "lost", "new")),
    )
    assert server.asked("/videos")[0].parameters["id"] == "new,known,lost"
    assert [post.post_id for post in listing.posts] == ["new", "known"]
    assert listing.gone == ("lost",)


@pytest.mark.parametrize("status", ["private", "unlisted"])
def test_a_video_that_is_not_public_is_no_post(status: str) -> None:
    body = fixture("youtube", "videos")
    body["items"][0]["status"]["privacyStatus"] = status
    playlist = Answer(fixture("youtube", "playlist_items"))
    listing, _, _ = read_posts({"/playlistItems": [playlist], "/videos": [Answer(body)]})
    assert [post.post_id for post in listing.posts] == ["stream-0004"]


@pytest.mark.parametrize(
    ("path", "nonsense"),
    [
        (("statistics", "viewCount"), "abc"),
        (("statistics", "likeCount"), -1),
        (("id",), None),
        (("id",), "with space"),
        (("snippet", "title"), 5),
    ],
)
def test_a_malformed_video_would_leave_a_hole_and_fails_the_listing(path: tuple[str, ...], nonsense: Any) -> None:
    body = fixture("youtube", "videos")
    holder = body["items"][0]
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = nonsense
    with pytest.raises(CaptureFailure) as raised:
        read_posts({"/playlistItems": [Answer(fixture("youtube", "playlist_items"))], "/videos": [Answer(body)]})
    assert raised.value.outcome is Outcome.INVALID_RESPONSE


@pytest.mark.parametrize("published", ["yesterday", "2026-11-20T10:00:00", 7, "0001-01-01T00:00:00+14:00"])
def test_an_unreadable_publication_fails_the_listing(published: Any) -> None:
    item = {"contentDetails": {"videoId": "a", "videoPublishedAt": published}}
    with pytest.raises(CaptureFailure, match="videoPublishedAt"):
        read_posts({"/playlistItems": [page(item)]})


def test_page_tokens_in_a_circle_end_the_reading() -> None:
    with pytest.raises(CaptureFailure, match="page tokens of the uploads repeat"):
        read_posts({"/playlistItems": [page(upload("a", NOW), following="p1")]})


def test_a_reply_about_videos_without_items_is_not_their_disappearance() -> None:
    with pytest.raises(CaptureFailure) as raised:
        read_posts(
            {"/playlistItems": [page(upload("a", NOW))], "/videos": [Answer({"kind": "youtube#videoListResponse"})]}
        )
    assert raised.value.outcome is Outcome.INVALID_RESPONSE

"""Instagram: one handle a call, the id behind it is the identity, hidden likes are not zero likes."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from social_metrics.contract import FollowersState, Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from social_metrics.extract.platforms import instagram
from social_metrics.registry.account import Account
from tests.support.api_fixtures import fixture, mutated
from tests.support.local_platform import NOW, SECRET, Answer, Bench, LocalPlatform, account, bench, serve

OUR_ID = "17841400000000001"
KARTINI = account("kartini", "instagram", "17841400000000021", "demo_kartini")
SINCE = datetime(2026, 11, 13, tzinfo=UTC)
DISCOVERY = f"/v26.0/{OUR_ID}"


def discovery() -> dict[str, Any]:
    return dict(fixture("instagram", "business_discovery"))


def discovered(media: Any, media_count: Any = 1, account_id: str = "17841400000000021") -> dict[str, Any]:
    user = {"id": account_id, "followers_count": 1, "media_count": media_count}
    return {"business_discovery": user if media is None else user | {"media": media}, "id": OUR_ID}


def media(number: int, published_at: datetime) -> dict[str, Any]:
    return {
        "id": f"18{number:015d}",
        "timestamp": f"{published_at:%Y-%m-%dT%H:%M:%S}+0000",
        "media_type": "IMAGE",
        "media_product_type": "FEED",
    }


def read(
    server: LocalPlatform, *accounts: Account, login: str | None = OUR_ID, **options: Any
) -> tuple[dict[str, ExtractedProfile | CaptureFailure], Bench]:
    asked = bench(instagram.RULES, server.base_url, login=login, **options)
    return instagram.read_profiles(asked.client, accounts or (KARTINI,)), asked


def read_one(*answers: Answer) -> ExtractedProfile | CaptureFailure:
    with serve({DISCOVERY: answers}) as server:
        return read(server)[0]["kartini-instagram"]


def list_media(*bodies: Any, since: datetime | None = SINCE) -> tuple[PostListing, LocalPlatform, Bench]:
    """The listing of an account: the first body answers the profile, the others the further pages."""
    with serve({DISCOVERY: [Answer(body) for body in bodies]}) as server:
        readings, asked = read(server)
        profile = readings["kartini-instagram"]
        assert isinstance(profile, ExtractedProfile), profile
        return instagram.read_posts(asked.client, KARTINI, profile, ReadWindow(since)), server, asked


# ------------------------------------------------------------------ profiles


def test_profile_and_media_come_in_one_call() -> None:
    listing, server, asked = list_media(discovery())
    (request,) = server.requests
    assert request.parameters["fields"].startswith(
        "business_discovery.username(demo_kartini){id,username,followers_count,media_count,media.limit(25){id,caption,"
    )
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    reel, album = listing.posts
    assert (reel.post_type, reel.like_count, reel.view_count, reel.comment_count) == ("reel", None, 1200, 5)
    assert (album.post_type, album.like_count, album.view_count, album.comment_count) == ("carousel", 0, None, 0)
    assert (reel.caption, album.caption) == ("Latihan menjahit 🧵", None)
    assert reel.share_count is None
    assert reel.published_at == datetime(2026, 11, 20, 4, tzinfo=UTC)
    assert album.url == "https://www.instagram.com/p/AbB/"
    assert listing.complete_since == BEFORE_EVERY_POST
    kept = asked.recorder.bodies[0].body
    assert b"Latihan" not in kept
    assert b"8412" in kept


def test_the_profile() -> None:
    reading = read_one(Answer(discovery()))
    assert isinstance(reading, ExtractedProfile)
    assert (reading.platform_account_id, reading.handle) == ("17841400000000021", "demo_kartini")
    assert (reading.followers_count, reading.followers_precision_step) == (8412, 1)
    assert (reading.posts_count, reading.following_count) == (2, None)
    assert reading.metric_definition_id == "instagram.followers_count.v1"


def test_an_account_instagram_does_not_show_says_what_cannot_be_told_and_what_to_do() -> None:
    body = {
        "error": {"code": 110, "error_subcode": 2207013, "message": "Invalid user id", "error_user_msg": "Finner ikke"}
    }
    for answer in (Answer(body, 400), Answer(body, 200), Answer({"id": OUR_ID})):
        failure = read_one(answer)
        assert isinstance(failure, CaptureFailure)
        assert (failure.outcome, failure.for_all) == (Outcome.ACCOUNT_NOT_FOUND, False)
        for word in ("renamed", "private", "personal", "deleted", "ask the center"):
            assert word in failure.detail
        assert failure.response_id is not None


def test_withdrawn_followers_are_missing_not_zero() -> None:
    body = discovery()
    del body["business_discovery"]["followers_count"]
    reading = read_one(Answer(body))
    assert isinstance(reading, ExtractedProfile)
    assert (reading.followers_count, reading.followers_state) == (None, FollowersState.NOT_AVAILABLE)


@pytest.mark.parametrize("handle", [None, "", "with space", "a){id},x(", "x" * 31])
def test_a_handle_that_cannot_be_one_is_not_asked_about(handle: str | None) -> None:
    with serve({}) as server:
        readings, _ = read(server, account("kartini", "instagram", "1", handle))
    failure = readings["kartini-instagram"]
    assert isinstance(failure, CaptureFailure)
    assert failure.outcome is Outcome.NOT_ATTEMPTED
    assert server.requests == []


def test_without_an_account_of_ours_nobody_is_asked_about() -> None:
    with serve({}) as server:
        readings, _ = read(server, KARTINI, account("abiyoso", "instagram", "2", "demo_abiyoso"), login=None)
    assert {reading.for_all for reading in readings.values() if isinstance(reading, CaptureFailure)} == {True}
    assert len(readings) == 2
    assert server.requests == []


def test_one_account_that_fails_leaves_the_others() -> None:
    body = {"error": {"code": 110, "error_subcode": 2207013}}
    with serve({DISCOVERY: [Answer(body, 400), Answer(discovery())]}) as server:
        readings, _ = read(server, account("abiyoso", "instagram", "2", "demo_abiyoso"), KARTINI)
    assert isinstance(readings["abiyoso-instagram"], CaptureFailure)
    assert isinstance(readings["kartini-instagram"], ExtractedProfile)


def test_a_dead_token_is_asked_with_once() -> None:
    body = {"error": {"code": 190, "error_subcode": 463}}
    with serve({DISCOVERY: [Answer(body, 400)]}) as server:
        readings, _ = read(server, KARTINI, account("abiyoso", "instagram", "2", "demo_abiyoso"))
    assert [r.outcome for r in readings.values() if isinstance(r, CaptureFailure)] == [Outcome.TOKEN_EXPIRED] * 2
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "spoiled",
    [{"id": None}, {"followers_count": "abc"}, {"followers_count": -1}, {"username": 3}, {"media_count": 0.5}],
)
def test_a_profile_that_makes_no_sense(spoiled: dict[str, Any]) -> None:
    body = discovery()
    body["business_discovery"] |= spoiled
    failure = read_one(Answer(body))
    assert isinstance(failure, CaptureFailure)
    assert failure.outcome is Outcome.INVALID_RESPONSE


# ------------------------------------------------------------------ media


def test_the_next_page_is_asked_inside_the_fields() -> None:
    first = {"data": [media(1, NOW)], "paging": {"cursors": {"after": "QVFIabc=="}}}
    last = {"data": [media(2, NOW - timedelta(days=1))]}
    listing, server, _ = list_media(discovered(first, 2), discovered(last, 2))
    assert "{id,media.after(QVFIabc==).limit(25){id," in server.requests[1].parameters["fields"]
    assert "followers_count" not in server.requests[1].parameters["fields"]
    assert len(listing.posts) == 2
    assert listing.complete_since == BEFORE_EVERY_POST


def test_reading_stops_at_the_window() -> None:
    old = {
        "data": [media(number, NOW - timedelta(days=number)) for number in range(1, 20)],
        "paging": {"cursors": {"after": "QVFI"}},
    }
    listing, server, _ = list_media(discovered(old, 300))
    assert len(server.requests) == 1
    assert listing.complete_since == SINCE


def test_a_cursor_cannot_write_into_the_fields() -> None:
    first = {"data": [media(1, NOW)], "paging": {"cursors": {"after": "a){biography}"}}}
    with serve({DISCOVERY: [Answer(discovered(first))]}) as server:
        readings, asked = read(server)
        profile = readings["kartini-instagram"]
        assert isinstance(profile, ExtractedProfile)
        with pytest.raises(CaptureFailure) as raised:
            instagram.read_posts(asked.client, KARTINI, profile, ReadWindow(SINCE))
    assert raised.value.outcome is Outcome.INVALID_RESPONSE
    assert len(server.requests) == 1


def test_a_handle_that_changes_hands_between_two_pages() -> None:
    first = {"data": [media(1, NOW)], "paging": {"cursors": {"after": "QVFI"}}}
    with pytest.raises(CaptureFailure) as raised:
        list_media(discovered(first), discovered({"data": []}, account_id="99"))
    assert raised.value.outcome is Outcome.IDENTITY_MISMATCH


def test_an_account_without_media() -> None:
    for nothing in (None, {"data": []}):
        listing, server, _ = list_media(discovered(nothing, 0))
        assert (listing.posts, listing.complete_since) == ((), BEFORE_EVERY_POST)
        assert len(server.requests) == 1


def test_media_that_are_counted_and_not_shown_are_an_empty_listing() -> None:
    listing, _, _ = list_media(discovered({"data": []}, 5))
    assert listing.is_empty, "extract/listing_check.py does not believe it"


def test_a_reply_without_media_beside_a_count_fails_the_listing() -> None:
    with pytest.raises(CaptureFailure) as raised:
        list_media(discovered(None, 5))
    assert raised.value.outcome is Outcome.INVALID_RESPONSE


@pytest.mark.parametrize(
    "spoiled",
    [{"id": 7}, {"timestamp": "2026-11-20"}, {"like_count": "many"}, {"comments_count": -2}, {"caption": {}}],
)
def test_a_media_that_makes_no_sense_fails_the_listing(spoiled: dict[str, Any]) -> None:
    with pytest.raises(CaptureFailure) as raised:
        list_media(discovered({"data": [media(1, NOW) | spoiled]}))
    assert raised.value.outcome is Outcome.INVALID_RESPONSE


@pytest.mark.parametrize(
    ("media_type", "product", "post_type"),
    [
        ("IMAGE", "FEED", "photo"),
        ("VIDEO", "FEED", "video"),
        ("VIDEO", "REELS", "reel"),
        ("IMAGE", "STORY", "story"),
        ("CAROUSEL_ALBUM", None, "carousel"),
        ("HOLOGRAM", "FEED", "other"),
        (None, None, "other"),
    ],
)
def test_post_types(media_type: str | None, product: str | None, post_type: str) -> None:
    shown = media(1, NOW) | {"media_type": media_type, "media_product_type": product}
    listing, _, _ = list_media(discovered({"data": [shown]}))
    assert listing.posts[0].post_type == post_type


@settings(max_examples=30)
@given(body=mutated(discovery()))
def test_whatever_instagram_answers_is_a_reading_or_a_failure(body: Any) -> None:
    with serve({DISCOVERY: [Answer(body)]}) as server:
        readings, asked = read(server, attempts=1)
        reading = readings["kartini-instagram"]
        if isinstance(reading, ExtractedProfile):
            assert reading.followers_count is None or reading.followers_count >= 0
            with suppress(CaptureFailure):
                instagram.read_posts(asked.client, KARTINI, reading, ReadWindow(SINCE))

"""Facebook: one call for many pages, each page its own outcome, posts read back without following a token."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from social_metrics.contract import FollowersState, Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from social_metrics.extract.platforms import facebook
from social_metrics.registry.account import Account
from tests.support.api_fixtures import fixture, mutated
from tests.support.local_platform import NOW, SECRET, Answer, Bench, LocalPlatform, account, bench, serve

KARTINI = account("kartini", "facebook", "100000000000001", "demo_kartini")
ABIYOSO = account("abiyoso", "facebook", "100000000000002", "demo_abiyoso")
HANDLE_ONLY = account("prajna", "facebook", None, "demo_prajna")
SINCE = datetime(2026, 11, 13, tzinfo=UTC)
BATCH, KARTINI_ALONE, ABIYOSO_ALONE = "/v26.0/", "/100000000000001", "/100000000000002"
POSTS = "/100000000000001/published_posts"


def error(code: int, subcode: int | None = None, message: str = "words", **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, **more}
    return {"error": body if subcode is None else {**body, "error_subcode": subcode}}


def pages() -> dict[str, Any]:
    return dict(fixture("facebook", "pages_two"))


def read(
    server: LocalPlatform, accounts: Sequence[Account], **options: Any
) -> tuple[dict[str, ExtractedProfile | CaptureFailure], Bench]:
    asked = bench(facebook.RULES, server.base_url, **options)
    return facebook.read_profiles(asked.client, accounts), asked


def good(reading: ExtractedProfile | CaptureFailure) -> ExtractedProfile:
    assert isinstance(reading, ExtractedProfile), reading
    return reading


def bad(reading: ExtractedProfile | CaptureFailure) -> CaptureFailure:
    assert isinstance(reading, CaptureFailure), reading
    return reading


def post(number: int, day: datetime, **more: Any) -> dict[str, Any]:
    return {"id": f"100000000000001_{number}", "created_time": f"{day:%Y-%m-%dT%H:%M:%S}+0000", **more}


def list_posts(edge: Any, answers: dict[str, list[Answer]], since: datetime | None = SINCE) -> tuple[PostListing, Any]:
    """The listing of a page whose first posts came with the profile as `edge`."""
    page = {"id": "100000000000001", "followers_count": 1} | ({} if edge is None else {"published_posts": edge})
    with serve({KARTINI_ALONE: [Answer(page)], **answers}) as server:
        readings, asked = read(server, [KARTINI])
        profile = good(readings["kartini-facebook"])
        return facebook.read_posts(asked.client, KARTINI, profile, ReadWindow(since)), server


# ------------------------------------------------------------------ profiles


def test_two_pages_and_their_posts_come_in_one_call() -> None:
    with serve({BATCH: [Answer(pages())]}) as server:
        readings, asked = read(server, [KARTINI, ABIYOSO])
        kartini, abiyoso = good(readings["kartini-facebook"]), good(readings["abiyoso-facebook"])
        listing = facebook.read_posts(asked.client, KARTINI, kartini, ReadWindow(SINCE))
    (request,) = server.requests
    assert request.parameters["ids"] == "100000000000001,100000000000002"
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    assert "access_token" not in request.parameters
    assert (kartini.followers_count, kartini.followers_precision_step) == (15230, 1)  # not fan_count
    assert (kartini.platform_account_id, kartini.handle) == ("100000000000001", "demo_kartini")
    assert kartini.metric_definition_id == "facebook.followers_count.v1"
    assert (abiyoso.followers_count, abiyoso.followers_state) == (0, FollowersState.REPORTED)  # a real zero
    album, photo = listing.posts
    assert (album.post_type, album.like_count, album.comment_count, album.share_count) == ("carousel", 51, 7, 4)
    assert album.caption == "Selamat pagi dari Temanggung 🌱"
    assert album.published_at == datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
    assert (photo.post_type, photo.caption, photo.share_count) == ("photo", None, 0)
    assert listing.complete_since == BEFORE_EVERY_POST
    assert listing.response_id == kartini.response_id
    kept = asked.recorder.bodies[0].body
    assert b'"username":"demo_kartini"' in kept
    assert b'"followers_count":15230' in kept
    assert b"Selamat" not in kept


def test_an_unreadable_page_does_not_take_the_others_with_it() -> None:
    answers = {
        BATCH: [Answer(error(803), 404)],
        KARTINI_ALONE: [Answer(pages()["100000000000001"])],
        ABIYOSO_ALONE: [Answer(error(100, 33), 400)],
    }
    with serve(answers) as server:
        readings, _ = read(server, [KARTINI, ABIYOSO])
    assert good(readings["kartini-facebook"]).followers_count == 15230
    assert bad(readings["abiyoso-facebook"]).outcome is Outcome.ACCOUNT_NOT_FOUND


@pytest.mark.parametrize("field", ["followers_count", "fan_count", "username", "link", "published_posts"])
@pytest.mark.parametrize("node", ["User", "Group", "Application"])
def test_an_id_that_is_no_page_withdraws_no_metric_from_the_pages(field: str, node: str) -> None:
    refused = Answer(
        error(100, message=f"(#100) Tried accessing nonexisting field ({field}) on node type ({node})"), 400
    )
    answers = {BATCH: [refused], KARTINI_ALONE: [Answer(pages()["100000000000001"])], ABIYOSO_ALONE: [refused]}
    with serve(answers) as server:
        readings, asked = read(server, [KARTINI, ABIYOSO])
        alone, _ = read(server, [ABIYOSO])
    assert good(readings["kartini-facebook"]).followers_count == 15230
    for failure in (bad(readings["abiyoso-facebook"]), bad(alone["abiyoso-facebook"])):
        assert (failure.outcome, failure.for_all) == (Outcome.IDENTITY_MISMATCH, False)
        assert node in failure.detail.partition("belongs to")[2]
    assert not asked.client.withdrawn


@pytest.mark.parametrize("entry", [None, "abc", {"error": {"code": 10}}])
def test_a_page_that_the_batch_leaves_out_is_asked_alone(entry: Any) -> None:
    batch = pages() | {"100000000000002": entry}
    with serve({BATCH: [Answer(batch)], ABIYOSO_ALONE: [Answer(error(10), 403)]}) as server:
        readings, _ = read(server, [KARTINI, ABIYOSO])
    assert good(readings["kartini-facebook"]).followers_count == 15230
    assert bad(readings["abiyoso-facebook"]).outcome is Outcome.PERMISSION_MISSING


def test_a_page_known_by_its_handle_is_asked_alone() -> None:
    with serve({"/demo_prajna": [Answer({"id": "5", "followers_count": 3})], BATCH: [Answer(pages())]}) as server:
        readings, _ = read(server, [HANDLE_ONLY, KARTINI, ABIYOSO])
    assert good(readings["prajna-facebook"]).platform_account_id == "5"
    assert {request.path for request in server.requests} == {BATCH, "/v26.0/demo_prajna"}


def test_a_row_without_id_and_handle_is_not_asked_about() -> None:
    with serve({}) as server:
        readings, _ = read(server, [account("prajna", "facebook")])
    assert bad(readings["prajna-facebook"]).outcome is Outcome.NOT_ATTEMPTED
    assert server.requests == []


def test_a_dead_token_is_asked_with_once() -> None:
    with serve({BATCH: [Answer(error(190, 463), 401)]}) as server, pytest.raises(CaptureFailure) as raised:
        read(server, [KARTINI, ABIYOSO])
    assert (raised.value.outcome, raised.value.for_all) == (Outcome.TOKEN_EXPIRED, True)
    assert len(server.requests) == 1


def test_a_token_that_dies_between_two_pages_is_not_tried_further() -> None:
    answers = {
        BATCH: [Answer(error(803), 404)],
        KARTINI_ALONE: [Answer(pages()["100000000000001"])],
        ABIYOSO_ALONE: [Answer(error(190, 458), 400)],
    }
    last = account("margo", "facebook", "100000000000003")
    with serve(answers) as server:
        readings, _ = read(server, [KARTINI, ABIYOSO, last])
    assert good(readings["kartini-facebook"]).followers_count == 15230
    assert bad(readings["margo-facebook"]) is bad(readings["abiyoso-facebook"])
    assert bad(readings["margo-facebook"]).outcome is Outcome.TOKEN_EXPIRED


def test_a_batch_too_heavy_for_facebook_is_asked_in_parts() -> None:
    heavy = error(1, message="Please reduce the amount of data you're asking for")
    answers = {
        BATCH: [Answer(heavy, 500)],
        KARTINI_ALONE: [Answer(pages()["100000000000001"])],
        ABIYOSO_ALONE: [Answer(pages()["100000000000002"])],
    }
    with serve(answers) as server:
        readings, _ = read(server, [KARTINI, ABIYOSO])
    assert [good(reading).followers_count for reading in readings.values()] == [15230, 0]


def test_a_platform_that_is_down_is_not_asked_for_every_page() -> None:
    accounts = [account(f"center{n}", "facebook", str(10**14 + n)) for n in range(50)]
    with serve({BATCH: [Answer(b"<html>", 503)], "": [Answer(b"<html>", 503)]}) as server:
        readings, _ = read(server, accounts, attempts=1)
    assert {bad(reading).outcome for reading in readings.values()} == {Outcome.PLATFORM_UNAVAILABLE}
    assert (len(readings), len(server.requests)) == (50, 4)


def test_a_batch_without_a_readable_answer_is_asked_in_parts() -> None:
    unreadable = Answer(b"{}", headers={"Content-Length": "4000"})  # a second, contradicting length
    answers = {
        BATCH: [unreadable],
        KARTINI_ALONE: [Answer(pages()["100000000000001"])],
        ABIYOSO_ALONE: [unreadable],
    }
    with serve(answers) as server:
        readings, _ = read(server, [KARTINI, ABIYOSO], attempts=1)
    assert good(readings["kartini-facebook"]).followers_count == 15230
    assert bad(readings["abiyoso-facebook"]).outcome is Outcome.PLATFORM_UNAVAILABLE


def test_withdrawn_followers_are_missing_not_zero_and_not_fans() -> None:
    page = {"id": "100000000000001", "fan_count": 9}
    with serve({KARTINI_ALONE: [Answer(page)]}) as server:
        reading = good(read(server, [KARTINI])[0]["kartini-facebook"])
    assert (reading.followers_count, reading.followers_state) == (None, FollowersState.NOT_AVAILABLE)


@pytest.mark.parametrize("value", ["abc", -1, 1.5, True, [], 2**63])
def test_a_count_that_makes_no_sense_fails_that_page_only(value: Any) -> None:
    batch = pages()
    batch["100000000000001"]["followers_count"] = value
    with serve({BATCH: [Answer(batch)]}) as server:
        readings, _ = read(server, [KARTINI, ABIYOSO])
    failure = bad(readings["kartini-facebook"])
    assert failure.outcome is Outcome.INVALID_RESPONSE
    assert "followers_count" in failure.detail
    assert good(readings["abiyoso-facebook"]).followers_count == 0


def test_the_proof_that_public_pages_need_goes_with_the_call() -> None:
    with serve({KARTINI_ALONE: [Answer(pages()["100000000000001"])]}) as server:
        read(server, [KARTINI], extra={"app_secret": "app-secret-of-the-test"})
    assert server.requests[0].parameters["appsecret_proof"] == (
        "48f9a060c7790dcc1a81b1facd07d8f44937bc5a8bfd41e62003b50a93ebcfe3"
    )


# ------------------------------------------------------------------ posts


def test_pages_are_followed_by_cursor_and_the_link_with_the_token_is_never_kept() -> None:
    next_link = f"https://graph.facebook.com/v26.0/1/published_posts?access_token={SECRET}&after=QVFIb"
    first = {
        "data": [post(number, NOW - timedelta(days=number)) for number in range(5)],
        "paging": {"cursors": {"after": "QVFIb"}, "next": next_link},
    }
    page = {"id": "100000000000001", "followers_count": 1, "published_posts": first}
    second = fixture("facebook", "published_posts_page")
    with serve({KARTINI_ALONE: [Answer(page)], POSTS: [Answer(second)]}) as server:
        readings, asked = read(server, [KARTINI])
        profile = good(readings["kartini-facebook"])
        listing = facebook.read_posts(asked.client, KARTINI, profile, ReadWindow(SINCE))
    assert [request.parameters["after"] for request in server.asked(POSTS)] == ["QVFIb"]
    assert len(listing.posts) == 6
    reel = listing.posts[-1]
    assert (reel.post_type, reel.share_count) == ("reel", 1)
    assert listing.response_id == reel.response_id != profile.response_id
    kept = b"".join(body.body for body in asked.recorder.bodies)
    assert SECRET.encode() not in kept
    assert b"Video keterampilan" not in kept
    assert b"QVFIb" in kept
    assert b"15230" not in kept
    assert asked.recorder.responses[0].stripped == {"next": 1}
    assert SECRET not in json.dumps([response.parameters for response in asked.recorder.responses])


def test_an_edge_that_pages_by_time_is_followed_by_time() -> None:
    link = f"https://graph.facebook.com/v10.0/4/posts?access_token={SECRET}&until=1624385168&since&__paging_token=enc_A"
    first = {"data": [post(1, NOW)], "paging": {"next": link}}
    listing, server = list_posts(first, {POSTS: [Answer({"data": []})]})
    asked = server.asked(POSTS)[0].parameters
    assert (asked["until"], asked["__paging_token"]) == ("1624385168", "enc_A")
    assert "access_token" not in asked
    assert listing.complete_since == BEFORE_EVERY_POST


def test_an_empty_page_is_not_the_end() -> None:
    following = {"paging": {"cursors": {"after": "b"}, "next": "https://graph.facebook.com/?after=b"}}
    listing, _ = list_posts({"data": [], **following}, {POSTS: [Answer({"data": [post(1, NOW)]})]})
    assert [found.post_id for found in listing.posts] == ["100000000000001_1"]


def test_a_page_object_without_posts_says_nothing_so_the_edge_is_asked() -> None:
    listing, server = list_posts(None, {POSTS: [Answer({"data": []})]})
    assert (listing.posts, listing.complete_since) == ((), BEFORE_EVERY_POST)
    assert len(server.asked(POSTS)) == 1


def test_a_pinned_old_post_does_not_end_the_reading() -> None:
    first = {
        "data": [post(1, NOW - timedelta(days=400)), post(2, NOW), post(3, NOW - timedelta(days=1))],
        "paging": {"cursors": {"after": "b"}, "next": "https://graph.facebook.com/?after=b"},
    }
    older = {
        "data": [post(10 + days, NOW - timedelta(days=days)) for days in range(5, 25)],
        "paging": {"cursors": {"after": "c"}, "next": "https://graph.facebook.com/?after=c"},
    }
    listing, server = list_posts(first, {POSTS: [Answer(older)]})
    assert len(server.asked(POSTS)) == 1  # twenty days back is further than the window
    assert len(listing.posts) == 23
    assert listing.complete_since == SINCE


def test_pages_that_go_in_a_circle_end_as_a_failure() -> None:
    again = {"data": [post(1, NOW)], "paging": {"cursors": {"after": "b"}, "next": "https://graph.facebook.com/"}}
    with pytest.raises(CaptureFailure) as raised:
        list_posts(again, {POSTS: [Answer(again)]})
    assert raised.value.outcome is Outcome.INVALID_RESPONSE


def test_a_refused_next_page_fails_the_posts() -> None:
    first = {"data": [post(1, NOW)], "paging": {"cursors": {"after": "b"}, "next": "https://graph.facebook.com/"}}
    with pytest.raises(CaptureFailure) as raised:
        list_posts(first, {POSTS: [Answer(error(100, message="(#100) The After Cursor …"), 400)]})
    assert raised.value.outcome is Outcome.INVALID_RESPONSE
    assert raised.value.response_id is not None


def test_absent_shares_are_zero_only_where_engagement_was_shown() -> None:
    nobody_asked = post(1, NOW)
    served = post(2, NOW, reactions={"summary": {"total_count": 4}}, comments={"summary": {"total_count": 0}})
    listing, _ = list_posts({"data": [nobody_asked, served]}, {})
    assert [(found.share_count, found.like_count) for found in listing.posts] == [(None, None), (0, 4)]


@pytest.mark.parametrize(
    "spoiled",
    [
        {"id": None},
        {"id": "with spaces"},
        {"created_time": None},
        {"created_time": "yesterday"},
        {"created_time": "2026-11-20T00:00:00"},
        {"shares": {"count": "abc"}},
        {"shares": 3},
        {"reactions": {"summary": {"total_count": -1}}},
        {"message": ["words"]},
        {"attachments": {"data": "photo"}},
    ],
)
def test_a_post_that_makes_no_sense_fails_the_listing(spoiled: dict[str, Any]) -> None:
    with pytest.raises(CaptureFailure) as raised:
        list_posts({"data": [post(1, NOW) | spoiled]}, {})
    assert raised.value.outcome is Outcome.INVALID_RESPONSE


@settings(max_examples=30)
@given(body=mutated(pages()))
def test_whatever_facebook_answers_is_a_reading_or_a_failure(body: Any) -> None:
    with serve({BATCH: [Answer(body)], "": [Answer(error(100, 33), 400)]}) as server:
        asked = bench(facebook.RULES, server.base_url, attempts=1)
        with suppress(CaptureFailure):
            readings = facebook.read_profiles(asked.client, [KARTINI, ABIYOSO])
            assert set(readings) == {"kartini-facebook", "abiyoso-facebook"}
            for reading in readings.values():
                if isinstance(reading, ExtractedProfile):
                    assert reading.followers_count is None or reading.followers_count >= 0
                    facebook.read_posts(asked.client, KARTINI, reading, ReadWindow(SINCE))

"""Threads: one handle a call, an account too small to be shown is not one that is gone, reposts are not own posts."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from social_metrics.contract import FollowersState, Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from social_metrics.extract.platforms import threads
from social_metrics.registry.account import Account
from tests.support.api_fixtures import fixture, mutated
from tests.support.local_platform import NOW, SECRET, Answer, Bench, LocalPlatform, account, bench, serve
from tests.support.simulator import CREDENTIALS, RUN_START, RunningSimulator, running_simulator

KARTINI = account("kartini", "threads", None, "demo_kartini")
ABIYOSO = account("abiyoso", "threads", None, "demo_abiyoso")
SINCE = datetime(2026, 11, 13, tzinfo=UTC)
LOOKUP, POSTS = "/v1.0/profile_lookup", "/v1.0/profile_posts"
NOTHING: dict[str, Any] = {"data": []}


def error(code: int, subcode: int | None = None, message: str = "words") -> dict[str, Any]:
    body: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code}
    return {"error": body if subcode is None else {**body, "error_subcode": subcode}}


def post(number: int, published_at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "id": f"18{number:015d}",
        "media_type": "TEXT_POST",
        "timestamp": f"{published_at:%Y-%m-%dT%H:%M:%S}+0000",
    } | (more)


def page(*posts: dict[str, Any], after: Any = None, **paging: Any) -> dict[str, Any]:
    return {"data": list(posts), "paging": {"cursors": {"before": "QVFJ", "after": after} if after else {}, **paging}}


def read(server: LocalPlatform, *accounts: Account, **options: Any) -> tuple[dict[str, Any], Bench]:
    asked = bench(threads.RULES, server.base_url, **options)
    return threads.read_profiles(asked.client, accounts or (KARTINI,)), asked


def read_one(*answers: Answer) -> ExtractedProfile | CaptureFailure:
    with serve({LOOKUP: answers}) as server:
        reading: ExtractedProfile | CaptureFailure = read(server)[0]["kartini-threads"]
        return reading


def list_posts(*bodies: Any, since: datetime | None = SINCE) -> tuple[PostListing, list[dict[str, str]], Bench]:
    """The listing, the parameters of each call for posts, and what the client wrote."""
    answers = [body if isinstance(body, Answer) else Answer(body) for body in bodies]
    with serve({LOOKUP: [Answer(fixture("threads", "profile_lookup"))], POSTS: answers}) as server:
        readings, asked = read(server)
        listing = threads.read_posts(asked.client, KARTINI, readings["kartini-threads"], ReadWindow(since))
        return listing, [request.parameters for request in server.asked(POSTS)], asked


# ------------------------------------------------------------------ profiles


def test_the_profile_is_looked_up_by_its_handle() -> None:
    with serve({LOOKUP: [Answer(fixture("threads", "profile_lookup"))]}) as server:
        readings, asked = read(server)
    reading = readings["kartini-threads"]
    assert isinstance(reading, ExtractedProfile)
    assert (reading.followers_count, reading.followers_precision_step) == (2417, 1)
    assert (reading.handle, reading.platform_account_id) == ("demo_kartini", None)
    assert (reading.views_count, reading.posts_count, reading.following_count) == (None, None, None)
    assert reading.metric_definition_id == "threads.follower_count.v1"
    (request,) = server.requests
    assert request.parameters == {"username": "demo_kartini"}
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    kept = asked.recorder.bodies[0].body
    assert b"2417" in kept
    assert b"Temanggung" not in kept


def test_followers_that_are_left_out_are_missing_not_zero() -> None:
    body = fixture("threads", "profile_lookup")
    del body["follower_count"]
    reading = read_one(Answer(body))
    assert isinstance(reading, ExtractedProfile)
    assert (reading.followers_count, reading.followers_state) == (None, FollowersState.NOT_AVAILABLE)


@pytest.mark.parametrize(
    ("answer", "outcome", "for_all"),
    [
        (Answer(error(100, None, "The profile has fewer than 100 followers"), 400), Outcome.BELOW_THRESHOLD, False),
        (Answer(error(10, None, "At least 100 Followers needed"), 403), Outcome.BELOW_THRESHOLD, False),
        (Answer(error(100, 33), 400), Outcome.ACCOUNT_NOT_FOUND, False),
        (Answer(error(100, 33), 200), Outcome.ACCOUNT_NOT_FOUND, False),
        (Answer(error(10), 403), Outcome.PERMISSION_MISSING, True),
        (Answer(error(190, 463, "followers of an expired token"), 400), Outcome.TOKEN_EXPIRED, True),
        (Answer(error(190, 458), 400), Outcome.TOKEN_EXPIRED, True),
        (Answer(error(4, None, "Too many lookups of followers"), 403), Outcome.RATE_LIMITED, True),
        (Answer(error(2), 500), Outcome.PLATFORM_UNAVAILABLE, False),
        (Answer(error(100, None, "nonexisting field (followers_count)"), 400), Outcome.INVALID_RESPONSE, False),
        (Answer(error(999), 400), Outcome.INVALID_RESPONSE, False),
        (Answer({}), Outcome.INVALID_RESPONSE, False),
        (Answer([]), Outcome.INVALID_RESPONSE, False),
        (Answer({"username": "demo_kartini", "follower_count": "many"}), Outcome.INVALID_RESPONSE, False),
        (Answer({"username": "demo_kartini", "follower_count": -1}), Outcome.INVALID_RESPONSE, False),
        (Answer(b"<html>", 404), Outcome.INVALID_RESPONSE, False),
    ],
)
def test_what_a_refused_lookup_means(answer: Answer, outcome: Outcome, for_all: bool) -> None:
    failure = read_one(answer)
    assert isinstance(failure, CaptureFailure)
    assert (failure.outcome, failure.for_all) == (outcome, for_all)
    assert failure.response_id is not None


def test_a_handle_that_is_not_shown_says_what_cannot_be_told() -> None:
    failure = read_one(Answer(error(100, 33), 400))
    assert isinstance(failure, CaptureFailure)
    for word in ("100 followers", "renamed", "public", "review", "ask the center"):
        assert word in failure.detail


@pytest.mark.parametrize("handle", [None, "", "with space", "@demo_kartini", "x" * 31])
def test_a_handle_that_cannot_be_one_is_not_asked_about(handle: str | None) -> None:
    with serve({}) as server:
        readings, _ = read(server, account("kartini", "threads", "1", handle))
    assert readings["kartini-threads"].outcome is Outcome.NOT_ATTEMPTED
    assert server.requests == []


def test_one_account_that_fails_leaves_the_others_and_a_dead_token_ends_them() -> None:
    good = Answer(fixture("threads", "profile_lookup"))
    with serve({LOOKUP: [Answer(error(100, 33), 400), good]}) as server:
        readings, _ = read(server, ABIYOSO, KARTINI)
    assert isinstance(readings["abiyoso-threads"], CaptureFailure)
    assert isinstance(readings["kartini-threads"], ExtractedProfile)
    with serve({LOOKUP: [Answer(error(190, 463), 400), good]}) as server:
        readings, _ = read(server, ABIYOSO, KARTINI)
    assert {reading.outcome for reading in readings.values()} == {Outcome.TOKEN_EXPIRED}
    assert len(server.requests) == 1


# ------------------------------------------------------------------ posts


def test_own_posts_are_listed_and_reposts_are_not() -> None:
    listing, asked_with, asked = list_posts(fixture("threads", "profile_posts"), NOTHING)
    text, album = listing.posts
    assert (text.post_type, text.caption) == ("text", "Pelatihan barista dibuka 🌱")
    assert (text.post_id, text.published_at) == ("18000000000000103", datetime(2026, 11, 20, 4, tzinfo=UTC))
    assert text.url == "https://www.threads.com/@demo_kartini/post/DaC"
    assert (album.post_type, album.caption, album.url) == ("carousel", None, None)
    assert {(p.like_count, p.comment_count, p.share_count, p.view_count) for p in listing.posts} == {(None,) * 4}
    assert [query.get("after") for query in asked_with] == [None, "QVFJb"]
    assert {query["username"] for query in asked_with} == {"demo_kartini"}
    assert listing.complete_since == BEFORE_EVERY_POST
    assert not any(b"barista" in body.body for body in asked.recorder.bodies)


def test_pages_are_followed_by_cursor_and_by_link_even_past_an_empty_one() -> None:
    listing, asked_with, _ = list_posts(
        page(after="A"),
        page(post(1, NOW), next="https://graph.threads.net/v1.0/profile_posts?after=B&access_token=secret"),
        page(post(2, NOW - timedelta(days=2)), after="C"),
        page(post(2, NOW - timedelta(days=2)), after="C"),
    )
    assert [query.get("after") for query in asked_with] == [None, "A", "B", "C"]
    assert not any("access_token" in query for query in asked_with)
    assert len(listing.posts) == 2
    assert listing.complete_since == BEFORE_EVERY_POST


def test_reading_stops_at_the_window() -> None:
    old = page(*(post(number, NOW - timedelta(days=number)) for number in range(1, 20)), after="A")
    listing, asked_with, _ = list_posts(old)
    assert len(asked_with) == 1
    assert listing.complete_since == SINCE


@pytest.mark.parametrize(
    "body",
    [
        Answer({"data": None}),
        Answer([]),
        Answer(page(post(1, NOW) | {"id": 7})),
        Answer(page(post(1, NOW) | {"timestamp": "2026-11-20"})),
        Answer(page(post(1, NOW) | {"text": {}})),
        Answer({"data": [3]}),
        Answer(error(100, None, "Bad cursor"), 400),
    ],
)
def test_posts_that_make_no_sense_fail_the_listing(body: Answer) -> None:
    with pytest.raises(CaptureFailure) as raised:
        list_posts(body)
    assert raised.value.outcome is Outcome.INVALID_RESPONSE


@settings(max_examples=30)
@given(profile=mutated(fixture("threads", "profile_lookup")), posts=mutated(fixture("threads", "profile_posts")))
def test_whatever_threads_answers_is_a_reading_or_a_failure(profile: Any, posts: Any) -> None:
    with serve({LOOKUP: [Answer(profile)], POSTS: [Answer(posts), Answer(NOTHING)]}) as server:
        readings, asked = read(server, attempts=1)
        reading = readings["kartini-threads"]
        if isinstance(reading, ExtractedProfile):
            assert reading.followers_count is None or reading.followers_count >= 0
            with suppress(CaptureFailure):
                threads.read_posts(asked.client, KARTINI, reading, ReadWindow(SINCE))


# ------------------------------------------------------------------ with the simulator


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator"), RUN_START) as started:
        yield started


@pytest.fixture
def faulty(running: RunningSimulator) -> Iterator[RunningSimulator]:
    yield running
    running.clear_faults()


def ask(running: RunningSimulator, **options: Any) -> Bench:
    return bench(threads.RULES, running.base_url, secret=CREDENTIALS["threads"][1], **options)


def test_what_is_read_is_what_is_so(running: RunningSimulator) -> None:
    accounts, truth = running.accounts("threads"), running.truth("threads")
    asked = ask(running)
    readings = threads.read_profiles(asked.client, accounts)
    small, listed = 0, 0
    for one in accounts:
        reading, so = readings[one.account_code], truth[one.account_code]
        if isinstance(reading, CaptureFailure):
            assert (reading.outcome, so["followers"] < 100) == (Outcome.BELOW_THRESHOLD, True)
            small += 1
            continue
        assert (reading.followers_count, reading.handle) == (so["followers"], so["handle"])
        listing = threads.read_posts(asked.client, one, reading, ReadWindow(datetime(2000, 1, 1, tzinfo=UTC)))
        assert {p.post_id: p.published_at for p in listing.posts} == {
            p["id"]: datetime.fromisoformat(p["published_at"]) for p in so["posts"]
        }
        listed += len(listing.posts)
    assert 0 < small < 10
    assert len(accounts) == 31
    assert listed > 300


BECOMES = {
    "unauthorized": Outcome.TOKEN_EXPIRED,
    "token_expired": Outcome.TOKEN_EXPIRED,
    "token_revoked": Outcome.TOKEN_EXPIRED,
    "policy_block": Outcome.PERMISSION_MISSING,
    "forbidden": Outcome.PERMISSION_MISSING,
    "permission_missing": Outcome.PERMISSION_MISSING,
    "not_found": Outcome.ACCOUNT_NOT_FOUND,
    "below_threshold": Outcome.BELOW_THRESHOLD,
    "rate_limited": Outcome.RATE_LIMITED,
    "bad_page_token": Outcome.INVALID_RESPONSE,
    "invalid_request": Outcome.INVALID_RESPONSE,
    "server_error": Outcome.PLATFORM_UNAVAILABLE,
    "unavailable": Outcome.PLATFORM_UNAVAILABLE,
}


def test_every_error_of_the_simulator_has_its_outcome(faulty: RunningSimulator) -> None:
    kinds = faulty.admin("GET", "faults/kinds")["error"]["threads"]
    became, expected = {}, {}
    for kind, variants in kinds.items():
        for variant in variants:
            faulty.fault("threads", kind, variant=variant)
            reading = threads.read_profiles(ask(faulty).client, [KARTINI])["kartini-threads"]
            assert isinstance(reading, CaptureFailure)
            became[kind, variant], expected[kind, variant] = reading.outcome, BECOMES[kind]
            faulty.clear_faults()
    expected["not_found", "path"] = Outcome.INVALID_RESPONSE  # the API has no such call: nothing about the account
    assert became == expected


@pytest.mark.parametrize("kind", ["duplicate_items", "empty_page", "expired_page_token", "nul_in_text"])
def test_faults_of_paging_leave_no_hole(faulty: RunningSimulator, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "POSTS_PER_PAGE", 3)
    accounts, truth = faulty.accounts("threads"), faulty.truth("threads")
    one = max((a for a in accounts if truth[a.account_code]["followers"] > 100),
              key=lambda a: len(truth[a.account_code]["posts"]))  # fmt: skip
    asked = ask(faulty)
    profile = threads.read_profiles(asked.client, [one])[one.account_code]
    assert isinstance(profile, ExtractedProfile)
    faulty.fault("threads", kind)
    window = ReadWindow(datetime(2000, 1, 1, tzinfo=UTC))
    if kind == "expired_page_token":
        with pytest.raises(CaptureFailure, match="invalid_response"):
            threads.read_posts(asked.client, one, profile, window)
        return
    listing = threads.read_posts(asked.client, one, profile, window)
    found = [p.post_id for p in listing.posts]
    assert sorted(found) == sorted(p["id"] for p in truth[one.account_code]["posts"])
    assert not any("\x00" in (p.caption or "") for p in listing.posts)

"""TikTok: every account with its own token, a refresh that never loses a pair, videos read back by time."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from social_metrics.contract import FollowersState, Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, PostListing, ReadWindow, TokenPair
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from social_metrics.extract.platforms import tiktok
from social_metrics.registry.account import Account
from tests.support.api_fixtures import fixture, mutated
from tests.support.local_platform import NOW, SECRET, Answer, Bench, LocalPlatform, account, bench, serve

OPEN_ID = "demo-0f24d7-e717-40f8-a2b6-kartini"
KARTINI = account("kartini", "tiktok", OPEN_ID, "demo_kartini")
ABIYOSO = account("abiyoso", "tiktok", "demo-abiyoso", "demo_abiyoso")
SINCE = datetime(2025, 11, 13, tzinfo=UTC)
CLIENT_KEY = "client-key-of-the-test"
USER, VIDEOS, TOKEN = "/v2/user/info/", "/v2/video/list/", "/v2/oauth/token/"
OLD_TOKEN = "rft.old-refresh-token-of-the-test"


@dataclass
class Owners:
    """Accounts whose owners authorised us; the others did not."""

    without: set[str] = field(default_factory=set)

    def access_token(self, account: Account) -> str:
        if account.account_code in self.without:
            raise CaptureFailure(Outcome.PERMISSION_MISSING, "the owner has not authorised the application yet")
        return f"act.{account.account_code}"

    def replace_token(self, refused: str, account: Account) -> str:
        return self.access_token(account)


def error(code: str, message: str = "words") -> dict[str, Any]:
    return {"data": {}, "error": {"code": code, "message": message, "log_id": "1"}}


def videos(*numbers: int, has_more: Any = False, cursor: Any = 1763513999000) -> dict[str, Any]:
    """A page of videos, `number` days before NOW each."""
    listed = [
        {"id": str(7300000000000000000 + number), "create_time": int((NOW - timedelta(days=number)).timestamp())}
        for number in numbers
    ]
    return {"data": {"videos": listed, "cursor": cursor, "has_more": has_more}, "error": {"code": "ok"}}


def read(
    server: LocalPlatform, *accounts: Account, owners: Owners | None = None, **options: Any
) -> tuple[dict[str, ExtractedProfile | CaptureFailure], Bench]:
    asked = bench(tiktok.RULES, server.base_url, login=CLIENT_KEY, tokens=owners or Owners(), **options)
    return tiktok.read_profiles(asked.client, accounts or (KARTINI,)), asked


def read_one(answer: Answer) -> ExtractedProfile | CaptureFailure:
    with serve({USER: [answer]}) as server:
        return read(server, attempts=1)[0]["kartini-tiktok"]


def list_videos(
    *bodies: Any, since: datetime | None = SINCE, profile: Any = None
) -> tuple[PostListing, LocalPlatform, Bench]:
    with serve(
        {USER: [Answer(profile or fixture("tiktok", "user_info"))], VIDEOS: [Answer(b) for b in bodies]}
    ) as server:
        readings, asked = read(server)
        reading = readings["kartini-tiktok"]
        assert isinstance(reading, ExtractedProfile), reading
        return tiktok.read_posts(asked.client, KARTINI, reading, ReadWindow(since)), server, asked


def refresh(*answers: Answer, login: str | None = CLIENT_KEY, **options: Any) -> tuple[TokenPair, LocalPlatform, Bench]:
    with serve({TOKEN: answers}) as server:
        asked = bench(tiktok.RULES, server.base_url, login=login, tokens=Owners(), **options)
        return tiktok.refresh(asked.client, OLD_TOKEN), server, asked


# ------------------------------------------------------------------ tokens


def test_a_refresh_gives_the_new_pair_and_leaves_no_secret_behind() -> None:
    pair, server, asked = refresh(Answer(fixture("tiktok", "token")))
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", TOKEN)
    assert request.parameters == {
        "client_key": CLIENT_KEY,
        "client_secret": SECRET,
        "grant_type": "refresh_token",
        "refresh_token": OLD_TOKEN,
    }
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in request.headers
    assert pair == TokenPair(
        "act.new-access-token-of-the-test",
        NOW + timedelta(hours=2),
        "rft.new-refresh-token-of-the-test",
        NOW + timedelta(days=180),
    )
    (response,), (body,) = asked.recorder.responses, asked.recorder.bodies
    written = f"{response}{body}{pair!r}"
    for secret in (SECRET, OLD_TOKEN, "act.new-access-token", "rft.new-refresh-token"):
        assert secret not in written
    assert response.stripped == {"access_token": 1, "refresh_token": 1}


def test_a_refresh_token_that_stays_is_kept() -> None:
    body = fixture("tiktok", "token")
    del body["refresh_token"], body["refresh_expires_in"]
    pair, _, _ = refresh(Answer(body))
    assert (pair.refresh_token, pair.refresh_expires_at) == (OLD_TOKEN, None)


@pytest.mark.parametrize("lifetime", [None, "abc", -1, True, 10**18])
def test_a_pair_is_never_thrown_away_for_its_lifetime(lifetime: Any) -> None:
    pair, _, _ = refresh(Answer(fixture("tiktok", "token") | {"expires_in": lifetime}))
    assert pair.refresh_token == "rft.new-refresh-token-of-the-test"
    assert pair.access_expires_at == NOW  # good for what is done now; renewed before the next time


@pytest.mark.parametrize(
    ("answer", "outcome", "for_all"),
    [
        (
            Answer({"error": "invalid_grant", "error_description": "expired", "log_id": "1"}, 400),
            Outcome.TOKEN_EXPIRED,
            False,
        ),
        (Answer({"error": "invalid_grant", "error_description": "expired"}, 200), Outcome.TOKEN_EXPIRED, False),
        (Answer({"error": "invalid_client"}, 400), Outcome.PERMISSION_MISSING, True),
        (Answer({"error": "invalid_request"}, 400), Outcome.INVALID_RESPONSE, False),
        (Answer({"error": "server_error"}, 500), Outcome.PLATFORM_UNAVAILABLE, False),
        (Answer({"error": "something_new"}, 503), Outcome.PLATFORM_UNAVAILABLE, False),
        (Answer({"token_type": "Bearer"}), Outcome.INVALID_RESPONSE, False),
        (Answer({"access_token": ["act"]}), Outcome.INVALID_RESPONSE, False),
        (Answer([]), Outcome.INVALID_RESPONSE, False),
    ],
)
def test_a_refresh_that_is_refused(answer: Answer, outcome: Outcome, for_all: bool) -> None:
    with pytest.raises(CaptureFailure) as raised:
        refresh(answer)
    assert (raised.value.outcome, raised.value.for_all) == (outcome, for_all)
    assert OLD_TOKEN not in raised.value.detail


def test_a_broken_chain_says_that_the_owner_must_log_in() -> None:
    with pytest.raises(CaptureFailure) as raised:
        refresh(Answer({"error": "invalid_grant", "error_description": "Refresh token is invalid or expired."}, 400))
    assert "owner must log in" in raised.value.detail


def test_a_refresh_without_a_client_key_is_not_tried() -> None:
    with pytest.raises(CaptureFailure) as raised:
        refresh(login=None)
    assert (raised.value.outcome, raised.value.for_all) == (Outcome.NOT_ATTEMPTED, True)


# ------------------------------------------------------------------ profiles


def test_the_profile_is_read_with_the_accounts_own_token() -> None:
    with serve({USER: [Answer(fixture("tiktok", "user_info"))]}) as server:
        readings, asked = read(server)
    reading = readings["kartini-tiktok"]
    assert isinstance(reading, ExtractedProfile)
    assert (reading.platform_account_id, reading.handle) == (OPEN_ID, "demo_kartini")
    assert (reading.followers_count, reading.followers_precision_step) == (3120, 1)
    assert (reading.following_count, reading.posts_count) == (12, 2)
    assert reading.metric_definition_id == "tiktok.follower_count.v1"
    (request,) = server.requests
    assert request.headers["Authorization"] == "Bearer act.kartini-tiktok"
    assert set(request.parameters) == {"fields"}
    assert "act.kartini" not in f"{asked.recorder.responses}{asked.recorder.bodies}"


def test_an_account_whose_owner_did_not_authorise_us_leaves_the_others() -> None:
    with serve({USER: [Answer(fixture("tiktok", "user_info"))]}) as server:
        readings, _ = read(server, ABIYOSO, KARTINI, owners=Owners(without={"abiyoso-tiktok"}))
    failure = readings["abiyoso-tiktok"]
    assert isinstance(failure, CaptureFailure)
    assert failure.outcome is Outcome.PERMISSION_MISSING
    assert isinstance(readings["kartini-tiktok"], ExtractedProfile)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("access_token_invalid", Outcome.TOKEN_EXPIRED),
        ("scope_not_authorized", Outcome.PERMISSION_MISSING),
        ("scope_permission_missed", Outcome.PERMISSION_MISSING),
        ("rate_limit_exceeded", Outcome.RATE_LIMITED),
        ("internal_error", Outcome.PLATFORM_UNAVAILABLE),
        ("invalid_params", Outcome.INVALID_RESPONSE),
    ],
)
def test_outcome_of_an_error_code_inside_any_status(status: int, code: str, outcome: Outcome) -> None:
    failure = read_one(Answer(error(code), status))
    assert isinstance(failure, CaptureFailure)
    if status == 401 and code == "invalid_params":
        outcome = Outcome.TOKEN_EXPIRED  # nothing that TikTok documents: the status decides
    of_our_application = code in ("scope_permission_missed", "rate_limit_exceeded")
    assert (failure.outcome, failure.for_all) == (outcome, of_our_application)


def test_a_rate_limit_waits_as_long_as_it_is_asked_to() -> None:
    limited = Answer(error("rate_limit_exceeded"), 429, {"Retry-After": "7"})
    with serve({USER: [limited, Answer(fixture("tiktok", "user_info"))]}) as server:
        readings, asked = read(server)
    assert isinstance(readings["kartini-tiktok"], ExtractedProfile)
    assert asked.waits == [7.0]


def test_counts_the_owner_did_not_grant_are_missing_not_zero() -> None:
    body = fixture("tiktok", "user_info")
    del body["data"]["user"]["follower_count"]
    reading = read_one(Answer(body))
    assert isinstance(reading, ExtractedProfile)
    assert (reading.followers_count, reading.followers_state) == (None, FollowersState.NOT_AVAILABLE)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"data": {"user": {"open_id": None}}},
        {"data": {"user": {"open_id": OPEN_ID, "follower_count": "abc"}}},
        {"data": {"user": {"open_id": OPEN_ID, "follower_count": -1}}},
        {"data": {"user": []}},
        {"data": None},
    ],
)
def test_a_profile_that_makes_no_sense(spoiled: dict[str, Any]) -> None:
    failure = read_one(Answer({"error": {"code": "ok"}} | spoiled))
    assert isinstance(failure, CaptureFailure)
    assert failure.outcome is Outcome.INVALID_RESPONSE


# ------------------------------------------------------------------ videos


def test_a_page_of_videos() -> None:
    listing, server, asked = list_videos(fixture("tiktok", "video_list"))
    request = server.asked(VIDEOS)[0]
    assert (request.method, request.body) == ("POST", b'{"max_count": 20}')
    assert request.headers["Authorization"] == "Bearer act.kartini-tiktok"
    newest, older = listing.posts
    assert newest.url == "https://www.tiktok.com/@demo_kartini/video/7300000000000000002"
    assert newest.published_at == datetime(2025, 11, 20, 1, 0, tzinfo=UTC)  # seconds, not milliseconds
    assert newest.caption == "Panen sayur bersama #kemensos"
    counts = (newest.like_count, newest.comment_count, newest.share_count, newest.view_count)
    assert (newest.post_type, counts) == ("video", (210, 9, 0, 5400))
    assert (older.caption, older.like_count, older.view_count) == (None, None, 0)
    assert listing.complete_since == BEFORE_EVERY_POST
    kept = b"".join(body.body for body in asked.recorder.bodies)
    assert b"Panen" not in kept
    assert b"utm_source" not in kept
    assert b"1763513999000" in kept


def test_a_short_page_may_have_more() -> None:
    listing, server, _ = list_videos(
        videos(1, has_more=True, cursor=1763513999123), videos(has_more=True, cursor=1763513000000), videos(2)
    )
    asked = [request.body for request in server.asked(VIDEOS)]
    assert asked == [
        b'{"max_count": 20}',
        b'{"max_count": 20, "cursor": 1763513999123}',
        b'{"max_count": 20, "cursor": 1763513000000}',
    ]
    assert len(listing.posts) == 2


def test_reading_stops_at_the_window() -> None:
    listing, server, _ = list_videos(videos(1, 2, 9, 10, 11, 12, has_more=True), since=NOW - timedelta(days=7))
    assert len(server.asked(VIDEOS)) == 1
    assert listing.complete_since == NOW - timedelta(days=7)


def test_videos_that_are_counted_and_not_shown_are_an_empty_listing() -> None:
    assert list_videos(videos())[0].is_empty, "extract/listing_check.py does not believe it"
    nobody = fixture("tiktok", "user_info")
    nobody["data"]["user"]["video_count"] = 0
    assert list_videos(videos(), profile=nobody)[0].complete_since == BEFORE_EVERY_POST


@pytest.mark.parametrize(
    "body",
    [
        videos(1, has_more=None),
        videos(1, has_more=True, cursor=None),
        videos(1, has_more=True, cursor="abc"),
        {"data": {"has_more": False}, "error": {"code": "ok"}},
        {"data": {"videos": [7], "has_more": False}, "error": {"code": "ok"}},
        {"data": {"videos": [{"id": "1"}], "has_more": False}, "error": {"code": "ok"}},
        {"data": {"videos": [{"id": "1", "create_time": "soon"}], "has_more": False}, "error": {"code": "ok"}},
        {"data": {"videos": [{"create_time": 1763600400}], "has_more": False}, "error": {"code": "ok"}},
        {"error": {"code": "ok"}},
    ],
)
def test_a_page_that_makes_no_sense_fails_the_listing(body: Any) -> None:
    with pytest.raises(CaptureFailure) as raised:
        list_videos(body)
    assert raised.value.outcome is Outcome.INVALID_RESPONSE


@settings(max_examples=30)
@given(profile=mutated(fixture("tiktok", "user_info")), page=mutated(fixture("tiktok", "video_list")))
def test_whatever_tiktok_answers_is_a_reading_or_a_failure(profile: Any, page: Any) -> None:
    with serve({USER: [Answer(profile)], VIDEOS: [Answer(page)]}) as server:
        readings, asked = read(server, attempts=1)
        reading = readings["kartini-tiktok"]
        if isinstance(reading, ExtractedProfile):
            assert reading.followers_count is None or reading.followers_count >= 0
            with suppress(CaptureFailure):
                tiktok.read_posts(asked.client, KARTINI, reading, ReadWindow(SINCE))


@settings(max_examples=15)
@given(body=mutated(fixture("tiktok", "token")))
def test_whatever_a_refresh_answers_is_a_pair_or_a_failure(body: Any) -> None:
    with suppress(CaptureFailure):
        pair, _, _ = refresh(Answer(body), attempts=1)
        assert pair.access_token
        assert pair.refresh_token

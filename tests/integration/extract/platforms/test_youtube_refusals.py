"""YouTube: every refusal has its outcome, kept bodies hold no words, and no nonsense ends in a traceback."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, ReadWindow
from social_metrics.extract.http.json_values import at
from social_metrics.extract.platforms import youtube
from tests.integration.extract.platforms.recorded_cases import some_profile
from tests.support.api_fixtures import fixture, mutated
from tests.support.local_platform import SECRET, Answer, Bench, account, bench, serve

KARTINI = account("kartini", "youtube", "UCdemo0000000000000kartini")
ALL = [KARTINI, *(account(name, "youtube", f"UCdemo{name:0>20}") for name in ("abiyoso", "prajna", "baru", "lost"))]
PROFILE = some_profile("UCdemo0000000000000kartini", "demo_kartini", uploads="UUdemo0000000000000kartini")
SINCE = datetime(2026, 11, 13, tzinfo=UTC)


def error(code: int, reason: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": "words", "errors": [{"reason": reason, "domain": "d"}], **more}}


def refused(answer: Answer, **options: Any) -> tuple[CaptureFailure, Bench]:
    """What becomes of a channel whose call is answered so."""
    with serve({"/channels": [answer]}) as server:
        asked = bench(youtube.RULES, server.base_url, **options)
        reading = youtube.read_profiles(asked.client, [KARTINI])["kartini-youtube"]
    assert isinstance(reading, CaptureFailure)
    return reading, asked


@pytest.mark.parametrize(
    ("status", "body", "outcome", "for_all", "tries"),
    [
        (400, error(400, "keyInvalid"), Outcome.TOKEN_EXPIRED, True, 1),
        (400, error(400, "badRequest", details=[{"reason": "API_KEY_INVALID"}]), Outcome.TOKEN_EXPIRED, True, 1),
        (401, error(401, "authError"), Outcome.TOKEN_EXPIRED, True, 1),
        (403, error(403, "accessNotConfigured", status="PERMISSION_DENIED"), Outcome.PERMISSION_MISSING, True, 1),
        (403, error(403, "forbidden", status="PERMISSION_DENIED"), Outcome.PERMISSION_MISSING, True, 1),
        (403, error(403, "quotaExceeded"), Outcome.QUOTA_EXHAUSTED, True, 1),
        (403, error(403, "rateLimitExceeded"), Outcome.RATE_LIMITED, True, 1),
        (403, error(403, "userRateLimitExceeded"), Outcome.RATE_LIMITED, True, 1),
        (429, error(429, "rateLimitExceeded", status="RESOURCE_EXHAUSTED"), Outcome.RATE_LIMITED, True, 1),
        (429, error(429, "somethingNew"), Outcome.RATE_LIMITED, False, 1),
        (400, error(400, "invalidPageToken"), Outcome.INVALID_RESPONSE, False, 1),
        (403, error(403, "SERVICE_UNAVAILABLE"), Outcome.PLATFORM_UNAVAILABLE, False, 3),
        (403, error(403, "x", status="SERVICE_UNAVAILABLE"), Outcome.PLATFORM_UNAVAILABLE, False, 3),
        (500, error(500, "backendError"), Outcome.PLATFORM_UNAVAILABLE, False, 3),
        (503, b"Service Unavailable", Outcome.PLATFORM_UNAVAILABLE, False, 3),
        (200, error(403, "quotaExceeded"), Outcome.QUOTA_EXHAUSTED, True, 1),
        (200, error(503, "somethingNew"), Outcome.PLATFORM_UNAVAILABLE, False, 3),
        (200, {"error": "words"}, Outcome.INVALID_RESPONSE, False, 1),
        (200, b"<html>hello</html>", Outcome.INVALID_RESPONSE, False, 3),
        (200, b'{"items": [{"id": "UCde', Outcome.INVALID_RESPONSE, False, 3),
    ],
)
def test_every_refusal_has_its_outcome(status: int, body: Any, outcome: Outcome, for_all: bool, tries: int) -> None:
    failure, asked = refused(Answer(body, status))
    assert (failure.outcome, failure.for_all) == (outcome, for_all)
    assert len(asked.recorder.responses) == tries
    assert failure.response_id == asked.recorder.responses[-1].response_id
    assert sum(spend.quota_units for spend in asked.recorder.spends) == tries  # a refused request costs a unit too


@pytest.mark.parametrize(
    ("now", "retry_at"),
    [
        (datetime(2026, 11, 20, 13, 0, tzinfo=UTC), datetime(2026, 11, 21, 8, 0, tzinfo=UTC)),  # winter: UTC-8
        (datetime(2026, 7, 1, 13, 0, tzinfo=UTC), datetime(2026, 7, 2, 7, 0, tzinfo=UTC)),  # summer: UTC-7
        (datetime(2026, 11, 21, 7, 59, tzinfo=UTC), datetime(2026, 11, 21, 8, 0, tzinfo=UTC)),
        (datetime(2026, 11, 1, 8, 30, tzinfo=UTC), datetime(2026, 11, 2, 8, 0, tzinfo=UTC)),  # 25 hours long
    ],
)
def test_quota_comes_back_at_midnight_pacific(now: datetime, retry_at: datetime) -> None:
    failure, _ = refused(Answer(error(403, "quotaExceeded"), 403), now=now)
    assert failure.retry_at == retry_at


def test_retry_after_is_waited_for() -> None:
    _, asked = refused(Answer(error(403, "rateLimitExceeded"), 403, {"Retry-After": "7"}))
    assert asked.waits == [7.0, 7.0]


# ------------------------------------------------------------------ evidence and nonsense


def test_kept_bodies_hold_counts_and_no_words() -> None:
    answers = {
        "/channels": [Answer(fixture("youtube", "channels"))],
        "/playlistItems": [Answer(fixture("youtube", "playlist_items"))],
        "/videos": [Answer(fixture("youtube", "videos"))],
    }
    with serve(answers) as server:
        asked = bench(youtube.RULES, server.base_url)
        youtube.read_profiles(asked.client, ALL)
        youtube.read_posts(asked.client, KARTINI, PROFILE, ReadWindow(SINCE))
    kept = b"".join(body.body for body in asked.recorder.bodies)
    for evidence in (b'"subscriberCount":"12300"', b'"videoPublishedAt"', b'"viewCount":"1204"', b"UUdemo0"):
        assert evidence in kept
    for word in (b"title", b"description", b"Penyaluran", b"Kartini", b"Siaran", SECRET.encode()):
        assert word not in kept


@settings(max_examples=60)
@given(body=mutated(fixture("youtube", "channels")))
def test_no_nonsense_in_channels_ends_in_a_traceback_or_a_false_zero(body: Any) -> None:
    with serve({"/channels": [Answer(body)]}) as server:
        readings = youtube.read_profiles(bench(youtube.RULES, server.base_url, attempts=1).client, ALL)
    assert set(readings) == {one.account_code for one in ALL}
    items = at(body, "items")
    said = [at(item, "statistics", "subscriberCount") for item in (items if isinstance(items, list) else ())]
    for reading in readings.values():
        if isinstance(reading, ExtractedProfile) and reading.followers_count is not None:
            assert reading.followers_count in said or str(reading.followers_count) in said


@settings(max_examples=60)
@given(
    playlist=mutated(fixture("youtube", "playlist_items")) | st.just(fixture("youtube", "playlist_items")),
    videos=mutated(fixture("youtube", "videos")) | st.just(fixture("youtube", "videos")),
)
def test_no_nonsense_in_posts_ends_in_a_traceback(playlist: Any, videos: Any) -> None:
    with suppress(CaptureFailure), serve({"/playlistItems": [Answer(playlist)], "/videos": [Answer(videos)]}) as server:
        asked = bench(youtube.RULES, server.base_url, attempts=1)
        listing = youtube.read_posts(asked.client, KARTINI, PROFILE, ReadWindow(SINCE))
        for post in listing.posts:
            assert post.post_id
            assert post.published_at.tzinfo is UTC

"""X: every refusal has its outcome, kept bodies hold no words, and no nonsense ends in a traceback."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, ReadWindow
from social_metrics.extract.http.json_values import at
from social_metrics.extract.platforms import x
from tests.integration.extract.platforms.recorded_cases import some_profile
from tests.support.api_fixtures import fixture, mutated
from tests.support.local_platform import NOW, SECRET, Answer, Bench, account, bench, serve

KARTINI = account("kartini", "x", "1900000000000000001")
ABIYOSO = account("abiyoso", "x", "1900000000000000002")
ALL = [KARTINI, ABIYOSO, account("suspended", "x", "1900000000000000003"), account("lost", "x", "1900000000000000004")]
PROFILE = some_profile("1900000000000000001", "demo_kartini")
SINCE = datetime(2026, 11, 13, tzinfo=UTC)
TIMELINE = "1900000000000000001/tweets"
PROBLEM, PROBLEM_AT_X = "https://api.twitter.com/2/problems", "https://api.x.com/2/problems"
DUE = {
    "id": "5",
    "text": "words",
    "created_at": "2026-11-20T10:00:00.000Z",
    "edit_history_tweet_ids": ["5", "6"],
    "public_metrics": {"retweet_count": 1, "reply_count": 2, "like_count": 3},
}


def refused(answer: Answer, **options: Any) -> tuple[CaptureFailure, Bench]:
    """What becomes of a batch whose one call is answered so."""
    with serve({"/users": [answer]}) as server:
        asked = bench(x.RULES, server.base_url, **options)
        try:
            readings: dict[str, Any] = x.read_profiles(asked.client, [KARTINI, ABIYOSO])
        except CaptureFailure as failure:
            return failure, asked
    failures = list(readings.values())
    assert all(isinstance(failure, CaptureFailure) for failure in failures)
    return failures[0], asked


def problem(status: int, title: str, kind: str | None = None, **more: Any) -> dict[str, Any]:
    return {"title": title, "type": kind or "about:blank", "status": status, "detail": title, **more}


@pytest.mark.parametrize(
    ("status", "body", "outcome", "for_all", "tries"),
    [
        (401, problem(401, "Unauthorized"), Outcome.TOKEN_EXPIRED, True, 1),
        (403, problem(403, "Client Forbidden", f"{PROBLEM}/client-forbidden"), Outcome.PERMISSION_MISSING, True, 1),
        (403, problem(403, "No", f"{PROBLEM}/unsupported-authentication"), Outcome.PERMISSION_MISSING, True, 1),
        (403, problem(403, "Forbidden"), Outcome.PERMISSION_MISSING, True, 1),
        (429, problem(429, "Too Many Requests"), Outcome.RATE_LIMITED, True, 1),
        (429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, Outcome.RATE_LIMITED, True, 1),
        (429, problem(429, "UsageCapExceeded", f"{PROBLEM}/usage-capped"), Outcome.QUOTA_EXHAUSTED, True, 1),
        (403, problem(403, "UsageCap", f"{PROBLEM_AT_X}/usage-capped"), Outcome.QUOTA_EXHAUSTED, True, 1),
        (402, {"title": "CreditsDepleted", "type": f"{PROBLEM}/credits"}, Outcome.QUOTA_EXHAUSTED, True, 1),
        (402, problem(402, "Pay", f"{PROBLEM_AT_X}/credits-depleted"), Outcome.QUOTA_EXHAUSTED, True, 1),
        (402, {"something": "else"}, Outcome.QUOTA_EXHAUSTED, True, 1),
        (400, {"title": "Invalid Request", "type": f"{PROBLEM}/invalid-request"}, Outcome.INVALID_RESPONSE, False, 1),
        (404, problem(404, "Not Found"), Outcome.INVALID_RESPONSE, False, 1),
        (404, b"<html>no such page</html>", Outcome.INVALID_RESPONSE, False, 1),
        (500, problem(500, "Internal Server Error"), Outcome.PLATFORM_UNAVAILABLE, False, 3),
        (502, b"<html>Bad Gateway</html>", Outcome.PLATFORM_UNAVAILABLE, False, 3),
        (503, problem(503, "Service Unavailable"), Outcome.PLATFORM_UNAVAILABLE, False, 3),
        (504, problem(504, "Gateway Timeout"), Outcome.PLATFORM_UNAVAILABLE, False, 3),
        (200, problem(401, "Unauthorized"), Outcome.TOKEN_EXPIRED, True, 1),
        (200, {"title": "CreditsDepleted", "type": f"{PROBLEM}/credits"}, Outcome.QUOTA_EXHAUSTED, True, 1),
        (200, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, Outcome.RATE_LIMITED, True, 1),
        (200, problem(503, "Service Unavailable"), Outcome.PLATFORM_UNAVAILABLE, False, 3),
        (200, {"title": 7}, Outcome.INVALID_RESPONSE, False, 1),
        (200, b'{"data":[{"id":"19', Outcome.INVALID_RESPONSE, False, 3),
    ],
)  # fmt: skip
def test_every_refusal_has_its_outcome(status: int, body: Any, outcome: Outcome, for_all: bool, tries: int) -> None:
    failure, asked = refused(Answer(body, status))
    assert (failure.outcome, failure.for_all) == (outcome, for_all)
    assert len(asked.recorder.responses) == tries
    assert failure.response_id == asked.recorder.responses[-1].response_id
    assert sum(spend.usd for spend in asked.recorder.spends) == 0  # errors are free


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-rate-limit-reset": str(int(NOW.timestamp()) + 600)}, timedelta(minutes=10)),
        ({"x-rate-limit-reset": str(int(NOW.timestamp()) - 600)}, timedelta(minutes=15)),  # a clock is off
        ({"x-rate-limit-reset": "soon", "Retry-After": "300"}, timedelta(minutes=5)),
        ({}, timedelta(minutes=15)),
    ],
)
def test_a_rate_limit_ends_when_the_header_says(headers: dict[str, str], wait: timedelta) -> None:
    failure, asked = refused(Answer(problem(429, "Too Many Requests"), 429, headers))
    assert failure.retry_at == NOW + wait
    assert len(asked.recorder.responses) == 1  # minutes are not waited for: the next retry run asks


# ------------------------------------------------------------------ evidence and nonsense


def test_kept_bodies_hold_counts_and_no_words() -> None:
    answers = {"/users": [Answer(fixture("x", "users"))], TIMELINE: [Answer(fixture("x", "timeline_tweet_names"))]}
    with serve(answers) as server:
        asked = bench(x.RULES, server.base_url)
        x.read_profiles(asked.client, ALL)
        x.read_posts(asked.client, KARTINI, PROFILE, ReadWindow(SINCE))
    kept = b"".join(body.body for body in asked.recorder.bodies)
    for evidence in (b'"followers_count":8123', b"User has been suspended", b'"created_at"', b'"retweet_count":4'):
        assert evidence in kept
    for word in (b'"name"', b'"text"', b"Kata-kata", b"orang", SECRET.encode()):
        assert word not in kept


@settings(max_examples=60)
@given(body=mutated(fixture("x", "users")))
def test_no_nonsense_in_users_ends_in_a_traceback_or_a_false_zero(body: Any) -> None:
    with serve({"/users": [Answer(body)]}) as server, suppress(CaptureFailure):
        readings = x.read_profiles(bench(x.RULES, server.base_url, attempts=1).client, ALL)
        assert set(readings) == {one.account_code for one in ALL}
        data = at(body, "data")
        said = [at(user, "public_metrics", "followers_count") for user in (data if isinstance(data, list) else [data])]
        for reading in readings.values():
            if isinstance(reading, ExtractedProfile) and reading.followers_count is not None:
                assert reading.followers_count in said or str(reading.followers_count) in said


@settings(max_examples=60)
@given(
    body=mutated(fixture("x", "timeline_tweet_names")) | mutated(fixture("x", "timeline_post_names")),
    by_id=mutated({"data": [DUE], "errors": [{"value": "4", "type": f"{PROBLEM}/resource-not-found"}]}),
)
def test_no_nonsense_in_posts_ends_in_a_traceback(body: Any, by_id: Any) -> None:
    window = ReadWindow(SINCE, newest_known_id="9", reread_ids=("5", "4"))
    with serve({TIMELINE: [Answer(body)], "/2/tweets": [Answer(by_id)]}) as server, suppress(CaptureFailure):
        client = bench(x.RULES, server.base_url, attempts=1).client
        listing = x.read_posts(client, KARTINI, PROFILE, window)
        assert set(listing.gone) <= {"5", "4"}
        for one in listing.posts:
            assert one.post_id.isdigit()
            assert one.published_at.tzinfo is UTC

"""Whose fault an error is: our credential, our permission, the platform, or one account's center.

The bodies are those of the platforms' error pages and of public reports, shortened; all ids are invented.
"""

import re
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile
from social_metrics.extract.platforms import facebook, instagram, threads, tiktok, x, youtube
from tests.support.local_platform import NOW, Answer, account, bench, serve
from tests.support.refusals import (
    A_MINUTE,
    DOWN,
    LIMITED,
    MINIMUM_BACK_OFF,
    NO_PERMISSION,
    NO_TOKEN,
    NOT_FOUND,
    OUR_ID,
    USED_UP,
    google,
    meta,
    old_form,
    read_two,
    rpc,
    tiktok_error,
)

HTML = b"<!DOCTYPE html><html><body><h1>Access denied by the proxy</h1></body></html>"


REVIEWABLE = (
    "(#100) Object does not exist, cannot be loaded due to missing permission or reviewable feature, or does not "
    "support this operation. This endpoint requires the 'pages_read_engagement' permission or the 'Page Public "
    "Content Access' feature."
)
FEATURE_10 = REVIEWABLE.partition("operation. ")[2].join(("(#10) ", ""))
OWN_ID_MISSING = (
    f"Unsupported get request. Object with ID '{OUR_ID}' does not exist, cannot be loaded due to missing permissions"
)

META = [
    # 1.2: a missing permission or reviewed feature concerns every page; a missing page carries subcode 33.
    (400, meta(100, REVIEWABLE), NO_PERMISSION, True),
    (400, meta(100, REVIEWABLE.partition(". This")[0]), NO_PERMISSION, True),
    (403, meta(10, FEATURE_10), NO_PERMISSION, True),
    (403, meta(10, "(#10) Application does not have permission for this action"), NO_PERMISSION, True),
    (400, meta(3, "(#3) Application does not have the capability to make this API call."), NO_PERMISSION, True),
    (400, meta(200, "API access blocked."), NO_PERMISSION, True),
    (400, meta(200, "API access deactivated. To reactivate, go to the app dashboard."), NO_PERMISSION, True),
    # 1.4: the proof or the application's secret is wrong or missing.
    (400, meta(100, "Invalid appsecret_proof provided in the API argument"), NO_TOKEN, True),
    (400, meta(100, "API calls from the server require an appsecret_proof argument"), NO_TOKEN, True),
    # 1.6: the token is the ministry's, whatever ended it.
    *((400, meta(190, "Error validating access token", subcode), NO_TOKEN, True)
      for subcode in (458, 459, 460, 463, 464, 467, 492)),
    (400, meta(101, "Error validating application. Invalid application ID."), NO_TOKEN, True),
    (400, meta(102, "Session key invalid or no longer valid"), NO_TOKEN, True),
    (400, meta(2500, "An active access token must be used to query information."), NO_TOKEN, True),
    (401, meta(None, "Invalid OAuth access token."), NO_TOKEN, True),
    (400, meta(None, "Error validating access token"), NO_TOKEN, True),
    (401, meta(987654, "Something new"), NO_TOKEN, True),
    (429, meta(987654, "Something new"), LIMITED, False),
]  # fmt: skip


@pytest.mark.parametrize("platform", [facebook, instagram, threads])
@pytest.mark.parametrize(("status", "body", "outcome", "for_all"), META)
@pytest.mark.parametrize("most", [1, 2])  # Facebook: a page's own call, and one call for both
def test_a_graph_error_leads_to_its_owner(
    platform: ModuleType, status: int, body: Any, outcome: Outcome, for_all: bool, most: int
) -> None:
    # Where Meta names a code, it decides under every status, 200 included.
    for sent in {status, 200} if 0 < (body["error"].get("code") or 0) < 10_000 else {status}:
        failures, used = read_two(platform, Answer(body, sent), most)
        assert {(failure.outcome, failure.for_all) for failure in failures} == {(outcome, for_all)}
        assert not for_all or len(used.recorder.responses) == 1, "nothing more is requested with the credential"


@pytest.mark.parametrize("platform", [facebook, threads])
def test_a_missing_object_concerns_its_own_center(platform: ModuleType) -> None:
    message = OWN_ID_MISSING.replace(OUR_ID, "5")
    for body in (meta(100, message, 33), meta(100, message)):
        failures, _ = read_two(platform, Answer(body, 400))
        assert {(failure.outcome, failure.for_all) for failure in failures} == {(NOT_FOUND, False)}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, meta(100, OWN_ID_MISSING, 33, type="GraphMethodException")),  # 1.3
        (400, meta(100, OWN_ID_MISSING)),
        (400, meta(803, "(#803) Cannot query users by their username (kementerian)")),
        (404, meta(803, "(#803) Some of the aliases you requested do not exist: kementerian")),
        (400, meta(100, "(#100) Tried accessing nonexisting field (business_discovery) on node type (Page)")),
        (400, meta(25, "Application does not have permission for this action", 2207050)),
    ],
)
def test_an_instagram_login_that_cannot_discover_is_our_credential(status: int, body: Any) -> None:
    failures, used = read_two(instagram, Answer(body, status))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(NO_TOKEN, True)}
    assert len(used.recorder.responses) == 1
    assert "login of the connection social_metrics_instagram" in failures[0].detail


@pytest.mark.parametrize("subcode", [2207013, None])
def test_a_missing_instagram_account_concerns_its_own_center(subcode: int | None) -> None:
    failures, _ = read_two(instagram, Answer(meta(110, "Invalid user id", subcode), 400))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(NOT_FOUND, False)}


@pytest.mark.parametrize("platform", [instagram, threads])
def test_a_permission_that_a_lookup_with_our_token_lacks_is_missing_for_all(platform: ModuleType) -> None:
    failures, _ = read_two(platform, Answer(meta(10, "(#10) This action requires a permission"), 403))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(NO_PERMISSION, True)}


def test_a_wrong_app_secret_says_where_to_correct_it() -> None:
    body = meta(100, "Invalid appsecret_proof provided in the API argument")
    failures, _ = read_two(facebook, Answer(body, 400), extra={"app_secret": "wrong"})
    assert "app_secret" in failures[0].detail.partition("argument")[2]


@pytest.mark.parametrize(
    "message",
    [
        "(#12) fan_count field is deprecated for versions v27.0 and higher",  # 1.5
        "(#12) fan_count is deprecated for versions v27.0 and higher",
        "(#100) Tried accessing nonexisting field (fan_count) on node type (Page)",
    ],
)
def test_a_deprecated_field_costs_its_own_number(message: str) -> None:
    kartini = account("kartini", "facebook", "100000000000001")
    page = {"id": "100000000000001", "followers_count": 7}
    code = 12 if "#12" in message else 100
    with serve({"/100000000000001": [Answer(meta(code, message), 400), Answer(page)]}) as server:
        used = bench(facebook.RULES, server.base_url)
        profile = facebook.read_profiles(used.client, [kartini])["kartini-facebook"]
    assert isinstance(profile, ExtractedProfile), profile
    assert profile.followers_count == 7
    assert used.client.withdrawn == {"fan_count"}
    assert "fan_count" not in server.requests[-1].parameters["fields"]


# ------------------------------------------------------------------ YouTube


A_DAY = "Quota exceeded for quota metric 'Queries' and limit 'Queries per day' of service 'youtube.googleapis.com'."
DAILY = [
    google(429, "rateLimitExceeded", A_DAY, status="RESOURCE_EXHAUSTED"),  # 1.7
    google(429, None, A_DAY, status="RESOURCE_EXHAUSTED"),
    google(429, "rateLimitExceeded", "words", **rpc("RATE_LIMIT_EXCEEDED", quota_limit="defaultPerDayPerProject")),
    google(429, None, "words", status="RESOURCE_EXHAUSTED", **rpc("RATE_LIMIT_EXCEEDED", quota_unit="1/d/{project}")),
    google(403, "userRateLimitExceeded", A_DAY.replace("per day", "per day per user")),
    google(403, "dailyLimitExceeded", "Daily Limit Exceeded. The quota will be reset at midnight Pacific Time (PT)."),
    google(403, None, 'you have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.'),
]


@pytest.mark.parametrize("body", DAILY)
def test_a_daily_limit_of_youtube_ends_at_midnight_pacific_time(body: Any) -> None:
    failures, used = read_two(youtube, Answer(body, body["error"]["code"]))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(USED_UP, True)}
    assert failures[0].retry_at == datetime(2026, 11, 21, 8, 0, tzinfo=UTC)  # NOW is 20 November; winter: UTC-8
    assert len(used.recorder.responses) == 1


@pytest.mark.parametrize(
    ("status", "body", "outcome", "for_all"),
    [
        (429, google(429, "rateLimitExceeded", A_MINUTE, status="RESOURCE_EXHAUSTED"), LIMITED, True),
        (429, google(429, None, A_MINUTE, status="RESOURCE_EXHAUSTED"), LIMITED, True),
        (403, google(403, "servingLimitExceeded"), LIMITED, True),
        (403, google(403, "concurrentLimitExceeded"), LIMITED, True),
        (400, google(400, "badRequest", "API key not valid. Please pass a valid API key."), NO_TOKEN, True),
        (400, google(400, None, "API key expired. Please renew the API key."), NO_TOKEN, True),
        (403, google(403, "forbidden", "Method doesn't allow unregistered callers (callers without established "
                     "identity)."), NO_TOKEN, True),
        (403, google(403, "dailyLimitExceededUnreg", "Daily Limit for Unauthenticated Use Exceeded."), NO_TOKEN, True),
        (401, google(401, "required", "Login Required"), NO_TOKEN, True),
        (401, google(401, None), NO_TOKEN, True),
        (403, google(403, "forbidden", "Requests from referer <empty> are blocked.",
                     **rpc("API_KEY_HTTP_REFERRER_BLOCKED")), NO_PERMISSION, True),
        (403, google(403, "forbidden", "Requests to this API youtube method are blocked."), NO_PERMISSION, True),
        (403, google(403, "forbidden", "words", **rpc("API_KEY_SERVICE_BLOCKED")), NO_PERMISSION, True),
        (403, google(403, "forbidden", "words", **rpc("API_KEY_IP_ADDRESS_BLOCKED")), NO_PERMISSION, True),
        (403, google(403, "forbidden", "words", **rpc("CONSUMER_SUSPENDED")), NO_PERMISSION, True),
        (403, google(403, "forbidden", "words", **rpc("SERVICE_DISABLED")), NO_PERMISSION, True),
        (404, google(404, "channelNotFound"), NOT_FOUND, False),
        (403, google(403, "channelClosed"), NOT_FOUND, False),
        (403, google(403, "channelSuspended"), Outcome.ACCOUNT_SUSPENDED, False),
        (403, google(403, "channelForbidden"), NO_PERMISSION, False),
    ],
)  # fmt: skip
def test_a_youtube_error_leads_to_its_owner(status: int, body: Any, outcome: Outcome, for_all: bool) -> None:
    failures, _ = read_two(youtube, Answer(body, status))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(outcome, for_all)}


# ------------------------------------------------------------------ X


CAP = {"title": "UsageCapExceeded", "detail": "Usage cap exceeded: Monthly product cap", "period": "Monthly"}


@pytest.mark.parametrize(
    ("status", "body", "outcome", "for_all"),
    [
        (429, CAP, USED_UP, True),  # 1.8
        (403, CAP, USED_UP, True),
        (429, CAP | {"type": "about:blank", "title": "Usage cap exceeded"}, USED_UP, True),
        (429, {"detail": CAP["detail"], "status": 429}, USED_UP, True),
        (403, {"title": "SpendCapReached", "detail": "Your enrolled account has reached its spend cap"}, USED_UP, True),
        (403, {"title": "CreditsDepleted", "detail": "Your account does not have any credits"}, USED_UP, True),
        (403, {"title": "Client Forbidden", "reason": "client-not-enrolled"}, NO_PERMISSION, True),
        (403, {"reason": "client-not-enrolled", "detail": "attached to a Project"}, NO_PERMISSION, True),
        (403, {"title": "Unsupported Authentication", "status": 403}, NO_PERMISSION, True),
        (403, old_form(453, "You currently have access to a subset of endpoints"), NO_PERMISSION, True),
        (403, old_form(87, "Client is not permitted to perform this action"), NO_PERMISSION, True),
        (403, old_form(64, "Your account is suspended and is not permitted"), NO_PERMISSION, True),
        (401, old_form(32, "Could not authenticate you."), NO_TOKEN, True),
        (403, old_form(89, "Invalid or expired token."), NO_TOKEN, True),
        (400, old_form(215, "Bad Authentication data."), NO_TOKEN, True),
        (401, {"detail": "Unauthorized"}, NO_TOKEN, True),
        (503, old_form(130, "Over capacity"), DOWN, False),
    ],
)
def test_an_x_error_leads_to_its_owner(status: int, body: Any, outcome: Outcome, for_all: bool) -> None:
    failures, used = read_two(x, Answer(body, status), attempts=1)
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(outcome, for_all)}
    assert sum(spend.usd for spend in used.recorder.spends) == 0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (
            {"title": "Not Found Error", "detail": "Could not find user with username: [demo_kartini]."},
            NOT_FOUND,
        ),  # 1.9
        ({"detail": "Could not find user with usernames: [Demo_Kartini]."}, NOT_FOUND),
        ({"code": 50, "message": "User not found: [demo_kartini]."}, NOT_FOUND),
        ({"title": "Forbidden", "detail": "User has been suspended: [demo_kartini]."}, Outcome.ACCOUNT_SUSPENDED),
        ({"code": 63, "message": "User has been suspended: [demo_kartini]."}, Outcome.ACCOUNT_SUSPENDED),
    ],
)
@pytest.mark.parametrize("known_id", [None, "4"])
def test_an_error_without_value_concerns_the_account_that_its_text_names(
    error: Any, outcome: Outcome, known_id: str | None
) -> None:
    kartini = account("kartini", "x", known_id, handle="demo_kartini")
    prajna_id = known_id and "5"
    prajna = {"id": "5", "username": "demo_prajna", "public_metrics": {"followers_count": 3, "post_count": 1}}
    if known_id:
        error = {name: re.sub(r"\[.*\]", f"[{known_id}]", str(text)) for name, text in error.items()}
    body = {"data": [prajna], "errors": [error]}
    with serve({"/users/by": [Answer(body)], "/users": [Answer(body)]}) as server:
        client = bench(x.RULES, server.base_url).client
        profiles = x.read_profiles(client, [kartini, account("prajna", "x", prajna_id, handle="demo_prajna")])
    failure = profiles["kartini-x"]
    assert isinstance(failure, CaptureFailure)
    assert (failure.outcome, failure.for_all) == (outcome, False)
    assert isinstance(profiles["prajna-x"], ExtractedProfile)


def test_an_error_that_names_nobody_concerns_the_only_account_of_the_call() -> None:
    body = {"errors": [{"title": "Not Found Error", "detail": "Could not find the user."}]}
    with serve({"/users/by": [Answer(body)]}) as server:
        client = bench(x.RULES, server.base_url).client
        failure = x.read_profiles(client, [account("kartini", "x", handle="demo_kartini")])["kartini-x"]
    assert isinstance(failure, CaptureFailure)
    assert failure.outcome is NOT_FOUND


PAST, SOON = str(int(NOW.timestamp()) - 30), str(int(NOW.timestamp()) + 600)
TOO_MANY = {"title": "Too Many Requests", "type": "about:blank", "status": 429, "detail": "Too Many Requests"}


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, MINIMUM_BACK_OFF),  # 1.10
        ({"x-rate-limit-reset": PAST}, MINIMUM_BACK_OFF),
        ({"x-rate-limit-reset": str(int(NOW.timestamp()))}, MINIMUM_BACK_OFF),
        ({"x-rate-limit-reset": "0"}, MINIMUM_BACK_OFF),
        ({"x-rate-limit-reset": "soon"}, MINIMUM_BACK_OFF),
        ({"Retry-After": "0"}, MINIMUM_BACK_OFF),
        ({"x-rate-limit-reset": PAST, "Retry-After": "1200"}, timedelta(minutes=20)),
        ({"x-rate-limit-reset": SOON}, timedelta(minutes=10)),
    ],
)
@pytest.mark.parametrize("body", [TOO_MANY, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}])
def test_a_rate_limit_of_x_without_a_usable_end_backs_off(headers: dict[str, str], wait: timedelta, body: Any) -> None:
    failures, used = read_two(x, Answer(body, 429, headers))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(LIMITED, True)}
    assert failures[0].retry_at == NOW + wait
    assert (len(used.recorder.responses), used.waits) == (1, [])


def test_a_daily_limit_of_x_ends_when_its_own_header_says() -> None:
    headers = {"x-rate-limit-reset": SOON, "x-app-limit-24hour-remaining": "0",
               "x-app-limit-24hour-reset": str(int(NOW.timestamp()) + 7200)}  # fmt: skip
    failures, _ = read_two(x, Answer(TOO_MANY, 429, headers))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(USED_UP, True)}
    assert failures[0].retry_at == NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "for_all"),
    [
        (401, tiktok_error("scope_permission_missed"), NO_PERMISSION, True),  # our application's scope
        (401, tiktok_error("scope_not_authorized"), NO_PERMISSION, False),  # the owner's consent
        (401, tiktok_error("access_token_invalid"), NO_TOKEN, False),
        (401, tiktok_error(None), NO_TOKEN, False),
        (403, tiktok_error("something_new"), NO_PERMISSION, False),
    ],
)
def test_a_tiktok_error_leads_to_its_owner(status: int, body: Any, outcome: Outcome, for_all: bool) -> None:
    failures, _ = read_two(tiktok, Answer(body, status))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(outcome, for_all)}


# ------------------------------------------------------------------ bodies of others


@pytest.mark.parametrize("platform", [youtube, facebook, instagram, threads, x, tiktok])
@pytest.mark.parametrize("body", [HTML, b"", b"Forbidden", {"message": "Unauthorized"}, {"fault": {"code": 1}}, []])
@pytest.mark.parametrize("status", [401, 403, 407, 511])
def test_a_body_that_is_not_the_platforms_says_nothing_about_a_credential(
    platform: ModuleType, body: Any, status: int
) -> None:  # 1.11
    failures, _ = read_two(platform, Answer(body, status))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(DOWN, False)}
    assert f"HTTP {status}" in failures[0].detail


@pytest.mark.parametrize("platform", [youtube, facebook, instagram, threads, x, tiktok])
@pytest.mark.parametrize("body", [HTML, {"message": "no Route matched with those values"}])
def test_a_404_that_is_not_the_platforms_says_nothing_about_an_account(platform: ModuleType, body: Any) -> None:
    failures, _ = read_two(platform, Answer(body, 404))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(Outcome.INVALID_RESPONSE, False)}


@pytest.mark.parametrize("platform", [youtube, facebook, instagram, threads, x, tiktok])
@pytest.mark.parametrize("body", [HTML, b"Rate limit exceeded\n", {"message": "slow down"}])
def test_a_429_that_names_no_time_backs_off(platform: ModuleType, body: Any) -> None:
    failures, used = read_two(platform, Answer(body, 429))
    assert {failure.outcome for failure in failures} == {LIMITED}
    assert failures[0].retry_at == NOW + MINIMUM_BACK_OFF
    assert used.waits == []

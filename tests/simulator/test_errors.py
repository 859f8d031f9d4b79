"""Each error that can be ordered is sent as it says: status, code, body, headers. The expected values are the
rows of the platforms' published error tables and the recorded bodies."""

import hmac
import json
from datetime import datetime
from typing import Any

import pytest
import requests

from tests.simulator.platform_calls import SimulatorClient, shared_file


def call(simulator: SimulatorClient, platform: str) -> requests.Response:
    """The plainest read of a platform."""
    if platform == "youtube":
        return simulator.youtube("channels", part="statistics", id=simulator.id_of("kartini-youtube"))
    if platform == "facebook":
        return simulator.facebook(simulator.id_of("kartini-facebook"), fields="id,followers_count")
    if platform == "instagram":
        return simulator.instagram(simulator.handle_of("kartini-instagram"), "id,followers_count")
    if platform == "x":
        return simulator.x("users", ids=simulator.id_of("kartini-x"))
    if platform == "threads":
        return simulator.threads("profile_lookup", username=simulator.handle_of("kartini-threads"))
    return simulator.tiktok("user/info", "demo-access-kartini-tiktok-1", fields="open_id,follower_count")


def code_of(platform: str, body: Any) -> Any:
    """What a client decides on: reason, code and subcode, problem type, error code."""
    if platform == "youtube":
        return body["error"]["errors"][0]["reason"]
    if platform in ("facebook", "instagram", "threads"):
        return body["error"]["code"], body["error"].get("error_subcode")
    if platform == "tiktok":
        return body["error"] if isinstance(body["error"], str) else body["error"]["code"]
    if "type" in body:
        return body["type"].rpartition("/")[2]
    return body["title"] if "title" in body else body["errors"][0]["code"]


ERRORS = [
    ("youtube", "unauthorized", None, 401, "authError"),
    ("youtube", "bad_key", "old", 400, "keyInvalid"),
    ("youtube", "bad_key", "new", 400, "badRequest"),
    ("youtube", "forbidden", None, 403, "forbidden"),
    ("youtube", "permission_missing", None, 403, "insufficientPermissions"),
    ("youtube", "api_disabled", None, 403, "accessNotConfigured"),
    ("youtube", "quota_exhausted", None, 403, "quotaExceeded"),
    ("youtube", "quota_exhausted", "429", 429, "rateLimitExceeded"),
    ("youtube", "rate_limited", None, 403, "rateLimitExceeded"),
    ("youtube", "rate_limited", "user", 403, "userRateLimitExceeded"),
    ("youtube", "rate_limited", "429", 429, "rateLimitExceeded"),
    ("youtube", "not_found", None, 404, "notFound"),
    ("youtube", "playlist_not_found", None, 404, "playlistNotFound"),
    ("youtube", "bad_page_token", None, 400, "invalidPageToken"),
    ("youtube", "server_error", None, 500, "backendError"),
    ("youtube", "unavailable", None, 503, "backendError"),
    ("youtube", "unavailable", "inside_403", 403, "SERVICE_UNAVAILABLE"),
    ("facebook", "unauthorized", None, 401, (190, None)),
    ("facebook", "token_expired", None, 400, (190, 463)),
    ("facebook", "token_expired", "invalid", 400, (190, 467)),
    ("facebook", "token_revoked", None, 400, (190, 458)),
    ("facebook", "token_revoked", "password_changed", 400, (190, 460)),
    ("facebook", "forbidden", None, 403, (200, None)),
    ("facebook", "permission_missing", None, 403, (10, None)),
    ("facebook", "permission_missing", "app_cannot", 400, (3, None)),
    ("facebook", "permission_missing", "appsecret_proof", 400, (100, None)),
    ("facebook", "not_found", None, 400, (100, 33)),
    ("facebook", "permission_missing", "reviewable_feature", 400, (100, None)),
    ("facebook", "unauthorized", "wrong_proof", 400, (100, None)),
    ("facebook", "unauthorized", "no_proof", 400, (100, None)),
    ("facebook", "token_expired", "no_role", 400, (190, 492)),
    ("facebook", "invalid_request", "deprecated", 400, (12, None)),
    ("instagram", "login_unusable", None, 400, (100, 33)),
    ("instagram", "login_unusable", "page", 400, (100, None)),
    ("instagram", "login_unusable", "restricted", 400, (25, 2207050)),
    ("facebook", "not_found", "alias", 404, (803, None)),
    ("facebook", "rate_limited", None, 403, (4, None)),
    ("facebook", "rate_limited", "user", 400, (17, 2446079)),
    ("facebook", "rate_limited", "page", 400, (32, None)),
    ("facebook", "rate_limited", "custom", 400, (613, None)),
    ("facebook", "rate_limited", "business", 400, (80001, None)),
    ("facebook", "server_error", None, 500, (1, None)),
    ("facebook", "server_error", "transient", 500, (2, None)),
    ("facebook", "unavailable", None, 503, (2, None)),
    ("facebook", "policy_block", None, 400, (368, None)),
    ("facebook", "metric_removed", "no_metric", 400, (3001, 1504028)),
    ("instagram", "token_expired", None, 400, (190, 463)),
    ("instagram", "permission_missing", None, 403, (10, None)),
    ("instagram", "user_not_found", None, 400, (110, 2207013)),
    ("instagram", "rate_limited", "business", 400, (80002, None)),
    ("x", "unauthorized", None, 401, "about:blank"),
    ("x", "forbidden", None, 403, "client-forbidden"),
    ("x", "rate_limited", None, 429, "about:blank"),
    ("x", "rate_limited", "code_88", 429, 88),
    ("x", "rate_limited", "no_reset", 429, "about:blank"),
    ("x", "rate_limited", "past_reset", 429, "about:blank"),
    ("x", "usage_cap", "untyped", 429, "UsageCapExceeded"),
    ("x", "usage_cap", "untyped_403", 403, "UsageCapExceeded"),
    ("x", "usage_cap", None, 429, "usage-capped"),
    ("x", "usage_cap", "403", 403, "usage-capped"),
    ("x", "credits_depleted", None, 402, "credits"),
    ("x", "credits_depleted", "payment_required", 402, "credits-depleted"),
    ("x", "invalid_request", None, 400, "invalid-request"),
    ("x", "server_error", None, 500, "about:blank"),
    ("x", "server_error", "bad_gateway", 502, "about:blank"),
    ("x", "unavailable", None, 503, "about:blank"),
    ("x", "unavailable", "gateway_timeout", 504, "about:blank"),
    ("tiktok", "unauthorized", None, 401, "access_token_invalid"),
    ("tiktok", "token_expired", None, 401, "access_token_invalid"),
    ("tiktok", "token_revoked", None, 400, "invalid_grant"),
    ("tiktok", "permission_missing", None, 401, "scope_not_authorized"),
    ("tiktok", "permission_missing", "permission_missed", 401, "scope_permission_missed"),
    ("tiktok", "invalid_request", None, 400, "invalid_params"),
    ("tiktok", "rate_limited", None, 429, "rate_limit_exceeded"),
    ("tiktok", "server_error", None, 500, "internal_error"),
    ("tiktok", "unavailable", None, 503, "internal_error"),
    ("threads", "unauthorized", None, 401, (190, None)),
    ("threads", "permission_missing", None, 403, (10, None)),
    ("threads", "not_found", None, 400, (100, 33)),
    ("threads", "below_threshold", None, 400, (100, None)),
    ("threads", "rate_limited", None, 403, (4, None)),
]


@pytest.mark.parametrize(("platform", "kind", "variant", "status", "code"), ERRORS)
def test_error_is_the_platforms_own(
    simulator: SimulatorClient, platform: str, kind: str, variant: str | None, status: int, code: Any
) -> None:
    simulator.tiktok_refresh("demo-refresh-kartini-tiktok-0")
    assert call(simulator, platform).status_code == 200
    simulator.fault(platform, kind, variant=variant, times=1)
    reply = call(simulator, platform)
    assert (reply.status_code, code_of(platform, reply.json())) == (status, code)
    assert "{" not in reply.text.replace('{"', "").replace("{}", ""), "a word in braces was left unfilled"
    assert call(simulator, platform).status_code == 200, "the fault was for one call"


def test_every_error_that_can_be_ordered_can_be_sent(simulator: SimulatorClient) -> None:
    kinds = simulator.admin("GET", "faults/kinds")["error"]
    sent = 0
    for platform, variants in kinds.items():
        for kind, names in variants.items():
            for name in names:
                simulator.admin("DELETE", "faults")
                simulator.fault(platform, kind, variant=name)
                reply = call(simulator, platform)
                assert reply.status_code >= 400
                assert reply.json()
                sent += 1
    assert sent > 80


def _shape(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: _shape(child) for name, child in body.items()}
    return [_shape(child) for child in body] if isinstance(body, list) else type(body).__name__


RECORDED = [
    ("youtube", "bad_key", "old", "youtube/error_400_keyInvalid_old.json", True),
    ("youtube", "quota_exhausted", None, "youtube/error_403_quotaExceeded.json", True),
    ("facebook", "permission_missing", "appsecret_proof", "facebook/error_100_appsecret_proof.json", False),
    ("facebook", "rate_limited", "page", "facebook/doc_error_32_page_limit.json", False),
    ("instagram", "user_not_found", None, "instagram/error_110_2207013_user_not_found.json", False),
    ("x", "credits_depleted", None, "x/error_402_credits_depleted.json", True),
    ("x", "rate_limited", "code_88", "x/error_rate_limit_v1_style.json", True),
    ("tiktok", "unauthorized", None, "tiktok/error_401_access_token_invalid.json", False),
]


@pytest.mark.recordings
@pytest.mark.parametrize(("platform", "kind", "variant", "recording", "whole"), RECORDED)
def test_error_is_the_recorded_one(
    simulator: SimulatorClient, platform: str, kind: str, variant: str | None, recording: str, whole: bool
) -> None:
    path = shared_file("recorded", *recording.split("/"))
    if not path.is_file():
        pytest.skip(f"{path} is not there: set SOCIAL_METRICS_SHARED_DIR to the folder that holds apis/recorded")
    recorded = json.loads(path.read_text(encoding="utf-8"))
    simulator.fault(platform, kind, variant=variant)
    body = call(simulator, platform).json()
    assert _shape(body) == _shape(recorded)
    if whole:
        assert body == recorded


@pytest.mark.parametrize("platform", ["youtube", "facebook", "instagram", "x", "tiktok"])
@pytest.mark.parametrize("seconds", [None, 120])
def test_429_with_and_without_retry_after(simulator: SimulatorClient, platform: str, seconds: int | None) -> None:
    simulator.fault(platform, "rate_limited", status=429, retry_after=seconds)
    reply = call(simulator, platform)
    assert reply.status_code == 429
    assert reply.headers.get("Retry-After") == (str(seconds) if seconds else None)
    if platform == "x":
        assert reply.headers["x-rate-limit-remaining"] == "0"
    if platform in ("facebook", "instagram"):
        assert json.loads(reply.headers["X-App-Usage"])["call_count"] == 100


def test_a_page_limit_says_in_minutes_when_it_ends(simulator: SimulatorClient) -> None:
    simulator.fault("facebook", "rate_limited", variant="business")
    usage = json.loads(call(simulator, "facebook").headers["X-Business-Use-Case-Usage"])
    assert usage[simulator.id_of("kartini-facebook")][0]["estimated_time_to_regain_access"] == 5


@pytest.mark.parametrize("platform", ["youtube", "facebook", "instagram", "x", "tiktok"])
def test_calls_without_the_demos_secret_are_refused(simulator: SimulatorClient, platform: str) -> None:
    address = {
        "youtube": "/youtube/v3/channels?part=id&id=x&key=wrong",
        "facebook": "/v26.0/100000000000000?access_token=wrong",
        "instagram": "/v26.0/17841400000000000?fields=business_discovery.username(x){id}",
        "x": "/2/users?ids=1",
        "tiktok": "/v2/user/info/?fields=open_id",
    }[platform]
    reply = simulator.session.get(simulator.base_url + address, timeout=30)
    assert reply.status_code in (400, 401)
    assert code_of(platform, reply.json()) in (
        "keyInvalid",
        (190, None),
        (104, None),
        "about:blank",
        "access_token_invalid",
    )


def test_bad_requests_are_refused_as_the_platforms_do(simulator: SimulatorClient) -> None:
    too_many = simulator.facebook(ids=",".join(str(10**14 + number) for number in range(54)))
    assert too_many.json()["error"]["message"] == "(#100) Too many IDs. Maximum: 50. Provided: 54."
    unknown = simulator.facebook(simulator.id_of("kartini-facebook"), fields="id,subscribers")
    assert "nonexisting field (subscribers)" in unknown.json()["error"]["message"]
    assert simulator.x("users/by", usernames=",".join(f"u{number}" for number in range(101))).status_code == 400
    assert simulator.x(f"users/{simulator.id_of('kartini-x')}/tweets", max_results="4").status_code == 400
    assert simulator.youtube("channels", part="statistics").status_code == 400
    assert (
        simulator.youtube("channels", part="nonsense", id="x").json()["error"]["errors"][0]["reason"] == "unknownPart"
    )
    playlist = f"UU{simulator.id_of('kartini-youtube')[2:]}"
    broken = simulator.youtube("playlistItems", part="id", playlistId=playlist, pageToken="nonsense")
    assert broken.json()["error"]["errors"][0]["reason"] == "invalidPageToken"
    access = simulator.tiktok_refresh("demo-refresh-kartini-tiktok-0").json()["access_token"]
    assert (
        simulator.tiktok("video/list", access, {"max_count": 21}, fields="id").json()["error"]["code"]
        == "invalid_params"
    )


@pytest.mark.parametrize(("variant", "seconds"), [("no_reset", None), ("past_reset", -60)])
def test_a_rate_limit_of_x_may_name_no_usable_end(
    simulator: SimulatorClient, variant: str, seconds: int | None
) -> None:
    simulator.fault("x", "rate_limited", variant=variant)
    reset = call(simulator, "x").headers.get("x-rate-limit-reset")
    now = int(datetime.fromisoformat(simulator.admin("GET", "clock")["now"]).timestamp())
    assert reset == (None if seconds is None else str(now + seconds))


def test_x_may_name_an_account_in_the_text_of_its_error_only(simulator: SimulatorClient) -> None:
    simulator.fault("x", "error_without_value")
    (error,) = simulator.x("users/by", usernames="demo_nobody").json()["errors"]
    assert error == {"title": "Not Found Error", "detail": "Could not find user with usernames: [demo_nobody]."}


@pytest.mark.parametrize("status", [401, 403, 407, 511])
def test_a_proxy_may_answer_in_html(simulator: SimulatorClient, status: int) -> None:
    simulator.fault("facebook", "html_instead_of_json", status=status)
    reply = call(simulator, "facebook")
    assert (reply.status_code, reply.headers["Content-Type"]) == (status, "text/html; charset=utf-8")


@pytest.mark.parametrize("platform", ["facebook", "instagram", "threads"])
def test_the_proof_is_verified_when_an_app_secret_is_set(simulator: SimulatorClient, platform: str) -> None:
    path, query = {
        "facebook": (f"/v26.0/{simulator.id_of('kartini-facebook')}", {"fields": "id"}),
        "instagram": ("/v26.0/17841400000000000", {"fields": "id"}),
        "threads": ("/v1.0/profile_lookup", {"username": simulator.handle_of("kartini-threads")}),
    }[platform]
    token = f"demo-{platform}-token"

    def message(**proof: str) -> str | None:
        reply = simulator.session.get(
            simulator.base_url + path, params={**query, "access_token": token, **proof}, timeout=30
        )
        return None if reply.status_code == 200 else reply.json()["error"]["message"]

    right = hmac.digest(b"the-secret-of-the-app", token.encode(), "sha256").hex()
    assert message() is message(appsecret_proof="anything") is None
    simulator.admin("PUT", "options", {"app_secret": "the-secret-of-the-app"})
    assert message(appsecret_proof=right) is None
    assert message(appsecret_proof=right[::-1]) == "Invalid appsecret_proof provided in the API argument"
    assert message() == "API calls from the server require an appsecret_proof argument"
    assert simulator.youtube("channels", part="id", id="x").status_code == 200

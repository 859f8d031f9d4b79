"""Errors of our credential, worded like errors of one account; they concern every account of the platform."""

from types import ModuleType
from typing import Any

import pytest

from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile
from social_metrics.extract.platforms import facebook, instagram, threads, tiktok, x, youtube
from tests.support.local_platform import Answer, account, bench, serve
from tests.support.refusals import (
    NO_PERMISSION,
    NO_TOKEN,
    google,
    meta,
    old_form,
    read_two,
    rpc,
)


@pytest.mark.parametrize("platform", [facebook, instagram, threads])
@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (meta(200, "Access to this data is temporarily disabled for non-active apps or apps that have not recently "
              "accessed this data"), NO_PERMISSION),
        (meta(200, "Provide valid app ID"), NO_PERMISSION),
        (meta(10, "(#10) This endpoint requires the 'pages_read_user_content' permission"), NO_PERMISSION),
        (meta(283, "(#283) Requires pages_read_engagement permission to manage the object"), NO_PERMISSION),
        (meta(5, "Unauthorized source IP"), NO_TOKEN),
        (meta(459, "User checkpointed"), NO_TOKEN),
        (meta(100, "(#100) Pages Public Content Access requires either app secret proof or an app token"), NO_TOKEN),
    ],
)  # fmt: skip
@pytest.mark.parametrize("most", [1, 2])
def test_a_graph_error_of_our_credential_concerns_all(
    platform: ModuleType, body: Any, outcome: Outcome, most: int
) -> None:
    failures, used = read_two(platform, Answer(body, 400), most)
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(outcome, True)}
    assert len(used.recorder.responses) == 1
    if "secret proof" in failures[0].detail:
        assert "set app_secret in the connection's extra" in failures[0].detail


@pytest.mark.parametrize(
    "body",
    [
        meta(210, "(#210) A page access token is required to request this resource."),
        meta(200, "(#200) requires pages_read_engagement with sufficient administrative permission on the page"),
        meta(10, "(#10) The user must have a role on this page"),
    ],
)
def test_a_role_on_one_page_concerns_its_own_center(body: Any) -> None:
    failures, _ = read_two(facebook, Answer(body, 403))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(NO_PERMISSION, False)}


@pytest.mark.parametrize(
    ("message", "withdrawn"),
    [
        ("(#12) The fan_count field is deprecated", {"fan_count"}),
        ("(#12) Field fan_count is deprecated for versions v27.0 and higher", {"fan_count"}),
        ("(#12) Page.fan_count field was removed. Use followers_count instead.", {"fan_count"}),
        ("(#12) fan_count, username fields are deprecated", {"fan_count", "username"}),
        ("(#12) singular fan_count API is deprecated, please use followers_count", {"fan_count"}),
    ],
)
def test_a_deprecated_field_is_found_in_any_wording(message: str, withdrawn: set[str]) -> None:
    kartini = account("kartini", "facebook", "100000000000001")
    page = {"id": "100000000000001", "followers_count": 7}
    with serve({"/100000000000001": [Answer(meta(12, message), 400), Answer(page)]}) as server:
        used = bench(facebook.RULES, server.base_url)
        profile = facebook.read_profiles(used.client, [kartini])["kartini-facebook"]
    assert isinstance(profile, ExtractedProfile), profile
    assert (profile.followers_count, used.client.withdrawn) == (7, withdrawn)


@pytest.mark.parametrize(
    "message", ["(#12) id is deprecated", "(#12) deprecated", "(#12) page_fan_count is deprecated"]
)
def test_a_deprecation_of_no_optional_field_is_a_failure(message: str) -> None:
    failures, _ = read_two(facebook, Answer(meta(12, message), 400))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(Outcome.INVALID_RESPONSE, False)}


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (google(403, "forbidden", "The request is missing a valid API key."), NO_TOKEN),
        (google(403, "forbidden", "The provided API key has an IP address restriction. The originating IP address of "
                "the call (10.0.0.1) violates this restriction."), NO_PERMISSION),
        (google(403, "forbidden", "Permission denied: Consumer 'api_key:x' has been suspended."), NO_PERMISSION),
        (google(403, "forbidden", "YouTube Data API v3 has not been used in project 1 before or it is disabled."),
         NO_PERMISSION),
        (google(403, "forbidden", "words", **rpc("BILLING_DISABLED")), NO_PERMISSION),
        (google(403, "forbidden", "words", status="PERMISSION_DENIED"), NO_PERMISSION),
        (google(403, None, "words", status="PERMISSION_DENIED"), NO_PERMISSION),
    ],
)  # fmt: skip
def test_a_youtube_error_of_our_key_concerns_all(body: Any, outcome: Outcome) -> None:
    failures, _ = read_two(youtube, Answer(body, 403))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(outcome, True)}


@pytest.mark.parametrize("reason", ["channelForbidden", "playlistItemsNotAccessible"])
def test_a_youtube_error_of_one_channel_stays_with_it(reason: str) -> None:
    failures, _ = read_two(youtube, Answer(google(403, reason, status="PERMISSION_DENIED"), 403))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(NO_PERMISSION, False)}


@pytest.mark.parametrize(
    "body",
    [
        {"title": "Forbidden", "type": "about:blank", "status": 403, "detail": "Forbidden"},
        {"title": "Forbidden", "detail": "Your account is temporarily locked"},
        old_form(326, "To protect our users, this account is temporarily locked"),
        {"detail": "Your account is temporarily locked. Please log in to unlock it."},
        {"title": "ServiceSuspended", "detail": "Service suspended"},
    ],
)
def test_an_x_error_of_our_application_concerns_all(body: Any) -> None:
    failures, _ = read_two(x, Answer(body, 403))
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(NO_PERMISSION, True)}


def test_an_x_account_that_we_may_not_see_is_private() -> None:
    error = {
        "title": "Authorization Error",
        "detail": "Sorry, you are not authorized to see the user with username: [demo_kartini].",
    }
    prajna = {"id": "5", "username": "demo_prajna", "public_metrics": {"followers_count": 3, "post_count": 1}}
    accounts = [account(name, "x", None, handle=f"demo_{name}") for name in ("kartini", "prajna")]
    with serve({"/users/by": [Answer({"data": [prajna], "errors": [error]})]}) as server:
        profiles = x.read_profiles(bench(x.RULES, server.base_url).client, accounts)
    failure = profiles["kartini-x"]
    assert isinstance(failure, CaptureFailure)
    assert (failure.outcome, failure.for_all) == (Outcome.ACCOUNT_PRIVATE, False)
    assert isinstance(profiles["prajna-x"], ExtractedProfile)


@pytest.mark.parametrize(
    ("description", "outcome"),
    [
        ("Refresh token is invalid or expired.", NO_TOKEN),
        ("The request parameters are malformed.", Outcome.INVALID_RESPONSE),
    ],
)
def test_an_ended_refresh_token_of_tiktok_is_that_of_its_account(description: str, outcome: Outcome) -> None:
    body = {"error": "invalid_request", "error_description": description, "log_id": "1"}
    with serve({"": [Answer(body, 400)]}) as server, pytest.raises(CaptureFailure) as raised:
        tiktok.refresh(bench(tiktok.RULES, server.base_url, login="key").client, "rft.demo")
    assert (raised.value.outcome, raised.value.for_all) == (outcome, False)

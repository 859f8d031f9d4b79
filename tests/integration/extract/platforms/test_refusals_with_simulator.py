"""Errors of the running simulator lead to their owners; it verifies proofs, and X may send names of both families."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile
from social_metrics.extract.platforms import facebook, instagram, threads, tiktok, x, youtube
from tests.support.local_platform import Bench, bench
from tests.support.refusals import Tokens
from tests.support.simulator import CREDENTIALS, RUN_START, RunningSimulator, running_simulator


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator"), RUN_START) as started:
        yield started


@pytest.fixture
def faulty(running: RunningSimulator) -> Iterator[RunningSimulator]:
    yield running
    running.clear_faults()
    running.admin("PUT", "options", {"x_names": "by-parameter", "app_secret": None})


def read(running: RunningSimulator, platform: ModuleType, most: int = 2, **options: Any) -> tuple[list[Any], Bench]:
    """The profiles or failures of the first active accounts, and the client that read them."""
    name = platform.RULES.platform
    login, secret = CREDENTIALS[name]
    if platform is tiktok:
        options["tokens"] = Tokens()
    used = bench(platform.RULES, running.base_url, login=login, secret=secret, attempts=1, **options)
    truth = running.truth(name)
    accounts = [one for one in running.accounts(name) if truth[one.account_code]["state"] == "active"][:most]
    try:
        profiles = platform.read_profiles(used.client, accounts)
    except CaptureFailure as failure:
        return [failure] * len(accounts), used
    return [profiles[one.account_code] for one in accounts], used


META: dict[Any, tuple[Outcome, bool]] = {
    "unauthorized": (Outcome.TOKEN_EXPIRED, True),
    "token_expired": (Outcome.TOKEN_EXPIRED, True),
    "token_revoked": (Outcome.TOKEN_EXPIRED, True),
    "permission_missing": (Outcome.PERMISSION_MISSING, True),
    ("permission_missing", "appsecret_proof"): (Outcome.TOKEN_EXPIRED, True),
    "policy_block": (Outcome.PERMISSION_MISSING, True),
    "rate_limited": (Outcome.RATE_LIMITED, True),
    "server_error": (Outcome.PLATFORM_UNAVAILABLE, False),
    "unavailable": (Outcome.PLATFORM_UNAVAILABLE, False),
    "metric_removed": (Outcome.INVALID_RESPONSE, False),
    "bad_page_token": (Outcome.INVALID_RESPONSE, False),
    "invalid_request": (Outcome.INVALID_RESPONSE, False),
}
OF_FACEBOOK = META | {
    "forbidden": (Outcome.PERMISSION_MISSING, False),
    "not_found": (Outcome.ACCOUNT_NOT_FOUND, False),
    ("not_found", "path"): (Outcome.INVALID_RESPONSE, False),
    # A limit of one page.
    ("rate_limited", "page"): (Outcome.RATE_LIMITED, False),
    ("rate_limited", "business"): (Outcome.RATE_LIMITED, False),
}
OF_INSTAGRAM = META | {
    "forbidden": (Outcome.PERMISSION_MISSING, True),
    "not_found": (Outcome.TOKEN_EXPIRED, True),  # the node is our own account
    ("not_found", "path"): (Outcome.INVALID_RESPONSE, False),
    "login_unusable": (Outcome.TOKEN_EXPIRED, True),
    "user_not_found": (Outcome.ACCOUNT_NOT_FOUND, False),
    ("rate_limited", "page"): (Outcome.RATE_LIMITED, False),
}


@pytest.mark.parametrize(("platform", "owners"), [(facebook, OF_FACEBOOK), (instagram, OF_INSTAGRAM)])
def test_every_error_of_graph_leads_to_its_owner(
    faulty: RunningSimulator, platform: ModuleType, owners: dict[Any, tuple[Outcome, bool]]
) -> None:
    name = platform.RULES.platform
    became, expected = {}, {}
    for kind, variants in faulty.admin("GET", "faults/kinds")["error"][name].items():
        for variant in variants:
            faulty.fault(name, kind, variant=variant)
            (failure, *_), _ = read(faulty, platform)
            assert isinstance(failure, CaptureFailure), (kind, variant)
            became[kind, variant] = failure.outcome, failure.for_all
            expected[kind, variant] = owners.get((kind, variant), owners[kind])
            faulty.clear_faults()
    assert became == expected


@pytest.mark.parametrize("status", [401, 403, 407, 511])
@pytest.mark.parametrize("platform", [youtube, facebook, instagram, threads, x, tiktok])
def test_the_page_of_a_proxy_is_no_refused_credential(
    faulty: RunningSimulator, platform: ModuleType, status: int
) -> None:
    faulty.fault(platform.RULES.platform, "html_instead_of_json", status=status)
    failures, _ = read(faulty, platform)
    assert {(failure.outcome, failure.for_all) for failure in failures} == {(Outcome.PLATFORM_UNAVAILABLE, False)}


@pytest.mark.parametrize("platform", [facebook, instagram, threads])
def test_a_proof_is_right_missing_or_wrong(faulty: RunningSimulator, platform: ModuleType) -> None:
    faulty.admin("PUT", "options", {"app_secret": "secret-of-the-demo-app"})
    profiles, _ = read(faulty, platform, extra={"app_secret": "secret-of-the-demo-app"})
    assert any(isinstance(profile, ExtractedProfile) for profile in profiles)
    for extra in ({}, {"app_secret": "of-another-app"}):
        failures, used = read(faulty, platform, extra=extra)
        assert {(failure.outcome, failure.for_all) for failure in failures} == {(Outcome.TOKEN_EXPIRED, True)}
        assert len(used.recorder.responses) == 1


@pytest.mark.parametrize(
    ("platform", "field"), [(facebook, "fan_count"), (facebook, "shares"), (instagram, "view_count")]
)
def test_a_deprecated_field_leaves_the_others(faulty: RunningSimulator, platform: ModuleType, field: str) -> None:
    faulty.fault(platform.RULES.platform, "field_withdrawn", field=field, variant="deprecated")
    profiles, _ = read(faulty, platform)
    assert all(isinstance(profile, ExtractedProfile) and profile.followers_count for profile in profiles)


def test_both_names_of_x_are_read(faulty: RunningSimulator) -> None:
    faulty.admin("PUT", "options", {"x_names": "both"})
    profiles, _ = read(faulty, x, most=20)
    truth = {one["platform_account_id"]: one for one in faulty.truth("x").values()}
    assert len(profiles) == 20
    for profile in profiles:
        assert isinstance(profile, ExtractedProfile)
        assert profile.followers_count == truth[profile.platform_account_id]["followers"]


def test_x_names_a_missing_account_in_its_text_only(faulty: RunningSimulator) -> None:
    known = faulty.accounts("x")[0]
    faulty.fault("x", "account_not_found", account=known.account_code)
    faulty.fault("x", "error_without_value")
    profile = x.read_profiles(
        bench(x.RULES, faulty.base_url, secret=CREDENTIALS["x"][1]).client, [known, *faulty.accounts("x")[1:4]]
    )
    failure = profile[known.account_code]
    assert isinstance(failure, CaptureFailure)
    assert failure.outcome is Outcome.ACCOUNT_NOT_FOUND

"""YouTube and X against the running simulator: what is read is what the simulator says is so."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from social_metrics.contract import FollowersState, Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, ReadWindow
from social_metrics.extract.platforms import x, youtube
from social_metrics.registry.account import Account
from tests.support.local_platform import NOW, Bench, bench
from tests.support.simulator import CREDENTIALS, RUN_START, RunningSimulator, running_simulator

SINCE = datetime(2026, 9, 1, tzinfo=UTC)
NOT_OWN = ("repost", "reply")
PLATFORMS = [youtube, x]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator"), RUN_START) as started:
        yield started


@pytest.fixture
def faulty(running: RunningSimulator) -> Iterator[RunningSimulator]:
    yield running
    running.clear_faults()


def ask(running: RunningSimulator, platform: ModuleType, **options: Any) -> Bench:
    name = platform.RULES.platform
    return bench(platform.RULES, running.base_url, secret=CREDENTIALS[name][1], **options)


def known_accounts(running: RunningSimulator, platform: ModuleType) -> tuple[list[Account], dict[str, dict[str, Any]]]:
    """The accounts of the registry and what is so about them."""
    name = platform.RULES.platform
    truth = running.truth(name)
    accounts = running.accounts(name)
    assert len(accounts) > 20, f"the demo registry has hardly any {name} account"
    return accounts, truth


def shown_posts(truth: dict[str, Any], since: datetime) -> dict[str, datetime]:
    """The posts that the account shows at the simulator's present, published since then."""
    now = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    published = {
        post["id"]: datetime.fromisoformat(post["published_at"])
        for post in truth["posts"]
        if post["visible_at"] <= now and not (post["deleted_at"] and post["deleted_at"] <= now)
        if post["kind"] not in NOT_OWN
    }
    return {post_id: instant for post_id, instant in published.items() if instant >= since}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_profile_is_what_is_so(running: RunningSimulator, platform: ModuleType) -> None:
    accounts, truth = known_accounts(running, platform)
    asked = ask(running, platform)
    readings = platform.read_profiles(asked.client, accounts)
    assert len(asked.recorder.responses) == 1
    states = set()
    for account in accounts:
        reading, so = readings[account.account_code], truth[account.account_code]
        states.add(so["state"])
        if isinstance(reading, CaptureFailure):
            assert reading.outcome in (Outcome.ACCOUNT_SUSPENDED, Outcome.ACCOUNT_NOT_FOUND), reading
            assert so["state"] not in ("active", "private")
            continue
        assert (reading.platform_account_id, reading.handle) == (so["platform_account_id"], so["handle"])
        if reading.followers_state is FollowersState.HIDDEN:
            assert so["count_hidden"]
            assert reading.followers_count is None
        else:
            assert reading.followers_count is not None
            assert reading.followers_precision_step is not None
            assert reading.followers_count <= so["followers"]
            assert so["followers"] < reading.followers_count + reading.followers_precision_step
    assert "active" in states


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_listing_is_what_is_so(running: RunningSimulator, platform: ModuleType) -> None:
    accounts, truth = known_accounts(running, platform)
    asked = ask(running, platform)
    readings = platform.read_profiles(asked.client, accounts)
    seen = 0
    for account in accounts:
        profile, so = readings[account.account_code], truth[account.account_code]
        if isinstance(profile, CaptureFailure):
            continue
        if so["state"] == "private":
            with pytest.raises(CaptureFailure, match="account_private"):
                platform.read_posts(asked.client, account, profile, ReadWindow(SINCE))
            continue
        listing = platform.read_posts(asked.client, account, profile, ReadWindow(SINCE))
        assert {post.post_id: post.published_at for post in listing.posts} == shown_posts(so, SINCE)
        # A first listing of YouTube that ends early cannot compare the channel's count with that of an earlier one.
        assert listing.complete_since in ((SINCE, None) if platform is youtube else (SINCE,))
        seen += len(listing.posts)
    assert seen > 100


@pytest.mark.parametrize("field_names", ["tweet", "post"])
def test_x_after_the_newest_known_post(running: RunningSimulator, field_names: str) -> None:
    account, profile, so = an_active_account(running, x)
    asked = ask(running, x, extra={"field_names": field_names})
    ordered = sorted(shown_posts(so, SINCE), key=int)
    known, newer = ordered[-4], ordered[-3:]
    listing = x.read_posts(
        asked.client, account, profile, ReadWindow(SINCE, newest_known_id=known, reread_ids=(ordered[0], "123"))
    )
    posts = {post.post_id: post for post in listing.posts}
    assert set(posts) - {known} == {*newer, ordered[0]}  # known itself comes again if it was edited
    assert all(post.share_count is not None for post in posts.values())
    assert listing.gone == ("123",)
    assert listing.complete_since is None


def an_active_account(
    running: RunningSimulator, platform: ModuleType
) -> tuple[Account, ExtractedProfile, dict[str, Any]]:
    """The account with the most posts among those that can be read."""
    accounts, truth = known_accounts(running, platform)
    active = [one for one in accounts if truth[one.account_code]["state"] == "active"]
    account = max(active, key=lambda one: len(shown_posts(truth[one.account_code], SINCE)))
    profile = platform.read_profiles(ask(running, platform).client, [account])[account.account_code]
    assert isinstance(profile, ExtractedProfile)
    return account, profile, truth[account.account_code]


# Error kinds of the simulator (every variant of each) -> what they must become.
REFUSALS = {
    youtube: {
        "unauthorized": Outcome.TOKEN_EXPIRED,
        "token_expired": Outcome.TOKEN_EXPIRED,
        "token_revoked": Outcome.TOKEN_EXPIRED,
        "bad_key": Outcome.TOKEN_EXPIRED,
        "no_key": Outcome.TOKEN_EXPIRED,
        "forbidden": Outcome.PERMISSION_MISSING,
        "permission_missing": Outcome.PERMISSION_MISSING,
        "api_disabled": Outcome.PERMISSION_MISSING,
        "quota_exhausted": Outcome.QUOTA_EXHAUSTED,
        "rate_limited": Outcome.RATE_LIMITED,
        "not_found": Outcome.INVALID_RESPONSE,
        "playlist_not_found": Outcome.ACCOUNT_NOT_FOUND,
        "bad_page_token": Outcome.INVALID_RESPONSE,
        "invalid_request": Outcome.INVALID_RESPONSE,
        "server_error": Outcome.PLATFORM_UNAVAILABLE,
        "unavailable": Outcome.PLATFORM_UNAVAILABLE,
    },
    x: {
        "unauthorized": Outcome.TOKEN_EXPIRED,
        "token_expired": Outcome.TOKEN_EXPIRED,
        "token_revoked": Outcome.TOKEN_EXPIRED,
        "forbidden": Outcome.PERMISSION_MISSING,
        "permission_missing": Outcome.PERMISSION_MISSING,
        "not_found": Outcome.INVALID_RESPONSE,
        "rate_limited": Outcome.RATE_LIMITED,
        "usage_cap": Outcome.QUOTA_EXHAUSTED,
        "credits_depleted": Outcome.QUOTA_EXHAUSTED,
        "invalid_request": Outcome.INVALID_RESPONSE,
        "server_error": Outcome.PLATFORM_UNAVAILABLE,
        "unavailable": Outcome.PLATFORM_UNAVAILABLE,
    },
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_error_of_the_simulator_has_its_outcome(faulty: RunningSimulator, platform: ModuleType) -> None:
    name = platform.RULES.platform
    kinds = faulty.admin("GET", "faults/kinds")["error"][name]
    assert set(kinds) == set(REFUSALS[platform])
    account = faulty.accounts(name)[0]
    became = {}
    for kind, variants in kinds.items():
        for variant in variants:
            faulty.fault(name, kind, variant=variant)
            became[kind, variant] = outcome(platform, ask(faulty, platform), account)
            faulty.clear_faults()
    assert became == {
        (kind, variant): REFUSALS[platform][kind] for kind, variants in kinds.items() for variant in variants
    }


def outcome(platform: ModuleType, asked: Bench, account: Account) -> Outcome | None:
    """What became of reading one profile; None when it was read."""
    try:
        reading = platform.read_profiles(asked.client, [account])[account.account_code]
    except CaptureFailure as failure:
        return failure.outcome
    return reading.outcome if isinstance(reading, CaptureFailure) else None


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("kind", "parameters", "expected"),
    [
        ("account_not_found", {}, Outcome.ACCOUNT_NOT_FOUND),
        ("account_suspended", {}, None),  # YouTube: missing like one that does not exist
        ("handle_changed", {}, "read"),  # the id is the identity
        ("cut_off_json", {}, Outcome.INVALID_RESPONSE),
        ("cut_off_json", {"times": 1}, "read"),
        ("cut_off_transfer", {}, Outcome.PLATFORM_UNAVAILABLE),
        ("html_instead_of_json", {}, Outcome.INVALID_RESPONSE),
        ("html_instead_of_json", {"status": 503}, Outcome.PLATFORM_UNAVAILABLE),
        ("error_in_200", {"variant": "unavailable"}, Outcome.PLATFORM_UNAVAILABLE),
        ("error_in_200", {"variant": "rate_limited"}, Outcome.RATE_LIMITED),
        ("nul_in_text", {}, "read"),
        ("lone_surrogate_in_text", {}, "read"),
        ("duplicate_keys", {}, "read"),
        ("clock_skew", {"minutes": 7}, "read"),
    ],
)
def test_faults_become_what_they_are(
    faulty: RunningSimulator, platform: ModuleType, kind: str, parameters: dict[str, Any], expected: Any
) -> None:
    account, _, _ = an_active_account(faulty, platform)
    of_account = {"account": account.account_code} if kind.startswith(("account_", "handle_")) else {}
    faulty.fault(platform.RULES.platform, kind, **of_account, **parameters)
    asked = ask(faulty, platform, timeout_seconds=5)
    if expected is None:
        expected = Outcome.ACCOUNT_NOT_FOUND if platform is youtube else Outcome.ACCOUNT_SUSPENDED
    assert outcome(platform, asked, account) == (None if expected == "read" else expected)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("kind", ["duplicate_items", "empty_page", "expired_page_token", "no_posts", "nul_in_text"])
def test_faults_of_paging_leave_no_hole(faulty: RunningSimulator, platform: ModuleType, kind: str) -> None:
    account, profile, so = an_active_account(faulty, platform)
    wanted = set() if kind == "no_posts" else set(shown_posts(so, SINCE))
    of_account = {} if "text" in kind else {"account": account.account_code}
    faulty.fault(platform.RULES.platform, kind, **of_account)
    client = ask(faulty, platform).client
    if kind == "expired_page_token":
        with pytest.raises(CaptureFailure, match="invalid_response"):
            platform.read_posts(client, account, profile, ReadWindow(SINCE))
        return
    listing = platform.read_posts(client, account, profile, ReadWindow(SINCE))
    found = [post.post_id for post in listing.posts]
    assert len(found) == len(set(found))
    assert set(found) == wanted
    assert not any("\x00" in (post.caption or "") for post in listing.posts)

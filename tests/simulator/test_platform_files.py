"""The product's own platform files, pointed at the simulator: what they read is the simulator's truth."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest

from social_metrics.contract import AuthorizationMode, Outcome, Source
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, PostListing, ReadWindow, TokenPair
from social_metrics.extract.http.client import ApiClient, Recorder
from social_metrics.extract.platforms import facebook, instagram, tiktok
from social_metrics.registry.account import Account
from tests.simulator.platform_calls import FORM, IG_USER, NOW, SimulatorClient
from tests.support.local_platform import FixedClock, OpenMeter

FILES: dict[str, ModuleType] = {"facebook": facebook, "instagram": instagram, "tiktok": tiktok}
CREDENTIALS = {
    "facebook": (None, "demo-facebook-token"),
    "instagram": (IG_USER, "demo-instagram-token"),
    "tiktok": (FORM["client_key"], FORM["client_secret"]),
}
INSTANT = datetime.fromisoformat(NOW)
LAST_WEEK = INSTANT - timedelta(days=7)
ALL_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class Owners:
    """Keeps each account's chain of tokens, as the warehouse would."""

    def __init__(self) -> None:
        self.client: ApiClient | None = None
        self.chains: dict[str, TokenPair] = {}

    def access_token(self, account: Account) -> str:
        """The account's token; the first time by a refresh."""
        if account.account_code not in self.chains:
            assert self.client is not None
            first = f"demo-refresh-{account.account_code}-0"
            self.chains[account.account_code] = tiktok.refresh(self.client, first)
        return self.chains[account.account_code].access_token

    def replace_token(self, refused: str, account: Account) -> str:
        return self.access_token(account)


class Reader:
    """A platform file with the real client before the simulator."""

    def __init__(self, simulator: SimulatorClient, platform: str) -> None:
        self.simulator, self.platform, self.file = simulator, platform, FILES[platform]
        self.recorder = Recorder("test-run", 1, Source.SIMULATOR, None)
        login, secret = CREDENTIALS[platform]
        connection = PlatformConnection(platform, simulator.base_url, login, secret, AuthorizationMode.OWNER, True, {})
        owners = Owners()
        self.client = owners.client = ApiClient(
            self.file.RULES,
            connection,
            FixedClock(INSTANT),
            self.recorder,
            OpenMeter(),
            tokens=owners if platform == "tiktok" else None,
            attempts=2,
            wait=lambda _seconds: None,
        )

    def accounts(self) -> list[Account]:
        """The accounts of the registry that stand today: of a renamed one the last row."""
        rows = {row["account_code"]: row for row in self.simulator.rows(self.platform)}
        return [
            Account(
                code,
                row["center_code"],
                self.platform,
                row["platform_account_id"],
                row["handle"],
                None,
                "verified",
                None,
                None,
            )
            for code, row in rows.items()
        ]

    def profiles(self, accounts: Sequence[Account]) -> dict[str, ExtractedProfile | CaptureFailure]:
        """A reading or a failure for each, in batches."""
        size = self.file.RULES.accounts_per_call
        readings: dict[str, ExtractedProfile | CaptureFailure] = {}
        for start in range(0, len(accounts), size):
            readings |= self.file.read_profiles(self.client, accounts[start : start + size])
        return readings

    def posts(self, account: Account, profile: ExtractedProfile, since: datetime) -> PostListing:
        """The posts of an account."""
        listing = self.file.read_posts(self.client, account, profile, ReadWindow(since))
        assert isinstance(listing, PostListing)
        return listing


@pytest.fixture(params=list(FILES))
def reader(request: pytest.FixtureRequest, simulator: SimulatorClient) -> Reader:
    """Each platform file in turn."""
    return Reader(simulator, request.param)


def test_followers_and_the_posts_of_a_week_are_the_truth(reader: Reader) -> None:
    accounts = reader.accounts()
    readings = reader.profiles(accounts)
    assert len(readings) == len(accounts) > 20
    read = 0
    for account in accounts:
        truth = reader.simulator.truth_of(account.account_code)
        reading = readings[account.account_code]
        if isinstance(reading, CaptureFailure):
            assert truth["state"] != "active", reading
            continue
        assert reading.followers_count == truth["followers"]
        assert reading.platform_account_id == truth["platform_account_id"]
        listing = reader.posts(account, reading, LAST_WEEK)
        assert listing.complete_since is not None
        assert listing.complete_since <= LAST_WEEK
        visible = {post["id"]: datetime.fromisoformat(post["published_at"]) for post in truth["posts"]}
        found = {post.post_id: post.published_at for post in listing.posts}
        assert found.items() <= visible.items()
        assert {post_id for post_id, at in visible.items() if at >= listing.complete_since} <= set(found)
        read += 1
    assert read > 20


def test_every_page_is_read_when_everything_is_asked_for(reader: Reader) -> None:
    account = max(reader.accounts(), key=lambda one: len(reader.simulator.truth_of(one.account_code)["posts"]))
    reading = reader.profiles([account])[account.account_code]
    assert isinstance(reading, ExtractedProfile)
    reader.recorder.responses.clear()
    listing = reader.posts(account, reading, ALL_TIME)
    assert {post.post_id for post in listing.posts} == {
        post["id"] for post in reader.simulator.truth_of(account.account_code)["posts"]
    }
    assert len(reader.recorder.responses) > 2


def test_a_week_costs_no_more_calls_than_it_must(reader: Reader) -> None:
    accounts = reader.accounts()
    for account in accounts:
        reading = reader.profiles([account])[account.account_code]
        if isinstance(reading, ExtractedProfile):
            reader.posts(account, reading, LAST_WEEK)
    calls = reader.simulator.admin("GET", "calls")["calls"][reader.platform]
    # The first page of posts comes with the profile; TikTok needs a token and a list of its own.
    assert sum(calls.values()) <= len(accounts) * (3 if reader.platform == "tiktok" else 1) + 5


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("forbidden", Outcome.PERMISSION_MISSING),
        ("server_error", Outcome.PLATFORM_UNAVAILABLE),
        ("unavailable", Outcome.PLATFORM_UNAVAILABLE),
        ("html_instead_of_json", Outcome.INVALID_RESPONSE),
        ("cut_off_json", Outcome.INVALID_RESPONSE),
        ("cut_off_transfer", Outcome.PLATFORM_UNAVAILABLE),
        ("error_in_200", Outcome.PLATFORM_UNAVAILABLE),
    ],
)
def test_a_fault_of_one_account_affects_no_other(reader: Reader, kind: str, outcome: Outcome) -> None:
    victim, *others = reader.accounts()[:4]
    reader.profiles([victim])  # TikTok's token is there before the fault begins
    reader.simulator.fault(reader.platform, kind, account=victim.account_code)
    readings = reader.profiles([victim, *others])
    failure = readings[victim.account_code]
    assert isinstance(failure, CaptureFailure)
    assert failure.outcome is outcome
    assert all(isinstance(readings[other.account_code], ExtractedProfile) for other in others)


@pytest.mark.parametrize(
    "kind", ["nul_in_text", "lone_surrogate_in_text", "duplicate_items", "clock_skew", "duplicate_keys"]
)
def test_odd_replies_are_read_all_the_same(reader: Reader, kind: str) -> None:
    account = reader.accounts()[0]
    reader.simulator.fault(reader.platform, kind, account=account.account_code)
    reading = reader.profiles([account])[account.account_code]
    assert isinstance(reading, ExtractedProfile)
    truth = reader.simulator.truth_of(account.account_code)
    assert reading.followers_count == truth["followers"]
    listing = reader.posts(account, reading, ALL_TIME)
    assert sorted(post.post_id for post in listing.posts) == sorted(post["id"] for post in truth["posts"])
    for post in listing.posts:
        (post.caption or "").encode()  # whatever came, PostgreSQL can hold it
        assert "\x00" not in (post.caption or "")


def test_an_expired_cursor_is_a_failure_and_not_a_shorter_list(reader: Reader) -> None:
    account = reader.accounts()[0]
    reading = reader.profiles([account])[account.account_code]
    assert isinstance(reading, ExtractedProfile)
    reader.simulator.fault(reader.platform, "expired_page_token", account=account.account_code)
    with pytest.raises(CaptureFailure) as raised:
        reader.posts(account, reading, ALL_TIME)
    assert raised.value.outcome is Outcome.INVALID_RESPONSE


def test_a_broken_chain_of_tokens_affects_that_account_only(simulator: SimulatorClient) -> None:
    reader = Reader(simulator, "tiktok")
    victim, other = reader.accounts()[:2]
    simulator.tiktok_refresh(f"demo-refresh-{victim.account_code}-0")  # somebody else used the token that works once
    readings = reader.profiles([victim, other])
    failure = readings[victim.account_code]
    assert isinstance(failure, CaptureFailure)
    assert (failure.outcome, failure.for_all) == (Outcome.TOKEN_EXPIRED, False)
    assert isinstance(readings[other.account_code], ExtractedProfile)


def test_one_page_that_cannot_be_read_does_not_hide_fifty(simulator: SimulatorClient) -> None:
    reader = Reader(simulator, "facebook")
    accounts = reader.accounts()
    assert all(isinstance(reading, ExtractedProfile) for reading in reader.profiles(accounts).values())
    assert len(reader.recorder.responses) == 1
    simulator.fault("facebook", "account_not_found", account=accounts[5].account_code)
    readings = reader.profiles(accounts)
    failed = {code: reading for code, reading in readings.items() if isinstance(reading, CaptureFailure)}
    assert {code: failure.outcome for code, failure in failed.items()} == {
        accounts[5].account_code: Outcome.ACCOUNT_NOT_FOUND
    }

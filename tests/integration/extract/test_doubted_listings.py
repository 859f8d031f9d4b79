"""Empty and shortened listings in a 200: no platform makes known posts absent by them, and real deletions are seen."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from local_stack.history import authorise_demo_accounts
from simulator.app import Simulator
from simulator.damage import Sending
from simulator.demo_registry import write_registry
from simulator.exchange import Request
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from social_metrics.extract.platform_run import BatchReport, capture_batch
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import Settings
from tests.support.simulator import RUN_START
from tests.support.simulator_in_process import answering, connections, make_simulator
from tests.support.warehouse import rows_of

COUNTS_POSTS = ("youtube", "instagram", "tiktok")
COUNTS_NONE = ("facebook", "threads")
ABSENT_IN_ALL = (*COUNTS_POSTS, *COUNTS_NONE)

Spoil = Callable[[list[Any]], list[Any]]


def as_it_is(posts: list[Any]) -> list[Any]:
    return posts


def empty(_posts: list[Any]) -> list[Any]:
    return []


def thinned(posts: list[Any]) -> list[Any]:
    return posts[::3]


def lacking_the_same(posts: list[Any]) -> list[Any]:
    """Always the same posts are missing, whatever is published; the next page is there."""
    return [post for post in posts if sum(post["id"].encode()) % 3 == 0]


def first_page_only(posts: list[Any]) -> list[Any]:
    """The page tokens are lost: what stands on the second page is not reached."""
    return posts[:3]


def spoil_listing(platform: str, body: Any, spoil: Spoil) -> None:
    """Shorten each listing in a reply, and remove the way to its next page."""
    if not isinstance(body, dict):
        return
    if platform == "youtube" and body.get("kind") == "youtube#playlistItemListResponse":
        body["items"] = spoil(body["items"])
        body.pop("nextPageToken", None)
    elif platform == "tiktok" and "videos" in body.get("data", {}):
        body["data"] |= {"videos": spoil(body["data"]["videos"]), "has_more": False}
    elif platform == "x" and "result_count" in body.get("meta", {}):
        left = spoil(body.pop("data", []))
        body["meta"] = {"result_count": len(left)}
        body |= {"data": left} if left else {}
    else:
        for edge in _edges(body):
            edge["data"] = spoil(edge["data"])
            if spoil is not lacking_the_same:
                edge.pop("paging", None)


def _edges(value: Any) -> Iterator[dict[str, Any]]:
    """Every edge of posts in a reply of Meta's platforms, in whatever it is nested."""
    if isinstance(value, dict):
        rows = value.get("data")
        if isinstance(rows, list) and rows and ("timestamp" in rows[0] or "created_time" in rows[0]):
            yield value
        else:
            for child in value.values():
                yield from _edges(child)


@dataclass
class Stage:
    """The simulator in this process, and the most active account of a platform."""

    simulator: Simulator
    registry: Registry
    url: str
    settings: Settings
    platform: str = ""
    code: str = ""

    def begin(self, platform: str) -> None:
        """Capture some accounts on the first day, and choose the one with the most posts."""
        self.platform = platform
        self.capture(0, accounts=12)
        self.code = rows_of(
            self.url, "select account_code from raw.posts group by 1 order by count(distinct post_id) desc, 1 limit 1"
        )[0][0]
        assert len(self.seen()) > 8

    def capture(
        self, day: int, spoil: Spoil = as_it_is, *, minutes: int = 0, accounts: int | None = None
    ) -> BatchReport:
        """Capture the account so many days after the start."""
        self.simulator.clock.set(int((RUN_START + timedelta(days=day, minutes=minutes)).timestamp()))

        def way(_request: Request, sending: Sending) -> Sending:
            if spoil is as_it_is:
                return sending
            body = json.loads(sending.payload)
            spoil_listing(self.platform, body, spoil)
            return replace(sending, payload=json.dumps(body).encode())

        codes = [one.account_code for one in self.registry.accounts_on(self.platform, RUN_START.date())][:accounts]
        with answering(self.simulator, way):
            return capture_batch(
                self.platform,
                codes if accounts else [self.code],
                run_id=f"day{day}",
                try_number=1,
                registry=self.registry,
                connection=platform_connection(self.platform),
                warehouse_url=self.url,
                settings=self.settings,
            )

    def last_outcome(self) -> tuple[str, str, str | None]:
        """Outcome, how far posts were read, and detail of the account's last attempt."""
        return rows_of(
            self.url,
            "select outcome, posts_read, detail from raw.capture_outcomes"
            f" where account_code = '{self.code}' order by attempted_at desc limit 1",
        )[0]

    def seen(self, presence: str = "seen", since: datetime = BEFORE_EVERY_POST) -> set[str]:
        """Ids of the account's posts whose latest observation is this presence."""
        return {
            row[0]
            for row in rows_of(
                self.url,
                "select post_id from (select distinct on (post_id) post_id, presence, published_at from raw.posts"
                f" where account_code = '{self.code}' order by post_id, captured_at desc, response_id desc) as latest"
                f" where presence = '{presence}' and published_at >= '{since}'",
            )
        }


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    folder = tmp_path_factory.mktemp("doubted") / "registry"
    write_registry(repository / "dbt_project/seeds/registry", folder, 2024, RUN_START.date())
    return folder


@pytest.fixture
def stage(demo: Path, warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Stage:
    for variable, value in connections(demo).items():
        monkeypatch.setenv(variable, value)
    settings = Settings(credentials_key=Fernet.generate_key().decode(), http_attempts=1, http_max_wait_seconds=0)
    registry = load_registry(demo)
    authorise_demo_accounts(registry, settings, warehouse_url)
    return Stage(make_simulator(demo, int(RUN_START.timestamp())), registry, warehouse_url, settings)


@pytest.mark.parametrize("spoil", [empty, thinned, first_page_only])
@pytest.mark.parametrize("platform", ABSENT_IN_ALL)
def test_an_empty_or_shortened_listing_makes_nothing_absent(stage: Stage, platform: str, spoil: Spoil) -> None:
    stage.begin(platform)
    known = stage.seen()
    stage.capture(7, spoil)  # a full listing is due, although the count may stand still
    outcome, posts_read, detail = stage.last_outcome()
    assert (outcome, posts_read) == ("captured_partly", "failed")
    assert "posts: invalid_response: the listing" in str(detail)
    assert not stage.seen("absent")
    assert known <= stage.seen()
    findings = rows_of(stage.url, "select account_code, cardinality(missing_ids) > 0 from ops.doubted_listings")
    # YouTube's listing claims nothing while the channel counts new videos that it does not show.
    assert findings == [(stage.code, platform != "youtube")]
    assert stage.capture(7, spoil, minutes=30).complete_before == 0, "the next retry run asks again"
    assert stage.last_outcome()[0] == "captured_partly"
    assert not stage.seen("absent")


@pytest.mark.parametrize("platform", ABSENT_IN_ALL)
def test_a_whole_listing_after_a_doubted_one_is_believed_and_none_is_skipped(stage: Stage, platform: str) -> None:
    stage.begin(platform)
    stage.capture(7, thinned)
    stage.capture(7, minutes=30)
    assert stage.last_outcome() == ("captured", "listed", None)
    assert len(stage.seen("absent")) <= 2  # those that the simulator's owner deleted in a week


@pytest.mark.parametrize("platform", COUNTS_POSTS)
def test_an_empty_listing_is_never_believed_while_the_profile_counts_posts(stage: Stage, platform: str) -> None:
    stage.begin(platform)
    for day in (7, 8, 9):
        stage.capture(day, empty)
        outcome, posts_read, detail = stage.last_outcome()
        assert (outcome, posts_read) == ("captured_partly", "failed")
        assert "shows no post although the profile counts" in str(detail)
    assert not stage.seen("absent")


def test_a_playlist_that_is_not_found_is_no_empty_channel_while_it_counts_videos(stage: Stage) -> None:
    stage.begin("youtube")
    known = stage.seen()
    stage.simulator.faults.add("youtube", "playlist_not_found", endpoint="playlistItems")
    for day in (7, 8):
        stage.capture(day)
        assert stage.last_outcome()[:2] == ("captured_partly", "failed")
    assert known <= stage.seen()
    assert not stage.seen("absent")


@pytest.mark.parametrize("platform", [*COUNTS_POSTS, "x"])
def test_an_account_whose_first_listing_is_empty_is_not_without_posts(stage: Stage, platform: str) -> None:
    stage.platform = platform
    stage.capture(0, empty, accounts=6)
    rows = rows_of(
        stage.url,
        "select posts_count > 0, outcome, posts_read from raw.capture_outcomes join raw.profile_snapshots"
        " using (attempt_id, account_code)",
    )
    assert (True, "captured_partly", "failed") in rows
    assert {row for row in rows if row[0]} == {(True, "captured_partly", "failed")}


@pytest.mark.parametrize("platform", COUNTS_NONE)
def test_a_later_date_that_agrees_is_believed_where_the_profile_counts_nothing(stage: Stage, platform: str) -> None:
    stage.begin(platform)
    stage.capture(1, lacking_the_same)
    stage.capture(1, lacking_the_same, minutes=30)
    assert not stage.seen("absent"), "a retry run of the same date does not confirm"
    stage.capture(2, lacking_the_same)
    assert stage.last_outcome()[:2] == ("captured", "listed")
    absent = stage.seen("absent")
    assert absent
    stage.capture(3)
    assert absent & stage.seen(), "posts that are listed again are present again"


@pytest.mark.parametrize("platform", COUNTS_NONE)
def test_everything_deleted_is_believed_after_a_week_where_the_profile_counts_nothing(
    stage: Stage, platform: str
) -> None:
    stage.begin(platform)
    for day in (1, 2, 7):
        stage.capture(day, empty)
        assert stage.last_outcome()[:2] == ("captured_partly", "failed")
    assert not stage.seen("absent")
    stage.capture(8, empty)
    assert stage.last_outcome()[:2] == ("captured", "listed")
    assert not stage.seen()


@pytest.mark.parametrize("platform", COUNTS_POSTS)
def test_everything_deleted_is_believed_at_once_when_the_profile_counts_none(stage: Stage, platform: str) -> None:
    stage.begin(platform)
    stage.simulator.faults.add(platform, "no_posts", account=stage.code)
    stage.capture(1)
    assert stage.last_outcome() == ("captured", "listed", None)
    assert stage.seen("absent")
    claimed = RUN_START - timedelta(days=7) if platform == "youtube" else BEFORE_EVERY_POST
    assert not stage.seen(since=claimed)
    assert not rows_of(stage.url, "select from ops.doubted_listings")


@pytest.mark.parametrize(
    ("spoil", "outcome"), [(empty, "captured_partly"), (thinned, "captured"), (first_page_only, "captured")]
)
def test_x_lists_new_posts_only_so_that_nothing_becomes_absent(stage: Stage, spoil: Spoil, outcome: str) -> None:
    stage.begin("x")
    known = stage.seen()
    for minutes in (0, 30):
        stage.capture(7, spoil, minutes=minutes)
        assert stage.last_outcome()[0] == outcome
    assert not stage.seen("absent")
    assert known <= stage.seen()
    doubted = rows_of(stage.url, "select account_code from ops.doubted_listings")
    assert doubted == ([(stage.code,)] if outcome == "captured_partly" else [])
    stage.capture(7, minutes=60)
    assert stage.last_outcome()[0] == "captured"


@pytest.mark.parametrize("platform", [*ABSENT_IN_ALL, "x"])
def test_a_whole_listing_costs_the_same_calls_as_before(stage: Stage, platform: str) -> None:
    """The profile and one page; YouTube's pages until one is older than the window, and counts; TikTok's new token."""
    stage.begin(platform)
    calls = stage.capture(7).calls
    assert calls <= {"youtube": 4, "tiktok": 4, "facebook": 2}.get(platform, 3)

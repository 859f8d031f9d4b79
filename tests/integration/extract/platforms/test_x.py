"""X: charged per resource, so asked sparingly; two families of names; refusals of one account inside a 200."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from social_metrics.contract import FollowersState, Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from social_metrics.extract.platforms import x
from tests.integration.extract.platforms.recorded_cases import some_profile
from tests.support.api_fixtures import fixture
from tests.support.local_platform import NOW, SECRET, Answer, Bench, LocalPlatform, account, bench, serve

KARTINI = account("kartini", "x", "1900000000000000001")
ABIYOSO = account("abiyoso", "x", "1900000000000000002")
SUSPENDED = account("suspended", "x", "1900000000000000003")
LOST = account("lost", "x", "1900000000000000004")
ALL = [KARTINI, ABIYOSO, SUSPENDED, LOST]
PROFILE = some_profile("1900000000000000001", "demo_kartini")
SINCE = datetime(2026, 11, 13, tzinfo=UTC)
TIMELINE, BY_ID = "1900000000000000001/tweets", "/2/tweets"
NOTHING_NEW = Answer({"meta": {"result_count": 0}})
PROBLEM, PROBLEM_AT_X = "https://api.twitter.com/2/problems", "https://api.x.com/2/problems"


def post(post_id: str, published: datetime = NOW, **more: Any) -> dict[str, Any]:
    return {
        "id": post_id,
        "text": f"text {post_id}",
        "created_at": f"{published:%Y-%m-%dT%H:%M:%S}.000Z",
        "public_metrics": {"retweet_count": 1, "reply_count": 2, "like_count": 3},
        **more,
    }


def page(*posts: dict[str, Any], following: str | None = None) -> Answer:
    meta = {"result_count": len(posts), **({"next_token": following} if following else {})}
    return Answer({"data": list(posts), "meta": meta} if posts else {"meta": meta})


def missing(post_id: str, kind: str = "resource-not-found") -> dict[str, Any]:
    return {"value": post_id, "detail": f"Could not find tweet with ids: [{post_id}].", "type": f"{PROBLEM}/{kind}"}


def read_posts(
    answers: dict[str, list[Answer]],
    window: ReadWindow | None = None,
    profile: ExtractedProfile = PROFILE,
    **options: Any,
) -> tuple[PostListing, LocalPlatform, Bench]:
    with serve(answers) as server:
        asked = bench(x.RULES, server.base_url, **options)
        return x.read_posts(asked.client, KARTINI, profile, window or ReadWindow(SINCE)), server, asked


# ------------------------------------------------------------------ profiles


def test_users_come_in_one_call_each_with_its_own_outcome() -> None:
    with serve({"/users": [Answer(fixture("x", "users"))]}) as server:
        asked = bench(x.RULES, server.base_url)
        readings = x.read_profiles(asked.client, ALL)
    (request,) = server.requests
    assert request.path == "/2/users"
    assert request.parameters["ids"] == ",".join(str(one.platform_account_id) for one in ALL)
    assert "expansions" not in request.parameters
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    kartini, abiyoso = readings["kartini-x"], readings["abiyoso-x"]
    assert isinstance(kartini, ExtractedProfile)
    assert isinstance(abiyoso, ExtractedProfile)
    assert (kartini.followers_count, kartini.followers_precision_step) == (0, 1)
    assert kartini.followers_state is FollowersState.REPORTED
    assert (kartini.platform_account_id, kartini.handle) == ("1900000000000000001", "demo_kartini")
    assert (kartini.posts_count, abiyoso.posts_count) == (431, 77)  # tweet_count, post_count
    assert (abiyoso.followers_count, abiyoso.following_count) == (8123, 40)  # protected: the profile still counts
    assert kartini.metric_definition_id == "x.followers_count.v1"
    assert readings["suspended-x"].outcome is Outcome.ACCOUNT_SUSPENDED  # type: ignore[union-attr]
    assert readings["lost-x"].outcome is Outcome.ACCOUNT_NOT_FOUND  # type: ignore[union-attr]


def test_users_cost_what_came_back_and_the_most_is_set_aside_before() -> None:
    with serve({"/users": [Answer(fixture("x", "users"))]}) as server:
        asked = bench(x.RULES, server.base_url)
        x.read_profiles(asked.client, ALL)
    assert [cost.usd for cost in asked.meter.reserved] == [Decimal("0.040")]
    assert [spend.usd for spend in asked.recorder.spends] == [Decimal("0.020")]  # errors are free


def test_handles_are_asked_for_apart_and_found_in_any_case() -> None:
    by_name = account("abiyoso", "x", None, "Demo_Abiyoso")
    body = fixture("x", "users")
    named = {"data": [body["data"][1]]}
    with serve({"/users": [Answer(body)], "/users/by": [Answer(named)]}) as server:
        readings = x.read_profiles(bench(x.RULES, server.base_url).client, [KARTINI, by_name])
    assert server.asked("/users/by")[0].parameters["usernames"] == "demo_abiyoso"
    assert isinstance(readings["abiyoso-x"], ExtractedProfile)
    assert isinstance(readings["kartini-x"], ExtractedProfile)


@pytest.mark.parametrize("wrong", [account("odd", "x", "12x"), account("odd", "x", None, "much_too_long_for_x"),
                                   account("odd", "x")])  # fmt: skip
def test_an_impossible_id_or_handle_does_not_spoil_the_batch(wrong: Any) -> None:
    with serve({"/users": [Answer(fixture("x", "users"))]}) as server:
        readings = x.read_profiles(bench(x.RULES, server.base_url).client, [KARTINI, wrong])
    assert [request.parameters["ids"] for request in server.requests] == ["1900000000000000001"]
    assert readings["odd-x"].outcome is Outcome.ACCOUNT_NOT_FOUND  # type: ignore[union-attr]


def test_a_refused_second_call_keeps_the_result_of_the_first() -> None:
    by_name = account("abiyoso", "x", None, "demo_abiyoso")
    answers = {"/users": [Answer(fixture("x", "users"))], "/users/by": [Answer({"title": "Unauthorized"}, 401)]}
    with serve(answers) as server:
        readings = x.read_profiles(bench(x.RULES, server.base_url).client, [KARTINI, by_name])
    assert isinstance(readings["kartini-x"], ExtractedProfile)
    assert readings["abiyoso-x"].outcome is Outcome.TOKEN_EXPIRED  # type: ignore[union-attr]


def test_an_account_that_the_reply_passes_over_is_not_called_lost() -> None:
    with serve({"/users": [Answer({"data": []})]}) as server:
        readings = x.read_profiles(bench(x.RULES, server.base_url).client, [KARTINI])
    assert readings["kartini-x"].outcome is Outcome.INVALID_RESPONSE  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("metrics", "state"),
    [
        ({"following_count": 1, "tweet_count": 2}, FollowersState.NOT_AVAILABLE),
        ({"followers_count": 1, "following_count": 1}, Outcome.INVALID_RESPONSE),  # neither family of names
        (None, Outcome.INVALID_RESPONSE),
        ({"followers_count": "abc", "tweet_count": 2}, Outcome.INVALID_RESPONSE),
        ({"followers_count": -5, "tweet_count": 2}, Outcome.INVALID_RESPONSE),
        ({"followers_count": 5, "tweet_count": 2.5}, Outcome.INVALID_RESPONSE),
    ],
)
def test_absent_counts_are_missing_and_absent_families_are_loud(metrics: Any, state: Any) -> None:
    body = fixture("x", "users")
    body["data"][0]["public_metrics"] = metrics
    with serve({"/users": [Answer(body)]}) as server:
        readings = x.read_profiles(bench(x.RULES, server.base_url).client, [KARTINI, ABIYOSO])
    reading = readings["kartini-x"]
    assert (reading.followers_state if isinstance(reading, ExtractedProfile) else reading.outcome) is state
    assert isinstance(readings["abiyoso-x"], ExtractedProfile)


# ------------------------------------------------------------------ timelines


def test_posts_are_own_whole_and_once() -> None:
    listing, server, asked = read_posts({TIMELINE: [Answer(fixture("x", "timeline_tweet_names"))]})
    edited, video = listing.posts  # the repost is somebody else's
    assert edited.post_id == "2100000000000000007"  # the first id of the edit history
    assert edited.caption == "Kata-kata yang utuh, lebih dari 280 huruf"  # note_tweet, of the newest version
    assert edited.url == "https://x.com/demo_kartini/status/2100000000000000007"
    assert (edited.like_count, edited.comment_count, edited.share_count, edited.view_count) == (0, 1, 4, 900)
    assert (edited.post_type, video.post_type) == ("photo", "video")
    assert (video.published_at, video.view_count) == (datetime(2026, 11, 19, 17, 30, tzinfo=UTC), None)
    assert video.caption == "Video 🎥 مساعدة"
    (request,) = server.requests
    assert request.parameters["exclude"] == "retweets,replies"
    assert request.parameters["start_time"] == "2026-11-13T00:00:00Z"
    assert "since_id" not in request.parameters
    assert "expansions" not in request.parameters
    assert listing.complete_since == SINCE
    assert listing.response_id == asked.recorder.responses[-1].response_id
    assert [cost.usd for cost in asked.meter.reserved] == [Decimal("0.100")]
    assert [spend.usd for spend in asked.recorder.spends] == [Decimal("0.020")]


def test_the_names_of_posts_mean_the_same() -> None:
    listing, server, _ = read_posts(
        {TIMELINE: [Answer(fixture("x", "timeline_post_names"))]}, extra={"field_names": "post"}
    )
    (edited,) = listing.posts
    assert (edited.post_id, edited.share_count) == ("2100000000000000007", 4)
    assert edited.caption == "Kata-kata yang utuh, lebih dari 280 huruf"
    (request,) = server.requests
    assert "note_post" in request.parameters["post.fields"]
    assert "tweet" not in str(request.parameters["post.fields"])
    assert "tweet.fields" not in request.parameters


def test_a_wrong_choice_of_names_is_told_before_any_call() -> None:
    with serve({}) as server, pytest.raises(CaptureFailure, match="write 'tweet' or 'post'") as raised:
        x.read_posts(
            bench(x.RULES, server.base_url, extra={"field_names": "toot"}).client, KARTINI, PROFILE, ReadWindow(SINCE)
        )
    assert raised.value.for_all
    assert server.requests == []


def test_after_the_newest_known_post_only_newer_ones_are_asked_for() -> None:
    listing, server, _ = read_posts(
        {TIMELINE: [page(post("9"), following="t2"), page(following="t3"), page(post("8"))]},
        ReadWindow(SINCE, newest_known_id="7"),
    )
    assert [request.parameters["since_id"] for request in server.requests] == ["7", "7", "7"]
    assert [request.parameters.get("pagination_token") for request in server.requests] == [None, "t2", "t3"]
    assert all("start_time" not in request.parameters for request in server.requests)
    assert [one.post_id for one in listing.posts] == ["9", "8"]
    assert listing.complete_since is None  # an older one that disappeared would not be missed


def test_nothing_new_is_a_listing_and_costs_nothing() -> None:
    listing, _, asked = read_posts({TIMELINE: [NOTHING_NEW]}, ReadWindow(SINCE, newest_known_id="7"))
    assert listing.posts == ()
    assert listing.response_id is not None
    assert [spend.usd for spend in asked.recorder.spends] == [0]


@pytest.mark.parametrize(
    ("window", "count", "again", "shown"),
    [
        # Nothing new, and the profile counts nothing new: no further request.
        (ReadWindow(SINCE, newest_known_id="7", listed_at=SINCE, posts_count_then=240), 240, None, None),
        (ReadWindow(SINCE, newest_known_id="7", listed_at=SINCE, posts_count_then=241), 240, None, None),
        (ReadWindow(SINCE, newest_known_id="7"), 240, None, None),
        (ReadWindow(SINCE), 0, None, None),
        # The profile counts a new post: a repost or a reply, or the timeline is empty in error.
        (
            ReadWindow(SINCE, newest_known_id="7", listed_at=SINCE, posts_count_then=239),
            240,
            page(post("7"), post("8")),
            None,
        ),
        (ReadWindow(SINCE, newest_known_id="7", listed_at=SINCE, posts_count_then=239), 240, NOTHING_NEW, 0),
        # The first listing: silent for longer than the window, or empty in error.
        (ReadWindow(SINCE), 240, page(post("1")), None),
        (ReadWindow(SINCE), 240, NOTHING_NEW, 0),
    ],
)
def test_an_empty_timeline_is_compared_with_the_profiles_count(
    window: ReadWindow, count: int, again: Answer | None, shown: int | None
) -> None:
    with serve({TIMELINE: [NOTHING_NEW, again or NOTHING_NEW]}) as server:
        client = bench(x.RULES, server.base_url).client
        listing = x.read_posts(client, KARTINI, replace(PROFILE, posts_count=count), window)
    assert (listing.posts, listing.shown, listing.gone) == ((), shown, ())
    assert len(server.requests) == (1 if again is None else 2)
    if again is not None:
        assert server.requests[1].parameters["max_results"] == "5"
        assert server.requests[1].parameters.get("since_id") == ("6" if window.newest_known_id else None)
        assert not {"exclude", "start_time"} & server.requests[1].parameters.keys()


def test_an_item_on_two_pages_is_one_post() -> None:
    listing, _, _ = read_posts({TIMELINE: [page(post("9"), post("8"), following="t2"), page(post("8"), post("7"))]})
    assert [one.post_id for one in listing.posts] == ["9", "8", "7"]


def test_without_a_watermark_one_page_is_read_and_no_more_promised_than_seen() -> None:
    older = NOW - timedelta(days=4)
    listing, server, _ = read_posts({TIMELINE: [page(post("9"), post("8", older), following="t2")]}, ReadWindow(None))
    assert len(server.requests) == 1
    assert listing.complete_since == older + timedelta(seconds=1)
    whole, _, _ = read_posts({TIMELINE: [page(post("9"))]}, ReadWindow(None))
    assert whole.complete_since == BEFORE_EVERY_POST


def test_beyond_the_depth_of_a_timeline_nothing_is_promised() -> None:
    oldest = SINCE + timedelta(days=2)
    posts = [post(str(5000 - number), oldest if number == 799 else NOW) for number in range(800)]
    pages = [page(*posts[start : start + 100], following=f"t{start}") for start in range(0, 700, 100)]
    listing, _, _ = read_posts({TIMELINE: [*pages, page(*posts[700:])]})
    assert len(listing.posts) == 800
    assert listing.complete_since == oldest + timedelta(seconds=1)


def test_page_tokens_in_a_circle_end_the_reading() -> None:
    with pytest.raises(CaptureFailure, match="page tokens of the timeline repeat"):
        read_posts({TIMELINE: [page(post("9"), following="t1")]})


def test_a_protected_account_is_not_asked_for_posts() -> None:
    profile = some_profile("1900000000000000001", "demo_kartini", protected=True)
    with serve({}) as server, pytest.raises(CaptureFailure) as raised:
        x.read_posts(bench(x.RULES, server.base_url).client, KARTINI, profile, ReadWindow(SINCE))
    assert (raised.value.outcome, raised.value.for_all) == (Outcome.ACCOUNT_PRIVATE, False)
    assert raised.value.response_id == profile.response_id
    assert server.requests == []


@pytest.mark.parametrize(
    ("problem", "outcome"),
    [
        ({"type": f"{PROBLEM}/not-authorized-for-resource", "detail": "words"}, Outcome.ACCOUNT_PRIVATE),
        ({"type": f"{PROBLEM}/resource-not-found", "detail": "User has been suspended."}, Outcome.ACCOUNT_SUSPENDED),
        ({"type": f"{PROBLEM_AT_X}/resource-not-found", "title": "Not Found Error"}, Outcome.ACCOUNT_NOT_FOUND),
        ({"title": "Not Found Error", "detail": "Could not find user with id: [1]."}, Outcome.ACCOUNT_NOT_FOUND),
        ({"type": f"{PROBLEM}/resource-unavailable"}, Outcome.PLATFORM_UNAVAILABLE),
        ({"type": f"{PROBLEM_AT_X}/something-new"}, Outcome.INVALID_RESPONSE),
        ({}, Outcome.INVALID_RESPONSE),
    ],
)  # fmt: skip
def test_an_error_in_place_of_a_timeline_is_the_account_s(problem: Any, outcome: Outcome) -> None:
    with pytest.raises(CaptureFailure) as raised:
        read_posts({TIMELINE: [Answer({"errors": [problem]})]})
    assert (raised.value.outcome, raised.value.for_all) == (outcome, False)


@pytest.mark.parametrize("body", [{}, [], {"data": 7}, {"data": None}, {"meta": {"result_count": 3}}, {"errors": []}])
def test_a_reply_without_posts_and_without_a_zero_is_no_empty_timeline(body: Any) -> None:
    with pytest.raises(CaptureFailure) as raised:
        read_posts({TIMELINE: [Answer(body)]})
    assert raised.value.outcome is Outcome.INVALID_RESPONSE


@pytest.mark.parametrize(
    "nonsense",
    [
        {"id": 9},
        {"id": None},
        {"id": "9a"},
        {"created_at": "yesterday"},
        {"created_at": None},
        {"public_metrics": {"like_count": 1}},
        {"public_metrics": {"retweet_count": "abc"}},
        {"public_metrics": {"retweet_count": 1, "like_count": -1}},
        {"text": 5},
        {"edit_history_tweet_ids": [7]},
        {"edit_history_tweet_ids": {"first": "9"}},
    ],
)
def test_a_malformed_post_would_leave_a_hole_and_fails_the_listing(nonsense: dict[str, Any]) -> None:
    with pytest.raises(CaptureFailure) as raised:
        read_posts({TIMELINE: [page(post("10"), {**post("9"), **nonsense})]})
    assert raised.value.outcome is Outcome.INVALID_RESPONSE


# ------------------------------------------------------------------ reading again by id


def test_due_posts_are_read_again_and_missing_ones_are_gone() -> None:
    window = ReadWindow(SINCE, newest_known_id="9", reread_ids=("5", "4", "3", "10"))
    by_id = {"data": [post("5")], "errors": [missing("4"), missing("3", "not-authorized-for-resource")]}
    listing, server, asked = read_posts({TIMELINE: [page(post("10"))], BY_ID: [Answer(by_id)]}, window)
    assert server.asked(BY_ID)[-1].parameters["ids"] == "5,4,3"  # 10 came with the timeline: not paid twice
    assert [one.post_id for one in listing.posts] == ["10", "5"]
    assert listing.gone == ("4",)  # hidden from us is not gone
    assert [cost.usd for cost in asked.meter.reserved] == [Decimal("0.100"), Decimal("0.015")]
    assert [spend.usd for spend in asked.recorder.spends] == [Decimal("0.005"), Decimal("0.005")]


def test_an_edited_post_has_the_counts_of_its_newest_version() -> None:
    history = {"edit_history_tweet_ids": ["5", "6"]}
    newest = post("6", **history) | {"public_metrics": {"retweet_count": 40, "like_count": 41}}
    listing, server, _ = read_posts(
        {TIMELINE: [NOTHING_NEW], BY_ID: [Answer({"data": [post("5", **history)]}), Answer({"data": [newest]})]},
        ReadWindow(SINCE, newest_known_id="9", reread_ids=("5",)),
    )
    assert [request.parameters["ids"] for request in server.requests[1:]] == ["5", "6"]
    assert [(one.post_id, one.share_count) for one in listing.posts] == [("5", 40)]


def test_ids_are_read_a_hundred_a_call() -> None:
    ids = tuple(str(number) for number in range(1000, 1130))
    answers = [
        Answer({"data": [post(name) for name in ids[:100]]}),
        Answer({"data": [post(name) for name in ids[100:]]}),
    ]
    listing, server, _ = read_posts(
        {TIMELINE: [NOTHING_NEW], BY_ID: answers}, ReadWindow(SINCE, newest_known_id="9999", reread_ids=ids)
    )
    assert [len(request.parameters["ids"].split(",")) for request in server.requests[1:]] == [100, 30]
    assert len(listing.posts) == 130


def test_a_refused_rereading_leaves_the_listing_and_nobody_gone() -> None:
    listing, _, _ = read_posts(
        {
            TIMELINE: [page(post("10"))],
            BY_ID: [Answer({"title": "CreditsDepleted", "type": f"{PROBLEM}/credits"}, 402)],
        },
        ReadWindow(SINCE, newest_known_id="9", reread_ids=("5",)),
    )
    assert [one.post_id for one in listing.posts] == ["10"]
    assert listing.gone == ()
    assert listing.left_out is not None, "a retry run asks again"

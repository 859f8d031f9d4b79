"""What the recorded Facebook payloads must become (recordings of 2019 to 2023 asked for other fields than we do)."""

from typing import Any

from social_metrics.contract import FollowersState, Outcome
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from tests.integration.extract.platforms.recorded_cases import RECORDED, Called, NotCalled, recorded, some_profile, utc
from tests.support.local_platform import Answer, account

APP_PAGE = account("app", "facebook", "20531316728")
DEVELOPERS_PAGE = account("developers", "facebook", "19292868552")
LAST_PAGE = Answer({"data": []})

# None of the recordings of pages asked for followers_count: fan_count must not take its place.
WITHOUT_FOLLOWERS: dict[str, Any] = {
    "followers_count": None,
    "followers_precision_step": None,
    "followers_state": FollowersState.NOT_AVAILABLE,
    "metric_definition_id": "facebook.followers_count.v1",
}
APP: dict[str, Any] = {**WITHOUT_FOLLOWERS, "platform_account_id": "20531316728", "handle": "facebookapp"}
DEVELOPERS: dict[str, Any] = {
    **WITHOUT_FOLLOWERS,
    "platform_account_id": "19292868552",
    "handle": "FacebookforDevelopers",
}


def one_page(answer: Answer, outcome: Outcome) -> Called:
    """The answer to a question about one page."""
    return Called(answers={"/20531316728": [answer]}, accounts=(APP_PAGE,), profiles={"app-facebook": outcome})


def post(post_id: str, published_at: str, post_type: str, *counts: int | None) -> dict[str, Any]:
    """A post with its likes, comments and shares; Facebook's posts show no views."""
    return {
        "post_id": post_id,
        "published_at": utc(published_at),
        "post_type": post_type,
        "like_count": counts[0],
        "comment_count": counts[1],
        "share_count": counts[2],
        "view_count": None,
    }


def posts_of(page_id: str, answer: Answer, *posts: dict[str, Any], then: Answer = LAST_PAGE) -> Called:
    """The first page of a page's posts, and the last one after it."""
    return Called(
        answers={f"/{page_id}/published_posts": [answer, then]},
        accounts=(account("a", "facebook", page_id),),
        profile=some_profile(page_id),
        posts=list(posts),
        listing={"complete_since": BEFORE_EVERY_POST},  # both pages were read: that is everything
    )


CASES: dict[str, Called | NotCalled] = {
    "page_fields.json": Called(
        answers={"/20531316728": [RECORDED]}, accounts=(APP_PAGE,), profiles={"app-facebook": APP}
    ),
    "page_default_fields.json": Called(
        answers={"/20531316728": [RECORDED]}, accounts=(APP_PAGE,), profiles={"app-facebook": APP}
    ),
    "pages_ids_batch.json": Called(
        answers={"/v26.0/": [RECORDED]},
        accounts=(APP_PAGE, DEVELOPERS_PAGE),
        profiles={"app-facebook": APP, "developers-facebook": DEVELOPERS},
    ),
    "page_feed_cursors_page1.json": posts_of(
        "19292868552",
        RECORDED,
        post("19292868552_10158349356748553", "2021-07-09T19:09:52", "photo", 125, 13, 10),
        post("19292868552_10158347294088553", "2021-07-08T15:30:19", "link", 131, 17, 6),
        post("19292868552_10158345715593553", "2021-07-07T17:02:59", "photo", 143, 15, 15),
        post("19292868552_10158343840773553", "2021-07-06T18:31:13", "photo", 178, 23, 16),
        post("19292868552_10158333323653553", "2021-06-30T21:21:18", "video", 179, 49, 15),
    ),
    "posts_time_paging_page1.json": posts_of(  # nobody asked for counts: they are unknown, shares included
        "4",
        RECORDED,
        post("4_10113477241177441", "2021-07-04T19:50:58", "text", None, None, None),
        post("4_10113449068715281", "2021-07-02T13:42:21", "text", None, None, None),
        post("4_10113400535556121", "2021-06-29T01:34:06", "text", None, None, None),
        post("4_10113332572050531", "2021-06-23T17:39:46", "text", None, None, None),
        post("4_10113319652002411", "2021-06-22T18:06:08", "text", None, None, None),
    ),
    "post_single.json": posts_of(  # the same post object, here as the only one of an edge
        "175154750010052",
        recorded(wrap=lambda single: {"data": [single]}),
        post("175154750010052_424924701699721", "2019-08-12T03:45:11", "text", 1, 0, 0),
    ),
    "posts_ids_batch.json": posts_of(
        "19292868552",
        recorded(wrap=lambda batch: {"data": list(batch.values())}),
        post("19292868552_10158347294088553", "2021-07-08T15:30:19", "text", None, None, None),
        post("19292868552_10158345715593553", "2021-07-07T17:02:59", "text", None, None, None),
    ),
    "doc_error_190_460.json": one_page(recorded(400), Outcome.TOKEN_EXPIRED),
    "error_190_463_expired.json": one_page(recorded(400), Outcome.TOKEN_EXPIRED),
    "doc_error_32_page_limit.json": one_page(recorded(400), Outcome.RATE_LIMITED),
    "error_100_appsecret_proof.json": one_page(recorded(400), Outcome.TOKEN_EXPIRED),
    "header_x-business-use-case-usage_pages.json": NotCalled(
        "the value of a header, not a body; test_facebook sends such headers"
    ),
    "debug_token.json": NotCalled("tokens are looked at by a person, not by the capture"),
    "long_lived_token.json": NotCalled("the token is made once by a person and kept in the connection"),
    "me_accounts_page1.json": NotCalled("pages come from the registry, and this reply carries page tokens"),
    "live_videos_page1_emoji.json": NotCalled("published_posts shows live videos among the other posts"),
    "videos_page1.json": NotCalled("published_posts shows videos among the other posts"),
}

"""X's recorded payloads: see the package's docstring."""

import gzip

import yaml

from social_metrics.contract import FollowersState, Outcome
from social_metrics.extract.extracted import ReadWindow
from tests.integration.extract.platforms.recorded_cases import RECORDED, Called, NotCalled, recorded, some_profile, utc
from tests.support.local_platform import Answer, account

DEV = account("dev", "x", "2244994945")
X = account("x", "x", "783214")
BY_NAME = account("dev", "x", handle="TwitterDev")
PROFILE = some_profile("2244994945", "TwitterDev")
NOTHING_NEW = Answer({"meta": {"result_count": 0}})


def read_again(*ids: str) -> ReadWindow:
    """Nothing new on the timeline, these known posts are due."""
    return ReadWindow(since=utc("2026-11-01T00:00:00"), newest_known_id="1364275610764201984", reread_ids=ids)


def cassette_body(file: bytes) -> bytes:
    """The body of the first reply of a VCR cassette."""
    return gzip.decompress(yaml.safe_load(file)["interactions"][0]["response"]["body"]["string"])


CASES: dict[str, Called | NotCalled] = {
    "doc_edited_post_with_history.json": NotCalled(
        "one post by id with an expansion: we read by ids, without expansions, which are charged for"
    ),
    "doc_error_429_code_88.json": Called(
        answers={"/users": [recorded(429)]},
        accounts=(DEV, X),
        profiles={"dev-x": Outcome.RATE_LIMITED, "x-x": Outcome.RATE_LIMITED},
    ),
    "doc_error_invalid_request.json": Called(
        answers={"/tweets": [recorded(400)]}, accounts=(DEV,), profile=PROFILE, posts=Outcome.INVALID_RESPONSE
    ),
    # Default fields only: without created_at no post can be dated, and we asked for it.
    "doc_pagination_meta.json": Called(
        answers={"/tweets": [RECORDED]}, accounts=(DEV,), profile=PROFILE, posts=Outcome.INVALID_RESPONSE
    ),
    "doc_tweet_full_1.json": Called(
        answers={"2244994945/tweets": [NOTHING_NEW], "/2/tweets": [RECORDED]},
        accounts=(DEV,),
        profile=PROFILE,
        window=read_again("1307025659294674945"),
        posts=[
            {
                "post_id": "1307025659294674945",
                "published_at": utc("2020-09-18T18:36:15"),
                "url": "https://x.com/TwitterDev/status/1307025659294674945",
                "post_type": "text",
                "like_count": 70,
                "comment_count": 2,
                "share_count": 11,
                "view_count": None,
                "caption": "Here’s an article that highlights the updates in the new Tweet payload v2 "
                "https://t.co/oeF3ZHeKQQ",
            }
        ],
        listing={"gone": (), "complete_since": None},
    ),
    "doc_tweet_full_2.json": Called(
        answers={"2244994945/tweets": [NOTHING_NEW], "/2/tweets": [RECORDED]},
        accounts=(DEV,),
        profile=PROFILE,
        window=read_again("1296121314218897408"),
        posts=[{"post_id": "1296121314218897408", "like_count": 172, "comment_count": 9, "share_count": 54}],
    ),
    "doc_usage.json": NotCalled("usage is counted from our own calls; this endpoint is not read"),
    "doc_user_lookup.json": Called(
        answers={"/users": [RECORDED]},
        accounts=(DEV,),
        profiles={"dev-x": {"handle": "XDevelopers", "followers_count": 583_423, "posts_count": 14_052}},
    ),
    # Default fields only: without public_metrics there is no count of either family.
    "doc_users_partial_errors.json": Called(
        answers={"/users": [RECORDED]},
        accounts=(DEV, account("lost", "x", "1234567890")),
        profiles={"dev-x": Outcome.INVALID_RESPONSE, "lost-x": Outcome.ACCOUNT_NOT_FOUND},
    ),
    "doc_video_metrics_includes.json": NotCalled(
        "one post by id with its media expanded: expansions are charged for and not asked"
    ),
    "error_402_credits_depleted.json": Called(
        answers={"/users": [recorded(402)]},
        accounts=(DEV, X),
        profiles={"dev-x": Outcome.QUOTA_EXHAUSTED, "x-x": Outcome.QUOTA_EXHAUSTED},
    ),
    "error_rate_limit_v1_style.json": Called(
        answers={"/tweets": [recorded(429)]}, accounts=(DEV,), profile=PROFILE, posts=Outcome.RATE_LIMITED
    ),
    "search_page_emoji_zwj.json": NotCalled("search is not used; each account's own timeline is"),
    # No public_metrics: neither family of counts is there, which must be loud.
    "tweets_lookup_with_includes.json": Called(
        answers={"2244994945/tweets": [NOTHING_NEW], "/2/tweets": [RECORDED]},
        accounts=(DEV,),
        profile=PROFILE,
        window=read_again("1261326399320715264"),
        posts=Outcome.INVALID_RESPONSE,
    ),
    "tweets_pagination_1.json": Called(
        answers={"/tweets": [RECORDED]}, accounts=(DEV,), profile=PROFILE, posts=Outcome.INVALID_RESPONSE
    ),
    "tweets_pagination_2.json": Called(
        answers={"/tweets": [RECORDED]}, accounts=(DEV,), profile=PROFILE, posts=Outcome.INVALID_RESPONSE
    ),
    "usage_tweets.json": NotCalled("usage is counted from our own calls; this endpoint is not read"),
    "user_lookup_one.json": Called(
        answers={"/users/by": [RECORDED]},
        accounts=(BY_NAME,),
        profiles={
            "dev-x": {
                "platform_account_id": "2244994945",
                "handle": "TwitterDev",
                "followers_count": 514_020,
                "followers_precision_step": 1,
                "followers_state": FollowersState.REPORTED,
                "following_count": 2_038,
                "posts_count": 3_639,
                "views_count": None,
            }
        },
    ),
    "user_suspended_and_unknown_errors.json": Called(
        answers={"/users/by": [RECORDED]},
        accounts=(account("suspended", "x", handle="adfldf"), account("lost", "x", handle="adfldfddddd")),
        profiles={"suspended-x": Outcome.ACCOUNT_SUSPENDED, "lost-x": Outcome.ACCOUNT_NOT_FOUND},
    ),
    "user_tweets_default_fields.json": Called(
        answers={"/tweets": [RECORDED]}, accounts=(DEV,), profile=PROFILE, posts=Outcome.INVALID_RESPONSE
    ),
    "user_tweets_page.json": Called(
        answers={"/tweets": [RECORDED, NOTHING_NEW]},
        accounts=(DEV,),
        profile=PROFILE,
        posts=[
            {
                "post_id": "1364275610764201984",
                "published_at": utc("2021-02-23T18:07:07"),
                "url": "https://x.com/TwitterDev/status/1364275610764201984",
                "post_type": "text",
                "like_count": 37,
                "comment_count": 2,
                "share_count": 10,
                "view_count": None,
            },
            {"post_id": "1362876655061073928", "published_at": utc("2021-02-19T21:28:10"), "like_count": 58},
            {"post_id": "1362439338978467841", "share_count": 0, "comment_count": 2, "like_count": 9},
            {"post_id": "1362439338169016324", "share_count": 1, "comment_count": 2, "like_count": 8},
            {"post_id": "1362439336910675970", "share_count": 16, "comment_count": 9, "like_count": 74},
        ],
        listing={"complete_since": utc("2000-01-01T00:00:00")},
    ),
    "users_by_all_fields.json": Called(
        answers={"/users": [RECORDED]},
        accounts=(DEV, X),
        profiles={
            "dev-x": Outcome.INVALID_RESPONSE,
            "x-x": {"handle": "Twitter", "followers_count": 507_902, "posts_count": 3_561},
        },
    ),
    "users_lookup_two.json": Called(
        answers={"/users": [RECORDED]},
        accounts=(DEV, X),
        profiles={
            "dev-x": {"followers_count": 514_020, "following_count": 2_038, "posts_count": 3_639},
            "x-x": {"followers_count": 58_677_711, "following_count": 9, "posts_count": 13_944},
        },
    ),
    "users_page_emoji_bios.json": NotCalled("who follows whom is not read: it is personal data"),
    # Default fields only, as above.
    "vcr_users_by.yaml": Called(
        answers={"/users/by": [RECORDED]},
        accounts=(BY_NAME, account("x", "x", handle="Twitter")),
        profiles={"dev-x": Outcome.INVALID_RESPONSE, "x-x": Outcome.INVALID_RESPONSE},
        load=cassette_body,
    ),
    "vcr_users_id_tweets.yaml": Called(
        answers={"/tweets": [RECORDED]},
        accounts=(DEV,),
        profile=PROFILE,
        posts=Outcome.INVALID_RESPONSE,
        load=cassette_body,
    ),
}

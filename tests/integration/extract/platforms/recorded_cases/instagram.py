"""What the recorded Instagram payloads must become."""

from typing import Any

from social_metrics.contract import FollowersState, Outcome
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from tests.integration.extract.platforms.recorded_cases import RECORDED, Called, NotCalled, recorded, some_profile, utc
from tests.support.local_platform import Answer, account

OUR_ID = "17841406338772941"
HANDLE = "facebookfordevelopers"
DEVELOPERS = account("developers", "instagram", "17841407673135339", HANDLE)
REPORTED: dict[str, Any] = {
    "followers_precision_step": 1,
    "followers_state": FollowersState.REPORTED,
    "following_count": None,
    "metric_definition_id": "instagram.followers_count.v1",
}

# The first page of media comes with the profile; here it is empty and leads to the recorded one.
FIRST_PAGE = {"data": [], "paging": {"cursors": {"after": "QVFI"}}}
LAST_PAGE = {"id": "17841407673135339", "media": {"data": []}}


def discovered(answer: Answer, wanted: dict[str, Any] | Outcome) -> Called:
    """The answer to a discovery of one handle."""
    return Called(
        answers={f"/{OUR_ID}": [answer]},
        accounts=(DEVELOPERS,),
        profiles={"developers-instagram": wanted},
        login=OUR_ID,
    )


CASES: dict[str, Called | NotCalled] = {
    "business_discovery_user.json": discovered(
        RECORDED,
        {
            **REPORTED,
            "platform_account_id": "17841407673135339",
            "handle": HANDLE,
            "followers_count": 64976,
            "posts_count": 436,
        },
    ),
    "doc_business_discovery_counts.json": discovered(
        RECORDED,
        {
            **REPORTED,
            "platform_account_id": "17841401441775531",
            "handle": None,
            "followers_count": 267793,
            "posts_count": 1205,
        },
    ),
    "error_110_2207013_user_not_found.json": discovered(recorded(400), Outcome.ACCOUNT_NOT_FOUND),
    "business_discovery_media_page1.json": Called(
        answers={f"/{OUR_ID}": [RECORDED, recorded(wrap=lambda page: page | {"business_discovery": LAST_PAGE})]},
        accounts=(DEVELOPERS,),
        profile=some_profile("17841407673135339", HANDLE, media=FIRST_PAGE),
        posts=[
            {
                "post_id": "17885103395504675",
                "published_at": utc("2021-08-17T19:00:42"),
                "post_type": "photo",
                "url": "https://www.instagram.com/p/CSr71Gzlqo4/",
                "like_count": 87,
                "comment_count": 11,
                "share_count": None,
                "view_count": None,
            },
            {
                "post_id": "17886271043461692",
                "published_at": utc("2021-08-16T17:35:10"),
                "post_type": "photo",
                "url": "https://www.instagram.com/p/CSpNPqgFxE0/",
                "like_count": 186,
                "comment_count": 16,
                "share_count": None,
                "view_count": None,
            },
        ],
        listing={"complete_since": BEFORE_EVERY_POST},
        login=OUR_ID,
    ),
    "hashtag_media_emoji_zwj.json": NotCalled("hashtags are not searched: only official accounts are read"),
    "media_ids_batch.json": NotCalled("a media id seen through discovery cannot be fetched directly"),
    "media_insights.json": NotCalled("insights belong to owner-authorised back-fill, which is a later issue"),
    "own_media_page1.json": NotCalled("accounts are read through business discovery, not with their own tokens"),
    "own_user_fields.json": NotCalled("accounts are read through business discovery, not with their own tokens"),
    "own_user_insights_old.json": NotCalled("insights belong to owner-authorised back-fill, a later issue"),
}

"""YouTube's recorded payloads: see the package's docstring."""

from typing import Any

from social_metrics.contract import FollowersState, Outcome
from tests.integration.extract.platforms.recorded_cases import RECORDED, Called, NotCalled, recorded, some_profile, utc
from tests.support.local_platform import Answer, account

GOOGLE = account("google", "youtube", "UCK8sQmJBp8GCxrOtXWBpyEA")
DEVELOPERS = account("developers", "youtube", "UC_x5XG1OV2P6uZZ5FSM9Ttw")
UPLOADS = some_profile("UC_x5XG1OV2P6uZZ5FSM9Ttw", "googledevelopers", uploads="UU_x5XG1OV2P6uZZ5FSM9Ttw")
LAST_PAGE = Answer({"kind": "youtube#playlistItemListResponse", "items": []})


def videos(*ids: str, published_at: str = "2019-12-01T00:00:00Z") -> Answer:
    """What videos.list says of the ids of a recorded playlist."""
    items = [
        {"id": video_id, "snippet": {"publishedAt": published_at, "title": "T"}, "statistics": {"viewCount": "7"}}
        for video_id in ids
    ]
    return Answer({"kind": "youtube#videoListResponse", "items": items})


def listing(*ids: str) -> Answer:
    """A playlist with these ids, for a recorded reply of videos.list."""
    items = [{"contentDetails": {"videoId": video_id}} for video_id in ids]
    return Answer({"kind": "youtube#playlistItemListResponse", "items": items})


def as_channel(statistics: Any) -> Any:
    """The recording holds one part of a channel only."""
    channel = {"id": DEVELOPERS.platform_account_id, "statistics": statistics}
    return {"kind": "youtube#channelListResponse", "items": [channel]}


PAGE_1 = ["CvTApw9X8aA", "Yh4EKaUY3gg", "S-MbpQiwfls", "BBjVl1EETb0", "h8CnO-oqqSs", "2cHddIA4EvY", "kTJUt9CmTXg",
          "o7_oJYZw2Hg", "vN6uK5Qm23c", "o5LP2xzKkpg"]  # fmt: skip
OF_2023 = {
    "UZ4n1n13crI": utc("2023-07-21T19:00:27"),
    "gwA0TqSN6lg": utc("2023-07-21T19:00:15"),
    "bbWUwPHnBTc": utc("2023-07-20T21:00:30"),
    "ddkIt_sW8bo": utc("2023-07-20T15:00:28"),
    "SZ-4NHXSoBI": utc("2023-07-18T21:00:17"),
}

CASES: dict[str, Called | NotCalled] = {
    "channel_statistics_part_2023.json": Called(
        answers={"/channels": [recorded(wrap=as_channel)]},
        accounts=(DEVELOPERS,),
        profiles={
            "developers-youtube": {
                "followers_count": 2_300_000,
                "followers_precision_step": 10_000,
                "followers_state": FollowersState.REPORTED,
                "posts_count": 5_783,
                "views_count": 234_084_903,
                "following_count": None,
            }
        },
    ),
    "channels_list_one_id_2019.json": Called(
        answers={"/channels": [RECORDED]},
        accounts=(DEVELOPERS, GOOGLE),
        profiles={
            "developers-youtube": {
                "platform_account_id": "UC_x5XG1OV2P6uZZ5FSM9Ttw",
                "handle": "googledevelopers",
                "followers_count": 1_927_873,
                "posts_count": 5_026,
                "context": {},
            },
            "google-youtube": Outcome.ACCOUNT_NOT_FOUND,
        },
    ),
    "channels_list_two_ids.json": Called(
        answers={"/channels": [RECORDED]},
        accounts=(DEVELOPERS, GOOGLE),
        profiles={
            "developers-youtube": {
                "followers_count": 2_260_000,
                "followers_precision_step": 10_000,
                "posts_count": 5_652,
                "views_count": 208_790_084,
                "handle": "googledevelopers",
                "context": {"uploads": "UU_x5XG1OV2P6uZZ5FSM9Ttw"},
            },
            "google-youtube": {
                "followers_count": 10_700_000,
                "followers_precision_step": 100_000,
                "posts_count": 2_678,
                "views_count": 3_331_930_783,
                "handle": "google",
                "context": {"uploads": "UUK8sQmJBp8GCxrOtXWBpyEA"},
            },
        },
    ),
    "error_400_keyInvalid_old.json": Called(
        answers={"/channels": [recorded(400)]},
        accounts=(DEVELOPERS, GOOGLE),
        profiles={"developers-youtube": Outcome.TOKEN_EXPIRED, "google-youtube": Outcome.TOKEN_EXPIRED},
    ),
    "error_403_quotaExceeded.json": Called(
        answers={"/playlistItems": [recorded(403)]},
        accounts=(DEVELOPERS,),
        profile=UPLOADS,
        posts=Outcome.QUOTA_EXHAUSTED,
    ),
    "oauth_token_refresh.json": NotCalled("public reads go with an API key; there is no token to refresh"),
    "playlistItems_page1.json": Called(
        answers={"/playlistItems": [RECORDED, LAST_PAGE], "/videos": [videos(*PAGE_1)]},
        accounts=(DEVELOPERS,),
        profile=UPLOADS,
        posts=[
            {"post_id": video_id, "published_at": utc("2019-12-01T00:00:00"), "view_count": 7} for video_id in PAGE_1
        ],
        listing={"complete_since": utc("2000-01-01T00:00:00"), "gone": ()},
    ),
    "playlistItems_single.json": Called(
        answers={"/playlistItems": [RECORDED], "/videos": [videos("H1HZyvc0QnI")]},
        accounts=(DEVELOPERS,),
        profile=UPLOADS,
        posts=[{"post_id": "H1HZyvc0QnI", "url": "https://www.youtube.com/watch?v=H1HZyvc0QnI"}],
    ),
    "playlistItems_snippet_contentDetails_2023.json": Called(
        answers={"/playlistItems": [RECORDED], "/videos": [videos(*OF_2023)]},
        accounts=(DEVELOPERS,),
        profile=UPLOADS,
        posts=[{"post_id": video_id, "published_at": published} for video_id, published in OF_2023.items()],
    ),
    "search_list_by_channel.json": NotCalled("search costs a scarce bucket; the uploads playlist is complete"),
    "videos_list_2023.json": Called(
        answers={"/playlistItems": [listing("Ks-_Mh1QhMc", "GvgqDSnpRQM")], "/videos": [RECORDED]},
        accounts=(DEVELOPERS,),
        profile=UPLOADS,
        posts=[
            {
                "post_id": "Ks-_Mh1QhMc",
                "published_at": utc("2012-10-01T15:27:35"),
                "url": "https://www.youtube.com/watch?v=Ks-_Mh1QhMc",
                "post_type": "video",
                "view_count": 23_278_951,
                "like_count": 391_633,
                "comment_count": 9_518,
                "share_count": None,
            },
            {
                "post_id": "GvgqDSnpRQM",
                "published_at": utc("2013-10-18T07:03:29"),
                "view_count": 2_653_344,
                "like_count": 1_152,
                "comment_count": 123,
            },
        ],
    ),
    "videos_list_statistics_2019.json": Called(
        answers={"/playlistItems": [listing("D-lhorsDlUQ")], "/videos": [RECORDED]},
        accounts=(DEVELOPERS,),
        profile=UPLOADS,
        posts=[
            {
                "post_id": "D-lhorsDlUQ",
                "published_at": utc("2019-03-21T20:37:49"),
                "view_count": 7_920,
                "like_count": 190,
                "comment_count": 32,
            }
        ],
    ),
    "videos_list_two_ids_no_statistics.json": Called(
        answers={"/playlistItems": [listing("D-lhorsDlUQ", "ovdbrdCIP7U")], "/videos": [RECORDED]},
        accounts=(DEVELOPERS,),
        profile=UPLOADS,
        posts=[
            {
                "post_id": "D-lhorsDlUQ",
                "published_at": utc("2019-03-21T20:37:49"),
                "view_count": None,
                "like_count": None,
            },
            {
                "post_id": "ovdbrdCIP7U",
                "published_at": utc("2019-09-11T23:00:05"),
                "view_count": None,
                "comment_count": None,
            },
        ],
    ),
}

"""What the recorded TikTok payloads must become."""

from datetime import timedelta

from social_metrics.contract import FollowersState, Outcome
from social_metrics.registry.account import Account
from tests.integration.extract.platforms.recorded_cases import RECORDED, Called, NotCalled, recorded, some_profile
from tests.support.local_platform import NOW, account

OPEN_ID = "723f24d7-e717-40f8-a2b6-cb8464cd23b4"
A = account("a", "tiktok", OPEN_ID)


class OneToken:
    """The owner authorised us: every account has this token."""

    def access_token(self, account: Account) -> str:
        """The token, whichever account asks."""
        return "act.of-the-test"

    def replace_token(self, refused: str, account: Account) -> str:
        return self.access_token(account)


CASES: dict[str, Called | NotCalled] = {
    "doc_user_info_basic.json": Called(  # a token without the scope for counts: they are not available
        answers={"/v2/user/info/": [RECORDED]},
        accounts=(A,),
        profiles={
            "a-tiktok": {
                "platform_account_id": OPEN_ID,
                "handle": None,
                "followers_count": None,
                "followers_precision_step": None,
                "followers_state": FollowersState.NOT_AVAILABLE,
                "posts_count": None,
                "metric_definition_id": "tiktok.follower_count.v1",
            }
        },
        owners=OneToken(),
    ),
    "doc_video_list.json": Called(  # it shows a video without its time, which nobody can place on a day
        answers={"/v2/video/list/": [RECORDED]},
        accounts=(A,),
        profile=some_profile(OPEN_ID),
        posts=Outcome.INVALID_RESPONSE,
        owners=OneToken(),
    ),
    "error_401_access_token_invalid.json": Called(
        answers={"/v2/user/info/": [recorded(401)]},
        accounts=(A,),
        profiles={"a-tiktok": Outcome.TOKEN_EXPIRED},
        owners=OneToken(),
    ),
    "token_response_2024_lifetimes.json": Called(
        answers={"/v2/oauth/token/": [RECORDED]},
        tokens={
            "access_token": "act.xxx",
            "access_expires_at": NOW + timedelta(seconds=86_400),
            "refresh_token": "rft.xxx",
            "refresh_expires_at": NOW + timedelta(seconds=31_536_000),
        },
        login="client-key-of-the-test",
    ),
}

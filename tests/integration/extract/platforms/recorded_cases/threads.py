"""What the recorded Threads payloads must become."""

from social_metrics.contract import FollowersState
from tests.integration.extract.platforms.recorded_cases import RECORDED, Called, NotCalled
from tests.support.local_platform import account

TOKENS = NotCalled("tokens are made and renewed by hand: the connection holds a long-lived one")

CASES: dict[str, Called | NotCalled] = {
    "doc_profile_lookup.json": Called(
        answers={"/profile_lookup": [RECORDED]},
        accounts=(account("meta", "threads", handle="meta"),),
        profiles={
            "meta-threads": {
                "platform_account_id": None,  # a lookup names no id
                "handle": "meta",
                "followers_count": 1_234_567,
                "followers_precision_step": 1,
                "followers_state": FollowersState.REPORTED,
                "views_count": None,  # of the last seven days only
                "metric_definition_id": "threads.follower_count.v1",
            }
        },
    ),
    "doc_account_insights.json": NotCalled("insights are for owners; the lookup has the followers of everybody"),
    "doc_app_token.json": NotCalled("an app token opens no profile discovery, which asks for a user's"),
    "doc_code_exchange.json": TOKENS,
    "doc_long_lived_token.json": TOKENS,
    "doc_me_profile.json": NotCalled("our own profile is not a center's, and has no follower count"),
    "doc_me_threads.json": NotCalled("accounts are read through profile discovery, not with their own tokens"),
    "long_lived_token.json": TOKENS,
}

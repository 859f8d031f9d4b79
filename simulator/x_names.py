"""The two name families of X: OpenAPI 2.166 says tweet, 2.167 says post."""

from typing import Any

POST_NAMES = {
    "tweet_count": "post_count", "retweet_count": "repost_count", "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post", "edit_history_tweet_ids": "edit_history_post_ids",
    "pinned_tweet_id": "pinned_post_id", "most_recent_tweet_id": "most_recent_post_id",
}  # fmt: skip


def with_post_names(value: Any) -> Any:
    """The reply with the names of OpenAPI 2.167."""
    if isinstance(value, dict):
        return {POST_NAMES.get(name, name): with_post_names(child) for name, child in value.items()}
    if isinstance(value, list):
        return [with_post_names(child) for child in value]
    return value


def with_both_names(value: Any) -> Any:
    """The reply with each name that changed beside its new one."""
    if isinstance(value, dict):
        both = {name: with_both_names(child) for name, child in value.items()}
        return both | {POST_NAMES[name]: child for name, child in both.items() if name in POST_NAMES}
    if isinstance(value, list):
        return [with_both_names(child) for child in value]
    return value

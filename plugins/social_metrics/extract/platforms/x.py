"""X API v2 with an app-only bearer: 100 users a call, each timeline from the newest known post, posts by id.

X charges per resource returned (prices of August 2026, pricing page): US$0.010 a user, US$0.005 a post; errors
are free. So nothing is expanded, a timeline call asks for new posts only (`since_id`), and counts of older posts
are read again only when they are due. X sends no permalink and no media type without a charged expansion.

OpenAPI 2.166 has `tweet_count`, 2.167 `post_count`: both are read; the connection's extra `field_names` chooses one.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from social_metrics.contract import Outcome
from social_metrics.extract import x_errors
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.credentials.oauth import Authorisation
from social_metrics.extract.extracted import CaptureFailure, ExtractedPost, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.http.client import ApiClient, ApiRules
from social_metrics.extract.http.json_values import MalformedValueError, at, count, identifier, instant, text
from social_metrics.extract.http.replies import Cost, Reply
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from social_metrics.registry.account import Account

METRIC_DEFINITION_ID = "x.followers_count.v1"

PER_CALL = 100  # users, or posts by id, in one call: the API's most
PAGE = 20  # posts; small, because the budget reserves the price of a whole page before each call
SMALLEST_PAGE = 5
PRICE_OF_A_USER = Decimal("0.010")
PRICE_OF_A_POST = Decimal("0.005")
TIMELINE_DEPTH = 800  # posts that a timeline without replies reaches back

_POST_FIELDS = {
    "tweet": "created_at,public_metrics,attachments,referenced_tweets,note_tweet,edit_history_tweet_ids",
    "post": "created_at,public_metrics,attachments,note_post",  # the edit history comes unasked
}
_ID = re.compile(r"[0-9]{1,19}")
_USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}")
_VIDEO_KEYS = ("7_", "13_", "16_")  # prefixes of media keys: video, amplify video, animated GIF

_KEPT_MEMBERS = frozenset({
    "data", "errors", "meta", "id", "username", "created_at", "protected",
    "public_metrics", "followers_count", "following_count", "tweet_count", "post_count", "listed_count",
    "retweet_count", "repost_count", "reply_count", "like_count", "quote_count", "bookmark_count",
    "impression_count", "media_count", "attachments", "media_keys", "referenced_tweets", "referenced_posts",
    "edit_history_tweet_ids", "edit_history_post_ids",
    "result_count", "newest_id", "oldest_id", "next_token", "previous_token",
    "title", "detail", "type", "status", "code", "message", "reason", "value", "parameter", "parameters",
    "resource_id", "resource_type", "section", "period", "scope", "account_id", "product_name",
})  # fmt: skip


def _authorize(connection: PlatformConnection, _token: str | None) -> tuple[dict[str, str], dict[str, str]]:
    return {}, {"Authorization": f"Bearer {connection.secret}"} if connection.secret else {}


def _cost(reply: Reply) -> Cost:
    data = reply.member("data")
    returned = 0 if data is None or reply.status >= 300 else len(data) if isinstance(data, list) else 1
    price = PRICE_OF_A_USER if reply.endpoint.startswith("users") else PRICE_OF_A_POST
    return Cost(calls=1, usd=returned * price)


RULES = ApiRules(
    platform="x",
    api_version="2",
    accounts_per_call=PER_CALL,
    kept_members=_KEPT_MEMBERS,
    refusal=x_errors.refusal,
    authorize=_authorize,
    cost=_cost,
)


AUTHORISATION = Authorisation(("In X's developer portal copy the app-only bearer token.",), "bearer token")


def read_profiles(client: ApiClient, accounts: Sequence[Account]) -> dict[str, ExtractedProfile | CaptureFailure]:
    """Read up to 100 users: one call for those whose id is known, one for those known by handle only."""
    # One invalid id or handle makes X refuse the whole call, so these are not requested.
    by_id = {
        account.platform_account_id: account
        for account in accounts
        if account.platform_account_id and _ID.fullmatch(account.platform_account_id)
    }
    by_name = {
        account.handle.lower(): account
        for account in accounts
        if account.handle and not account.platform_account_id and _USERNAME.fullmatch(account.handle)
    }
    profiles: dict[str, ExtractedProfile | CaptureFailure] = {}
    lookups = (("users", "ids", "id", by_id), ("users/by", "usernames", "username", by_name))
    for path, query, member, requested in lookups:
        try:
            profiles |= _read_users(client, path, query, member, requested) if requested else {}
        except CaptureFailure as failure:
            if failure.for_all and not profiles:
                raise
            profiles |= {account.account_code: failure for account in requested.values()}
    impossible = CaptureFailure(Outcome.ACCOUNT_NOT_FOUND, "the registry's id or handle is not valid on X")
    return {account.account_code: profiles.get(account.account_code, impossible) for account in accounts}


def _read_users(
    client: ApiClient, path: str, parameter: str, member: str, requested: Mapping[str, Account]
) -> dict[str, ExtractedProfile | CaptureFailure]:
    """Users by the `member` that stands in the reply, keyed in `requested` in lower case."""
    parameters = {parameter: ",".join(requested), "user.fields": "public_metrics,protected"}
    expected = Cost(calls=1, usd=len(requested) * PRICE_OF_A_USER)
    reply = client.get(path, f"/{client.api_version}/{path}", parameters, expected=expected)
    users = {str(at(user, member)).lower(): user for user in _data(reply) or ()}
    errors = _errors(reply)
    problems = {name.lower(): error for error in errors for name in x_errors.concerned(error)}
    if len(requested) == 1 and len(errors) == 1 and not problems:
        problems = dict.fromkeys(requested, errors[0])
    profiles: dict[str, ExtractedProfile | CaptureFailure] = {}
    for name, account in requested.items():
        if name in users:
            try:
                profiles[account.account_code] = _profile(users[name], reply)
            except MalformedValueError as problem:
                profiles[account.account_code] = reply.unusable(str(problem))
        elif name in problems:
            profiles[account.account_code] = x_errors.account_failure(problems[name], reply)
        else:
            profiles[account.account_code] = reply.unusable("the reply neither shows this account nor says why not")
    return profiles


def _profile(user: Any, reply: Reply) -> ExtractedProfile:
    metrics = at(user, "public_metrics")
    followers = count(at(metrics, "followers_count"), "followers_count")
    return ExtractedProfile(
        platform_account_id=identifier(at(user, "id"), "id"),
        handle=text(at(user, "username"), "username"),
        followers_count=followers,
        response_id=reply.response_id,
        received_at=reply.received_at,
        metric_definition_id=METRIC_DEFINITION_ID,
        following_count=count(at(metrics, "following_count"), "following_count"),
        posts_count=_count_of_either(metrics, "tweet_count", "post_count"),
        context={"protected": at(user, "protected") is True},
    )


def _count_of_either(metrics: Any, old_name: str, new_name: str) -> int:
    """A count under its name of either family; without both, X has changed its names again."""
    for name in (old_name, new_name):
        counted = count(at(metrics, name), name)
        if counted is not None:
            return counted
    raise MalformedValueError("public_metrics", metrics, f"one with {old_name} or {new_name}")


def read_posts(client: ApiClient, account: Account, profile: ExtractedProfile, window: ReadWindow) -> PostListing:
    """The account's own posts, without reposts and replies: those newer than `window.newest_known_id` where there
    is one, else those since `window.since`; and the posts of `window.reread_ids`.
    """
    if profile.context.get("protected"):
        raise CaptureFailure(
            Outcome.ACCOUNT_PRIVATE, "the account's posts are protected", response_id=profile.response_id
        )
    found = _Found(profile.handle)
    path = f"users/{profile.platform_account_id}/tweets"
    complete_since = _read_timeline(client, path, window, found)
    is_contradicted = not found.posts and _contradicts_the_count(client, path, profile, window)
    left_out: CaptureFailure | None = None
    try:
        _read_again(client, [post_id for post_id in window.reread_ids if post_id not in found.posts], found)
    except CaptureFailure as failure:
        # The listing remains valid: posts that were not read again keep their counts and stay due.
        if failure.outcome is Outcome.INVALID_RESPONSE:
            raise
        left_out = None if failure.outcome is Outcome.BUDGET_EXHAUSTED else failure  # our own decision is no gap
    return PostListing(
        posts=tuple(post for _, post in found.posts.values()),
        complete_since=complete_since,
        response_id=found.last.response_id if found.last else None,
        received_at=found.last.received_at if found.last else None,
        gone=tuple(found.gone),
        left_out=left_out,
        shown=0 if is_contradicted else None,
    )


class _Found:
    """Posts by the first id of their edit history, each in its newest version."""

    def __init__(self, handle: str | None) -> None:
        self.handle = handle
        self.posts: dict[str, tuple[int, ExtractedPost]] = {}
        self.newer_versions: list[str] = []
        self.gone: list[str] = []
        self.last: Reply | None = None

    def add(self, reply: Reply) -> list[ExtractedPost]:
        """Take the posts of a reply in; returns them in its order."""
        self.last = reply
        try:
            read = [_post(item, self.handle, reply) for item in _data(reply) or () if not _is_repost(item)]
        except MalformedValueError as problem:
            raise reply.unusable(str(problem)) from problem
        for version, newest, post in read:
            if version >= self.posts.get(post.post_id, (0, post))[0]:
                self.posts[post.post_id] = (version, post)
            if newest > version:
                self.newer_versions.append(str(newest))
        return [post for _, _, post in read]


def _read_timeline(client: ApiClient, path: str, window: ReadWindow, found: _Found) -> datetime | None:
    """Read the timeline to the last page of the window; returns the instant down to which it is complete."""
    parameters: dict[str, Any] = {"max_results": PAGE, "exclude": "retweets,replies"}
    if window.newest_known_id:
        parameters["since_id"] = window.newest_known_id
    elif window.since:
        parameters["start_time"] = window.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    tokens: set[str] = set()
    read: list[ExtractedPost] = []
    while True:
        reply = _get_posts(client, "user_tweets", path, parameters, PAGE)
        if _data(reply) is None and reply.member("meta", "result_count") != 0:
            problem = next(iter(_errors(reply)), {"detail": "the reply has neither posts nor a count of none"})
            raise x_errors.account_failure(problem, reply)
        read += found.add(reply)
        token = reply.member("meta", "next_token")
        if token is None or (read and window.since is None and not window.newest_known_id):
            break
        if not isinstance(token, str) or token in tokens:
            raise reply.unusable("the page tokens of the timeline repeat or are not text")
        tokens.add(token)
        parameters["pagination_token"] = token
    if window.newest_known_id:
        return None  # the disappearance of an older post cannot be detected
    if token is not None or len(read) >= TIMELINE_DEPTH:
        # Newest first by id. Another post of the oldest one's second may stand on a page that was not read.
        return max(read[-1].published_at + timedelta(seconds=1), window.since or BEFORE_EVERY_POST)
    return window.since or BEFORE_EVERY_POST


def _contradicts_the_count(client: ApiClient, path: str, profile: ExtractedProfile, window: ReadWindow) -> bool:
    """Whether an empty timeline is empty in error: the profile counts posts, or new ones, that it does not show.

    Reposts and replies are counted as well. So the timeline is requested again with them and without a start; after a
    known post, from that post on.
    """
    parameters: dict[str, Any] = {"max_results": SMALLEST_PAGE}
    counted = profile.posts_count
    if window.newest_known_id:
        counted = window.new_posts(profile)
        parameters["since_id"] = str(int(window.newest_known_id) - 1)
    return (counted or 0) > 0 and not _data(_get_posts(client, "user_tweets", path, parameters, SMALLEST_PAGE))


def _read_again(client: ApiClient, post_ids: Sequence[str], found: _Found) -> None:
    """Read known posts by id; an edited one also by its newest id, which has the counts."""
    pending, requested = list(post_ids), set(post_ids)
    while pending:
        batch, pending = pending[:PER_CALL], pending[PER_CALL:]
        reply = _get_posts(client, "tweets", "tweets", {"ids": ",".join(batch)}, len(batch))
        found.add(reply)
        found.gone += [
            post_id
            for error in _errors(reply)
            for post_id in x_errors.concerned(error)
            if post_id in post_ids and x_errors.account_outcome(error) is Outcome.ACCOUNT_NOT_FOUND
        ]
        pending += [post_id for post_id in dict.fromkeys(found.newer_versions) if post_id not in requested]
        requested.update(found.newer_versions)


def _post(item: Any, handle: str | None, reply: Reply) -> tuple[int, int, ExtractedPost]:
    """The version's id as a number, the newest version's, and the post under the first id of its edit history."""
    version = _post_id(at(item, "id"))
    history = at(item, "edit_history_tweet_ids") or at(item, "edit_history_post_ids") or [version]
    post_id, newest = _post_id(at(history, 0)), _post_id(at(history, -1))
    metrics = at(item, "public_metrics")
    note = at(item, "note_tweet") or at(item, "note_post")  # the whole of a text over 280 characters
    return (
        int(version),
        int(newest),
        ExtractedPost(
            post_id=post_id,
            published_at=instant(at(item, "created_at"), "created_at"),
            post_type=_post_type(at(item, "attachments", "media_keys")),
            url=f"https://x.com/{handle}/status/{post_id}" if handle else None,
            caption=text(at(note, "text"), "note text") or text(at(item, "text"), "text"),
            response_id=reply.response_id,
            received_at=reply.received_at,
            like_count=count(at(metrics, "like_count"), "like_count"),
            comment_count=count(at(metrics, "reply_count"), "reply_count"),
            share_count=_count_of_either(metrics, "retweet_count", "repost_count"),
            view_count=count(at(metrics, "impression_count"), "impression_count"),
        ),
    )


def _post_id(value: Any) -> str:
    if not _ID.fullmatch(identifier(value, "id")):
        raise MalformedValueError("id", value, "the id of a post")
    return str(value)


def _post_type(media_keys: Any) -> str:
    keys = [key for key in media_keys if isinstance(key, str)] if isinstance(media_keys, list) else []
    if any(key.startswith(_VIDEO_KEYS) for key in keys):
        return "video"
    return "photo" if keys else "text"


def _is_repost(item: Any) -> bool:
    """Reposts have another account's text and counts; `exclude` omits them, this is a second check."""
    referenced = at(item, "referenced_tweets") or at(item, "referenced_posts")
    kinds = [at(reference, "type") for reference in referenced] if isinstance(referenced, list) else []
    return "retweeted" in kinds or "reposted" in kinds


def _get_posts(client: ApiClient, endpoint: str, path: str, parameters: Mapping[str, Any], most: int) -> Reply:
    family = str(client.connection.extra.get("field_names", "tweet"))
    if family not in _POST_FIELDS:
        wrong = f"the connection's extra field_names is {family!r}; write 'tweet' or 'post'"
        raise CaptureFailure(Outcome.NOT_ATTEMPTED, wrong, for_all=True)
    requested = {**parameters, f"{family}.fields": _POST_FIELDS[family]}
    expected = Cost(calls=1, usd=most * PRICE_OF_A_POST)
    return client.get(endpoint, f"/{client.api_version}/{path}", requested, expected=expected)


def _data(reply: Reply) -> list[Any] | None:
    """The resources of a reply; None without any (X then omits the member)."""
    data = reply.member("data")
    if data is None or isinstance(data, list):
        return data
    if isinstance(data, dict):
        return [data]
    raise reply.unusable("data is neither a list nor an object")


def _errors(reply: Reply) -> list[Any]:
    errors = reply.member("errors")
    return errors if isinstance(errors, list) else []

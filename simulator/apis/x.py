"""X API v2: user look-ups, timelines, posts by id, usage, with an app-only bearer token.

Both name families of 2026: `tweet.fields` selects the names of OpenAPI 2.166 (tweet_count, retweet_count),
`post.fields` those of 2.167 (post_count, repost_count); without either the option `x_names` decides.
"""

import re
from random import Random
from typing import Any

from simulator import SimulatorError
from simulator.accounts import Account
from simulator.api import PlatformApi, digest, page_of
from simulator.clock import iso_milliseconds, parse_instant
from simulator.exchange import JsonObject, Reply, Request
from simulator.rate_limits import Allowance, Usage, fixed_window
from simulator.refusals.x import X_REFUSALS
from simulator.timeline import Post
from simulator.x_names import POST_NAMES, with_both_names, with_post_names

BEARER = "demo-x-bearer"
WINDOW = 15 * 60
LIMITS = {"users/by": 300, "users": 300, "users/{id}": 300, "users/by/username/{username}": 300,
          "users/{id}/tweets": 10_000, "tweets": 3_500, "tweets/{id}": 3_500, "usage/tweets": 50}  # fmt: skip
MOST_IDS = 100
SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
TEXT_LIMIT = 280
TIMELINE_DEPTH, TIMELINE_DEPTH_WITHOUT_REPLIES = 3_200, 800
_USERNAME = re.compile(r"^[A-Za-z0-9_]{1,15}$")
_ID = re.compile(r"^[0-9]{1,19}$")
_PATHS = [
    ("users/by/username/{username}", re.compile(r"^/2/users/by/username/([^/]+)$")),
    ("users/by", re.compile(r"^/2/users/by$")),
    ("users", re.compile(r"^/2/users$")),
    ("users/{id}/tweets", re.compile(r"^/2/users/([^/]+)/tweets$")),
    ("users/{id}", re.compile(r"^/2/users/([^/]+)$")),
    ("tweets", re.compile(r"^/2/tweets$")),
    ("tweets/{id}", re.compile(r"^/2/tweets/([^/]+)$")),
    ("usage/tweets", re.compile(r"^/2/usage/tweets$")),
]


class X(PlatformApi):
    """X for an app-only bearer token."""

    platform = "x"
    credentials = (None, BEARER)
    follower_field = "followers_count"
    shows_private_profiles = True
    text_fields = ("text", "description", "name")
    refusals = X_REFUSALS

    def claims(self, request: Request) -> bool:
        return request.path.startswith("/2/")

    def endpoint(self, request: Request) -> str:
        return self._route(request)[0]

    @staticmethod
    def invent_id(draws: Random) -> str:
        return str(10**18 * 9 + draws.randrange(10**17))

    @staticmethod
    def profile_url(handle: str) -> str:
        return f"https://x.com/{handle}"

    def post_id(self, post: Post) -> str:
        return self._snowflake(post, post.published_at)

    def post_ids(self, post: Post) -> list[str]:
        ids = [self.post_id(post)]
        return [*ids, self._snowflake(post, post.edited_at)] if post.edited_at else ids

    def _snowflake(self, post: Post, instant: int) -> str:
        milliseconds = instant * 1000 + post.key % 1000
        return str((milliseconds - SNOWFLAKE_EPOCH_MS) << 22 | (post.key >> 20) % (1 << 22))

    def allowance(self, request: Request, endpoint: str) -> Allowance | None:
        limit = LIMITS.get(endpoint)
        return fixed_window(f"x:{endpoint}", limit, WINDOW, request.now) if limit else None

    def limit_headers(self, usage: Usage, request: Request) -> dict[str, str]:
        return {
            "x-rate-limit-limit": str(usage.allowance.limit),
            "x-rate-limit-remaining": str(usage.remaining),
            "x-rate-limit-reset": str(usage.allowance.window_end),
        }

    def refuse_for(self, fault: Any, request: Request) -> Reply:
        reply = super().refuse_for(fault, request)
        if fault.kind == "rate_limited":
            ends = request.now - request.now % WINDOW + WINDOW
            reset = {"past_reset": str(request.now - 60), "no_reset": ""}.get(str(fault.variant), str(ends))
            reply.headers |= {"x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}
        return reply

    def finish_error(self, body: Any, request: Request) -> Any:
        if self._post_family(request) and "type" in body:
            return {**body, "type": body["type"].replace("api.twitter.com", "api.x.com")}
        return body

    def answer(self, request: Request, endpoint: str) -> Reply:
        if request.bearer != BEARER:
            return self.refuse("unauthorized", request)
        name, words = self._route(request)
        if request.method != "GET":
            return self.refuse("not_found", request)
        if name == "users/by":
            return self._users(request, request.list_of("usernames"), "usernames", _USERNAME)
        if name == "users":
            return self._users(request, request.list_of("ids"), "ids", _ID)
        if name == "users/by/username/{username}":
            return self._one(self._users(request, [words], "username", _USERNAME))
        if name == "users/{id}":
            return self._one(self._users(request, [words], "id", _ID))
        if name == "users/{id}/tweets":
            return self._timeline(request, words)
        if name == "tweets":
            return self._posts_by_id(request, request.list_of("ids"), "ids")
        if name == "tweets/{id}":
            return self._one(self._posts_by_id(request, [words], "id"))
        if name == "usage/tweets":
            return self._named(
                {"data": {"cap_reset_day": 12, "project_cap": "3000000", "project_id": "1", "project_usage": "0"}},
                request,
            )
        return self.refuse("not_found", request)

    def _route(self, request: Request) -> tuple[str, str]:
        for name, pattern in _PATHS:
            found = pattern.match(request.path)
            if found:
                return name, found[1] if pattern.groups else ""
        return request.path.removeprefix("/2/"), ""

    def _post_family(self, request: Request) -> bool:
        """Whether the reply uses the names of OpenAPI 2.167."""
        chosen = self.options.x_names
        if chosen in ("by-parameter", "both"):
            return "post.fields" in request.query
        return chosen == "post"

    def _named(self, body: JsonObject, request: Request) -> Reply:
        if self.options.x_names == "both":
            return Reply(with_both_names(body))
        if self._post_family(request):
            return Reply(with_post_names(body))
        return Reply(body)

    def _wanted(self, request: Request) -> set[str]:
        """The requested post fields, by their old names."""
        old = {new: name for name, new in POST_NAMES.items()}
        names = request.list_of("tweet.fields") + request.list_of("post.fields")
        return {old.get(name, name) for name in names}

    def _invalid(self, request: Request, parameter: str, value: str, message: str) -> Reply:
        return self.refuse("invalid_request", request, parameter=parameter, value=value, message=message)

    def _one(self, reply: Reply) -> Reply:
        if reply.status == 200 and isinstance(reply.body.get("data"), list):
            reply.body["data"] = reply.body["data"][0]
        return reply

    def _users(self, request: Request, names: list[str], parameter: str, pattern: re.Pattern[str]) -> Reply:
        if not names:
            return self._invalid(request, parameter, "", f"The `{parameter}` query parameter can not be empty")
        if len(names) > MOST_IDS:
            message = f"The number of values in the `{parameter}` query parameter list [{len(names)}] is over 100"
            return self._invalid(request, parameter, ",".join(names), message)
        for name in names:
            if not pattern.match(name):
                message = f"The `{parameter}` query parameter value [{name}] does not match {pattern.pattern}"
                return self._invalid(request, parameter, name, message)
        data, errors = [], []
        for name in dict.fromkeys(names):
            account = self.by_id.get(name) if parameter in ("ids", "id") else self.find_handle(name, request)
            state = self.state(account, request) if account else "deleted"
            if account and len(names) > 1 and request.faults.take("bad_id_in_batch", account.account_code):
                state = "deleted"
            if account is None or state not in ("active", "private"):
                errors.append(self._user_problem(request, parameter, name, state))
            else:
                data.append(self._user(account, request, state))
        body: JsonObject = {}
        if data:
            body["data"] = data
        if errors:
            body["errors"] = errors
        return self._named(body, request)

    def _user_problem(self, request: Request, parameter: str, name: str, state: str) -> JsonObject:
        suspended = state == "suspended"
        what = "User has been suspended" if suspended else f"Could not find user with {parameter}"
        described = {"title": "Forbidden" if suspended else "Not Found Error", "detail": f"{what}: [{name}]."}
        if request.faults.take("error_without_value"):
            return described
        return {
            "value": name,
            **described,
            "resource_type": "user",
            "parameter": parameter,
            "resource_id": name,
            "type": f"{self._problems(request)}/resource-not-found",
        }

    def _problems(self, request: Request) -> str:
        return f"https://api.{'x' if self._post_family(request) else 'twitter'}.com/2/problems"

    def _user(self, account: Account, request: Request, state: str) -> JsonObject:
        wanted = set(request.list_of("user.fields"))
        user: JsonObject = {
            "id": self.shown_id(account, request),
            "name": account.center_name,
            "username": account.handle_at(request.now),
        }
        if "created_at" in wanted:
            user["created_at"] = iso_milliseconds(self.world.created_at(account))
        if "description" in wanted:
            user["description"] = f"Akun resmi {account.center_name} (data simulasi) 🇮🇩"
        if "location" in wanted:
            user["location"] = account.city
        if "protected" in wanted:
            user["protected"] = state == "private"
        if "verified" in wanted:
            user["verified"] = self.world.habit(account).size > 1000
        if "verified_type" in wanted:
            user["verified_type"] = "government" if self.world.habit(account).size > 1000 else "none"
        if "url" in wanted:
            user["url"] = ""
        if "public_metrics" in wanted:
            metrics = {
                "followers_count": self.world.followers(account, request.now),
                "following_count": 20 + digest(account.account_code) % 400,
                "tweet_count": len(self.visible_posts(account, request)),
                "listed_count": self.world.habit(account).size // 900,
                "like_count": digest("likes", account.account_code) % 900,
                "media_count": len(self.visible_posts(account, request)) // 2,
            }
            if request.faults.take("count_hidden", account.account_code):
                del metrics["followers_count"]
            user["public_metrics"] = metrics
        return user

    def _timeline(self, request: Request, user_id: str) -> Reply:
        if not _ID.match(user_id):
            return self._invalid(request, "id", user_id, f"The `id` query parameter value [{user_id}] is not valid")
        account = self.by_id.get(user_id)
        state = self.state(account, request) if account else "deleted"
        if account is None or state not in ("active", "private"):
            return self._named({"errors": [self._user_problem(request, "id", user_id, state)]}, request)
        if state == "private":
            detail = f"Sorry, you are not authorized to see the user with id: [{user_id}]."
            problem = {
                "resource_id": user_id, "parameter": "id", "resource_type": "user", "section": "data",
                "title": "Authorization Error", "value": user_id, "detail": detail,
                "type": f"{self._problems(request)}/not-authorized-for-resource",
            }  # fmt: skip
            return self._named({"errors": [problem]}, request)
        size = request.query.get("max_results", "10")
        if not size.isdigit() or not 5 <= int(size) <= 100:
            message = f"The `max_results` query parameter value [{size}] is not between 5 and 100"
            return self._invalid(request, "max_results", size, message)
        try:
            posts = self._selected(account, request)
        except SimulatorError as error:
            return self._invalid(request, "start_time", request.query.get("start_time", ""), str(error))
        token = request.query.get("pagination_token")
        offset = _read_token(token) if token else 0
        if offset is None or (token and request.faults.take("expired_page_token", account.account_code)):
            message = f"The `pagination_token` query parameter value [{token}] is not valid"
            return self._invalid(request, "pagination_token", token or "", message)
        page, following = page_of(posts, offset, int(size), request)
        meta: JsonObject = {"result_count": len(page)}
        body: JsonObject = {"meta": meta}
        if page:
            body = {"data": [self._post(post, request) for post in page], "meta": meta}
            meta["newest_id"], meta["oldest_id"] = body["data"][0]["id"], body["data"][-1]["id"]
        if following is not None:
            meta["next_token"] = _token(following)
        if offset > 0:
            meta["previous_token"] = _token(max(0, offset - int(size)))
        return self._named(body, request)

    def _selected(self, account: Account, request: Request) -> list[Post]:
        """The posts of a timeline that match the request's filters, newest id first."""
        excluded = request.list_of("exclude")
        posts = [
            post
            for post in self.visible_posts(account, request)
            if not ("replies" in excluded and post.kind == "reply")
            and not ("retweets" in excluded and post.kind == "repost")
        ]
        posts = posts[: TIMELINE_DEPTH_WITHOUT_REPLIES if "replies" in excluded else TIMELINE_DEPTH]
        since, until = request.query.get("since_id", ""), request.query.get("until_id", "")
        if since.isdigit():
            posts = [post for post in posts if int(self._shown_id_of(post, request.now)) > int(since)]
        if until.isdigit():
            posts = [post for post in posts if int(self._shown_id_of(post, request.now)) < int(until)]
        if start := request.query.get("start_time"):
            posts = [post for post in posts if post.published_at >= parse_instant(start)]
        if end := request.query.get("end_time"):
            posts = [post for post in posts if post.published_at < parse_instant(end)]
        return posts

    def _shown_id_of(self, post: Post, now: int) -> str:
        edited = post.edited_at is not None and post.edited_at <= now
        return self.post_ids(post)[-1 if edited else 0]

    def _posts_by_id(self, request: Request, ids: list[str], parameter: str) -> Reply:
        if not 1 <= len(ids) <= MOST_IDS or not all(_ID.match(post_id) for post_id in ids):
            return self._invalid(request, parameter, ",".join(ids), f"The `{parameter}` query parameter is not valid")
        data, errors = [], []
        bad = request.faults.take("bad_id_in_batch") if len(ids) > 1 else None
        for post_id in dict.fromkeys(ids):
            post = None if bad and bad.id == post_id else self.find_post(post_id, request)
            if post is not None:
                data.append(self._post(post, request))
                continue
            noun = "post" if self._post_family(request) else "tweet"
            errors.append(
                {
                    "value": post_id, "detail": f"Could not find {noun} with {parameter}: [{post_id}].",
                    "title": "Not Found Error", "resource_type": noun, "parameter": parameter,
                    "resource_id": post_id, "type": f"{self._problems(request)}/resource-not-found",
                }
            )  # fmt: skip
        body: JsonObject = {}
        if data:
            body["data"] = data
        if errors:
            body["errors"] = errors
        return self._named(body, request)

    def _post(self, post: Post, request: Request) -> JsonObject:
        wanted = self._wanted(request)
        shown = self._shown_id_of(post, request.now)
        history = self.post_ids(post) if shown != self.post_id(post) else [shown]
        text, full = _cut(post)
        item: JsonObject = {"id": shown, "text": text, "edit_history_tweet_ids": history}
        if "created_at" in wanted:
            item["created_at"] = iso_milliseconds(post.published_at)
        if "author_id" in wanted:
            item["author_id"] = post.account.platform_account_id
        if "lang" in wanted:
            item["lang"] = "in"
        if "conversation_id" in wanted:
            item["conversation_id"] = history[0]
        if "possibly_sensitive" in wanted:
            item["possibly_sensitive"] = False
        if "attachments" in wanted and post.kind == "photo":
            item["attachments"] = {"media_keys": [f"3_{history[0]}"]}
        if "referenced_tweets" in wanted and post.kind in ("repost", "reply"):
            kind = "retweeted" if post.kind == "repost" else "replied_to"
            item["referenced_tweets"] = [{"type": kind, "id": str(int(history[0]) - (post.key % 10**15))}]
        if "note_tweet" in wanted and full is not None:
            item["note_tweet"] = {"text": full}
        if "edit_controls" in wanted:
            item["edit_controls"] = {
                "edits_remaining": 5 - (len(history) - 1), "is_edit_eligible": post.kind not in ("repost", "reply"),
                "editable_until": iso_milliseconds(post.published_at + 3600),
            }  # fmt: skip
        if "public_metrics" in wanted:
            counts = self.world.counts(post, request.now)
            item["public_metrics"] = {
                "retweet_count": counts.shares, "reply_count": counts.comments, "like_count": counts.likes,
                "quote_count": counts.shares // 6, "bookmark_count": counts.saves, "impression_count": counts.views,
            }  # fmt: skip
        return item


def _cut(post: Post) -> tuple[str, str | None]:
    text = post.caption or "https://t.co/Simul4s1"
    if post.kind == "repost":
        return f"RT @demo_kementeri: {text}"[:140], None
    if len(text) <= TEXT_LIMIT:
        return text, None
    return text[: TEXT_LIMIT - 24] + "… https://t.co/Simul4s1", text


def _token(offset: int) -> str:
    return f"7140dibdnow9c7btw{offset + 1000:x}z"


def _read_token(token: str) -> int | None:
    found = re.fullmatch(r"7140dibdnow9c7btw([0-9a-f]+)z", token)
    return int(found[1], 16) - 1000 if found else None

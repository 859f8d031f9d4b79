"""TikTok Display API v2: rotating tokens, user info, video list and query, one token per account.

Lifetimes from the token pages of November 2026: access 2 hours, refresh 180 days, every refresh token works once.
"""

from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from simulator.accounts import Account
from simulator.api import PlatformApi, digest, page_of
from simulator.clock import DAY, iso_utc
from simulator.exchange import JsonObject, Reply, Request
from simulator.rate_limits import Allowance, fixed_window
from simulator.refusals.tiktok import TIKTOK_REFUSALS
from simulator.timeline import Post

CLIENT_KEY, CLIENT_SECRET = "demo-tiktok-key", "demo-tiktok-secret"
ACCESS_SECONDS, REFRESH_SECONDS = 2 * 3600, 180 * DAY
SCOPES = "user.info.basic,user.info.profile,user.info.stats,video.list"
CALLS_PER_MINUTE = 600
DEFAULT_COUNT, MOST_PER_PAGE = 10, 20
TEXT_LIMIT = 150
FIELD_SCOPES = {
    "open_id": "user.info.basic", "union_id": "user.info.basic", "avatar_url": "user.info.basic",
    "avatar_url_100": "user.info.basic", "avatar_large_url": "user.info.basic", "display_name": "user.info.basic",
    "bio_description": "user.info.profile", "profile_deep_link": "user.info.profile",
    "is_verified": "user.info.profile", "username": "user.info.profile", "follower_count": "user.info.stats",
    "following_count": "user.info.stats", "likes_count": "user.info.stats", "video_count": "user.info.stats",
}  # fmt: skip
VIDEO_FIELD_NAMES = """
    id create_time cover_image_url share_url video_description duration height width title embed_html embed_link
    like_count comment_count share_count view_count
"""
VIDEO_FIELDS = frozenset(VIDEO_FIELD_NAMES.split())
SHARE_PARAMETERS = f"utm_campaign=tt4d_open_api&utm_source={CLIENT_KEY}"


@dataclass
class Grant:
    """State of an account's chain of tokens: only the latest refresh token works."""

    generation: int
    refresh_until: int
    access_until: int = 0
    revoked: bool = False


class TikTok(PlatformApi):
    """TikTok, for accounts whose owners authorised the app."""

    platform = "tiktok"
    credentials = (CLIENT_KEY, CLIENT_SECRET)
    follower_field = "follower_count"
    shows_private_profiles = True
    text_fields = ("title", "video_description", "display_name")
    refusals = TIKTOK_REFUSALS

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._grants: dict[str, Grant] = {}

    def reset(self) -> None:
        """Deletes the tokens: the next refresh token of each account starts its chain, whichever it is."""
        self._grants.clear()

    def claims(self, request: Request) -> bool:
        return request.path.startswith(("/v2/oauth/", "/v2/user/", "/v2/video/"))

    def endpoint(self, request: Request) -> str:
        return request.path.removeprefix("/v2/").strip("/")

    @staticmethod
    def invent_id(draws: Random) -> str:
        return f"-000demo{draws.getrandbits(120):030x}"

    @staticmethod
    def profile_url(handle: str) -> str:
        return f"https://www.tiktok.com/@{handle}"

    def post_id(self, post: Post) -> str:
        return str(post.published_at << 32 | post.key % (1 << 32))

    def identity(self, word: str) -> Account | None:
        for prefix in ("demo-refresh-", "demo-access-"):
            if word.startswith(prefix):
                return self.by_code.get(word.removeprefix(prefix).rpartition("-")[0])
        return super().identity(word)

    def allowance(self, request: Request, endpoint: str) -> Allowance | None:
        if endpoint.startswith("oauth"):
            return None
        return fixed_window(f"tiktok:{endpoint}", CALLS_PER_MINUTE, 60, request.now)

    def finish_error(self, body: Any, request: Request) -> Any:
        if isinstance(body["error"], str):
            return {**body, "log_id": self._log_id(request)}
        return {**body, "error": body["error"] | {"log_id": self._log_id(request)}}

    def _log_id(self, request: Request) -> str:
        stamp = iso_utc(request.now).translate(str.maketrans("", "", "-:TZ"))
        return f"{stamp}{digest('log', request.path, request.query_string, request.body):016X}0000"

    def _good(self, data: JsonObject, request: Request) -> Reply:
        return Reply({"data": data, "error": {"code": "ok", "message": "", "log_id": self._log_id(request)}})

    def answer(self, request: Request, endpoint: str) -> Reply:
        if endpoint == "oauth/token":
            return self._token(request)
        if endpoint == "oauth/revoke":
            return self._revoke(request)
        handlers = {"user/info": self._user_info, "video/list": self._video_list, "video/query": self._video_query}
        method = "GET" if endpoint == "user/info" else "POST"
        if endpoint not in handlers or request.method != method:
            return self.refuse("not_found", request)
        account = self._authorised(request)
        if account is None:
            return self.refuse("unauthorized", request)
        return handlers[endpoint](account, request)

    # Tokens

    def _token(self, request: Request) -> Reply:
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return self.refuse("bad_oauth_request", request, "content_type")
        form = request.form
        if (form.get("client_key"), form.get("client_secret")) != (CLIENT_KEY, CLIENT_SECRET):
            return self.refuse("bad_client", request)
        kind = form.get("grant_type")
        if kind == "authorization_code":
            account = self.by_code.get(form.get("code", "").removeprefix("demo-code-"))
            if account is None or not self._listed(account, request):
                return self.refuse("token_revoked", request, "refresh")
            self._grants[account.account_code] = Grant(-1, request.now + REFRESH_SECONDS)
            return self._granted(account, request)
        if kind != "refresh_token":
            return self.refuse("bad_oauth_request", request, "grant_type")
        token = form.get("refresh_token")
        if not token:
            return self.refuse("bad_oauth_request", request, "parameter", parameter="refresh_token")
        account, generation = self._read_token(token, "demo-refresh-")
        if account is None or generation is None or not self._listed(account, request):
            return self.refuse("token_revoked", request, "refresh")
        grant = self._grants.setdefault(account.account_code, Grant(generation, request.now + REFRESH_SECONDS))
        if grant.revoked or grant.generation != generation or request.now >= grant.refresh_until:
            return self.refuse("token_revoked", request, "refresh")
        return self._granted(account, request)

    def _granted(self, account: Account, request: Request) -> Reply:
        grant = self._grants[account.account_code]
        grant.generation += 1
        grant.revoked = False
        grant.access_until = request.now + ACCESS_SECONDS
        grant.refresh_until = request.now + REFRESH_SECONDS
        name = f"{account.account_code}-{grant.generation}"
        return Reply(
            {
                "access_token": f"demo-access-{name}",
                "expires_in": ACCESS_SECONDS,
                "open_id": account.platform_account_id,
                "refresh_expires_in": REFRESH_SECONDS,
                "refresh_token": f"demo-refresh-{name}",
                "scope": SCOPES,
                "token_type": "Bearer",
            }
        )

    def _revoke(self, request: Request) -> Reply:
        account, _ = self._read_token(request.form.get("token", ""), "demo-access-")
        if account is None or account.account_code not in self._grants:
            return self.refuse("bad_oauth_request", request, "parameter", parameter="token")
        self._grants[account.account_code].revoked = True
        return Reply({})

    def _read_token(self, token: str, prefix: str) -> tuple[Account | None, int | None]:
        code, _, generation = token.removeprefix(prefix).rpartition("-")
        if not token.startswith(prefix) or not generation.isdigit():
            return None, None
        return self.by_code.get(code), int(generation)

    def _listed(self, account: Account, request: Request) -> bool:
        return self.state(account, request) in ("active", "private")

    def _authorised(self, request: Request) -> Account | None:
        account, generation = self._read_token(request.bearer or "", "demo-access-")
        grant = self._grants.get(account.account_code) if account else None
        if account is None or grant is None or grant.revoked or not self._listed(account, request):
            return None
        if request.faults and request.faults.take("access_token_lost", account.account_code):
            grant.access_until = request.now
        return account if grant.generation == generation and request.now < grant.access_until else None

    # Calls

    def _user_info(self, account: Account, request: Request) -> Reply:
        fields = request.list_of("fields")
        if not fields:
            return self.refuse("invalid_request", request, message="Fields is required")
        for name in fields:
            if name not in FIELD_SCOPES:
                return self.refuse("invalid_request", request, message=f"Invalid fields: {name}")
        posts = self._public_posts(account, request)
        handle = account.handle_at(request.now)
        user = {
            "open_id": self.shown_id(account, request),
            "union_id": str(UUID(int=digest("union", account.account_code) << 64 | digest(account.account_code))),
            "avatar_url": f"https://p16-sign.tiktokcdn-us.com/demo/{handle}.jpeg",
            "avatar_url_100": f"https://p16-sign.tiktokcdn-us.com/demo/{handle}~100.jpeg",
            "avatar_large_url": f"https://p16-sign.tiktokcdn-us.com/demo/{handle}~1080.jpeg",
            "display_name": account.center_name,
            "bio_description": f"{account.center_name} (data simulasi)",
            "profile_deep_link": f"https://vm.tiktok.com/{handle}/",
            "is_verified": self.world.habit(account).size > 5000,
            "username": handle,
            "follower_count": self.world.followers(account, request.now),
            "following_count": digest("following", account.account_code) % 300,
            "likes_count": sum(self.world.counts(post, request.now).likes for post in posts)
            if "likes_count" in fields
            else 0,
            "video_count": len(posts),
        }
        if request.faults.take("count_hidden", account.account_code):
            del user["follower_count"]
        return self._good({"user": {name: user[name] for name in fields if name in user}}, request)

    def _public_posts(self, account: Account, request: Request) -> list[Post]:
        return [] if self.state(account, request) == "private" else self.visible_posts(account, request)

    def _video_list(self, account: Account, request: Request) -> Reply:
        fields = request.list_of("fields")
        body = request.json_body
        if not fields or not VIDEO_FIELDS.issuperset(fields):
            return self.refuse("invalid_request", request, message="Invalid fields")
        if (
            body is None
            or not isinstance(count := body.get("max_count", DEFAULT_COUNT), int)
            or not 1 <= count <= MOST_PER_PAGE
        ):
            return self.refuse("invalid_request", request, message="max_count must be between 1 and 20")
        cursor = body.get("cursor", 0)
        if not isinstance(cursor, int) or (cursor and request.faults.take("expired_page_token", account.account_code)):
            return self.refuse("bad_page_token", request)
        posts = self._public_posts(account, request)
        offset = 0
        if cursor:
            offset = next((at for at, post in enumerate(posts) if post.published_at * 1000 < cursor), len(posts))
        page, following = page_of(posts, offset, count, request)
        data: JsonObject = {
            "videos": [self._video(post, fields, request) for post in page],
            "cursor": page[-1].published_at * 1000 if page else request.now * 1000,
            "has_more": following is not None,
        }
        return self._good(data, request)

    def _video_query(self, account: Account, request: Request) -> Reply:
        fields = request.list_of("fields")
        body = request.json_body
        ids = (body or {}).get("filters", {}).get("video_ids")
        if not fields or not VIDEO_FIELDS.issuperset(fields):
            return self.refuse("invalid_request", request, message="Invalid fields")
        if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_PER_PAGE:
            return self.refuse("invalid_request", request, message="video_ids must hold between 1 and 20 ids")
        bad = request.faults.take("bad_id_in_batch") if len(ids) > 1 else None
        found = [
            self.find_post(str(video_id), request)
            for video_id in dict.fromkeys(ids)
            if not (bad and bad.id == video_id)
        ]
        own = [post for post in found if post is not None and post.account is account]
        return self._good({"videos": [self._video(post, fields, request) for post in own]}, request)

    def _video(self, post: Post, fields: list[str], request: Request) -> JsonObject:
        video_id = self.post_id(post)
        handle = post.account.handle_at(request.now)
        counts = self.world.counts(post, request.now)
        text = (post.caption or "")[:TEXT_LIMIT]
        video = {
            "id": video_id,
            "create_time": post.published_at,
            "cover_image_url": f"https://p16-sign.tiktokcdn-us.com/{video_id}.image?x-expires={request.now + 21_600}",
            "share_url": f"https://www.tiktok.com/@{handle}/video/{video_id}?{SHARE_PARAMETERS}",
            "video_description": text,
            "duration": post.duration % 180 + 5,
            "height": 1024,
            "width": 576,
            "title": text,
            "embed_html": f'<blockquote class="tiktok-embed" data-video-id="{video_id}"></blockquote>',
            "embed_link": f"https://www.tiktok.com/player/v1/{video_id}",
            "like_count": counts.likes,
            "comment_count": counts.comments,
            "share_count": counts.shares,
            "view_count": counts.views,
        }
        return {name: video[name] for name in fields}

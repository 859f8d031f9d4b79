"""Threads profile discovery on graph.threads.net: a public profile by its handle, and its posts.

Members from the pages "Threads Profiles" and "Threads User" of 2026. The errors of the lookup are not documented: an
unknown handle gets the Graph API's error for a missing object, a profile under the threshold the sentence of the page.
"""

from random import Random

from simulator.api import page_of
from simulator.clock import DAY, iso_graph
from simulator.exchange import JsonObject, Reply, Request
from simulator.graph import GraphApi, cursor, read_cursor, token_of
from simulator.rate_limits import Allowance, fixed_window
from simulator.refusals import Refusals
from simulator.refusals.graph import GRAPH_REFUSALS, graph_error
from simulator.timeline import Post

TOKEN = "demo-threads-token"  # noqa: S105 - valid in the demo only
LEAST_FOLLOWERS = 100
LOOKUPS_PER_DAY = 1_000
DEFAULT_LIMIT, MOST_PER_PAGE = 25, 100
MEDIA_TYPES = {"photo": "IMAGE", "video": "VIDEO", "carousel": "CAROUSEL_ALBUM", "repost": "REPOST_FACADE"}

REFUSALS: Refusals = {
    **{kind: GRAPH_REFUSALS[kind] for kind in ("unauthorized", "token_expired", "token_revoked", "policy_block")},
    **{kind: GRAPH_REFUSALS[kind] for kind in ("forbidden", "server_error", "unavailable", "bad_page_token")},
    "permission_missing": {
        "profile_discovery": graph_error(
            "(#10) This action requires the threads_profile_discovery permission", 10, status=403
        )
    },
    "not_found": {"missing": GRAPH_REFUSALS["not_found"]["missing"], "path": GRAPH_REFUSALS["not_found"]["path"]},
    "below_threshold": {
        "followers": graph_error("(#100) Only public profiles with at least 100 followers can be looked up", 100)
    },
    "rate_limited": {kind: GRAPH_REFUSALS["rate_limited"][kind] for kind in ("app", "user", "custom")},
    "invalid_request": {kind: GRAPH_REFUSALS["invalid_request"][kind] for kind in ("field", "method")},
}


class Threads(GraphApi):
    """Threads' public profiles for a reviewed app's token."""

    platform = "threads"
    credentials = (None, TOKEN)
    follower_field = "follower_count"
    text_fields = ("text", "biography", "name")
    refusals = REFUSALS

    def claims(self, request: Request) -> bool:
        return request.path.startswith("/v1.0/")

    def endpoint(self, request: Request) -> str:
        return request.path.removeprefix("/v1.0/").strip("/") or "me"

    def allowance(self, request: Request, endpoint: str) -> Allowance | None:
        return fixed_window(f"threads:{endpoint}", LOOKUPS_PER_DAY, DAY, request.now)

    @staticmethod
    def invent_id(draws: Random) -> str:
        return f"2600{draws.randrange(1, 10**13):013d}"

    @staticmethod
    def profile_url(handle: str) -> str:
        return f"https://www.threads.com/@{handle}"

    def post_id(self, post: Post) -> str:
        return f"180{post.key % 10**14:014d}"

    def answer(self, request: Request, endpoint: str) -> Reply:
        token = token_of(request)
        if token != TOKEN:
            return self.refuse("unauthorized", request, "no_token" if token is None else "invalid")
        if refused := self.refused_proof(request):
            return refused
        if request.method != "GET":
            return self.refuse("invalid_request", request, "method")
        if endpoint not in ("profile_lookup", "profile_posts"):
            return self.refuse("not_found", request, "path", id=endpoint)
        handle = request.query.get("username", "")
        account = self.find_handle(handle, request)
        if account is None or not self.reachable(account, request):
            return self.missing(request, handle)
        followers = self.world.followers(account, request.now)
        if followers < LEAST_FOLLOWERS:
            return self.refuse("below_threshold", request)
        posts = self.visible_posts(account, request)
        if endpoint == "profile_posts":
            return self._page(posts, request)
        recent = [self.world.counts(post, request.now) for post in posts if post.published_at > request.now - 7 * DAY]
        profile: JsonObject = {
            "username": account.handle_at(request.now),
            "name": account.center_name,
            "profile_picture_url": f"https://scontent.invalid/{account.account_code}.jpg",
            "biography": f"{account.center_name} · {account.city} (data simulasi)",
            "is_verified": followers > 20_000,
            "follower_count": followers,
            "likes_count": sum(counts.likes for counts in recent),
            "quotes_count": 0,
            "replies_count": sum(counts.comments for counts in recent),
            "reposts_count": sum(counts.shares for counts in recent),
            "views_count": sum(counts.views for counts in recent),
        }
        if request.faults.take("count_hidden", account.account_code):
            del profile["follower_count"]
        return Reply(profile)

    def _page(self, posts: list[Post], request: Request) -> Reply:
        names = request.query.get("fields", "id").split(",")
        limit_text = request.query.get("limit", "")
        limit = min(int(limit_text), MOST_PER_PAGE) if limit_text.isdigit() else DEFAULT_LIMIT
        after = request.query.get("after")
        offset = read_cursor(after) if after else 0
        if offset is None or (
            after and posts and request.faults.take("expired_page_token", posts[0].account.account_code)
        ):
            return self.refuse("bad_page_token", request)
        page, following = page_of(posts, offset, limit, request)
        data = []
        for post in page:
            whole = self._whole_post(post, request)
            unknown = next((name for name in names if name not in whole), None)
            if unknown is not None:
                return self.refuse("invalid_request", request, "field", field=unknown, node="ThreadsMedia")
            data.append({name: whole[name] for name in ("id", *names) if whole[name] is not None})
        body: JsonObject = {"data": data}
        if page or following is not None:
            end = following if following is not None else len(posts)
            body["paging"] = {"cursors": {"before": cursor(offset), "after": cursor(end)}}
        return Reply(body)

    def _whole_post(self, post: Post, request: Request) -> JsonObject:
        handle = post.account.handle_at(request.now)
        number = self.post_id(post)
        return {
            "id": number,
            "media_product_type": "THREADS",
            "media_type": MEDIA_TYPES.get(post.kind, "TEXT_POST"),
            "permalink": f"https://www.threads.com/@{handle}/post/D{number}",
            "username": handle,
            "text": post.caption,
            "timestamp": iso_graph(post.published_at),
            "shortcode": f"D{number}",
            "is_quote_post": False,
            "has_replies": False,
        }

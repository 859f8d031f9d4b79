"""Instagram Business Discovery on the Graph API: our professional account reads the others.

Public fields from the reference of 12 August 2026; paging is inside the fields text and has no `next` link.
"""

from random import Random

from simulator.accounts import Account
from simulator.api import digest, page_of
from simulator.clock import iso_graph
from simulator.exchange import JsonObject, Reply, Request
from simulator.graph import (
    INSTAGRAM_TOKEN,
    INSTAGRAM_USER_ID,
    Field,
    FieldsError,
    GraphApi,
    cursor,
    graph_path,
    is_instagram,
    parse_fields,
    read_cursor,
    token_of,
)
from simulator.refusals.graph import INSTAGRAM_REFUSALS
from simulator.timeline import Post

DEFAULT_LIMIT, MOST_PER_PAGE = 25, 100
NOT_PUBLIC = {"follows_count", "name", "profile_picture_url", "ig_id", "is_published"}
UNSET_MEDIA_FIELDS = {"alt_text", "children", "thumbnail_url", "media_url", "owner", "ig_id", "is_shared_to_feed"}
MEDIA_TYPES = {"photo": "IMAGE", "carousel": "CAROUSEL_ALBUM", "reel": "VIDEO"}


class Instagram(GraphApi):
    """Instagram's professional accounts through business discovery."""

    platform = "instagram"
    credentials = (INSTAGRAM_USER_ID, INSTAGRAM_TOKEN)
    follower_field = "followers_count"
    text_fields = ("caption", "biography")
    refusals = INSTAGRAM_REFUSALS

    def claims(self, request: Request) -> bool:
        return is_instagram(request)

    def endpoint(self, request: Request) -> str:
        return "business_discovery" if "business_discovery" in request.query.get("fields", "") else "user"

    @staticmethod
    def invent_id(draws: Random) -> str:
        return f"178414{draws.randrange(1, 10**11):011d}"

    @staticmethod
    def profile_url(handle: str) -> str:
        return f"https://www.instagram.com/{handle}/"

    def post_id(self, post: Post) -> str:
        return f"179{post.key % 10**14:014d}"

    def answer(self, request: Request, endpoint: str) -> Reply:
        token = token_of(request)
        if token is None:
            return self.refuse("unauthorized", request, "no_token")
        if token != INSTAGRAM_TOKEN:
            return self.refuse("unauthorized", request, "invalid")
        if refused := self.refused_proof(request):
            return refused
        if request.method != "GET":
            return self.refuse("invalid_request", request, "method")
        path = graph_path(request.path)
        node = path[1] if path else ""
        if node != INSTAGRAM_USER_ID:
            return self.missing(request, node)
        text = request.query.get("fields", "id")
        try:
            fields = parse_fields(text)
        except FieldsError:
            return self.refuse("invalid_request", request, "syntax", field=text)
        body: JsonObject = {}
        for wanted in fields:
            if wanted.name == "business_discovery":
                reply = self._discovered(wanted, request)
                if reply.status != 200:
                    return reply
                body["business_discovery"] = reply.body
            elif wanted.name in ("username", "name"):
                body[wanted.name] = "demo_rehsos_pembaca"
            elif wanted.name in ("followers_count", "follows_count", "media_count"):
                body[wanted.name] = 0
        body["id"] = INSTAGRAM_USER_ID
        return Reply(body)

    def _discovered(self, wanted: Field, request: Request) -> Reply:
        handle = wanted.arguments.get("username", "")
        account = self.find_handle(handle, request)
        if account is None or not self.reachable(account, request):
            return self.refuse("user_not_found", request, handle=handle)
        refused = self.withdrawn_field([inner.name for inner in wanted.fields], request, "IGUser")
        if refused is not None:
            return refused
        body: JsonObject = {}
        for inner in wanted.fields:
            if inner.name == "media":
                reply = self._media(account, inner, request)
                if reply.status != 200:
                    return reply
                if reply.body["data"] or "paging" in reply.body:
                    body["media"] = reply.body
                continue
            if inner.name in NOT_PUBLIC:
                continue
            try:
                value = self._user_field(account, inner.name, request)
            except KeyError:
                return self.refuse("invalid_request", request, "field", field=inner.name, node="IGUser")
            if value is not None:
                body[inner.name] = value
        body.setdefault("id", self.shown_id(account, request))
        return Reply(body)

    def _user_field(self, account: Account, name: str, request: Request) -> object:
        if name == "id":
            return self.shown_id(account, request)
        if name == "username":
            return account.handle_at(request.now)
        if name == "followers_count":
            if request.faults.take("count_hidden", account.account_code):
                return None
            return self.world.followers(account, request.now)
        if name == "media_count":
            return len(self.visible_posts(account, request))
        if name == "biography":
            return f"{account.center_name} · {account.city} 🇮🇩 (data simulasi)"
        if name == "website":
            return None
        raise KeyError(name)

    def _media(self, account: Account, wanted: Field, request: Request) -> Reply:
        posts = self.visible_posts(account, request)
        pinned = [post for post in posts if post.pinned]
        if pinned:
            posts = pinned + [post for post in posts if not post.pinned]
        limit_text = wanted.arguments.get("limit", "")
        limit = min(int(limit_text), MOST_PER_PAGE) if limit_text.isdigit() else DEFAULT_LIMIT
        after = wanted.arguments.get("after")
        offset = read_cursor(after) if after else 0
        if offset is None or (after and request.faults.take("expired_page_token", account.account_code)):
            return self.refuse("bad_page_token", request)
        page, following = page_of(posts, offset, limit, request)
        data = []
        for post in page:
            item: JsonObject = {}
            for inner in wanted.fields:
                try:
                    value = self._media_field(post, inner.name, request)
                except KeyError:
                    if inner.name in UNSET_MEDIA_FIELDS:
                        continue
                    return self.refuse("invalid_request", request, "field", field=inner.name, node="IGMedia")
                if value is not None:
                    item[inner.name] = value
            item.setdefault("id", self.post_id(post))
            data.append(item)
        body: JsonObject = {"data": data}
        cursors = {}
        if offset > 0:
            cursors["before"] = cursor(offset)
        if following is not None:
            cursors["after"] = cursor(following)
        if cursors:
            body["paging"] = {"cursors": cursors}
        return Reply(body)

    def _media_field(self, post: Post, name: str, request: Request) -> object:
        if name == "id":
            return self.post_id(post)
        if name == "caption":
            return post.caption
        if name == "media_type":
            return MEDIA_TYPES[post.kind]
        if name == "media_product_type":
            return "REELS" if post.kind == "reel" else "FEED"
        if name == "permalink":
            return f"https://www.instagram.com/{'reel' if post.kind == 'reel' else 'p'}/{self._shortcode(post)}/"
        if name == "shortcode":
            return self._shortcode(post)
        if name == "timestamp":
            return iso_graph(post.published_at)
        if name == "username":
            return post.account.handle_at(request.now)
        counts = self.world.counts(post, request.now)
        if name == "like_count":
            return None if post.likes_hidden else counts.likes
        if name == "comments_count":
            return 0 if post.comments_off else counts.comments
        if name == "view_count":
            return counts.views if post.kind == "reel" else None
        raise KeyError(name)

    def _shortcode(self, post: Post) -> str:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        number = digest("shortcode", post.key)
        return "D" + "".join(alphabet[(number >> (6 * place)) & 63] for place in range(10))

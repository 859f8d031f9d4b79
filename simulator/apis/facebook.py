"""Facebook Pages on the Graph API: a Page with nested posts, its posts edges, and `?ids=` batches.

Field names and types from Meta's code-generator specs (Page, PagePost); shapes from the recorded payloads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from simulator import SimulatorError
from simulator.accounts import Account
from simulator.api import page_of
from simulator.clock import iso_graph, parse_instant
from simulator.exchange import JsonObject, Reply, Request
from simulator.graph import (
    FACEBOOK_TOKEN,
    Field,
    FieldsError,
    GraphApi,
    cursor,
    graph_path,
    is_instagram,
    next_link,
    parse_fields,
    read_cursor,
    token_of,
)
from simulator.rate_limits import Usage
from simulator.timeline import Post

MOST_IDS = 50
EDGES = ("posts", "published_posts", "feed")
DEFAULT_LIMIT, MOST_PER_PAGE = 25, 100
DEFAULT_PAGE_FIELDS = parse_fields("id,name")
DEFAULT_POST_FIELDS = parse_fields("id,created_time,message")
STATUS_TYPES = {"photo": "added_photos", "video": "added_video", "text": "mobile_status_update", "link": "shared_story"}


@dataclass(frozen=True)
class NodeType:
    """A type of Graph object, with its fields that exist but have no value in the demo."""

    name: str
    unset_fields: frozenset[str]


PAGE_FIELDS_WITHOUT_VALUE = """
    access_token category_list checkins cover global_brand_page_name instagram_business_account is_published location
    new_like_count phone picture rating_count talking_about_count tasks website were_here_count
"""
POST_FIELDS_WITHOUT_VALUE = """
    application backdated_time from full_picture icon is_expired is_hidden is_popular message_tags parent_id picture
    place privacy promotable_id properties story subscribed target timeline_visibility via
"""
PAGE = NodeType("Page", frozenset(PAGE_FIELDS_WITHOUT_VALUE.split()))
POST = NodeType("Post", frozenset(POST_FIELDS_WITHOUT_VALUE.split()))


class Facebook(GraphApi):
    """Facebook Pages for a system user's token with the reviewed features."""

    platform = "facebook"
    credentials = (None, FACEBOOK_TOKEN)
    follower_field = "followers_count"
    text_fields = ("message", "name", "about")

    def claims(self, request: Request) -> bool:
        return graph_path(request.path) is not None and not is_instagram(request)

    def endpoint(self, request: Request) -> str:
        rest = self._rest(request)
        if not rest:
            return "ids"
        node, _, edge = rest.partition("/")
        if edge:
            return edge
        if node in ("me", "debug_token"):
            return node
        return "post" if is_post_id(node) else "page"

    @staticmethod
    def invent_id(draws: Random) -> str:
        return f"1000{draws.randrange(10**11):011d}"

    @staticmethod
    def profile_url(handle: str) -> str:
        return f"https://www.facebook.com/{handle}"

    def post_id(self, post: Post) -> str:
        return f"{post.account.platform_account_id}_{post.key % 10**15:015d}"

    def identity(self, word: str) -> Account | None:
        return super().identity(word.partition("_")[0] if is_post_id(word) else word)

    def limit_headers(self, usage: Usage, request: Request) -> dict[str, str]:
        headers = super().limit_headers(usage, request)
        percent = min(100, usage.used * 100 // usage.allowance.limit)
        headers["X-Business-Use-Case-Usage"] = self.business_usage(request, percent, 0)
        return headers

    def answer(self, request: Request, endpoint: str) -> Reply:
        token = token_of(request)
        if token is None:
            return self.refuse("unauthorized", request, "no_token")
        if token != FACEBOOK_TOKEN:
            return self.refuse("unauthorized", request, "invalid")
        if refused := self.refused_proof(request):
            return refused
        if request.method != "GET":
            return self.refuse("invalid_request", request, "method")
        try:
            fields = parse_fields(request.query["fields"]) if request.query.get("fields") else ()
        except FieldsError:
            return self.refuse("invalid_request", request, "syntax", field=request.query["fields"])
        rest = self._rest(request)
        if not rest:
            return self._batch(request, fields)
        node, _, edge = rest.partition("/")
        if node == "debug_token":
            return Reply(self._debug_token(request))
        if node == "me":
            return self._me(request, edge)
        if edge == "":
            return self._node(node, fields, request)
        account = self._page(node, request)
        if account is None:
            return self.missing(request, node)
        if edge not in EDGES:
            return self.refuse("not_found", request, "path", id=edge)
        return self._posts_edge(account, edge, request.query, fields or DEFAULT_POST_FIELDS, request)

    def _rest(self, request: Request) -> str:
        path = graph_path(request.path)
        return path[1] if path else ""

    def _version(self, request: Request) -> str:
        path = graph_path(request.path)
        return path[0] if path else "v26.0"

    def _page(self, node: str, request: Request) -> Account | None:
        account = self.by_id.get(node) or self.find_handle(node, request)
        return account if account is not None and self.reachable(account, request) else None

    def _batch(self, request: Request, fields: tuple[Field, ...]) -> Reply:
        ids = list(dict.fromkeys(request.list_of("ids")))
        if not ids:
            return self.refuse("not_found", request, "path", id="")
        if len(ids) > MOST_IDS:
            return self.refuse("invalid_request", request, "too_many_ids", count=str(len(ids)))
        body: JsonObject = {}
        for node in ids:
            account = self.identity(node)
            if account and len(ids) > 1 and request.faults.take("bad_id_in_batch", account.account_code):
                return self.refuse("not_found", request, "alias", id=node)
            reply = self._node(node, fields, request)
            if reply.status != 200:
                error = reply.body["error"]
                return (
                    self.refuse("not_found", request, "alias", id=node) if error.get("error_subcode") == 33 else reply
                )
            body[node] = reply.body
        return Reply(body)

    def _node(self, node: str, fields: tuple[Field, ...], request: Request) -> Reply:
        if is_post_id(node):
            post = self.find_post(node, request)
            if post is None:
                return self.missing(request, node)
            return self._selected(fields or DEFAULT_POST_FIELDS, POST, partial(self._post_field, post), request)
        account = self._page(node, request)
        if account is None:
            return self.missing(request, node)
        return self._selected(fields or DEFAULT_PAGE_FIELDS, PAGE, partial(self._page_field, account), request)

    def _selected(
        self, fields: tuple[Field, ...], node: NodeType, value_of: Callable[[Field, Request], object], request: Request
    ) -> Reply:
        """The object with its id and the requested fields; a refusal for an unknown field."""
        refused = self.withdrawn_field([wanted.name for wanted in fields], request, node.name)
        if refused is not None:
            return refused
        body: JsonObject = {}
        for wanted in fields:
            try:
                value = value_of(wanted, request)
            except KeyError:
                if wanted.name in node.unset_fields:
                    continue
                return self.refuse("invalid_request", request, "field", field=wanted.name, node=node.name)
            if isinstance(value, Reply):
                if value.status != 200:
                    return value
                value = value.body
            if value is not None:
                body[wanted.name] = value
        body.setdefault("id", value_of(Field("id"), request))
        return Reply(body)

    def _page_field(self, account: Account, wanted: Field, request: Request) -> object:
        name = wanted.name
        if name == "id":
            return self.shown_id(account, request)
        if name == "name":
            return account.center_name
        if name == "username":
            return account.handle_at(request.now)
        if name == "link":
            return f"https://www.facebook.com/{account.handle_at(request.now)}"
        if name == "followers_count":
            if request.faults.take("count_hidden", account.account_code):
                return None
            return self.world.followers(account, request.now)
        if name == "fan_count":
            return self.world.followers(account, request.now) * 93 // 100
        if name == "verification_status":
            return "blue_verified" if self.world.habit(account).size > 20_000 else "not_verified"
        if name == "about":
            return f"Halaman resmi {account.center_name} (data simulasi)."
        if name == "category":
            return "Government organization"
        if name in EDGES:
            return self._posts_edge(account, name, wanted.arguments, wanted.fields or DEFAULT_POST_FIELDS, request)
        raise KeyError(name)

    def _posts_edge(
        self, account: Account, edge: str, arguments: dict[str, str], fields: tuple[Field, ...], request: Request
    ) -> Reply:
        posts = self.visible_posts(account, request)
        pinned = [post for post in posts if post.pinned]
        if pinned:
            posts = pinned + [post for post in posts if not post.pinned]
        since, until = _instant(arguments.get("since")), _instant(arguments.get("until"))
        if since is not None:
            posts = [post for post in posts if post.published_at >= since]
        if until is not None:
            posts = [post for post in posts if post.published_at <= until]
        limit_text = arguments.get("limit", "")
        limit = min(int(limit_text), MOST_PER_PAGE) if limit_text.isdigit() else DEFAULT_LIMIT
        after = arguments.get("after")
        offset = read_cursor(after) if after else 0
        if offset is None or (after and request.faults.take("expired_page_token", account.account_code)):
            return self.refuse("bad_page_token", request)
        page, following = page_of(posts, offset, limit, request)
        data = []
        for post in page:
            reply = self._selected(fields, POST, partial(self._post_field, post), request)
            if reply.status != 200:
                return reply
            data.append(reply.body)
        body: JsonObject = {"data": data}
        if page or following is not None:
            end = following if following is not None else len(posts)
            body["paging"] = {"cursors": {"before": cursor(offset), "after": cursor(end)}}
        if following is not None:
            parameters = {"fields": _written(fields), "limit": str(limit), "after": cursor(following)}
            parameters |= {name: arguments[name] for name in ("since", "until") if name in arguments}
            body["paging"]["next"] = next_link(
                request, self._version(request), f"{account.platform_account_id}/{edge}", parameters
            )
        return Reply(body)

    def _post_field(self, post: Post, wanted: Field, request: Request) -> object:
        name = wanted.name
        if name == "id":
            return self.post_id(post)
        if name == "created_time":
            return iso_graph(post.published_at)
        if name == "updated_time":
            return iso_graph(max(post.published_at, post.edited_at or 0))
        if name == "message":
            return post.caption
        if name == "permalink_url":
            page, number = self.post_id(post).split("_")
            return f"https://www.facebook.com/{page}/posts/{number}"
        if name == "status_type":
            return STATUS_TYPES[post.kind]
        if name == "is_published":
            return True
        counts = self.world.counts(post, request.now)
        if name == "shares":
            return {"count": counts.shares} if counts.shares else None
        if name == "reactions" or name == "likes":
            return _summary(wanted, counts.likes, {"viewer_reaction": "NONE"})
        if name == "comments":
            return _summary(wanted, counts.comments, {"order": "chronological", "can_comment": False})
        if name == "attachments":
            return self._attachments(post, wanted)
        raise KeyError(name)

    def _attachments(self, post: Post, wanted: Field) -> JsonObject | None:
        if post.kind == "text":
            return None
        page, number = self.post_id(post).split("_")
        types = {"photo": "photo", "video": "video_inline", "link": "share"}
        attachment = {
            "media_type": post.kind,
            "type": types[post.kind],
            "url": f"https://www.facebook.com/{page}/{post.kind}s/{number}/",
            "target": {"id": number, "url": f"https://www.facebook.com/{page}/{post.kind}s/{number}/"},
        }
        names = {inner.name for inner in wanted.fields}
        if names:
            attachment = {name: value for name, value in attachment.items() if name in names}
        return {"data": [attachment]}

    def _debug_token(self, request: Request) -> JsonObject:
        valid = request.query.get("input_token") == FACEBOOK_TOKEN
        data = {
            "app_id": "000000000000000",
            "type": "SYSTEM_USER",
            "application": "Sentra (simulasi)",
            "data_access_expires_at": request.now + 90 * 86_400,
            "expires_at": 0,
            "is_valid": valid,
            "scopes": ["pages_show_list", "pages_read_engagement", "read_insights"] if valid else [],
        }
        return {"data": data}

    def _me(self, request: Request, edge: str) -> Reply:
        if edge == "accounts":
            pages = [
                {"id": page.platform_account_id, "name": page.center_name, "tasks": ["ANALYZE"]}
                for page in self.accounts
                if self.reachable(page, request)
            ]
            return Reply({"data": pages})
        if edge:
            return self.refuse("not_found", request, "path", id=edge)
        return Reply({"id": "122000000000000000", "name": "Sentra (simulasi)"})


def is_post_id(node: str) -> bool:
    """Whether a node is `<page>_<post>`."""
    return "_" in node and node[0].isdigit()


def _summary(wanted: Field, total: int, more: JsonObject) -> JsonObject:
    body: JsonObject = {"data": []}
    if "summary" in wanted.arguments:
        body["summary"] = {"total_count": total, **more}
    return body


def _instant(text: str | None) -> int | None:
    if not text:
        return None
    if text.isdigit():
        return int(text)
    try:
        return parse_instant(text if "T" in text else f"{text}T00:00:00Z")
    except SimulatorError:
        return None


def _written(fields: tuple[Field, ...]) -> str:
    parts = []
    for wanted in fields:
        arguments = "".join(f".{name}({value})" for name, value in wanted.arguments.items())
        inner = f"{{{_written(wanted.fields)}}}" if wanted.fields else ""
        parts.append(f"{wanted.name}{arguments}{inner}")
    return ",".join(parts)

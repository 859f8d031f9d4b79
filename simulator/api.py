"""Base class of the platforms. A platform is one file in `simulator/apis/` with one subclass."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import Any, ClassVar, TypeVar

from simulator import SimulatorError
from simulator.accounts import Account
from simulator.exchange import Reply, Request
from simulator.faults import Fault
from simulator.rate_limits import Allowance, Usage
from simulator.refusals import Refusals, filled
from simulator.timeline import Post
from simulator.world import ACTIVE, World


@dataclass
class Options:
    """Options of the replies that can change while the server runs."""

    x_names: str = "by-parameter"
    app_secret: str | None = None  # of the demo's application at Meta; set, every call needs a proof made with it


T = TypeVar("T")


class PlatformApi(ABC):
    """One platform's API."""

    platform: ClassVar[str]
    credentials: ClassVar[tuple[str | None, str]]  # login and secret of the demo's connection, valid nowhere else
    escapes_unicode: ClassVar[bool] = False
    follower_field: ClassVar[str]
    shows_private_profiles: ClassVar[bool] = False  # followers of an account with private posts can be read
    text_fields: ClassVar[tuple[str, ...]]
    refusals: ClassVar[Refusals]
    default_error: ClassVar[str] = "server_error"

    def __init__(self, world: World, options: Options) -> None:
        self.world = world
        self.options = options
        self.accounts = world.of_platform(self.platform)
        self.by_id = {account.platform_account_id: account for account in self.accounts}
        self.by_code = {account.account_code: account for account in self.accounts}
        self._by_handle: dict[str, list[Account]] = {}
        for account in self.accounts:
            for period in account.handles:
                holders = self._by_handle.setdefault(period.handle.lower(), [])
                if account not in holders:
                    holders.append(account)
        self._posts: dict[str, Post] = {}
        self._indexed: dict[str, int] = {}

    # Implemented by subclasses

    @abstractmethod
    def claims(self, request: Request) -> bool:
        """Whether the request is for this platform."""

    @abstractmethod
    def endpoint(self, request: Request) -> str:
        """Name of the endpoint for calls, faults and limits."""

    @abstractmethod
    def answer(self, request: Request, endpoint: str) -> Reply:
        """The reply, as the real API gives it."""

    @abstractmethod
    def allowance(self, request: Request, endpoint: str) -> Allowance | None:
        """Cost of the request and the limit that it counts against; None without a limit."""

    @staticmethod
    @abstractmethod
    def invent_id(draws: Random) -> str:
        """An account id in the platform's form that is visibly invented."""

    @staticmethod
    @abstractmethod
    def profile_url(handle: str) -> str:
        """Address of the account's page."""

    def post_ids(self, post: Post) -> list[str]:
        """The ids that find a post, the newest form last."""
        return [self.post_id(post)]

    @abstractmethod
    def post_id(self, post: Post) -> str:
        """The post's id in the platform's form."""

    def limit_headers(self, usage: Usage, request: Request) -> dict[str, str]:
        """The platform's headers with the used share of a limit; none by default."""
        return {}

    def over_limit(self, usage: Usage, request: Request) -> Reply:
        """The reply to a request over the limit."""
        return self.refuse("rate_limited", request)

    def reset(self) -> None:
        """Deletes state kept between requests; by default there is none."""
        return

    def identity(self, word: str) -> Account | None:
        """The account with this id, handle or token."""
        if word in self.by_id:
            return self.by_id[word]
        holders = self._by_handle.get(word.lower().removeprefix("@"))
        return holders[0] if holders else None

    # Used by subclasses

    def refuse(self, kind: str, request: Request, variant: str | None = None, **words: str) -> Reply:
        """An error reply of the platform; `words` fill the braces in its texts.

        Raises SimulatorError for an unknown kind or variant.
        """
        variants = self.refusals.get(kind)
        if variants is None:
            raise SimulatorError(f"{self.platform} has no error {kind!r}; it has: {', '.join(self.refusals)}.")
        name = variant or next(iter(variants))
        if name not in variants:
            raise SimulatorError(f"{self.platform} {kind} has no variant {name!r}; it has: {', '.join(variants)}.")
        refusal = variants[name]
        body = self.finish_error(filled(refusal.body, words), request)
        return Reply(body, refusal.status, dict(refusal.headers))

    def finish_error(self, body: Any, request: Request) -> Any:
        """Adds values that differ between errors of a kind, such as trace ids; by default none."""
        return body

    def refuse_for(self, fault: Fault, request: Request) -> Reply:
        """The error reply of a fault, with the fault's status and Retry-After when given."""
        reply = self.refuse(fault.kind, request, fault.variant, **self._example_words(fault, request))
        if fault.status is not None:
            reply.status = fault.status
        if fault.retry_after is not None:
            reply.headers["Retry-After"] = str(fault.retry_after)
        return reply

    def _example_words(self, fault: Fault, request: Request) -> dict[str, str]:
        """Values for the texts of an error caused by a fault."""
        name = fault.field or self.follower_field
        words = {"field": name, "parameter": name, "value": name, "node": "Page", "count": "54"}
        last_part = request.path.rstrip("/").rpartition("/")[2]
        texts = {"id": last_part, "handle": last_part, "message": "Invalid parameter.", "reason": "invalidParameter"}
        return words | texts

    def state(self, account: Account, request: Request) -> str:
        """The account's state for this request: the state of a fault, else of the world."""
        if request.faults:
            code = account.account_code
            for kind, state in (
                ("account_not_found", "deleted"),
                ("account_suspended", "suspended"),
                ("account_private", "private"),
            ):
                if request.faults.take(kind, code):
                    return state
        return self.world.state(account, request.now)

    def reachable(self, account: Account, request: Request) -> bool:
        """Whether the account can be read at all."""
        return self.state(account, request) == ACTIVE

    def find_handle(self, handle: str, request: Request) -> Account | None:
        """The account with this handle at this instant, ignoring case."""
        for account in self._by_handle.get(handle.lower().removeprefix("@"), []):
            if request.faults and request.faults.take("handle_changed", account.account_code):
                return None
            if any(
                p.handle.lower() == handle.lower().removeprefix("@") and p.covers(request.now) for p in account.handles
            ):
                return account
        return None

    def shown_id(self, account: Account, request: Request) -> str:
        """The account's id in a lookup by handle; another id after a takeover of the handle."""
        if request.faults and request.faults.take("identity_mismatch", account.account_code):
            return self.invent_id(Random(f"{self.world.seed}:other:{account.account_code}"))
        return account.platform_account_id

    def visible_posts(self, account: Account, request: Request) -> list[Post]:
        """The account's posts for this request, newest first."""
        if request.faults and request.faults.take("no_posts", account.account_code):
            return []
        return self.world.posts(account, request.now)

    def find_post(self, post_id: str, request: Request) -> Post | None:
        """A post by its id if it is visible now."""
        post = self._posts.get(post_id)
        if post is None:
            self._index_posts(request.now)
            post = self._posts.get(post_id)
        if post is None or not post.visible(request.now) or not self.reachable(post.account, request):
            return None
        return post

    def _index_posts(self, now: int) -> None:
        for account in self.accounts:
            timeline = self.world.timeline(account)
            timeline.draw_until(now)
            done = self._indexed.get(account.account_code, 0)
            for post in timeline.posts[done:]:
                for post_id in self.post_ids(post):
                    self._posts[post_id] = post
            self._indexed[account.account_code] = len(timeline.posts)


def page_of(items: Sequence[T], offset: int, size: int, request: Request) -> tuple[list[T], int | None]:
    """A page of a list and the offset of the next page; None after the last.

    Applies the faults of listings.
    """
    if request.faults:
        if request.faults.take("empty_listing"):
            return [], None
        if offset == 0 and items and request.faults.take("empty_page"):
            return [], 0 - size
        if offset < 0:
            offset += size
        elif offset > 0 and request.faults.take("duplicate_items"):
            offset -= 1
    page = list(items[offset : offset + size])
    end = offset + size
    is_last = end >= len(items) or request.faults.take("page_tokens_lost") is not None
    return page, None if is_last else end


def digest(*parts: object) -> int:
    """A 64-bit number from the text forms of the parts, the same in every process."""
    return int.from_bytes(blake2b(":".join(map(str, parts)).encode(), digest_size=8).digest())


def map_texts(value: Any, change: Callable[[str], str], names: tuple[str, ...]) -> Any:
    """A copy of a JSON value with the texts under the given names changed."""
    if isinstance(value, dict):
        return {
            name: change(child) if name in names and isinstance(child, str) else map_texts(child, change, names)
            for name, child in value.items()
        }
    if isinstance(value, list):
        return [map_texts(child, change, names) for child in value]
    return value

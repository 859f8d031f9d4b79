"""The server as an ASGI application: finds the platform, applies limits and faults, sends the reply."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from simulator import MARK_HEADER, MARK_VALUE, SimulatorError
from simulator.accounts import Account
from simulator.admin import ADMIN_ROOT, Admin
from simulator.api import Options, PlatformApi
from simulator.clock import Clock, http_date
from simulator.damage import Sending, send_with_faults
from simulator.exchange import Reply, Request
from simulator.faults import HIDES_A_PROFILE, NO_FAULTS, FaultBook, RequestFaults
from simulator.habits import PRIVATE
from simulator.rate_limits import RateLimits
from simulator.world import ACTIVE, World

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
_WORDS = re.compile(r"[A-Za-z0-9_.@\-]+")


class Simulator:
    """The application: world, clock, platforms, faults, limits, calls."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        classes: dict[str, type[PlatformApi]],
        rate_limits: bool = True,
        x_names: str = "by-parameter",
    ) -> None:
        self.world = world
        self.clock = clock
        self.options = Options(x_names)
        self.apis = {platform: api(world, self.options) for platform, api in classes.items()}
        self.faults = FaultBook(world.seed)
        self.limits = RateLimits(enabled=rate_limits)
        self.calls: Counter[tuple[str, str]] = Counter()
        self.admin = Admin(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request (ASGI)."""
        if scope["type"] != "http":
            return
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query_string=scope["query_string"].decode("latin-1"),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=await _body(receive) if scope["method"] in ("POST", "PUT", "DELETE") else b"",
            now=self.clock.now(),
        )
        if request.path.startswith(ADMIN_ROOT):
            reply = self.admin.answer(request)
            sending = Sending(reply, reply.encoded(escape_unicode=False))
        else:
            sending = self.exchange(request)
        if sending.wait_seconds:
            await asyncio.sleep(sending.wait_seconds)
        await _send(sending, request, send)

    def exchange(self, request: Request) -> Sending:
        """The reply of the request's platform, with limits and faults applied."""
        api = next((api for api in self.apis.values() if api.claims(request)), None)
        if api is None:
            reply = Reply(b"Not Found: no platform of the simulator has this path.\n", 404, {}, "text/plain")
            return Sending(reply, reply.encoded(escape_unicode=False))
        endpoint = api.endpoint(request)
        self.calls[(api.platform, endpoint)] += 1
        if self.faults.faults:
            request.faults = self._faults_of(api, endpoint, request)
        reply = self._answer(api, endpoint, request)
        if request.faults:
            return send_with_faults(api, request, reply)
        return Sending(reply, reply.encoded(api.escapes_unicode))

    def _answer(self, api: PlatformApi, endpoint: str, request: Request) -> Reply:
        headers: dict[str, str] = {}
        allowance = api.allowance(request, endpoint)
        if allowance is not None:
            usage = self.limits.spend(allowance)
            headers = api.limit_headers(usage, request)
            if usage.exceeded:
                reply = api.over_limit(usage, request)
                reply.headers = headers | reply.headers
                return reply
        fault = request.faults.first_of(api.refusals) if request.faults else None
        reply = api.refuse_for(fault, request) if fault else api.answer(request, endpoint)
        # A refusal removes a header of the limit by an empty value.
        reply.headers = {name: value for name, value in (headers | reply.headers).items() if value}
        return reply

    def _faults_of(self, api: PlatformApi, endpoint: str, request: Request) -> RequestFaults:
        faults = self.faults.matching(api.platform, endpoint, request.now)
        if not faults:
            return NO_FAULTS
        touched: frozenset[str] = frozenset()
        if any(fault.account or fault.id for fault in faults):
            touched = _touched(api, request)
        return RequestFaults(self.faults, faults, touched)

    def reset(self) -> None:
        """Deletes faults, calls, used limits and tokens; the clock stays."""
        self.faults.clear()
        self.calls.clear()
        self.limits.reset()
        for api in self.apis.values():
            api.reset()

    def unreachable(self, now: int) -> dict[str, str]:
        """Account code → reason why no client can read its profile at the instant."""
        return {
            account.account_code: reason
            for account in self.world.accounts
            if (reason := self._unreachable_reason(account, now)) is not None
        }

    def _unreachable_reason(self, account: Account, now: int) -> str | None:
        state, api = self.world.state(account, now), self.apis[account.platform]
        if state != ACTIVE and not (state == PRIVATE and api.shows_private_profiles):
            return state
        refusals = api.refusals
        for fault in self.faults.faults:
            hides = fault.kind in refusals or fault.kind in HIDES_A_PROFILE
            is_everywhere = fault.endpoint is None and fault.id is None and fault.times is None
            if (
                hides
                and is_everywhere
                and fault.platform in ("*", account.platform)
                and fault.account in (None, account.account_code)
                and fault.probability >= 1
                and fault.is_in_force(now)
            ):
                return fault.kind
        return None

    def account(self, account_code: str) -> Account:
        """An account by its code. Raises SimulatorError when there is none."""
        for account in self.world.accounts:
            if account.account_code == account_code:
                return account
        raise SimulatorError(f"There is no account {account_code!r} in the registry that the simulator serves.")


def _touched(api: PlatformApi, request: Request) -> frozenset[str]:
    """The words of a request, and the codes of the accounts that they name."""
    text = " ".join((request.path, request.query_string, request.headers.get("authorization", "")))
    words = set(_WORDS.findall(unquote(text) + " " + request.body.decode("utf-8", "replace")))
    accounts = {account.account_code for word in words if (account := api.identity(word)) is not None}
    return frozenset(words | accounts)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(sending: Sending, request: Request, send: Send) -> None:
    reply = sending.reply
    headers = {
        "Date": http_date(request.now),
        "Content-Type": reply.content_type,
        "Content-Length": str(len(sending.payload)),
        MARK_HEADER: MARK_VALUE,
        **reply.headers,
    }
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
    if sending.sent_bytes is not None:
        await send({"type": "http.response.body", "body": sending.payload[: sending.sent_bytes], "more_body": True})
        return
    await send({"type": "http.response.body", "body": sending.payload})

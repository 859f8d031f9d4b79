"""The simulator's own paths under /_simulator/: clock, truth, calls, faults, limits, options."""

from typing import TYPE_CHECKING, Any

from simulator import SimulatorError
from simulator.clock import iso_utc, parse_instant
from simulator.exchange import JsonObject, Reply, Request
from simulator.faults import DAMAGE_KINDS, STATE_KINDS

if TYPE_CHECKING:
    from simulator.app import Simulator

ADMIN_ROOT = "/_simulator"
X_NAMES = ("by-parameter", "tweet", "post", "both")


class Admin:
    """Answers the admin paths. An invalid request gets status 400 with one sentence."""

    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator

    def answer(self, request: Request) -> Reply:
        """The reply to an admin request."""
        name, _, rest = request.path.removeprefix(ADMIN_ROOT).strip("/").partition("/")
        handler = getattr(self, f"_{request.method.lower()}_{name.replace('-', '_')}", None)
        if handler is None:
            return Reply({"error": f"{request.method} {request.path} is not an admin path."}, 404)
        try:
            return Reply(handler(request, rest))
        except SimulatorError as error:
            return Reply({"error": str(error)}, 400)

    def _get_health(self, request: Request, rest: str) -> JsonObject:
        simulator = self._simulator
        return {
            "status": "ok",
            "seed": simulator.world.seed,
            "start_date": simulator.world.start_date.isoformat(),
            "now": iso_utc(request.now),
            "accounts": {platform: len(api.accounts) for platform, api in simulator.apis.items()},
        }

    def _get_clock(self, request: Request, rest: str) -> JsonObject:
        return {"now": iso_utc(request.now)}

    def _put_clock(self, request: Request, rest: str) -> JsonObject:
        clock = self._simulator.clock
        body = _body_of(request, {"now", "advance_seconds", "ticking"})
        if "now" in body:
            clock.set(parse_instant(str(body["now"])))
        if "advance_seconds" in body:
            if not isinstance(body["advance_seconds"], int):
                raise SimulatorError("advance_seconds must be a whole number of seconds.")
            clock.set(clock.now() + body["advance_seconds"])
        if "ticking" in body:
            clock.tick(bool(body["ticking"]))
        return {"now": iso_utc(clock.now())}

    def _get_truth(self, request: Request, rest: str) -> JsonObject:
        world = self._simulator.world
        at = parse_instant(request.query["at"]) if "at" in request.query else request.now
        accounts = []
        for account in world.accounts:
            if request.query.get("platform", account.platform) != account.platform:
                continue
            if request.query.get("account", account.account_code) != account.account_code:
                continue
            api = self._simulator.apis[account.platform]
            entry: dict[str, Any] = {
                "account_code": account.account_code,
                "center_code": account.center_code,
                "platform": account.platform,
                "platform_account_id": account.platform_account_id,
                "handle": account.handle_at(at),
                "state": world.state(account, at),
                "followers": world.followers(account, at),
                "count_hidden": world.habit(account).count_hidden,
                "curve": world.habit(account).curve,
            }
            if request.query.get("posts") != "none":
                entry["posts"] = [
                    {
                        "id": api.post_id(post),
                        "published_at": iso_utc(post.published_at),
                        "visible_at": iso_utc(post.visible_at),
                        "deleted_at": iso_utc(post.deleted_at) if post.deleted_at is not None else None,
                        "edited_at": iso_utc(post.edited_at) if post.edited_at is not None else None,
                        "kind": post.kind,
                        "pinned": post.pinned,
                    }
                    for post in world.posts(account, at)
                ]
            accounts.append(entry)
        return {"at": iso_utc(at), "accounts": accounts}

    def _get_unreachable(self, request: Request, rest: str) -> JsonObject:
        at = parse_instant(request.query["at"]) if "at" in request.query else request.now
        return {"at": iso_utc(at), "accounts": self._simulator.unreachable(at)}

    def _get_calls(self, request: Request, rest: str) -> JsonObject:
        counts: dict[str, dict[str, int]] = {}
        for (platform, endpoint), number in sorted(self._simulator.calls.items()):
            counts.setdefault(platform, {})[endpoint] = number
        return {"total": sum(self._simulator.calls.values()), "calls": counts}

    def _delete_calls(self, request: Request, rest: str) -> JsonObject:
        self._simulator.calls.clear()
        return {"total": 0, "calls": {}}

    def _get_faults(self, request: Request, rest: str) -> JsonObject:
        if rest == "kinds":
            apis = self._simulator.apis.values()
            refusals = {api.platform: {kind: list(variants) for kind, variants in api.refusals.items()} for api in apis}
            return {"account": STATE_KINDS, "reply": DAMAGE_KINDS, "error": refusals}
        return {"faults": [fault.as_json() for fault in self._simulator.faults.faults]}

    def _post_faults(self, request: Request, rest: str) -> JsonObject:
        body = dict(_body_of(request, None))
        platform, kind = body.pop("platform", "*"), body.pop("kind", None)
        apis = self._simulator.apis
        if platform != "*" and platform not in apis:
            raise SimulatorError(f"There is no platform {platform!r}; there are: {', '.join(apis)}, and '*' for all.")
        chosen = list(apis.values()) if platform == "*" else [apis[platform]]
        if kind not in STATE_KINDS and kind not in DAMAGE_KINDS:
            for api in chosen:
                variants = api.refusals.get(str(kind))
                if variants is None:
                    known = sorted({*STATE_KINDS, *DAMAGE_KINDS, *api.refusals})
                    raise SimulatorError(f"{api.platform} has no fault {kind!r}; it has: {', '.join(known)}.")
                if body.get("variant") is not None and body["variant"] not in variants:
                    raise SimulatorError(f"{api.platform} {kind} has the variants {', '.join(variants)}.")
        if body.get("account") is not None:
            self._simulator.account(str(body["account"]))
        for bound in ("since", "until"):
            if body.get(bound) is not None:
                body[bound] = parse_instant(str(body[bound]))
        return self._simulator.faults.add(str(platform), str(kind), **body).as_json()

    def _delete_faults(self, request: Request, rest: str) -> JsonObject:
        if rest and not rest.isdigit():
            raise SimulatorError(f"{rest!r} is not a fault's number.")
        self._simulator.faults.clear(int(rest) if rest else None)
        return self._get_faults(request, "")

    def _get_rate_limits(self, request: Request, rest: str) -> JsonObject:
        limits = self._simulator.limits
        return {"enabled": limits.enabled, "overrides": limits.overrides}

    def _put_rate_limits(self, request: Request, rest: str) -> JsonObject:
        limits = self._simulator.limits
        body = _body_of(request, {"enabled", "overrides"})
        if "enabled" in body:
            limits.enabled = bool(body["enabled"])
        if "overrides" in body:
            overrides = body["overrides"]
            if not isinstance(overrides, dict) or not all(isinstance(limit, int) for limit in overrides.values()):
                raise SimulatorError('overrides is an object of whole numbers, e.g. {"x:users/by": 3}.')
            limits.overrides = overrides
        limits.reset()
        return self._get_rate_limits(request, rest)

    def _get_options(self, request: Request, rest: str) -> JsonObject:
        return dict(self._simulator.options.__dict__)

    def _put_options(self, request: Request, rest: str) -> JsonObject:
        body, options = _body_of(request, {"x_names", "app_secret"}), self._simulator.options
        if body.get("x_names", options.x_names) not in X_NAMES:
            raise SimulatorError(f"x_names is one of: {', '.join(X_NAMES)}.")
        if not isinstance(body.get("app_secret"), str | None):
            raise SimulatorError("app_secret is a text, or null: then no proof is verified.")
        options.x_names = body.get("x_names", options.x_names)
        options.app_secret = body.get("app_secret", options.app_secret)
        return self._get_options(request, rest)

    def _post_reset(self, request: Request, rest: str) -> JsonObject:
        self._simulator.reset()
        return self._get_health(request, rest)


def _body_of(request: Request, names: set[str] | None) -> JsonObject:
    body = request.json_body
    if body is None:
        raise SimulatorError("The body must be a JSON object.")
    if names is not None and (unknown := set(body) - names):
        raise SimulatorError(f"Unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(names))}.")
    return body

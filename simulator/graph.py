"""What Facebook and Instagram share: the Graph API's field language, cursors, errors and usage headers.

Both live on graph.facebook.com. On this one server a request is Instagram's when its token or its node is.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import urlencode

from simulator.api import PlatformApi, Refusal, Refusals, digest
from simulator.exchange import JsonObject, Reply, Request
from simulator.rate_limits import Allowance, Usage, fixed_window

FACEBOOK_TOKEN = "demo-facebook-token"
INSTAGRAM_TOKEN = "demo-instagram-token"
INSTAGRAM_USER_ID = "17841400000000000"
APP_CALLS_PER_HOUR = 200 * 60
_PATH = re.compile(r"^/(?P<version>v(?:[2-9]|[1-9]\d)\.\d)(?:/(?P<rest>.*))?$")


@dataclass(frozen=True)
class Field:
    """One field of a selection: `posts.limit(25).after(x){id,message}`."""

    name: str
    arguments: dict[str, str] = field(default_factory=dict)
    fields: tuple["Field", ...] = ()


class FieldsError(ValueError):
    """The selection cannot be read."""


@lru_cache(maxsize=4096)
def parse_fields(text: str) -> tuple[Field, ...]:
    """The fields of a selection, with arguments and inner selections. Raises FieldsError."""
    fields, end = _read_fields(text, 0)
    if end != len(text):
        raise FieldsError(text)
    return fields


def _read_fields(text: str, at: int) -> tuple[tuple[Field, ...], int]:
    fields = []
    while True:
        found = re.compile(r"\s*(\w+)").match(text, at)
        if found is None:
            raise FieldsError(text)
        name, at = found[1], found.end()
        arguments: dict[str, str] = {}
        while at < len(text) and text[at] == ".":
            argument = re.compile(r"\.(\w+)\(([^)]*)\)").match(text, at)
            if argument is None:
                raise FieldsError(text)
            arguments[argument[1]] = argument[2].strip("\"'")
            at = argument.end()
        inner: tuple[Field, ...] = ()
        if at < len(text) and text[at] == "{":
            inner, at = _read_fields(text, at + 1)
            if at >= len(text) or text[at] != "}":
                raise FieldsError(text)
            at += 1
        fields.append(Field(name, arguments, inner))
        while at < len(text) and text[at] == " ":
            at += 1
        if at >= len(text) or text[at] != ",":
            return tuple(fields), at
        at += 1


def graph_path(path: str) -> tuple[str, str] | None:
    """Version and rest of a versioned Graph path; the bare root stands for the newest version."""
    if path == "/":
        return "v26.0", ""
    found = _PATH.match(path)
    return (found["version"], (found["rest"] or "").strip("/")) if found else None


def token_of(request: Request) -> str | None:
    """The access token, from the parameter or the header."""
    return request.query.get("access_token") or request.bearer


def is_instagram(request: Request) -> bool:
    """Whether a Graph request is about Instagram: by its token, else by the form of its node."""
    path = graph_path(request.path)
    if path is None:
        return False
    token = token_of(request)
    if token in (FACEBOOK_TOKEN, INSTAGRAM_TOKEN):
        return token == INSTAGRAM_TOKEN
    return path[1].startswith("1784") or "business_discovery" in request.query.get("fields", "")


def cursor(offset: int) -> str:
    """An opaque cursor for the item before `offset`."""
    return "QVFIU" + base64.urlsafe_b64encode(str(offset).encode()).decode().rstrip("=") + "ZD"


def read_cursor(text: str) -> int | None:
    """The offset in a cursor, None when it is none of ours."""
    if not (text.startswith("QVFIU") and text.endswith("ZD")):
        return None
    raw = text[5:-2]
    try:
        return int(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    except ValueError:
        return None


def next_link(request: Request, version: str, edge: str, parameters: dict[str, str]) -> str:
    """The full address of the next page, with the access token in it, as the real one has."""
    query = {"access_token": token_of(request) or "", "pretty": "0", **parameters}
    return f"{request.base_url}/{version}/{edge}?{urlencode(query)}"


def graph_error(
    message: str, code: int, subcode: int | None = None, status: int = 400, kind: str = "OAuthException", **more: Any
) -> Refusal:
    """An error body of the Graph API; the trace id is added when it is sent."""
    error: JsonObject = {"message": message, "type": kind, "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    return Refusal(status, {"error": error | more})


_EXPIRED = (
    "Error validating access token: Session has expired on Monday, 10-Aug-26 01:00:00 PDT. "
    "The current time is Monday, 10-Aug-26 01:14:23 PDT."
)
_PASSWORD = (
    "Error validating access token: The session has been invalidated because the user changed their password "
    "or Facebook has changed the session for security reasons."
)
GRAPH_REFUSALS: Refusals = {
    "unauthorized": {
        "invalid": graph_error("Invalid OAuth access token - Cannot parse access token", 190, status=401),
        "no_token": graph_error(
            "An access token is required to request this resource.", 104, status=400, kind="OAuthException"
        ),
    },
    "token_expired": {
        "expired": graph_error(_EXPIRED, 190, 463),
        "password_changed": graph_error(_PASSWORD, 190, 460),
        "invalid": graph_error("Error validating access token: The access token is invalid.", 190, 467),
    },
    "token_revoked": {
        "app_removed": graph_error(
            "Error validating access token: The user has not authorized application 000000000000000.", 190, 458
        ),
        "password_changed": graph_error(_PASSWORD, 190, 460),
    },
    "forbidden": {"permission": graph_error("(#200) Permissions error", 200, status=403)},
    "permission_missing": {
        "read_engagement": graph_error(
            "(#10) This endpoint requires the 'pages_read_engagement' permission or the 'Page Public Content Access' "
            "feature. Refer to https://developers.facebook.com/docs/apps/review/login-permissions#manage-pages and "
            "https://developers.facebook.com/docs/apps/review/feature#reference-PAGES_ACCESS for details.",
            10,
            status=403,
        ),
        "app_cannot": graph_error(
            "(#3) Application does not have the capability to make this API call.", 3, status=400
        ),
        "requires": graph_error("(#200) Requires pages_read_engagement permission", 200, status=403),
        "manage_pages": graph_error(
            "(#283) Requires pages_read_engagement permission to manage the object", 283, status=403
        ),
        "appsecret_proof": graph_error(
            "(#100) Pages Public Content Access requires either app secret proof or an app token", 100
        ),
    },
    "not_found": {
        "missing": graph_error(
            "Unsupported get request. Object with ID '{id}' does not exist, cannot be loaded due to missing "
            "permissions, or does not support this operation. Please read the Graph API documentation at "
            "https://developers.facebook.com/docs/graph-api",
            100,
            33,
            kind="GraphMethodException",
        ),
        "in_words": graph_error(
            "(#100) Object does not exist, cannot be loaded due to missing permission or reviewable feature, "
            "or does not support this operation.",
            100,
        ),
        "alias": graph_error("(#803) Some of the aliases you requested do not exist: {id}", 803, status=404),
        "path": graph_error(
            "Unknown path components: /{id}", 2500, status=400, kind="OAuthException"
        ),
    },
    "rate_limited": {
        "app": graph_error("(#4) Application request limit reached", 4, status=403, is_transient=True),
        "user": graph_error("(#17) User request limit reached", 17, 2446079, is_transient=True),
        "page": graph_error("(#32) Page request limit reached", 32),
        "custom": graph_error("(#613) Calls to this api have exceeded the rate limit.", 613),
        "business": graph_error(
            "(#80001) There have been too many calls to this Page account. Wait a bit and try again. For more info, "
            "please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
            80001,
        ),
    },
    "server_error": {
        "unknown": graph_error("An unknown error occurred", 1, status=500, is_transient=False),
        "reduce": graph_error(
            "Please reduce the amount of data you're asking for, then retry your request", 1, status=500
        ),
        "transient": graph_error(
            "An unexpected error has occurred. Please retry your request later.", 2, status=500, is_transient=True
        ),
    },
    "unavailable": {
        "service": graph_error("Service temporarily unavailable", 2, status=503, is_transient=True),
    },
    "policy_block": {
        "blocked": graph_error(
            "(#368) The action attempted has been deemed abusive or is otherwise disallowed", 368
        )
    },
    "metric_removed": {
        "invalid": graph_error("(#100) The value must be a valid insights metric", 100),
        "no_metric": graph_error("(#3001) Error validating the insights metric", 3001, 1504028),
    },
    "bad_page_token": {"cursor": graph_error("(#100) The After Cursor specified exceeds the max limit supported by this endpoint", 100)},
    "invalid_request": {
        "field": graph_error("(#100) Tried accessing nonexisting field ({field}) on node type ({node})", 100),
        "syntax": graph_error("Syntax error \"Expected end of string instead of \"?\".\" at character 0: {field}", 2500),
        "too_many_ids": graph_error("(#100) Too many IDs. Maximum: 50. Provided: {count}.", 100),
        "method": graph_error("Unsupported post request.", 100, kind="GraphMethodException"),
    },
}  # fmt: skip


class GraphApi(PlatformApi):
    """What the two platforms on graph.facebook.com have in common."""

    escapes_unicode = True
    refusals: Refusals = GRAPH_REFUSALS
    business_code: ClassVar[int]

    def finish_error(self, body: Any, request: Request) -> Any:
        trace = base64.urlsafe_b64encode(
            digest("trace", request.path, request.query_string, request.now).to_bytes(8) * 2
        )
        return {"error": body["error"] | {"fbtrace_id": "A" + trace.decode().rstrip("=")[:22]}}

    def allowance(self, request: Request, endpoint: str) -> Allowance | None:
        ids = max(1, len(request.list_of("ids")))
        return fixed_window(f"{self.platform}:app", APP_CALLS_PER_HOUR, 3600, request.now, ids)

    def limit_headers(self, usage: Usage, request: Request) -> dict[str, str]:
        percent = min(100, usage.used * 100 // usage.allowance.limit)
        if usage.exceeded:
            percent = 100
        usage_json = {"call_count": percent, "total_time": percent * 2 // 3, "total_cputime": percent // 2}
        return {"X-App-Usage": json.dumps(usage_json, separators=(",", ":"))}

    def refuse_for(self, fault: Any, request: Request) -> Reply:
        reply = super().refuse_for(fault, request)
        if fault.kind == "rate_limited":
            if fault.variant == "business":
                reply.headers["X-Business-Use-Case-Usage"] = self.business_usage(request, 100, 5)
            else:
                reply.headers["X-App-Usage"] = '{"call_count":100,"total_time":66,"total_cputime":50}'
        return reply

    def business_usage(self, request: Request, percent: int, minutes: int) -> str:
        """The VALUE of X-Business-Use-Case-Usage: a JSON text keyed by the business object."""
        path = graph_path(request.path)
        node = path[1].split("/")[0] if path else ""
        usage = {
            "type": "pages" if self.platform == "facebook" else "instagram",
            "call_count": percent,
            "total_cputime": percent // 2,
            "total_time": percent * 2 // 3,
            "estimated_time_to_regain_access": minutes,
        }
        return json.dumps({node or "0": [usage]}, separators=(",", ":"))

    def missing(self, request: Request, node: str) -> Reply:
        """The reply for an object that is gone or not visible."""
        return self.refuse("not_found", request, "missing", id=node)

    def withdrawn_field(self, names: list[str], request: Request, node_type: str) -> Reply | None:
        """The refusal of a field that a fault has withdrawn, if it is among those asked for."""
        fault = request.faults.take("field_withdrawn") if request.faults else None
        name = fault and (fault.field or self.follower_field)
        if fault and fault.variant == "error" and name in names:
            return self.refuse("invalid_request", request, "field", field=str(name), node=node_type)
        return None

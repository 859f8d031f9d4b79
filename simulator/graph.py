"""Shared by Facebook and Instagram: the Graph API's field language, cursors, errors and usage headers.

Both are on graph.facebook.com. On this server the token or the node of a request decides which of them it is for.
"""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from simulator.api import PlatformApi, digest
from simulator.exchange import Reply, Request
from simulator.rate_limits import Allowance, Usage, fixed_window
from simulator.refusals.graph import GRAPH_REFUSALS

FACEBOOK_TOKEN = "demo-facebook-token"  # noqa: S105 - valid in the demo only
INSTAGRAM_TOKEN = "demo-instagram-token"  # noqa: S105 - valid in the demo only
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
    """The selection is invalid."""


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
    """Version and rest of a versioned Graph path; the bare root means the newest version."""
    if path == "/":
        return "v26.0", ""
    found = _PATH.match(path)
    return (found["version"], (found["rest"] or "").strip("/")) if found else None


def token_of(request: Request) -> str | None:
    """The access token, from the parameter or the header."""
    return request.query.get("access_token") or request.bearer


def is_instagram(request: Request) -> bool:
    """Whether a Graph request is for Instagram: by its token, else by its node."""
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
    """The offset in a cursor; None for an invalid cursor."""
    if not (text.startswith("QVFIU") and text.endswith("ZD")):
        return None
    raw = text[5:-2]
    try:
        return int(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    except ValueError:
        return None


def next_link(request: Request, version: str, edge: str, parameters: dict[str, str]) -> str:
    """The full address of the next page, with the access token as in the real API."""
    query = {"access_token": token_of(request) or "", "pretty": "0", **parameters}
    return f"{request.base_url}/{version}/{edge}?{urlencode(query)}"


class GraphApi(PlatformApi):
    """Base class of the two platforms on graph.facebook.com."""

    escapes_unicode = True
    refusals = GRAPH_REFUSALS

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

    def refused_proof(self, request: Request) -> Reply | None:
        """The refusal of a missing or wrong `appsecret_proof`; None when no app secret is set."""
        secret = self.options.app_secret
        if secret is None:
            return None
        proof = request.query.get("appsecret_proof")
        if proof is None:
            return self.refuse("unauthorized", request, "no_proof")
        token = token_of(request) or ""
        right = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        return (
            None
            if hmac.compare_digest(proof.encode(), right.encode())
            else self.refuse("unauthorized", request, "wrong_proof")
        )

    def missing(self, request: Request, node: str) -> Reply:
        """The reply for a deleted or invisible object."""
        return self.refuse("not_found", request, "missing", id=node)

    def withdrawn_field(self, names: list[str], request: Request, node_type: str) -> Reply | None:
        """The refusal of a requested field that a fault has withdrawn."""
        fault = request.faults.take("field_withdrawn") if request.faults else None
        name = fault and (fault.field or self.follower_field)
        variant = {"error": "field", "deprecated": "deprecated"}.get(str(fault.variant)) if fault else None
        if variant and name in names:
            return self.refuse("invalid_request", request, variant, field=str(name), node=node_type)
        return None

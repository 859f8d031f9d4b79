"""HTTP request and reply for the platform modules."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from simulator.faults import NO_FAULTS, RequestFaults

JsonObject = dict[str, Any]
_PLAIN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_ESCAPED = json.JSONEncoder(separators=(",", ":"))


@dataclass
class Request:
    """A request as received. `now` is the simulated instant in UTC epoch seconds."""

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes
    now: int
    faults: RequestFaults = NO_FAULTS

    @cached_property
    def query(self) -> dict[str, str]:
        """Query parameters; values of a repeated name are joined with commas, as the platforms do."""
        return _joined(self.query_string)

    @cached_property
    def form(self) -> dict[str, str]:
        """Fields of an `application/x-www-form-urlencoded` body."""
        return _joined(self.body.decode("utf-8", "replace"))

    @cached_property
    def json_body(self) -> JsonObject | None:
        """The JSON object in the body, an empty object for an empty body, None when it is not an object."""
        if not self.body.strip():
            return {}
        try:
            value = json.loads(self.body)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    @property
    def bearer(self) -> str | None:
        """The token of an `Authorization: Bearer` header."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token else None

    @property
    def base_url(self) -> str:
        """Address of this server as the caller used it, for links in replies."""
        return f"http://{self.headers.get('host', 'localhost')}"

    def list_of(self, name: str) -> list[str]:
        """A comma-separated query parameter without blanks."""
        return [part.strip() for part in self.query.get(name, "").split(",") if part.strip()]


@dataclass
class Reply:
    """A reply. `body` is a JSON value, or bytes that are sent unchanged."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=UTF-8"

    def encoded(self, escape_unicode: bool) -> bytes:
        r"""The bytes of the body. Lone surrogates force `\u` escapes, since UTF-8 has no form for them."""
        if isinstance(self.body, bytes):
            return self.body
        if not escape_unicode:
            try:
                return _PLAIN.encode(self.body).encode()
            except UnicodeEncodeError:
                pass
        return _ESCAPED.encode(self.body).encode()


def _joined(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values

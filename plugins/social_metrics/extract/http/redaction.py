"""Removal of secrets and personal data from responses before they are stored as evidence.

Only members that a platform file lists are kept. Captions, names, media links, signed addresses and tokens are removed
before anything is written (docs/compliance.md). The removed members are counted, and both the received and the kept
bytes are hashed.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

SECRET_PARAMETERS = frozenset(
    {"key", "access_token", "client_secret", "refresh_token", "code", "appsecret_proof", "input_token"}
)
HIDDEN = "[hidden]"
UNREADABLE_BYTES_KEPT = 64 * 1024

_ID_MEMBER = re.compile(r"[0-9_]+")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_:-]{1,64}")
_OTHER_NAMES = "names that are no plain words"
# In a body that is not JSON every quoted string may be personal data, except names of members (a colon follows).
# The last one may be cut off, even inside an escape.
_QUOTED = re.compile(rb'"(?:[^"\\]|\\(?:.|\Z))*(?:"(\s*:)?|\Z)', re.DOTALL)


class Members(dict[str, Any]):
    """A JSON object with repeated members: reads like a dict (the last one wins), writes all of them."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def items(self) -> list[tuple[str, Any]]:  # type: ignore[override]
        """Every member in the order received, repeated ones included."""
        return self._pairs


def parse_json(body: bytes) -> Any:
    """The body as Python values.

    Raises:
        ValueError: it is not complete, well-formed UTF-8 JSON, or nested too deeply.
    """
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else Members(pairs)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def sha256(body: bytes) -> str:
    """Hex SHA-256 of the bytes."""
    return hashlib.sha256(body).hexdigest()


@dataclass(frozen=True, slots=True)
class KeptBody:
    """The bytes to store and the members removed from them (name -> how often)."""

    body: bytes
    stripped: dict[str, int]


class Redactor:
    """Removes known secrets from everything that is written or shown."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        known = {secret for secret in secrets if secret and len(secret) >= 6}
        known |= {quote(secret, safe="") for secret in known}  # as it is written in a URL
        # Longest first, so that a secret containing another is hidden completely.
        self._secrets = sorted(known, key=len, reverse=True)

    def text(self, value: str) -> str:
        """The text with every known secret hidden."""
        for secret in self._secrets:
            value = value.replace(secret, HIDDEN)
        return value

    def parameters(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Request parameters for storage: secrets hidden by name and by value."""
        return {
            name: HIDDEN if name in SECRET_PARAMETERS else self.text(clean_text(str(value)))
            for name, value in parameters.items()
        }

    def keep(self, received: bytes, parsed: Any, kept_members: frozenset[str]) -> KeptBody:
        """Strip a response for storage.

        Args:
            received: the bytes from the platform.
            parsed: the result of `parse_json`, or None when the body is not JSON.
            kept_members: names of the JSON members that are evidence; ids used as member names stay as well.
        """
        if parsed is None:
            return self._keep_unreadable(received)
        taken: Counter[str] = Counter()
        try:
            kept = self._keep(parsed, kept_members, taken)
            written = json.dumps(kept, ensure_ascii=True, separators=(",", ":"))
        except RecursionError:  # parsing such a depth still worked
            return self._keep_unreadable(received)
        return KeptBody(written.encode("ascii"), dict(taken))

    def _keep(self, value: Any, kept_members: frozenset[str], taken: Counter[str]) -> Any:
        if isinstance(value, dict):
            pairs = []
            for name, member in value.items():
                if name in kept_members or _is_id(name):
                    pairs.append((name, self._keep(member, kept_members, taken)))
                else:
                    taken[_shown_name(name)] += 1
            return _object(pairs)
        if isinstance(value, list):
            return [self._keep(member, kept_members, taken) for member in value]
        return self.text(value) if isinstance(value, str) else value

    def _keep_unreadable(self, received: bytes) -> KeptBody:
        shown = received[:UNREADABLE_BYTES_KEPT]
        stripped: Counter[str] = Counter()

        def mask(quoted: re.Match[bytes]) -> bytes:
            if quoted[1] is not None and len(quoted[0]) <= 80:
                return quoted[0]
            stripped["quoted values of an unreadable body"] += 1
            return b'"[hidden]"' + (quoted[1] or b"")

        masked = _QUOTED.sub(mask, shown)
        for secret in self._secrets:
            masked = masked.replace(secret.encode(), HIDDEN.encode())
        if len(received) > UNREADABLE_BYTES_KEPT:
            stripped["bytes after the first 64 KiB"] += len(received) - UNREADABLE_BYTES_KEPT
        return KeptBody(masked, dict(stripped))


@lru_cache(maxsize=4096)
def _is_id(name: str) -> bool:
    return _ID_MEMBER.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def _shown_name(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else _OTHER_NAMES


def clean_text(value: str) -> str:
    """Text that PostgreSQL can hold: NUL and lone surrogates become U+FFFD; nothing else changes."""
    if "\x00" in value:
        value = value.replace("\x00", "\ufffd")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        value = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in value)
    return value

"""Values from a platform's JSON, read strictly: an unusable value never becomes a zero.

Every function raises MalformedValueError for a value of another form. An id as a JSON number is one: it may have lost
its last digits.
"""

import re
from datetime import UTC, datetime
from typing import Any

from social_metrics.extract.http.redaction import clean_text

LARGEST_COUNT = 2**63 - 1  # what a bigint column holds

_DIGITS = re.compile(r"[0-9]{1,19}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,128}")


class MalformedValueError(ValueError):
    """A member has an unusable value; the message names the member and shows the beginning of the value."""

    def __init__(self, name: str, value: Any, wanted: str) -> None:
        super().__init__(f"{name} is {clean_text(repr(value)[:60])}, not {wanted}")


def at(value: Any, *path: str | int) -> Any:
    """The value at a path of member names and list positions, or None where the path does not exist."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def count(value: Any, name: str) -> int | None:
    """A count as a JSON number or as a string of digits (YouTube); None when the platform left it out."""
    if value is None:
        return None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_COUNT:
        return value
    raise MalformedValueError(name, value, "a count")


def identifier(value: Any, name: str) -> str:
    """A platform's id: always a string, of letters, digits, hyphens and underscores."""
    if isinstance(value, str) and _IDENTIFIER.fullmatch(value):
        return value
    raise MalformedValueError(name, value, "an id")


def instant(value: Any, name: str) -> datetime:
    """A UTC instant from ISO 8601 with an offset, as YouTube, Meta (`+0000`) and X write it."""
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise MalformedValueError(name, value, "a time with an offset")


def instant_of_seconds(value: Any, name: str) -> datetime:
    """A UTC instant from whole Unix seconds (TikTok)."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**33:
        return datetime.fromtimestamp(value, UTC)
    raise MalformedValueError(name, value, "a time in Unix seconds")


def text(value: Any, name: str) -> str | None:
    """Text fit for PostgreSQL; None when left out or empty."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return clean_text(value)
    raise MalformedValueError(name, value, "text")

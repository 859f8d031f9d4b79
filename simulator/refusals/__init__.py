"""The platforms' error replies, one file per platform: status, body and headers.

Sources: the error pages and recorded payloads of each platform. Kinds (`rate_limited`, `token_expired`, …) have the
same names on all platforms; variants are a platform's forms of a kind, the most frequent one first.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Refusal:
    """One error reply; names in braces in its texts are replaced when it is sent."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


Refusals = dict[str, dict[str, Refusal]]


def filled(value: Any, words: dict[str, str]) -> Any:
    """A copy of a JSON value with `{name}` replaced by the words in texts and names."""
    if isinstance(value, str):
        for name, word in words.items():
            value = value.replace("{" + name + "}", word)
        return value
    if isinstance(value, dict):
        return {filled(name, words): filled(child, words) for name, child in value.items()}
    if isinstance(value, list):
        return [filled(child, words) for child in value]
    return value

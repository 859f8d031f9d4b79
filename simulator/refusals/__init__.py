"""The platforms' genuine error bodies, one file per platform: status, body and headers of each error.

Sources: the error pages and recorded payloads of each platform. Kinds are named alike on all platforms
(`rate_limited`, `token_expired`, …), variants are a platform's own forms of one kind; the first one is the usual.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Refusal:
    """One error reply. Words in braces in its texts are filled when it is sent."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


Refusals = dict[str, dict[str, Refusal]]


def filled(value: Any, words: dict[str, str]) -> Any:
    """A copy of a JSON value whose texts and names have the words in place of `{name}`."""
    if isinstance(value, str):
        for name, word in words.items():
            value = value.replace("{" + name + "}", word)
        return value
    if isinstance(value, dict):
        return {filled(name, words): filled(child, words) for name, child in value.items()}
    if isinstance(value, list):
        return [filled(child, words) for child in value]
    return value

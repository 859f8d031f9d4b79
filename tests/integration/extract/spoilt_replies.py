"""Ways to spoil a platform's reply on its way: its values, its bytes, its status, its headers, its connection.

Hypothesis draws a plan, one `Spoil` or None for each reply in the order of asking, and shrinks it when it fails.
"""

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any

from hypothesis import strategies as st

from simulator.damage import Sending
from simulator.exchange import Request
from tests.support.api_fixtures import NONSENSE, places

MOST_CALLS = 400  # a capture of some accounts needs a tenth of it: more calls than that never end


class EndlessCapture(BaseException):
    """A spoilt reply sends the extractor in circles; not an Exception, so that nothing on the way takes it."""


@dataclass(frozen=True)
class Spoil:
    """What happens to one reply."""

    values: tuple[tuple[float, str, Any], ...] = ()  # place as a share of all places, what to do there, with what
    damage: tuple[str, float, bytes] | None = None  # to the bytes: how, where as a share of the length, with what
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    is_lost: bool = False  # the connection ends before the reply is whole

    def apply(self, sending: Sending) -> Sending:
        """The reply as it arrives."""
        payload = self._spoilt_bytes(self._spoilt_values(sending.payload))
        reply = replace(
            sending.reply,
            status=self.status or sending.reply.status,
            headers={**sending.reply.headers, **dict(self.headers)},
        )
        return replace(sending, reply=reply, payload=payload, sent_bytes=len(payload) // 2 if self.is_lost else None)

    def _spoilt_values(self, payload: bytes) -> bytes:
        if not self.values:
            return payload
        body = copy.deepcopy(json.loads(payload))
        for share, how, nonsense in self.values:
            found = list(places(body))
            if not found:
                break
            holder, key = found[min(int(share * len(found)), len(found) - 1)]
            if how == "drop":
                del holder[key]
            elif how == "double" and isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            elif how == "wrap":
                holder[key] = [holder[key]]
            else:
                holder[key] = copy.deepcopy(nonsense)
        return json.dumps(body).encode()

    def _spoilt_bytes(self, payload: bytes) -> bytes:
        if self.damage is None:
            return payload
        how, share, junk = self.damage
        place = int(share * len(payload))
        if how == "cut":
            return payload[:place]
        if how == "replace":
            return payload[:place] + junk + payload[place + len(junk) :]
        if how == "insert":
            return payload[:place] + junk + payload[place:]
        return junk


JUNK = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.sampled_from(
        [
            b"\xef\xbb\xbf",
            b'"',
            b"{",
            b"}",
            b"\\u0000",
            b"\\ud800",
            b"\x00",
            b"9" * 5000,
            b"[" * 3000,
            b"1e999",
            b"NaN",
            "{}".encode("utf-16"),
            b"null",
            b"[]",
            b"true",
            b'"x"',
            b"<html>",
            b"-0",
            b"1.5",
            b",",
            b"null,",
        ]
    ),
)
SPOILS = st.builds(
    Spoil,
    values=st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from(["put", "put", "drop", "double", "wrap"]), NONSENSE), max_size=3
    ).map(tuple),
    damage=st.none()
    | st.none()
    | st.tuples(st.sampled_from(["cut", "replace", "insert", "all"]), st.floats(0, 1), JUNK),
    status=st.sampled_from([None] * 40 + [200, 201, 204, 301, 400, 401, 403, 404, 409, 410, 429, 451, 500, 503, 599]),
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "Retry-After",
                    "x-rate-limit-reset",
                    "x-rate-limit-remaining",
                    "X-App-Usage",
                    "Content-Type",
                    "Date",
                    "X-Business-Use-Case-Usage",
                    "X-Page-Usage",
                ]
            ),
            st.sampled_from(["", "0", "-1", "99999999999999", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "{", "null"])
            | st.sampled_from(
                ['{"call_count":"x"}', '{"call_count":101}', '{"1":[{"estimated_time_to_regain_access":9}]}']
            ),
        ),
        max_size=2,
    ).map(tuple),
    is_lost=st.sampled_from([False] * 29 + [True]),
).filter(lambda spoil: spoil != Spoil())


def plans(replies: int) -> st.SearchStrategy[list[Spoil | None]]:
    """Plans for the first so many replies of a capture."""
    return st.lists(st.none() | SPOILS, min_size=replies, max_size=replies)


@dataclass
class SpoiltWay:
    """The way of the replies under one plan, and what arrived: SHA-256 of the bytes → the bytes."""

    plan: Sequence[Spoil | None]
    spoilt: dict[str, bytes] = field(default_factory=dict)
    whole: dict[str, bytes] = field(default_factory=dict)
    calls: int = 0

    def __call__(self, _request: Request, sending: Sending) -> Sending:
        """Spoil the next reply as planned."""
        number, self.calls = self.calls, self.calls + 1
        if self.calls > MOST_CALLS:
            raise EndlessCapture(f"more than {MOST_CALLS} calls")
        spoil = self.plan[number] if number < len(self.plan) else None
        arriving = spoil.apply(sending) if spoil else sending
        arrived = self.spoilt if spoil else self.whole
        arrived[sha256(arriving.payload).hexdigest()] = arriving.payload
        return arriving


@lru_cache(maxsize=64)
def numbers_and_texts(payload: bytes) -> tuple[set[int], set[str]]:
    """Every whole number (or text of digits) and every text in a JSON body; nothing where it is not JSON."""
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError):
        return set(), set()
    numbers: set[int] = set()
    texts: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            texts.update(value)
            for member in value.values():
                walk(member)
        elif isinstance(value, list):
            for member in value:
                walk(member)
        elif isinstance(value, str):
            texts.add(value)
            if value.isascii() and value.isdigit() and len(value) < 20:
                numbers.add(int(value))
        elif isinstance(value, int) and not isinstance(value, bool):
            numbers.add(value)

    walk(body)
    return numbers, texts

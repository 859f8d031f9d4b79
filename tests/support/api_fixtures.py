"""The payloads that are ours to commit: tests/fixtures/api/<platform>/<name>.json, and ways to spoil them."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

FIXTURES = Path(__file__).parents[1] / "fixtures" / "api"

# What may stand where something else was expected: every JSON kind, with the values that hurt.
NONSENSE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "abc", "-1", "1e3", "\x00", "\ud800", "9999-12-31T23:59:59-1200", "2026-11-20T00:00:00"]),
    st.text(max_size=20),
    st.just([]),
    st.just({}),
    st.just([[]]),
    st.just({"data": {}, "count": "abc", "error": 7}),
)


def fixture(platform: str, name: str) -> Any:
    """A committed payload, parsed; each call gives a copy of its own."""
    return json.loads((FIXTURES / platform / f"{name}.json").read_text(encoding="utf-8"))


@st.composite
def mutated(draw: st.DrawFn, body: Any) -> Any:
    """The body with one to three of its values replaced by nonsense or taken out."""
    body = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(body))
        if not found:
            break
        holder, key = draw(st.sampled_from(found))
        if isinstance(holder, dict) and draw(st.booleans()):
            del holder[key]
        else:
            holder[key] = copy.deepcopy(draw(NONSENSE))  # nonsense may be spoilt in its turn
    return body


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of a JSON value, at any depth: what holds it, and its name or position there."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield value, key
        yield from places(member)

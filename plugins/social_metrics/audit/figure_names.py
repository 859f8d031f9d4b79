"""Today's names of figures that were closed under earlier ones.

A close keeps its figures, and the SQL that computes them, under the names of its day; seals and digests cover them, so
that nothing of it is rewritten. Code that reads a closed figure by name reads it through this module.
"""

from collections.abc import Mapping
from typing import Any

RENAMED_COLUMNS: dict[str, str] = {
    "basis": "scope",
    "accounts_not_looked_at": "accounts_not_observed",
    "growth_base_count": "growth_baseline_count",
    "posts_as_now_known": "posts_as_is",
    **{
        f"change_{span}_base_{part}": f"change_{span}_baseline_{part}"
        for span in ("1d", "7d", "30d", "mtd", "ytd")
        for part in ("count", "date")
    },
}
"""Column of a mart that a close keeps, as it was named before → as it is named today."""

RENAMED_VALUES: dict[str, str] = {"no_base": "no_baseline", "not_looked_at": "not_observed"}
"""A code in such a column (a reason, a state), as it was → as it is today; no key of a row is among them."""


def current_name(column: str) -> str:
    """Today's name of a column."""
    return RENAMED_COLUMNS.get(column, column)


def current_value(value: Any) -> Any:
    """Today's code for a stored one; any other value as it is."""
    return RENAMED_VALUES.get(value, value) if isinstance(value, str) else value


def current_figures(figures: Mapping[str, Any]) -> dict[str, Any]:
    """A row of figures under today's names and with today's codes."""
    return {current_name(name): current_value(value) for name, value in figures.items()}

"""Figures of a closed month are read under today's names."""

import pytest

from social_metrics.audit import figure_names
from social_metrics.audit.figure_names import current_figures


def test_renamed_columns_and_codes_are_read_as_today_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure_names, "RENAMED_COLUMNS", {"basis": "scope"})
    monkeypatch.setattr(figure_names, "RENAMED_VALUES", {"no_base": "no_baseline"})
    closed = {"basis": "any_post", "growth_null_reason": "no_base", "growth": None, "posts": 7, "is_ranked": True}
    assert current_figures(closed) == {
        "scope": "any_post", "growth_null_reason": "no_baseline", "growth": None, "posts": 7, "is_ranked": True,
    }  # fmt: skip

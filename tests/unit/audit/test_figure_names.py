"""Figures of a closed month are read under today's names."""

from social_metrics.audit.figure_names import current_figures


def test_renamed_columns_and_codes_are_read_as_today_s() -> None:
    closed = {"basis": "any_post", "growth_null_reason": "no_base", "growth": None, "posts": 7, "is_ranked": True}
    assert current_figures(closed) == {
        "scope": "any_post", "growth_null_reason": "no_baseline", "growth": None, "posts": 7, "is_ranked": True,
    }  # fmt: skip


def test_every_baseline_column_of_a_period_has_its_new_name() -> None:
    assert current_figures({"change_1d_base_date": 1, "change_ytd_base_count": 2}) == {
        "change_1d_baseline_date": 1, "change_ytd_baseline_count": 2,
    }  # fmt: skip

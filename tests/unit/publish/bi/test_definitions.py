"""A definition that cannot be used is refused in a sentence; one that names what is not there is found."""

from pathlib import Path

import pytest

from social_metrics.errors import UsageProblem
from social_metrics.publish.bi.definitions import load_dashboards
from social_metrics.publish.bi.metadata import definition_errors
from tests.support.bi_definitions import GOOD, load, metadata


def test_a_valid_definition_has_no_errors(tmp_path: Path) -> None:
    assert definition_errors(load(tmp_path), metadata()) == []


@pytest.mark.parametrize(
    ("change", "into", "said"),
    [
        ("center_code, name", "center_code, nam", "papan.a: fct_days has no column nam."),
        ("metrics: [total]", "metrics: [totl]", "papan.b: fct_days has no metric totl."),
        (", metrics: [total]", "", "papan.b: a number needs metrics."),
        ("mart: fct_days, kind: number", "mart: fct_day, kind: number", "papan.b: no public mart fct_day."),
        ("filters: [center_name]", "filters: [city]", "papan: no chart has the column city of its filter."),
        ("slug: papan", "slug: papan-dua", "papan-dua: no exposure papan_dua in models/_exposures.yml."),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, change: str, into: str, said: str) -> None:
    assert change in GOOD
    assert said in definition_errors(load(tmp_path, GOOD.replace(change, into)), metadata())


def test_a_mart_that_is_not_public_may_not_be_asked(tmp_path: Path) -> None:
    assert "papan.a: no public mart fct_days." in definition_errors(load(tmp_path), metadata(access="protected"))


def test_the_exposure_names_the_marts_of_the_charts(tmp_path: Path) -> None:
    found = definition_errors(load(tmp_path), metadata(exposed=("m.days",)))
    assert found == ["papan: its exposure and its charts name different marts: dim_centers."]


@pytest.mark.parametrize(
    ("change", "into", "said"),
    [
        ("kind: number", "kind: pie", "charts.1.kind"),
        ("key: b", "key: a", "key a is given more than once"),
        ("slug: papan", "slug: Papan!", "slug"),
        ("question:", "questions:", "questions"),
        ("charts:", "charts: [", "cannot be read"),
        ("metrics: [total]", "metrics: [total], marks: b", "marks b: no table of this dashboard"),
    ],
)
def test_a_bad_one_is_refused_with_its_file(tmp_path: Path, change: str, into: str, said: str) -> None:
    with pytest.raises(UsageProblem, match=r"papan\.yml") as refused:
        load(tmp_path, GOOD.replace(change, into))
    assert said in str(refused.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="contains no dashboard"):
        load_dashboards(tmp_path)


def test_followers_are_never_summed_over_dates() -> None:
    expression = metadata().metrics["total"].expression
    assert expression == "case when min(date_day) = max(date_day) then sum(followers) end"

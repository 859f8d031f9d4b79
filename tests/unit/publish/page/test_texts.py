"""Texts: both languages, the same values, none unused; labels from the rule seeds."""

import re
from pathlib import Path
from string import Formatter

import pytest

from social_metrics.contract import DerivedOutcome, Outcome
from social_metrics.errors import UsageProblem
from social_metrics.marts.leaderboards import UnrankedKind
from social_metrics.publish.page import boards
from social_metrics.publish.page.coverage import STATES
from social_metrics.publish.page.texts import TEXTS, Catalogue, both


@pytest.fixture
def catalogue(repository: Path) -> Catalogue:
    return Catalogue(repository / "dbt_project/seeds/rules")


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_take_the_same_values(key: str) -> None:
    indonesian, english = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in TEXTS[key])
    assert indonesian == english
    assert all(TEXTS[key])


def test_every_text_is_used(repository: Path) -> None:
    folder = Path(boards.__file__).parent
    used = "".join(path.read_text(encoding="utf-8") for path in [*folder.glob("*.py"), *folder.glob("templates/*")])
    used = used.replace((folder / "texts.py").read_text(encoding="utf-8"), "")
    composed = {f"unranked_{kind}" for kind in UnrankedKind} | {f"unranked_{kind}_note" for kind in UnrankedKind}
    composed |= {f"coverage_{state}" for state in STATES} | {f"finding_{severity}" for severity in ("warn", "stop")}
    composed |= {f"run_{state}" for state in ("whole", "part", "nothing", "unplanned")}
    composed |= {"days_0", "days_1"} | {key for key in TEXTS if key.startswith("reason_")}
    unused = [key for key in TEXTS if key not in composed and not re.search(rf"['\"]{key}['\"]", used)]
    assert unused == []
    assert all(f"unranked_{kind}" in TEXTS for kind in UnrankedKind)


@pytest.mark.parametrize(
    "outcome",
    [
        *[o for o in Outcome if o is not Outcome.CAPTURED],
        DerivedOutcome.MISSING_ACCOUNT,
        DerivedOutcome.NOT_YET_VERIFIED,
    ],
)
def test_every_outcome_has_a_label_in_both_languages(outcome: Outcome, catalogue: Catalogue) -> None:
    label = catalogue.reason(outcome)
    assert 'lang="id"' in label
    assert 'lang="en"' in label


def test_values_differ_by_language_and_are_escaped(catalogue: Catalogue) -> None:
    text = catalogue.text("rank_between", best=3, worst="<4>")
    assert "&lt;4&gt;" in text
    assert "<4>" not in text
    assert both({"id": "sama", "en": "sama"}) == "sama"


def test_an_unknown_code_is_shown_as_it_is(catalogue: Catalogue) -> None:
    assert catalogue.reason("struck_by_lightning") == "struck by lightning"


def test_missing_seeds_raise_an_error_that_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="SOCIAL_METRICS_DBT_PROJECT_DIR"):
        Catalogue(tmp_path).reason("captured")

"""Texts: both languages, the same values, none unused; labels from the rule seeds; words for every exception."""

import re
from pathlib import Path
from string import Formatter

import pytest
from markupsafe import escape

from social_metrics.audit import month_exceptions
from social_metrics.contract import DerivedOutcome, Outcome
from social_metrics.errors import UsageProblem
from social_metrics.marts.leaderboards import UnrankedKind
from social_metrics.publish import texts
from social_metrics.publish.page.boards import _phrases
from social_metrics.publish.page.coverage import STATES
from social_metrics.publish.phrases import InBoth
from social_metrics.publish.reports.phrases import EXCEPTION_KINDS
from social_metrics.publish.texts import TEXTS, Both
from tests.support.dbt_runner import PROJECT

FINDINGS = PROJECT / "models" / "marts" / "core" / "fct_account_findings.sql"


@pytest.fixture
def words() -> InBoth:
    """The phrases of the page."""
    return InBoth(_phrases(PROJECT / "seeds/rules", "id", {}), _phrases(PROJECT / "seeds/rules", "en", {}))


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_take_the_same_values(key: str) -> None:
    indonesian, english = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in TEXTS[key])
    assert indonesian == english
    assert all(text.strip() for text in TEXTS[key])


def test_every_text_is_used() -> None:
    folder = Path(texts.__file__).parent
    sources = [*folder.rglob("*.py"), *folder.rglob("*.html"), folder.parent / "cli" / "top.py"]
    used = "".join(path.read_text(encoding="utf-8") for path in sources)
    composed = {f"unranked_{kind}{end}" for kind in UnrankedKind for end in ("", "_note")}
    composed |= {f"coverage_{state}" for state in STATES} | {f"finding_{severity}" for severity in ("warn", "stop")}
    composed |= {f"run_{state}" for state in ("whole", "part", "nothing", "unplanned")} | {"days_0", "days_1"}
    beginnings = ("reason_", "kind_", "withheld_", "group_", "step_", "sheet_", "limit_retention_")
    unused = [
        key
        for key in TEXTS
        if key not in composed and not key.startswith(beginnings) and not re.search(rf"['\"]{key}['\"]", used)
    ]
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
def test_every_outcome_has_a_label_in_both_languages(outcome: Outcome, words: InBoth) -> None:
    label = escape(words.reason(outcome))
    assert 'lang="id"' in label
    assert 'lang="en"' in label


def test_values_differ_by_language_and_are_escaped(words: InBoth) -> None:
    text = escape(words.text("rank_between", best=Both("<tiga>", "three"), worst="<4>"))
    assert "&lt;4&gt;" in text
    assert "<4>" not in text
    assert text.index("&lt;tiga&gt;") < text.index('lang="en"') < text.index("three")
    assert escape(Both("sama", "sama")) == "sama"


def test_an_unknown_code_is_shown_as_it_is(words: InBoth) -> None:
    assert words.reason("struck_by_lightning").id == "struck by lightning"


def test_missing_seeds_raise_an_error_that_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="SOCIAL_METRICS_DBT_PROJECT_DIR"):
        _phrases(tmp_path, "id", {})


def test_every_kind_of_exception_has_words() -> None:
    """The kinds out of the statements that make them: the close's own, and the findings of the mart."""
    source = Path(month_exceptions.__file__).read_text(encoding="utf-8")
    kinds = set(re.findall(r"(?:account_code|null), '(\w+)', ", source)) | {"not_captured", "no_account"}
    kinds |= set(re.findall(r"'(\w+)' as finding", FINDINGS.read_text(encoding="utf-8")))
    assert {"handle_changed", "account_closed", "without_growth", "renamed", "count_withheld"} <= kinds
    assert kinds == set(EXCEPTION_KINDS)

"""Each kind of exception that a close can hold has words in both languages."""

import re
import string
from pathlib import Path

import pytest

from social_metrics.audit import month_exceptions
from social_metrics.publish.reports.texts import EXCEPTION_KINDS, TEXTS
from tests.support.dbt_runner import PROJECT

FINDINGS = PROJECT / "models" / "marts" / "core" / "fct_account_findings.sql"


def kinds() -> set[str]:
    """The kinds out of the statements that make them: the close's own, and the findings of the mart."""
    source = Path(month_exceptions.__file__).read_text(encoding="utf-8")
    own = set(re.findall(r"(?:account_code|null), '(\w+)', ", source)) | {"not_captured", "no_account"}
    return own | set(re.findall(r"'(\w+)' as finding", FINDINGS.read_text(encoding="utf-8")))


def test_every_kind_has_words() -> None:
    assert {"handle_changed", "account_closed", "without_growth", "renamed", "count_withheld"} <= kinds()
    assert kinds() == set(EXCEPTION_KINDS)


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_both_languages_take_the_same_values(key: str) -> None:
    indonesian, english = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in TEXTS[key])
    assert indonesian == english
    assert all(text.strip() for text in TEXTS[key])

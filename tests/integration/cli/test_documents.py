"""The documents say what the code does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from social_metrics.cli import app
from social_metrics.marts.leaderboards import UnrankedKind
from social_metrics.settings import REPOSITORY, Settings
from tests.support.settings_page import page_with_table, settings_table


def test_the_table_of_settings_is_current(repository: Path) -> None:
    page = (repository / "docs/configuration.md").read_text(encoding="utf-8")
    assert page == page_with_table(page), "run `python -m tests.support.settings_page`"
    assert all(f"SOCIAL_METRICS_{name.upper()}" in page for name in Settings.model_fields)
    assert str(REPOSITORY) not in settings_table()


@pytest.mark.parametrize("board", ["followers", "recency"])
def test_every_member_of_the_json_is_documented(
    board: str, example_url: str, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", example_url)
    answer: dict[str, Any] = json.loads(CliRunner().invoke(app, ["top", "--board", board, "--format", "json"]).stdout)
    page = (repository / "docs/command-line.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", page))
    assert {*answer, *answer["rows"][0], *answer["unranked"][0]} <= documented
    assert {kind.value for kind in UnrankedKind} <= documented

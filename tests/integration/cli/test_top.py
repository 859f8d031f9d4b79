"""`social-metrics top` against real marts in a real PostgreSQL."""

import json
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from social_metrics.cli import app
from tests.support.example_marts import create_example_marts

VARIABLE = "AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE"


@pytest.fixture
def ask(example_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `social-metrics top …` on the example."""
    monkeypatch.setenv(VARIABLE, example_url)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["top", *arguments])

    return run


def test_json_has_the_documented_shape_and_ties_make_more_than_five(ask: Any, example_url: str) -> None:
    result = ask("--board", "followers", "--format", "json")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    assert list(answer) == ["board", "scope", "date", "is_simulated", "centers", "rows", "unranked"]
    assert (answer["board"], answer["scope"], answer["date"]) == ("followers", "all_platforms", "2024-01-31")
    assert answer["is_simulated"] is True
    with psycopg.connect(example_url) as connection:
        expected = connection.execute(
            "select best_rank, worst_rank, center_code, followers_count, date_day::text, completeness::float "
            "from marts.leaderboard_followers where best_rank <= 5 order by display_order"
        ).fetchall()
    keys = ("best_rank", "worst_rank", "center_code", "value", "date", "completeness")
    assert [tuple(row[key] for key in keys) for row in answer["rows"]] == expected
    assert len(answer["rows"]) == 6


def test_recency_json_gives_the_instant_in_utc(ask: Any) -> None:
    answer = json.loads(ask("--board", "recency", "--format", "json").stdout)
    assert [row["best_rank"] for row in answer["rows"]] == [1, 2, 2, 4, 5]
    assert answer["rows"][0]["value"] == "2024-01-31T11:00:00+00:00"
    assert answer["rows"][2]["completeness"] == 0.5


def test_limit_and_all(ask: Any) -> None:
    assert [row["center_code"] for row in json.loads(ask("--limit", "1", "--format", "json").stdout)["rows"]] == [
        "kartini"
    ]
    everyone = json.loads(ask("--all", "--format", "json").stdout)["rows"]
    assert len(everyone) == 9
    assert everyone[-1]["value"] is None
    assert everyone[-1]["unranked_reason"] == "no_verified_account"


def test_unranked_centers_are_listed_unless_switched_off(ask: Any) -> None:
    assert "Not yet verified" in ask().stdout
    assert "Not yet verified" not in ask("--no-unranked").stdout
    assert "unranked" not in json.loads(ask("--no-unranked", "--format", "json").stdout)


def test_unranked_kinds_are_distinguished(ask: Any) -> None:
    unranked = json.loads(ask("--format", "json").stdout)["unranked"]
    by_kind: dict[str, list[str]] = {}
    for entry in unranked:
        by_kind.setdefault(entry["kind"], []).append(entry["account_code"] or entry["center_code"])
    assert by_kind == {
        "silent": ["darussaadah"],
        "never_posted": ["satria"],
        "recency_unknown": ["galih-pakuan", "margo-laras"],
        "without_number": ["galih-pakuan", "margo-laras", "satria"],
        "not_captured": ["mahatmiya-x", "margo-laras-facebook"],
        "count_withheld": ["darussaadah-youtube", "satria-youtube"],
        "no_account": ["handayani-youtube"],
        "not_yet_verified": ["galih-pakuan-instagram", "galih-pakuan-youtube"],
        "identity_mismatch": ["darussaadah-instagram"],
        "renamed": ["mahatmiya-instagram"],
        "manual_waiting": ["margo-laras-facebook"],
        "manual_differs": ["kartini-x"],
        "under_review": ["kartini-youtube"],
    }


def test_table_shows_possible_ranks_doubt_and_simulation(ask: Any) -> None:
    text = ask().stdout
    assert "SIMULATED DATA" in text
    assert "31 January 2024" in text
    rows = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert "148,210" in rows["1"]
    assert "2–3" in rows
    assert "not measurable" in rows["4"]
    assert "\x1b" not in text  # no colours where there is no terminal
    assert "token expired (Renew the token in the Connection.)" in text
    recency = ask("--board", "recency").stdout
    assert "31 Jan 2024, 20:00 WIT" in recency  # 18:00 WIB in Ternate's own time


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--date", "2023-05-01"], "There is no board of 2023-05-01: the boards hold 2024-01-31 to 2024-01-31."),
        (["--scope", "outreach"], "has no scope 'outreach'; it has: all_platforms."),
        (["--board", "likes"], "'likes' is not one of 'followers', 'recency'"),
        (["--date", "31-01-2024"], "does not match the format"),
        (["--limit", "0"], "greater than or equal to 1"),
    ],
)
def test_bad_input_ends_in_a_sentence_and_exit_code_2(ask: Any, arguments: list[str], sentence: str) -> None:
    result = ask(*arguments)
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.output


def test_no_marts_yet(warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, warehouse_url)
    result = CliRunner().invoke(app, ["top"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Run `social-metrics transform`" in result.stderr
    create_example_marts(warehouse_url)
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("truncate marts.leaderboard_followers")
    assert "hold no date yet" in CliRunner().invoke(app, ["top"]).stderr


def test_real_data_is_not_called_simulated(warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    create_example_marts(warehouse_url, source="api")
    monkeypatch.setenv(VARIABLE, warehouse_url)
    assert "SIMULATED" not in CliRunner().invoke(app, ["top"]).stdout
    assert json.loads(CliRunner().invoke(app, ["top", "--format", "json"]).stdout)["is_simulated"] is False

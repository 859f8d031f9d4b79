"""`social-metrics campaign` and `social-metrics tag` against a real PostgreSQL."""

import json
from datetime import UTC, datetime
from hashlib import md5, sha256
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner, Result

from social_metrics.cli import app
from social_metrics.warehouse.connect import connect

# As dbt makes it (tests/dbt holds the model to its rules); one row per state.
MART = """
create table marts.fct_campaign_synchrony as
select 'C1' as campaign_code, 'Serentak' as campaign_title, timestamptz '2026-10-20 00:00+07' as starts_at,
    timestamptz '2026-10-23 00:00+07' as ends_at, code as center_code, 'Sentra ' || initcap(code) as center_name,
    state = 'exempt' as is_exempt,
    timestamptz '2026-10-20 00:00+07' + make_interval(hours => hours) as first_post_at,
    hours::numeric as delay_hours, state as synchrony_state,
    case when hours is not null then 'x' else '' end as platforms_posted,
    null::text as platforms_missing, 'simulator' as source
from (values ('satria', 2, 'within_24_hours'), ('efata', 30, 'within_48_hours'), ('meohai', 60, 'later'),
    ('insyaf', null, 'never'), ('abiseka', null, 'unknown'), ('kartini', null, 'exempt')) as given (code, hours, state)
"""


@pytest.fixture
def ask(warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `social-metrics …` on a warehouse with one campaign and one post."""
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", warehouse_url)
    with connect(warehouse_url, "transformer") as connection:
        connection.execute(MART)
        connection.execute("grant select on marts.fct_campaign_synchrony to social_metrics_bi_reader")
    seen_at = datetime(2026, 10, 20, tzinfo=UTC)
    with connect(warehouse_url, "loader") as connection:
        connection.execute("select ops.ensure_month_partitions(%s)", ([seen_at],))
        connection.execute(
            "insert into raw.posts (account_code, platform, post_id, captured_at, published_at, post_type, presence, "
            "source, response_id, run_id) values ('kartini-x', 'x', 'p1', %s, %s, 'text', 'seen', 'api', %s, 'run')",
            (seen_at, seen_at, uuid4()),
        )

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return run


SENTENCE = "2 of 5 within 48 hours (1 within 24), median delay 30 h, never: Sentra Insyaf, not known: Sentra Abiseka"


def test_the_one_line_answer(ask: Any) -> None:
    result = ask("campaign", "C1")
    assert result.exit_code == 0, result.stderr
    assert SENTENCE in result.stdout
    assert "SIMULATED DATA" in result.stdout


def test_json_has_the_documented_shape(ask: Any, repository: Any) -> None:
    answer = json.loads(ask("campaign", "C1", "--format", "json").stdout)
    assert answer["answer"] == SENTENCE
    counts = (answer["centers"], answer["within_24_hours"], answer["within_48_hours"], answer["median_delay_hours"])
    assert counts == (5, 1, 2, 30.0)
    assert [row["center_code"] for row in answer["rows"]][:3] == ["satria", "efata", "meohai"]
    page = (repository / "docs/command-line.md").read_text(encoding="utf-8")
    assert all(f"`{member}`" in page for member in [*answer, *answer["rows"][0]])


def test_an_unknown_campaign_and_marts_never_built_are_sentences(ask: Any, warehouse_url: str) -> None:
    result = ask("campaign", "C9")
    assert (result.exit_code, "There is no campaign 'C9': the marts have C1." in result.stderr) == (2, True)
    with connect(warehouse_url, "transformer") as connection:
        connection.execute("drop table marts.fct_campaign_synchrony")
    result = ask("campaign", "C1")
    assert (result.exit_code, "Run `social-metrics transform`" in result.stderr) == (2, True)


def test_a_persons_word_is_kept_with_who_and_why(ask: Any, warehouse_url: str) -> None:
    for decision, tag in (("add", "PENA"), ("remove", "outreach"), ("add", "lansia")):
        result = ask("tag", "kartini-x", "p1", decision, tag, "--by", " Tim Humas", "--reason", "foto")
        assert result.exit_code == 0, result.stderr
    with psycopg.connect(warehouse_url) as connection:
        kept = connection.execute(
            "select tag_kind, cluster_scheme, tag, decision, decided_by, reason from ops.tag_overrides "
            "order by override_id"
        ).fetchall()
    assert kept == [
        ("program", None, "PENA", "add", "tim humas", "foto"),
        ("outreach", None, "outreach", "remove", "tim humas", "foto"),
        ("cluster", "12-PAS", "lansia", "add", "tim humas", "foto"),
    ]


def test_a_post_that_only_people_have_seen_can_be_tagged(ask: Any, warehouse_url: str) -> None:
    address = "https://x.com/demo_kartini/status/9"
    digest = sha256(b"x").hexdigest()
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "insert into raw.evidence_files (sha256, file_name, media_type, byte_count, body) "
            "values (%s, 'shot.png', 'image/png', 1, 'x')",
            (digest,),
        )
        connection.execute(
            "insert into raw.manual_entries (account_code, platform, version, observed_at, followers_state, "
            "metric_definition_id, last_post_at, last_post_url, posts_looked_at, followers_displayed, "
            "evidence_sha256, evidence_file_name, workbook_sha256, workbook_place, entered_by, entered_at, source) "
            "values ('kartini-x', 'x', 1, now(), 'hidden', 'v1', now(), %s, 'newest_seen', '-', %s, 'shot.png', %s, "
            "'here', 'siti', now(), 'manual')",
            (address, digest, digest),
        )
    entered = f"manual:{md5(address.encode()).hexdigest()}"
    result = ask("tag", "kartini-x", entered, "add", "PENA", "--by", "humas", "--reason", "foto")
    assert result.exit_code == 0, result.stderr
    with psycopg.connect(warehouse_url) as connection:
        assert connection.execute("select post_id, tag from ops.tag_overrides").fetchall() == [(entered, "PENA")]
        to_rebuild = connection.execute(
            "select distinct (as_of_date = (select as_of_date from raw.manual_entries)) from ops.reopened_days "
            "where cause = 'tag_overrides'"
        ).fetchall()
    assert to_rebuild == [(True,)], "the word counts from the day of the entry on"


@pytest.mark.parametrize(
    ("post", "tag", "by", "sentence"),
    [
        ("p1", "PEN", "humas", "Unknown tag 'PEN'. Write outreach, or one of ATENSI, YAPI"),
        ("p9", "PENA", "humas", "Account kartini-x has no post 'p9'"),
        ("p1", "PENA", " ", "needs a name and a reason"),
    ],
)
def test_what_cannot_be_kept_is_a_sentence(ask: Any, post: str, tag: str, by: str, sentence: str) -> None:
    result = ask("tag", "kartini-x", post, "add", tag, "--by", by, "--reason", "foto")
    assert result.exit_code == 2
    assert sentence in result.stderr

"""A month that was closed and then purged: it holds, it says what policy took, and nothing else hides behind that."""

import json
from datetime import UTC, datetime

import psycopg
import pytest
from typer.testing import CliRunner

from social_metrics.audit import closing, verification
from social_metrics.audit.closing import draft_close
from social_metrics.audit.recompute import rebuild, rows_of_month, scratch
from social_metrics.audit.record import stored_rules
from social_metrics.audit.rules import Rule
from social_metrics.audit.trace import trace
from social_metrics.audit.verification import PURGED, Verification, verify_month
from social_metrics.cli import app
from social_metrics.registry.registry import load_registry
from social_metrics.retention.enforce import enforce_retention
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect
from tests.support.closable import DRAFTED_AT, MONTH, Closable
from tests.support.warehouse import change_evidence

pytestmark = pytest.mark.slow

THEN = datetime(2027, 1, 10, tzinfo=UTC)
SHIPPED = Settings()


@pytest.fixture
def expiring(closable: Closable, monkeypatch: pytest.MonkeyPatch, compiled: list[Rule]) -> Closable:
    """YouTube's counts were read without an authorization; their time is not up yet."""
    for module in (closing, verification):
        monkeypatch.setattr(module, "rules_in_force", lambda *_: list(compiled))
    with psycopg.connect(closable.url) as owner:
        expiry = "expires_at = '2026-12-31'"
        change_evidence(
            owner,
            f"update raw.profile_snapshots set authorization_mode = 'public', {expiry} where platform = 'youtube'",
        )
        change_evidence(owner, f"update raw.posts set {expiry} where platform = 'youtube'")
    return closable


@pytest.fixture
def purged(expiring: Closable) -> Closable:
    """Closed, with the month before; then the time of the counts was up."""
    for month in (MONTH.replace(month=9), MONTH):
        draft_close(expiring.settings, expiring.url, month, retention_as_of=DRAFTED_AT)
    take(expiring)
    return expiring


def take(closed: Closable) -> None:
    enforce_retention(SHIPPED, load_registry(SHIPPED.registry_dir), closed.url, THEN)


def verify(closed: Closable) -> Verification:
    return verify_month(closed.settings, closed.url, MONTH, now=THEN)


def test_it_holds_and_says_what_was_purged(purged: Closable) -> None:
    with psycopg.connect(purged.url) as owner:
        left = owner.execute(
            "select count(followers_count), count(*) > 50 from raw.profile_snapshots where platform = 'youtube'"
        ).fetchone()
        assert left == (0, True)
    found = verify(purged)
    assert found.findings == found.altered == ()
    assert found.holds
    assert {(purge.table_name, purge.platform, purge.reason) for purge in found.purges} == {
        ("raw.profile_snapshots", "youtube", "expired"),
        ("raw.posts", "youtube", "expired"),
    }
    assert found.walk.purged.keys() == {"raw.profile_snapshots", "raw.posts"}
    # Followers, growth, ranks and scores are computed from the counts that the record has kept; what no close keeps
    # post by post cannot be.
    assert {one.figure for one in found.purged} <= {
        "interactions", "posts_with_interactions", "engagement_rate_pct",
    }, found.purged  # fmt: skip
    assert {one.reason for one in found.purged} == {PURGED}
    assert found.late_rows.keys() == {"ops.tag_rulesets"}, "the tagging before the purge is no evidence of a figure"
    assert [one for one in found.changed_since if one.figure != ""] == []


def test_changes_from_a_month_that_was_never_closed_cannot_be_computed_and_only_those(expiring: Closable) -> None:
    draft_close(expiring.settings, expiring.url, MONTH, retention_as_of=DRAFTED_AT)
    take(expiring)
    found = verify(expiring)
    assert found.holds
    assert found.purged
    by_account = {(one.account_code, one.figure) for one in found.purged if one.account_code}
    assert {account.split("-")[1] for account, _ in by_account} == {"youtube"}
    assert not [figure for _, figure in by_account if not figure.startswith("change_")]


def test_a_purged_count_is_neither_missing_nor_zero(purged: Closable) -> None:
    with connect(purged.url, "recorder") as connection, connection.transaction(force_rollback=True):
        close = verify(purged).close
        rules = stored_rules(connection, close)
        rebuild(connection, rules, through_seal=None, retention_as_of=THEN)
        days = rows_of_month(
            connection, "fct_follower_growth_daily", MONTH, scratch("marts.fct_follower_growth_daily")
        ).values()
    states = {
        (figures["followers_state"], figures["followers_count"], figures["is_captured"])
        for _, account, figures in days
        if account == "kartini-youtube"
    }
    assert states == {("retention_expired", None, True)}
    assert {figures["outcome"] for _, account, figures in days if account == "kartini-youtube"} == {"captured"}
    assert all(figures["followers_count"] for _, account, figures in days if account == "kartini-x")


def test_the_way_back_says_so(purged: Closable) -> None:
    with connect(purged.url, "closer") as connection:
        stages = {stage.name: stage for stage in trace(connection, "kartini", "youtube", MONTH)}
    assert stages["report"].facts["followers"] is not None, "a closed figure stays"
    assert stages["snapshot"].facts["followers_count"] is None
    assert stages["snapshot"].facts["message"].startswith("counts purged by policy on ")
    assert len(stages["snapshot"].facts["sha256_before"]) == 64
    assert "III.E.4" in stages["snapshot"].facts["rule"]


def test_the_commands_say_so(purged: Closable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", purged.url)
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(purged.registry))
    monkeypatch.setattr("social_metrics.cli.verify.utc_now", lambda: THEN)
    done = CliRunner().invoke(app, ["verify", "--month", "2026-10"])
    assert done.exit_code == 0, done.output
    assert "purged by policy" in done.output
    told = json.loads(CliRunner().invoke(app, ["verify", "--month", "2026-10", "--format", "json"]).output)
    assert told["holds"]
    assert {purge["reason"] for purge in told["purges"]} == {"expired"}


@pytest.mark.parametrize(
    "tampering",
    [
        "update raw.profile_snapshots set followers_count = 7, followers_precision_step = 1, "
        "followers_state = 'reported' where attempt_id in (select attempt_id from raw.profile_snapshots "
        "where followers_state = 'retention_expired' limit 1)",
        "update raw.profile_snapshots set followers_count = followers_count + 900 where attempt_id in "
        "(select attempt_id from raw.profile_snapshots where platform = 'x' order by captured_at limit 1)",
        "update raw.profile_snapshots set followers_count = null, followers_precision_step = null, followers_state = "
        "'retention_expired' where attempt_id in (select attempt_id from raw.profile_snapshots where platform = 'x' "
        "order by captured_at limit 1)",
        "delete from raw.posts where platform = 'youtube' and captured_at in "
        "(select min(captured_at) from raw.posts where platform = 'youtube')",
    ],
)
def test_nothing_hides_behind_a_purge(purged: Closable, tampering: str) -> None:
    with psycopg.connect(purged.url) as owner:
        assert change_evidence(owner, tampering) == 1
    found = verify(purged)
    assert not found.holds
    assert [finding.kind for finding in found.findings] == ["raw_altered"]
    assert found.purged == (), "a purge explains nothing where the chain does not hold"

"""A closed month holds, or it is said which center, which figure and why."""

import csv
import os
import random
from dataclasses import replace

import psycopg
import pytest

from local_stack.server import Server
from social_metrics.audit import verification
from social_metrics.audit.chain import AUDIT_ALTERED, LATE, RAW_ALTERED
from social_metrics.audit.rules import Rule
from social_metrics.audit.verification import REGISTRY_CHANGED, RULE_CHANGED, Verification, verify_month
from social_metrics.clock import utc_now
from social_metrics.errors import UsageProblem
from tests.support.closable import MONTH, Closable

pytestmark = pytest.mark.slow

CHANGES = int(os.environ.get("SOCIAL_METRICS_TEST_RECOMPUTED_TAMPERINGS", "4"))  # a full run says 20


def verify(closed: Closable, **named: object) -> Verification:
    return verify_month(closed.settings, closed.url, MONTH, now=utc_now(), **named)  # type: ignore[arg-type]


def test_an_untouched_month_is_identical(closed: Closable) -> None:
    found = verify(closed)
    assert found.holds
    assert found.changed_since == found.changed_rules == ()
    assert found.late_rows == {}
    assert found.status == "draft"
    assert verify(closed, digest=found.close.sha256[:16]).close == found.close
    with pytest.raises(UsageProblem, match="No version of 2026-10"):
        verify(closed, digest="0" * 64)
    with pytest.raises(UsageProblem, match="never closed"):
        verify_month(closed.settings, closed.url, MONTH.replace(month=9), now=utc_now())


def test_changed_counts_are_found_by_computing_the_month_again(
    closed: Closable, postgres_server: Server, seed: int
) -> None:
    draw = random.Random(seed)
    with psycopg.connect(closed.url) as owner:
        database = owner.info.dbname
        counts = owner.execute(
            "select attempt_id, account_code from raw.profile_snapshots where followers_count is not null "
            "and captured_at >= '2026-10-01' and captured_at < '2026-10-31' order by 1"
        ).fetchall()
    for attempt, account in draw.sample(counts, CHANGES):
        with postgres_server.admin(database) as admin:
            admin.execute("set session_replication_role = replica")
            change = "update raw.profile_snapshots set followers_count = followers_count + %s where attempt_id = %s"
            admin.execute(change, (900, attempt))
            found = verify(closed)
            admin.execute(change, (-900, attempt))
        assert [finding.kind for finding in found.findings] == [RAW_ALTERED]
        assert str(attempt) in found.findings[0].place
        named = {(one.account_code, one.figure, one.reason) for one in found.altered}
        assert (account, "followers_count", RAW_ALTERED) in named, f"seed {seed}"
    assert verify(closed).holds


def test_a_changed_record_is_told_from_changed_evidence(closed: Closable, postgres_server: Server) -> None:
    with psycopg.connect(closed.url) as owner:
        database = owner.info.dbname
    with postgres_server.admin(database) as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute(
            "update audit.scorecard_rows set figures = jsonb_set(figures, '{end_followers_count}', '99999') "
            "where mart = 'fct_center_monthly' and center_code = 'kartini'"
        )
    found = verify(closed)
    assert {finding.kind for finding in found.findings} == {AUDIT_ALTERED}
    assert [(one.center_code, one.figure, one.closed, one.reason) for one in found.altered] == [
        ("kartini", "end_followers_count", 99999, AUDIT_ALTERED)
    ]


def test_late_evidence_leaves_the_month_as_it_was_closed_and_is_named(closed: Closable) -> None:
    with psycopg.connect(closed.url) as owner:
        owner.execute(
            "insert into raw.profile_snapshots select gen_random_uuid(), account_code, platform, "
            "captured_at + interval '30 minutes', followers_count + 5000, followers_precision_step, followers_state, "
            "following_count, posts_count, views_count, handle_seen, platform_account_id_seen, metric_definition_id, "
            "authorization_mode, source, response_id, run_id, 2, expires_at "
            "from raw.profile_snapshots where account_code = 'kartini-x' and captured_at::date = '2026-10-31'"
        )
    found = verify(closed)
    assert found.altered == ()
    assert {finding.kind for finding in found.findings} == {LATE}
    assert found.late_rows == {"raw.profile_snapshots": 1}
    assert ("kartini", "end_followers_count", LATE) in {
        (one.center_code, one.figure, one.reason) for one in found.changed_since
    }


def test_a_changed_registry_is_told_from_a_changed_rule(
    closed: Closable, monkeypatch: pytest.MonkeyPatch, compiled: list[Rule]
) -> None:
    def with_content(name: str, old: str, new: str) -> list[Rule]:
        changed = [
            replace(rule, content=rule.content.replace(old, new)) if rule.name == name else rule for rule in compiled
        ]
        assert changed != compiled
        return changed

    accounts = next(rule for rule in compiled if rule.name == "seeds.center_accounts")
    row = next(line for line in csv.reader(accounts.content.splitlines()) if line[0] == "satria-x")
    text = next(line for line in accounts.content.splitlines() if line.startswith(row[0]))
    now = with_content("seeds.center_accounts", text, text.replace("verified", "closed"))
    monkeypatch.setattr(verification, "rules_in_force", lambda *_: now)
    found = verify(closed)
    assert found.holds
    assert found.changed_rules == ("registry_seed seeds.center_accounts",)
    assert {one.reason for one in found.changed_since} == {REGISTRY_CHANGED}
    assert ("satria", "accounts_expected") in {(one.center_code, one.figure) for one in found.changed_since}

    weights = with_content("seeds.score_weights", ",growth_pct,35,", ",growth_pct,45,")
    monkeypatch.setattr(verification, "rules_in_force", lambda *_: weights)
    found = verify(closed)
    assert found.holds
    assert {one.reason for one in found.changed_since} == {RULE_CHANGED}

"""Every alert fires and is received, none is sent twice, and each has its entry in the runbook."""

import os
import re
import shutil
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

import psycopg
import pytest

from social_metrics.clock import utc_now
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.monitoring import system_checks
from social_metrics.monitoring.checks import find_alerts
from social_metrics.monitoring.findings import NOTIFY_IMMEDIATELY, Alert, AlertKind
from social_metrics.monitoring.notifications import notify
from social_metrics.monitoring.situation import Situation
from social_metrics.publish.bi.logins import ensure_reading_logins
from social_metrics.registry.registry import Registry
from social_metrics.registry.roles import load_roles
from social_metrics.settings import DEFAULT_REGISTRY
from social_metrics.warehouse.sessions import LongSession
from tests.support.alert_situation import ACCOUNTS, HOSTS, NIGHT, ROLES, attempt, new_connection, run
from tests.support.local_platform import Answer, serve
from tests.support.receivers import Mailbox, Webhook
from tests.support.warehouse import change_evidence


def two_minutes_ahead() -> datetime:
    """This machine's clock, two minutes ahead of the warehouse's."""
    return utc_now() + timedelta(minutes=2)


def _breaker(situation: Situation, credential: str, outcome: str) -> Situation:
    run(
        situation,
        "insert into ops.circuit_breakers values ('x', %s, 'f', %s, 'HTTP 401', %s, %s)",
        credential,
        outcome,
        NIGHT,
        NIGHT + timedelta(hours=1),
    )
    return situation


def _own_token(situation: Situation) -> Situation:
    run(
        situation,
        "insert into ops.credentials (account_code, platform, refresh_token, updated_at)"
        " values ('kartini-tiktok', 'tiktok', '', %s)",
        NIGHT - timedelta(days=1),
    )
    attempt(situation, "kartini-tiktok", "token_expired", NIGHT)
    return situation


def _expiring_in(situation: Situation, days: int) -> Situation:
    run(
        situation,
        "insert into ops.credentials (account_code, platform, refresh_token, refresh_expires_at, updated_at)"
        " values ('kartini-tiktok', 'tiktok', '', %s, %s)",
        NIGHT + timedelta(days=days),
        NIGHT,
    )
    return situation


def _no_connection(situation: Situation) -> Situation:
    def refuse(platform: str) -> PlatformConnection:
        if platform == "x":
            raise UsageProblem("No connection social_metrics_x")
        return new_connection(platform)

    return replace(situation, connection_of=refuse)


def _unread(situation: Situation, day: date) -> Situation:
    with psycopg.connect(situation.url) as owner:
        change_evidence(owner, "delete from raw.capture_outcomes where account_code = 'kartini-x'")
    attempt(situation, "kartini-tiktok", "captured", NIGHT - timedelta(days=3))
    attempt(situation, "kartini-tiktok", "captured", NIGHT - timedelta(days=1))
    if day == NIGHT.date():
        attempt(situation, "kartini-x", "captured", NIGHT - timedelta(days=1))
    else:
        attempt(situation, "kartini-x", "platform_unavailable", NIGHT - timedelta(days=1))
        attempt(situation, "kartini-x", "captured", NIGHT)
    return situation


def _spent(situation: Situation) -> Situation:
    lines = {**situation.registry.platforms}
    lines["x"] = replace(lines["x"], monthly_usd_limit=Decimal("10.00"))
    run(
        situation,
        "insert into ops.spend_ledger values (%s, 'x', 'x', 'users', %s, 1, 0, 9.5, 'r')",
        uuid4(),
        NIGHT - timedelta(days=2),
    )
    return replace(situation, registry=Registry(MappingProxyType(lines), situation.registry.centers, ACCOUNTS))


def _spent_of_a_credential(situation: Situation) -> Situation:
    def limited(platform: str) -> PlatformConnection:
        return PlatformConnection.from_parts(platform, HOSTS[platform], "login", "secret", {"daily_call_limit": "10"})

    run(
        situation,
        "insert into ops.spend_ledger select gen_random_uuid(), 'x', 'x', 'users', %s, 1, 0, 0, 'r'"
        " from generate_series(1, 9)",
        NIGHT - timedelta(minutes=10),
    )
    return replace(situation, connection_of=limited)


def _review(situation: Situation) -> Situation:
    due = replace(ACCOUNTS[0], review_due_at=date(2026, 11, 1))
    registry = Registry(situation.registry.platforms, situation.registry.centers, (due, ACCOUNTS[1]))
    return replace(situation, registry=registry)


def _withdrawn(situation: Situation) -> Situation:
    run(situation, "insert into ops.withdrawn_metrics values ('x', 'followers_count', %s, %s)", NIGHT, NIGHT)
    return situation


def _failed(situation: Situation) -> Situation:
    run(
        situation,
        "insert into ops.dbt_results values ('i', 'model.fct_posts', 'model', 'error', 1, null, 'boom', now())",
    )
    return situation


def _stale(situation: Situation) -> Situation:
    run(
        situation,
        "update ops.mart_builds set finished_at = (select min(loaded_at) from raw.capture_outcomes) - interval '1 day'",
    )
    return situation


def _pending(situation: Situation) -> Situation:
    run(situation, "update alembic_version set version_num = '0006'")
    return situation


def _at_the_months_end(situation: Situation) -> Situation:
    run(situation, f"drop table raw.posts_{NIGHT + timedelta(days=7):%Y%m}")
    return situation


def _silent(situation: Situation) -> Situation:
    return replace(
        situation, settings=situation.settings.model_copy(update={"airflow_health_url": "http://127.0.0.1:9/"})
    )


def _altered(situation: Situation) -> Situation:
    key, name = "a key of sixteen characters", f"reads_{situation.url.rpartition('/')[2]}"[-40:]
    ensure_reading_logins(situation.url, [], name, key)
    run(situation, f'alter role "{name}" set statement_timeout = 0')
    settings = situation.settings.model_copy(update={"bi_login": name, "bi_login_key": key})
    return replace(situation, settings=settings)


MAKE: dict[AlertKind, list[Callable[[Situation], Situation]]] = {
    AlertKind.CREDENTIAL_FAILED: [lambda s: _breaker(s, "x", "token_expired"), _own_token],
    AlertKind.CREDENTIAL_EXPIRING: [lambda s: _expiring_in(s, 6)],
    AlertKind.CONNECTION_BROKEN: [_no_connection],
    AlertKind.EVENING_LATE: [lambda s: _unread(s, NIGHT.date())],
    AlertKind.DAY_MISSED: [lambda s: _unread(s, NIGHT.date() - timedelta(days=1))],
    AlertKind.PLATFORM_DOWN: [lambda s: _breaker(s, "", "platform_unavailable")],
    AlertKind.METRIC_WITHDRAWN: [_withdrawn],
    AlertKind.BUDGET_SHORT: [_spent, _spent_of_a_credential],
    AlertKind.REVIEW_DUE: [_review],
    AlertKind.DISK_FULL: [lambda s: s],
    AlertKind.CLOCK_DRIFT: [lambda s: s],
    AlertKind.MIGRATIONS_PENDING: [_pending],
    AlertKind.TRANSFORM_FAILED: [_failed],
    AlertKind.MARTS_STALE: [_stale],
    AlertKind.PARTITION_MISSING: [_at_the_months_end],
    AlertKind.SCHEDULER_SILENT: [_silent],
    AlertKind.SESSION_TOO_LONG: [lambda s: s],
    AlertKind.LOGIN_ALTERED: [_altered],
}


@pytest.mark.parametrize(
    ("kind", "make"), [(kind, make) for kind, ways in MAKE.items() for make in ways], ids=lambda value: str(value)[:20]
)
def test_every_alert_fires_and_is_received(
    kind: AlertKind,
    make: Callable[[Situation], Situation],
    situation: Situation,
    mailbox: Mailbox,
    webhook: Webhook,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = make(situation)
    if kind is AlertKind.DISK_FULL:
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage(100, 95, 5))
    if kind is AlertKind.CLOCK_DRIFT:
        monkeypatch.setattr(system_checks, "utc_now", two_minutes_ahead)
    if kind is AlertKind.SESSION_TOO_LONG:
        session = LongSession(4711, "auditor", "a lock of the warehouse")
        monkeypatch.setattr(system_checks, "end_long_sessions", lambda _service: ([session], True))
    found = find_alerts(at)
    assert [alert.kind for alert in found] == [kind]
    assert notify(found, at.url, at.settings, at.now)
    ((to, letter), *others) = mailbox.letters
    assert to == ["data@example.org"]
    assert f"[{kind}]" in letter.get_payload()
    assert [alert["kind"] for alert in webhook.posts[0]["alerts"]] == [kind]
    assert [to for to, _ in others] == ([["kartini@example.org"]] if found[0].center_code else [])
    notify(find_alerts(at), at.url, at.settings, at.now + timedelta(minutes=10))
    assert len(webhook.posts) == 1, "nothing is sent twice"


def test_every_alert_kind_has_a_test_and_a_runbook_entry(repository: Path) -> None:
    assert set(MAKE) | {AlertKind.WAREHOUSE_DOWN} == set(AlertKind), "of the last one: test_outage.py"
    page = (repository / "docs" / "runbook.md").read_text()
    entries = re.split(r"^### `(\w+)`$", page, flags=re.MULTILINE)[1:]
    assert set(entries[::2]) == {kind.value for kind in AlertKind}
    for name, entry in zip(entries[::2], entries[1::2], strict=True):
        for part in ("Meaning", "First look", "Fix"):
            assert f"**{part}:**" in entry, f"{name} lacks its {part}"


def test_shipped_roles_are_empty_and_a_wrong_line_is_named(tmp_path: Path) -> None:
    assert load_roles(DEFAULT_REGISTRY) == load_roles(tmp_path) == ()
    (tmp_path / "roles.csv").write_text(ROLES.replace("data@example.org", "data"))
    with pytest.raises(UsageProblem, match=r"roles.csv, line 2, column email: 'data' is not one e-mail address"):
        load_roles(tmp_path)


def test_a_failed_credential_names_accounts_minutes_left_and_next_step(situation: Situation) -> None:
    (alert,) = find_alerts(_breaker(situation, "x", "token_expired"))
    assert "kartini-x" in alert.message
    assert "105 minutes are left today" in alert.message  # 22:00 to 23:45
    assert "social-metrics capture --missing" in alert.next_step
    assert "social-metrics entry template" in alert.next_step


def test_a_failed_credential_names_every_account(situation: Situation) -> None:
    many = tuple(replace(ACCOUNTS[0], account_code=f"center{number}-x") for number in range(31))
    registry = Registry(situation.registry.platforms, situation.registry.centers, many)
    at = replace(_breaker(situation, "x", "token_expired"), registry=registry)
    (alert,) = [found for found in find_alerts(at) if found.kind is AlertKind.CREDENTIAL_FAILED]
    assert all(f"{account.account_code}" in alert.message.replace(",", "").split() for account in many[:30])
    assert "31 accounts are not read" in alert.message


def test_a_failed_token_names_the_account_in_its_next_step(situation: Situation) -> None:
    (alert,) = [found for found in find_alerts(_own_token(situation)) if found.kind is AlertKind.CREDENTIAL_FAILED]
    assert "social-metrics connect tiktok kartini-tiktok, then social-metrics capture --missing" in alert.next_step


def test_a_password_is_not_sent_to_a_mail_server_in_the_clear(situation: Situation, mailbox: Mailbox) -> None:
    settings = situation.settings.model_copy(update={"smtp_url": mailbox.url.replace("//", "//name:its-password@")})
    with pytest.raises(UsageProblem, match="offers no STARTTLS") as refused:
        notify(_alerts(AlertKind.CREDENTIAL_FAILED), situation.url, settings, situation.now)
    assert "its-password" not in str(refused.value)
    assert mailbox.letters == []


@pytest.mark.parametrize(
    ("minutes", "message"),
    [(1, None), (5, "silent for 5 minutes"), (None, "does not report its scheduler's heartbeat")],
)
def test_a_silent_scheduler_raises_an_alert(situation: Situation, minutes: int | None, message: str | None) -> None:
    beat = None if minutes is None else (utc_now() - timedelta(minutes=minutes, seconds=1)).isoformat()
    with serve({"/health": [Answer({"scheduler": {"latest_scheduler_heartbeat": beat}})]}) as airflow:
        changes = {"airflow_health_url": f"{airflow.base_url}/health"}
        found = find_alerts(replace(situation, settings=situation.settings.model_copy(update=changes)))
    assert [alert.kind for alert in found] == ([AlertKind.SCHEDULER_SILENT] if message else [])
    assert message is None or message in found[0].message


def _alerts(*kinds: AlertKind) -> list[Alert]:
    return [Alert(kind, f"{kind}-{number}", "It is so.", "do this") for number, kind in enumerate(kinds)]


def test_alerts_wait_for_the_daily_message_except_failed_credentials(situation: Situation, webhook: Webhook) -> None:
    early = situation.now - timedelta(hours=2)  # 20:00, before the deadline of 21:30
    many = _alerts(*[AlertKind.REVIEW_DUE] * 155)

    def sent(found: list[Alert], at: datetime) -> list[int]:
        webhook.posts.clear()
        notify(found, situation.url, situation.settings, at)
        return [len(post["alerts"]) for post in webhook.posts]

    assert sent(many, early) == []
    failed = _alerts(AlertKind.CREDENTIAL_FAILED)
    assert sent(many + failed, early) == [1], "it does not wait"
    assert sent(many + failed, situation.now) == [155], "one message, not 155"
    another = [*many, *failed, *_alerts(AlertKind.DISK_FULL)]
    assert sent(another, situation.now + timedelta(hours=1)) == [], "it waits for the next day's message"
    assert sent(another, situation.now + timedelta(days=1)) == [1]
    assert sent([], situation.now + timedelta(days=1)) == []
    assert sent(failed, situation.now + timedelta(days=2)) == [1], "ended and found again, it is sent again"
    assert {AlertKind.CREDENTIAL_FAILED, AlertKind.WAREHOUSE_DOWN} == NOTIFY_IMMEDIATELY


def test_an_alert_that_could_not_be_sent_is_sent_later(situation: Situation, webhook: Webhook) -> None:
    webhook.status = 500
    found = _alerts(AlertKind.DISK_FULL)
    with pytest.raises(UsageProblem, match="did not take the alert") as refused:
        notify(found, situation.url, situation.settings, situation.now)
    assert "secret-path" not in str(refused.value)
    webhook.status = 200
    assert notify(found, situation.url, situation.settings, situation.now)
    assert len(webhook.posts) == 1


@pytest.mark.parametrize(("days", "stage"), [(31, None), (30, 30), (14, 14), (8, 14), (7, 7), (2, 2), (-1, 2)])
def test_an_expiring_authorisation_raises_one_alert_per_stage(
    situation: Situation, days: int, stage: int | None
) -> None:
    found = [alert.subject for alert in find_alerts(_expiring_in(situation, days))]
    assert found == ([f"kartini-tiktok/{stage}"] if stage else [])


def test_every_volume_that_we_write_to_is_checked_once(
    situation: Situation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full volume of Airflow's home is found beside a roomy one of the state folder; an object store is no disk."""
    home = tmp_path / "airflow"
    home.mkdir()
    monkeypatch.setenv("AIRFLOW_HOME", str(home))
    at = replace(situation, settings=situation.settings.model_copy(update={"reports_destination": "s3://reports/x"}))
    real, other = Path.stat, 987654

    def stat(path: Path, **options: bool) -> os.stat_result:
        found = real(path, **options)
        return found if path != home else os.stat_result((*found[:2], other, *found[3:10]))

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(100, 95, 5) if place == home else usage(100, 5, 95))
    (found,) = [alert for alert in find_alerts(at) if alert.kind is AlertKind.DISK_FULL]
    assert found.subject == str(home)

"""Rules stored with a close are an insider's code: they run only if a release knows them, and then with no rights."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import psycopg
import pytest
from psycopg import sql

from local_stack.databases import Login
from local_stack.server import Server
from social_metrics.audit import closing, recompute, verification
from social_metrics.audit.chain import AUDIT_ALTERED
from social_metrics.audit.closing import draft_close
from social_metrics.audit.recompute import UnusableRule, rebuild
from social_metrics.audit.record import close_digest, latest_close, stored_rules
from social_metrics.audit.rules import Rule, inputs_digest
from social_metrics.audit.verification import RULES_UNKNOWN, verify_month
from social_metrics.clock import utc_now
from social_metrics.errors import UsageProblem
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.recompute_login import recompute_connection
from tests.support.closable import MONTH, Closable, step

AS_OF = datetime(2026, 11, 28, tzinfo=UTC)
STEALS = "select pg_catalog.set_config('x.y', (select string_agg(content, '') from audit.close_inputs), false) as a"
HOSTILE = {
    "a second statement": "select 1 as a; drop table if exists pg_temp.marts__x",
    "another role": "select set_config('role', 'social_metrics_service', true) as a",
    "a group's role": "select set_config('role', 'social_metrics_retention', true) as a",
    "secrets": "select refresh_token as a from ops.credentials",
    "captions": "select caption as a from raw.post_captions",
    "the record": STEALS,
    "a sequence or a table": "with gone as (delete from raw.posts returning *) select count(*) as a from gone",
    "a file of the server": "select pg_read_file('/etc/passwd') as a",
    "endless work": "select count(*) as a from generate_series(1, 100000000000) as n",
    "its own session": "select pg_terminate_backend(pg_backend_pid()) as a",
    "no query": "drop table raw.posts",
    "nothing": "",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_rule_gains_nothing(warehouse_url: str, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(recompute, "RULE_SECONDS", 2)
    limit = Rule("model", "marts.limit", "select set_config('statement_timeout', '0', false) as a", (), "table")
    rules = [limit, Rule("model", "marts.x", HOSTILE[what], (), "table")]
    with recompute_connection(warehouse_url) as connection, pytest.raises(UnusableRule, match=r"model marts\.x"):
        rebuild(connection, rules, through_seal=None, retention_as_of=AS_OF)


def test_seed_names_no_type_that_is_a_statement(warehouse_url: str) -> None:
    for kind in ("text default pg_sleep(9)", "text); drop table raw.posts; create table ops.x (a text", "regclass"):
        seed = Rule("rule_seed", "seeds.x", "a\n1\n", (kind,))
        with recompute_connection(warehouse_url) as connection, pytest.raises(UnusableRule, match="no type"):
            rebuild(connection, [seed], through_seal=None, retention_as_of=AS_OF)


def test_recomputing_login_holds_one_group_and_cannot_leave_it(warehouse_url: str) -> None:
    with recompute_connection(warehouse_url) as connection:
        login, role = next(iter(connection.execute("select session_user, current_user")))
        assert login == role == "social_metrics_service_recompute"
        held = connection.execute(
            "select rolname from pg_roles where pg_has_role(oid, 'member') and rolname <> session_user order by 1"
        ).fetchall()
        assert held == [("social_metrics_recomputer",)]
        connection.commit()
        for role in ("social_metrics_service", "social_metrics_closer", "social_metrics_recorder"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        writable = connection.execute(
            "select c.oid::regclass::text from pg_class as c where relkind in ('r', 'p', 'v', 'S') and "
            "relnamespace::regnamespace::text in ('raw', 'ops', 'audit', 'seeds', 'staging', 'marts', 'public') and "
            "has_table_privilege(c.oid, 'insert, update, delete, truncate, references, trigger')"
        ).fetchall()
        assert writable == []
        assert (
            connection.execute(
                "select nspname from pg_namespace where has_schema_privilege(oid, 'create') and nspname !~ '^pg_temp'"
            ).fetchall()
            == []
        )


def test_password_of_the_recomputing_login_is_of_one_use(warehouse_url: str) -> None:
    with recompute_connection(warehouse_url) as first, recompute_connection(warehouse_url) as second:
        passwords = {connection.info.password for connection in (first, second)}
    assert len(passwords) == 2


def test_connections_that_start_together_do_not_stop_each_other(warehouse_url: str) -> None:
    def connect_often(_: int) -> None:
        for _ in range(4):
            with recompute_connection(warehouse_url) as connection:
                connection.execute("select 1")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(connect_often, range(6)))


def test_names_of_functions_are_those_of_postgresql_whatever_the_owner_has_set(warehouse_url: str) -> None:
    database = sql.Identifier(warehouse_url.rpartition("/")[2])
    shadow = "returns bytea language sql immutable as $$ select 'constant'::bytea $$"
    with psycopg.connect(warehouse_url) as owner:
        owner.execute("create schema evil")
        owner.execute("grant usage on schema evil to public")
        owner.execute(f"create function evil.sha256(bytea) {shadow}".encode())
        owner.execute(f"create function evil.convert_to(text, text) {shadow}".encode())
        owner.execute(sql.SQL("alter database {} set search_path = evil, pg_catalog").format(database))
        owner.execute(
            sql.SQL("alter role social_metrics_service_recompute in database {} set jit = on").format(database)
        )
    expected = (sha256(b"a").digest(), "pg_catalog")
    with connect(warehouse_url, "closer") as closer, recompute_connection(warehouse_url) as recomputing:
        for connection in (closer, recomputing):
            assert (
                connection.execute(
                    "select sha256(convert_to('a'::text, 'UTF8'::text)), current_setting('search_path')"
                ).fetchone()
                == expected
            )
        assert (
            recomputing.execute("select from pg_db_role_setting where setrole = session_user::regrole").fetchall() == []
        )


def hostile(rules: list[Rule]) -> list[Rule]:
    """The rules with a model that leaves a trace when it is executed, and a truthful result."""
    content = "select * from (select lo_create(4711)) as trace, ({}) as truth"
    return [
        replace(rule, content=content.format(rule.content)) if rule.name == "marts.fct_center_monthly" else rule
        for rule in rules
    ]


def forge(admin: psycopg.Connection, make: Callable[[list[Rule]], list[Rule]], *, with_digests: bool) -> None:
    """As a superuser with triggers off: put other rules in place of a close's, with digests that hold or without."""
    admin.execute("set session_replication_role = replica")
    close = latest_close(admin, MONTH)
    assert close is not None
    rules = stored_rules(admin, close)
    for rule, changed in zip(rules, make(rules), strict=True):
        digest = changed.sha256 if with_digests else rule.sha256
        admin.execute(
            "update audit.close_inputs set content = %s, sha256 = %s where kind = %s and name = %s",
            (changed.content, digest, rule.kind, rule.name),
        )
    if with_digests:
        forged = replace(close, inputs_sha256=inputs_digest(make(rules)))
        admin.execute(
            "update audit.closes set inputs_sha256 = %s, sha256 = %s",
            (forged.inputs_sha256, close_digest(admin, forged)),
        )


def left_a_trace(admin: psycopg.Connection) -> bool:
    return admin.execute("select from pg_largeobject_metadata where oid = 4711").fetchone() is not None


@pytest.mark.slow
def test_draft_with_other_rules_is_refused(
    closable: Closable, monkeypatch: pytest.MonkeyPatch, compiled: list[Rule]
) -> None:
    monkeypatch.setattr(closing, "rules_in_force", lambda *_: hostile(compiled))
    with pytest.raises(UsageProblem, match=r"marts\.fct_center_monthly is not that of release"):
        draft_close(closable.settings, closable.url, MONTH)


@pytest.mark.slow
@pytest.mark.parametrize("is_approved", [False, True])
@pytest.mark.parametrize("with_digests", [False, True])
def test_other_rules_of_a_close_are_found_and_not_executed(
    closed: Closable, postgres_server: Server, people: dict[str, Login], with_digests: bool, is_approved: bool
) -> None:
    for person, action in (("maker", "submitted"), ("checker", "checked"), ("approver", "approved")):
        if is_approved:
            step(closed, people[person], action)
    database = closed.url.rpartition("/")[2]
    with postgres_server.admin(database) as admin:
        forge(admin, hostile, with_digests=with_digests)
        admin.execute(
            "update raw.profile_snapshots set followers_count = followers_count + 5 where attempt_id = "
            "(select attempt_id from raw.profile_snapshots where followers_count is not null limit 1)"
        )
        found = verify_month(closed.settings, closed.url, MONTH, now=utc_now())
        assert not left_a_trace(admin)
    assert not found.holds
    kinds = {finding.kind for finding in found.findings}
    assert AUDIT_ALTERED in kinds
    assert "raw_altered" in kinds, "the chain's findings are reported all the same"
    unknown = [finding for finding in found.findings if finding.kind == RULES_UNKNOWN]
    assert [finding.place.split()[-1] for finding in unknown] == ["marts.fct_center_monthly"]
    assert "rules not of release" in unknown[0].message


@pytest.mark.slow
def test_registry_that_was_never_in_force_is_found(closed: Closable, postgres_server: Server) -> None:
    def with_a_friend(rules: list[Rule]) -> list[Rule]:
        return [replace(rule, content=rule.content + "\n") if rule.name == "seeds.centers" else rule for rule in rules]

    with postgres_server.admin(closed.url.rpartition("/")[2]) as admin:
        forge(admin, with_a_friend, with_digests=True)
    found = verify_month(closed.settings, closed.url, MONTH, now=utc_now())
    assert "seeds.centers" in {finding.place.split()[-1] for finding in found.findings if finding.kind == RULES_UNKNOWN}


@pytest.mark.slow
def test_project_that_does_not_compile_hides_no_finding(closed: Closable, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[Rule]:
        raise UsageProblem("dbt cannot compile")

    monkeypatch.setattr(verification, "rules_in_force", broken)
    found = verify_month(closed.settings, closed.url, MONTH, now=utc_now())
    assert found.holds
    assert found.changed_rules == ("dbt cannot compile",)


@pytest.mark.slow
def test_untouched_month_is_recomputed_by_the_other_login(closed: Closable) -> None:
    found = verify_month(closed.settings, closed.url, MONTH, now=utc_now())
    assert (found.findings, found.altered, found.changed_since) == ((), (), ())

"""Attacks of single logins that succeeded once: each is refused, or found."""

import psycopg
import pytest
from psycopg import IsolationLevel, sql

from local_stack.databases import Login
from social_metrics.audit import closing
from social_metrics.audit.answers import exceptions_of
from social_metrics.audit.closing import draft_close, seal_now
from social_metrics.audit.record import closes_of, status_of, steps_of
from social_metrics.audit.rules import Rule
from social_metrics.audit.structure import check_structure
from tests.support.closable import MONTH, Closable, as_person, step

EVIL = """
create function pg_temp.evil(v pg_catalog.text) returns boolean language sql as $$ select 1 / (
    current_user <> (select pg_get_userbyid(datdba) from pg_catalog.pg_database where datname = current_database())
)::integer = 1 $$;
create domain pg_temp.text as pg_catalog.text check (pg_temp.evil(value));
"""
ANSWER = (
    "insert into audit.exception_answers (month_start, version, exception_no, answer_no, answer, person, login, "
    "channel) values ('2026-10-01', 1, 1, 1, %s, session_user, 'x', 'command_line')"
)
REFUSAL = (
    "insert into audit.approvals (month_start, version, action, person, maker, reason, login, channel) "
    "values ('2026-10-01', 1, 'refused', session_user, %s, 'x', 'x', 'command_line')"
)
CORRECTION = (
    "insert into audit.correction_requests (month_start, version, mart, row_key, figure, old_value, new_value, "
    "reason, document_number, requester, login, channel) select month_start, version, mart, row_key, 'posts', "
    "figures -> 'posts', {}, 'x', 'x', session_user, 'x', 'command_line' "
    "from audit.scorecard_rows where mart = 'fct_center_monthly' limit 1"
)


@pytest.fixture
def drafted(closable: Closable, compiled: list[Rule], monkeypatch: pytest.MonkeyPatch) -> Closable:
    """A month in draft."""
    monkeypatch.setattr(closing, "rules_in_force", lambda *_: list(compiled))
    draft_close(closable.settings, closable.url, MONTH)
    return closable


def test_one_closer_neither_ends_an_approved_month_nor_stops_the_seals(
    drafted: Closable, people: dict[str, Login]
) -> None:
    step(drafted, people["maker"], "submitted")
    step(drafted, people["checker"], "checked")
    with psycopg.connect(as_person(drafted.url, people["checker"])) as closer:
        closer.isolation_level = IsolationLevel.REPEATABLE_READ
        closer.execute("select from audit.approvals")
        step(drafted, people["approver"], "approved")
        with pytest.raises(psycopg.errors.UniqueViolation):
            closer.execute(REFUSAL, (people["maker"].name,))
        closer.rollback()
        for value in ("(select jsonb_agg(n) from generate_series(1, 9) as n)", "to_jsonb(1e131071::numeric)"):
            with pytest.raises(psycopg.errors.CheckViolation, match="new_value_is_short"), closer.transaction():
                closer.execute(CORRECTION.format(value).encode())
        with pytest.raises(psycopg.errors.CheckViolation, match="submitted already"), closer.transaction():
            closer.execute(ANSWER, ("a late answer",))
    seal_now(drafted.url)
    with psycopg.connect(drafted.url) as owner:
        assert status_of(steps_of(owner, closes_of(owner, MONTH)[0])) == "approved"


def test_answer_that_was_committed_after_the_approval_was_sealed_does_not_count(
    drafted: Closable, people: dict[str, Login]
) -> None:
    with psycopg.connect(as_person(drafted.url, people["checker"])) as closer:
        closer.execute(ANSWER, ("held back",))
        for person, action in (("maker", "submitted"), ("checker", "checked"), ("approver", "approved")):
            step(drafted, people[person], action)
        seal_now(drafted.url)
    for _ in range(2):
        with psycopg.connect(drafted.url) as owner:
            assert owner.execute("select count(*) from audit.exception_answers").fetchone() == (1,)
            assert exceptions_of(owner, MONTH, 1)[0].answer is None
        seal_now(drafted.url)


def test_temporary_table_makes_nobody_the_service(drafted: Closable, people: dict[str, Login]) -> None:
    login = people["maker"].name
    with psycopg.connect(drafted.url, autocommit=True) as owner:
        database = sql.Identifier(drafted.url.rpartition("/")[2])
        owner.execute(sql.SQL("grant temporary on database {} to {}").format(database, sql.Identifier(login)))
    with psycopg.connect(as_person(drafted.url, people["maker"])) as session:
        session.execute("create temporary table pg_database (datdba oid, datname name)")
        session.execute(
            "insert into pg_temp.pg_database select oid, current_database() from pg_roles where rolname = %s",
            (login,),
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="cannot speak"):
            session.execute(
                "insert into audit.approvals (month_start, version, action, person, maker, login, channel) "
                "values ('2026-10-01', 1, 'submitted', 'sekretaris', 'sekretaris', 'x', 'airflow')"
            )


@pytest.mark.parametrize(
    ("role", "call"),
    [
        ("loader", "select ops.ensure_month_partitions(array['2031-01-10'::timestamptz])"),
        ("retention", "select ops.drop_emptied_months(now())"),
    ],
)
def test_no_function_of_the_owner_runs_what_its_caller_made(warehouse_url: str, role: str, call: str) -> None:
    with psycopg.connect(warehouse_url) as session:
        session.execute("select ops.ensure_month_partitions(array['2025-01-10'::timestamptz])")
        session.execute(f"set local role social_metrics_{role}".encode())
        session.execute(EVIL)
        session.execute(call.encode())


def test_every_function_names_the_temporary_schema_last(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as session:
        assert not session.execute(
            "select proname from pg_proc where pronamespace::regnamespace::text in ('raw', 'ops', 'audit') "
            "and prosqlbody is null and proconfig is distinct from array['search_path=pg_catalog, pg_temp']"
        ).fetchall()


def test_instants_and_numbers_are_those_of_the_database(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as session:
        session.execute("set local role social_metrics_transformer")
        noted = session.execute(
            "insert into ops.rule_versions values ('seeds.x', 'x', encode(sha256('x'), 'hex'), '2999-01-01') "
            "returning noted_at"
        ).fetchone()
        assert noted is not None
        assert noted[0].year < 2999
        session.execute("set local role social_metrics_recorder")
        number = session.execute(
            "insert into audit.issued_papers (paper_no, kind, as_of_date, is_provisional, language, file_name, "
            "media_type, content, sha256, issued_by) overriding system value "
            "values (-1, 'leadership', '2026-10-01', true, 'id', "
            "'2026-10-01-sementara-id.pdf', 'application/pdf', 'x', encode(sha256('x'), 'hex'), 'x') returning paper_no"
        ).fetchone()
        assert number is not None
        assert number[0] >= 1
        session.execute("set local role social_metrics_retention")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("insert into ops.revocations (account_code, platform, revoked_at, reason) "
                            "values ('a', 'x', '2026-01-01', 'x')")  # fmt: skip


BY_THE_OWNER = {
    "audit.approvals": (
        "alter table audit.approvals drop constraint maker_checker_approver_differ, "
        "add constraint maker_checker_approver_differ check (true)",
        "create or replace trigger record_person_and_time before insert on audit.approvals "
        "for each row execute function audit.record_person_and_time('nobody', 'never')",
        "create or replace trigger check_step before insert on audit.approvals "
        "for each row when (new.reason = 'x') execute function audit.check_step()",
        "create or replace trigger refuse_change before update of reason or delete or truncate on audit.approvals "
        "for each statement execute function audit.refuse_change()",
        "create schema evil; create table evil.a () inherits (audit.approvals)",
        "alter table audit.approvals alter rests_on drop expression",
        "alter table audit.approvals alter login drop not null",
        "alter table audit.approvals alter person type varchar(30)",
        "drop index audit.approvals_one_end",
    ),
    "audit.deliveries": ("alter table audit.deliveries set unlogged",),
    "raw.profile_snapshots": ("alter table raw.profile_snapshots alter followers_state set default 'x'",),
    "raw.posts": ("create schema evil; create table evil.p partition of raw.posts "
                  "for values from ('2035-01-01') to ('2036-01-01')",),
    "raw": ("alter default privileges in schema raw grant update on tables to public",),
}  # fmt: skip


@pytest.mark.parametrize(("place", "change"), [(place, one) for place, all_ in BY_THE_OWNER.items() for one in all_])
def test_what_is_no_longer_as_it_was_defined_is_found(warehouse_url: str, place: str, change: str) -> None:
    with psycopg.connect(warehouse_url) as owner:
        owner.execute(change.encode())
        assert place in {finding.place for finding in check_structure(owner)}


def test_evidence_is_not_truncated(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url, autocommit=True) as owner:
        owner.execute("select ops.ensure_month_partitions(array['2026-10-10'::timestamptz])")
        tables = owner.execute(
            "select nspname, relname from pg_class join pg_namespace as n on n.oid = relnamespace "
            "where nspname = 'raw' and relkind in ('r', 'p')"
        ).fetchall()
        assert len(tables) > 10
        for table in tables:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                owner.execute(sql.SQL("truncate {} cascade").format(sql.Identifier(*table)))

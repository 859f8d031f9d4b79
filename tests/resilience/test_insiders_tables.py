"""What seals and closes rest on is ordinary tables; one row of one closer cannot spoil a month."""

import json
import os
import re
from itertools import product

import psycopg
import pytest
from psycopg import sql

from local_stack.databases import Login
from local_stack.server import Server
from social_metrics.audit import closing, verification
from social_metrics.audit.answers import answer_exceptions, exceptions_of
from social_metrics.audit.closing import draft_close, seal_now
from social_metrics.audit.corrections import approve_correction, request_correction
from social_metrics.audit.rules import Rule
from social_metrics.audit.structure import STRUCTURE, check_structure, structure_of
from social_metrics.audit.verification import verify_month
from social_metrics.clock import utc_now
from social_metrics.warehouse.connect import connect
from tests.support.closable import MONTH, Closable, as_person, step

BY_THE_OWNER = {
    "raw.posts": (
        "alter table raw.posts rename to other; create view raw.posts as select * from raw.other",
        "alter table raw.posts disable trigger only_take_away",
        "alter table raw.posts enable row level security",
        "create policy hidden on raw.posts using (false)",
        "grant delete on raw.posts to social_metrics_closer",
        "grant update (like_count) on raw.posts to social_metrics_loader",
        "create rule nothing as on delete to raw.posts do instead nothing",
        "drop trigger refuse_change on raw.posts",
    ),
    "raw.posts_202610": (
        "alter table raw.posts_202610 disable trigger user",
        "grant update on raw.posts_202610 to social_metrics_loader",
        "alter table raw.posts detach partition raw.posts_202610",
    ),
    "raw.runs": ("drop table raw.runs; create materialized view raw.runs as select 'x'::text as run_id",),
    "audit.approvals": (
        "alter table audit.approvals disable trigger refuse_change",
        "alter table audit.approvals drop constraint maker_checker_approver_differ",
        "grant insert on audit.approvals to social_metrics_auditor",
    ),
    "audit.seals": ("grant insert on audit.seals to social_metrics_closer", "grant select on audit.seals to public"),
    "audit.close_inputs": ("grant insert on audit.close_inputs to social_metrics_closer with grant option",),
    "audit.refuse_change()": (
        "create or replace function audit.refuse_change() returns trigger language plpgsql as "
        "$$ begin return null; end $$",
        "alter function audit.refuse_change() security definer",
    ),
    "ops.only_take_away()": ("alter function ops.only_take_away() set search_path = public",),
    "ops.account_confirmations": ("grant update on ops.account_confirmations to social_metrics_loader",),
    "ops.helper": ("create table ops.helper (at timestamptz primary key)",),
    "audit": ("grant create on schema audit to social_metrics_closer",),
    "ops.drop_emptied_months(until timestamp with time zone)": (
        "grant execute on function ops.drop_emptied_months to public",
    ),
    "social_metrics_closer": ("grant social_metrics_retention to social_metrics_closer",),
}
BY_A_SUPERUSER = {
    "raw.posts": ("alter table raw.posts owner to social_metrics_loader",),
    "raw.posts_202610": ("alter table raw.posts_202610 disable trigger all",),
    "social_metrics_closer": ("alter role social_metrics_closer bypassrls",),
    "raw.runs": (
        "create foreign data wrapper files; create server files foreign data wrapper files; drop table raw.runs; "
        "create foreign table raw.runs (run_id text) server files",
    ),
}


def test_structure_is_that_of_a_migrated_warehouse(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as owner:
        owner.execute("select ops.ensure_month_partitions(array['2026-10-10'::timestamptz])")
        present = {
            re.sub(r"^(raw\.\w+)_202610$", r"\1_000000", name): sorted(lines)
            for name, lines in structure_of(owner).items()
            if not name.endswith("_202611")
        }
        if os.environ.get("SOCIAL_METRICS_TEST_WRITE_RULE_DIGESTS"):
            STRUCTURE.write_text(json.dumps(dict(sorted(present.items())), indent=1) + "\n")
        assert list(check_structure(owner)) == [], "after a migration run `make rule-digests`, and read the difference"


def places(connection: psycopg.Connection, statement: str) -> set[str]:
    """The objects that are found after a change, which is rolled back."""
    with connection.transaction(force_rollback=True):
        connection.execute(statement.encode())
        return {finding.place for finding in check_structure(connection)}


def test_tables_that_are_not_ordinary_are_found(warehouse_url: str, postgres_server: Server) -> None:
    with (
        psycopg.connect(warehouse_url) as owner,
        psycopg.connect(postgres_server.url(warehouse_url.rpartition("/")[2])) as superuser,
    ):
        owner.execute("select ops.ensure_month_partitions(array['2026-10-10'::timestamptz])")
        owner.commit()
        for connection, changes in ((owner, BY_THE_OWNER), (superuser, BY_A_SUPERUSER)):
            for name, statements in changes.items():
                for statement in statements:
                    assert name in places(connection, statement), statement
        assert list(check_structure(owner)) == []


LARGEST = 2**31 - 1
BY_ONE_CLOSER = (
    "insert into audit.approvals (month_start, version, action, person, maker, reason, login, channel, acted_at) "
    "values ('2026-10-01', 1, 'refused', session_user, %(maker)s, 'x', 'x', 'command_line', '2026-01-01')",
    "insert into audit.approvals (month_start, version, action, person, maker, login, channel, acted_at) "
    "values ('2026-10-01', 2, 'submitted', session_user, session_user, 'x', 'command_line', '2026-01-01')",
    "insert into audit.approvals (month_start, version, action, person, maker, login, channel) "
    "values ('2026-10-01', 1, 'submitted', 'sekretaris', 'sekretaris', 'x', 'airflow')",
    "insert into audit.exception_answers (month_start, version, exception_no, answer_no, answer, person, login, "
    f"channel, answered_at) values ('2026-10-01', 1, 1, {LARGEST}, 'x', session_user, 'x', 'command_line', "
    "'2026-01-01')",
    "insert into audit.correction_requests (correction_no, month_start, version, mart, row_key, figure, old_value, "
    "new_value, reason, document_number, requester, login, channel, requested_at) "
    f"select {LARGEST}, month_start, version, mart, row_key, 'posts', %(wrong)s, '9', 'x', 'x', session_user, 'x', "
    "'command_line', '2026-01-01' from audit.scorecard_rows where mart = 'fct_center_monthly' limit 1",
    "insert into audit.correction_requests (correction_no, month_start, version, mart, row_key, figure, old_value, "
    "new_value, reason, document_number, requester, login, channel, requested_at) "
    f"select {LARGEST}, month_start, version, mart, row_key, 'posts', figures -> 'posts', '999', 'x', 'x', "
    "session_user, 'x', 'command_line', '2026-01-01' from audit.scorecard_rows "
    "where mart = 'fct_center_monthly' and center_code = 'satria'",
)


@pytest.mark.slow
@pytest.mark.parametrize("is_approved", [False, True])
def test_one_row_of_one_closer_does_not_spoil_a_month(
    closable: Closable,
    people: dict[str, Login],
    compiled: list[Rule],
    monkeypatch: pytest.MonkeyPatch,
    is_approved: bool,
) -> None:
    for module in (closing, verification):
        monkeypatch.setattr(module, "rules_in_force", lambda *_: list(compiled))
    draft_close(closable.settings, closable.url, MONTH)
    for person, action in (("maker", "submitted"), ("checker", "checked"), ("approver", "approved")):
        if is_approved:
            step(closable, people[person], action)
    values = {"maker": people["maker"].name, "wrong": "12345"}
    with psycopg.connect(as_person(closable.url, people["checker"]), autocommit=True) as closer:
        for statement in BY_ONE_CLOSER:
            try:
                closer.execute(statement.encode(), values)
            except psycopg.Error:
                continue
    assert verify_month(closable.settings, closable.url, MONTH, now=utc_now()).findings == (), "not sealed yet"
    seal_now(closable.url)
    found = verify_month(closable.settings, closable.url, MONTH, now=utc_now())
    assert (found.holds, found.status) == (True, "approved" if is_approved else "draft")
    maker = as_person(closable.url, people["maker"])
    with connect(maker, "closer") as connection:
        if is_approved:
            number = request_correction(
                connection, MONTH, center_code="kartini", figure="posts", new_value=77, reason="x", document_number="x"
            )
            assert number < 10
            with connect(as_person(closable.url, people["checker"]), "closer") as checker:
                assert approve_correction(checker, number).new_value == 77
        else:
            first = exceptions_of(connection, MONTH, 1)[0]
            answer_exceptions(connection, MONTH, {first.exception_no: "dijawab"}, center_code=first.center_code)
            step(closable, people["maker"], "submitted")
    assert verify_month(closable.settings, closable.url, MONTH, now=utc_now()).holds


def test_nobody_else_writes_what_the_service_records(warehouse_url: str) -> None:
    roles = ("closer", "auditor", "bi_reader", "center_reader", "loader", "transformer", "retention")
    tables = ("seals", "sealed_tables", "sealed_rows", "access_lists", "closes", "close_inputs", "scorecard_rows",
              "exceptions", "issued_papers", "deliveries")  # fmt: skip
    with psycopg.connect(warehouse_url, autocommit=True) as session:
        for role, table in product(roles, tables):
            session.execute(sql.SQL("set role {}").format(sql.Identifier(f"social_metrics_{role}")))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(sql.SQL("insert into audit.{} default values").format(sql.Identifier(table)))

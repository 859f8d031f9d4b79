"""Seals: an untouched record holds, whatever the session's settings; nobody in the system can change the record."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from local_stack.databases import Login
from local_stack.server import Server
from social_metrics.audit.canonical import tables_to_seal
from social_metrics.audit.chain import LATE, walk_chain
from social_metrics.audit.merkle import EMPTY_ROOT, merkle_root
from social_metrics.audit.seals import seal_days, sealing
from social_metrics.clock import utc_now
from social_metrics.warehouse.connect import connect, open_connection
from tests.support.audit_fixtures import FIRST_DAY, seal, write_history
from tests.support.random_evidence import RandomEvidence
from tests.support.warehouse import change_evidence

NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
HISTORIES = int(os.environ.get("SOCIAL_METRICS_TEST_UNTOUCHED_HISTORIES", "5"))  # a full run says 50


def test_untouched_histories_raise_no_alarm(new_warehouse: Callable[[], str], seed: int) -> None:
    for number in range(HISTORIES):
        url = new_warehouse()
        write_history(url, seed + number)
        with connect(url, "closer") as closer:
            walk = walk_chain(closer, NOW)
        assert walk.findings == (), f"seed {seed + number}"
        assert walk.seals >= 1
        assert walk.rows > 100
        assert walk.purged == walk.unsealed == {}


def test_digests_do_not_depend_on_the_session(warehouse_url: str, seed: int) -> None:
    write_history(warehouse_url, seed)
    with psycopg.connect(warehouse_url) as other:
        expected = _hashes(other)
        for setting in (
            "timezone = 'Asia/Jayapura'",
            "datestyle = 'German, DMY'",
            "intervalstyle = 'iso_8601'",
            "extra_float_digits = -15",
            "bytea_output = 'escape'",
            "lc_numeric = 'C'",
            "jit = on",
        ):
            other.execute(f"set {setting}")
        assert _hashes(other) == expected
    assert sum(map(len, expected.values())) > 100


def _hashes(connection: psycopg.Connection) -> dict[str, list[tuple[str, bytes]]]:
    return {
        table.name: connection.execute(
            sql.SQL("select {}, {} from {} order by 1").format(table.row_key, table.row_sha256, table.relation)
        ).fetchall()
        for table in tables_to_seal(connection)
    }


def test_null_and_the_empty_text_are_different_rows(warehouse_url: str, closer: psycopg.Connection) -> None:
    with psycopg.connect(warehouse_url) as owner:
        RandomEvidence(owner, 1).write_run(FIRST_DAY)
        change_evidence(owner, "update raw.profile_snapshots set handle_seen = null")
    seal(closer)
    with psycopg.connect(warehouse_url) as owner:
        change_evidence(owner, "update raw.profile_snapshots set handle_seen = ''")
    found = walk_chain(closer, NOW).findings
    assert len(found) == 3
    assert all(finding.place.startswith("raw.profile_snapshots [") for finding in found)


def test_every_table_of_raw_and_of_the_record_is_sealed(closer: psycopg.Connection) -> None:
    sealed = {table.name for table in tables_to_seal(closer)}
    there = {
        name
        for (name,) in closer.execute(
            "select format('%s.%s', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = relnamespace "
            "where n.nspname in ('raw', 'audit') and relkind in ('r', 'p') and not relispartition"
        )
    }
    assert there - sealed == {"audit.seals", "audit.sealed_tables", "audit.sealed_rows"}
    assert {"ops.spend_ledger", "ops.account_confirmations"} <= sealed
    assert not {"ops.credentials", "ops.center_logins"} & sealed


def test_what_comes_late_has_a_seal_of_its_own(warehouse_url: str, closer: psycopg.Connection) -> None:
    with psycopg.connect(warehouse_url) as owner:
        evidence = RandomEvidence(owner, 2)
        evidence.write_run(FIRST_DAY)
    with sealing(closer):
        assert [made.seal_no for made in seal_days(closer)] == [1]
    with sealing(closer):
        assert seal_days(closer) == []
    with psycopg.connect(warehouse_url) as owner:
        evidence.connection = owner
        evidence.hand_entry(FIRST_DAY, datetime(2026, 11, 3, tzinfo=UTC))
    late = walk_chain(closer, utc_now()).findings
    assert {finding.kind for finding in late} == {LATE}
    assert any("raw.manual_entries" in finding.place for finding in late)
    with sealing(closer):
        made = seal_days(closer)
    assert made[0].through_date == FIRST_DAY
    assert made[0].previous_sha256 == closer.execute("select sha256 from audit.seals where seal_no = 1").fetchone()[0]
    assert walk_chain(closer, NOW).findings == ()


def test_only_whole_days_are_sealed_when_asked_for(warehouse_url: str, closer: psycopg.Connection) -> None:
    with psycopg.connect(warehouse_url) as owner:
        for day in (FIRST_DAY, date(2026, 11, 1)):
            evidence = RandomEvidence(owner, day.day)
            evidence.entries = day.day
            evidence.write_run(day)
    with sealing(closer):
        made = seal_days(closer, through=FIRST_DAY)
    assert [one.through_date for one in made] == [FIRST_DAY]


def test_a_loss_that_no_purge_recorded_is_a_finding_though_its_time_was_up(
    warehouse_url: str, closer: psycopg.Connection
) -> None:
    with psycopg.connect(warehouse_url) as owner:
        RandomEvidence(owner, 3).write_run(FIRST_DAY)
        change_evidence(owner, "update raw.response_bodies set expires_at = '2026-11-20'")
    seal(closer)
    with open_connection(warehouse_url, "retention") as retention:
        retention.execute("delete from raw.response_bodies where expires_at < '2026-11-24'")
    walk = walk_chain(closer, NOW)
    assert walk.purged == {}
    assert {finding.message for finding in walk.findings} == {"the row was removed, and no purge accounts for it"}
    assert len(walk.findings) == 3


def test_who_has_access_is_sealed_with_the_day_though_the_next_one_has_begun(
    warehouse_url: str, closer: psycopg.Connection
) -> None:
    with psycopg.connect(warehouse_url) as owner:
        evidence = RandomEvidence(owner, 8)
        evidence.write_run(FIRST_DAY)
        evidence.write_run(FIRST_DAY + timedelta(days=1))
    with sealing(closer):
        seal_days(closer, through=FIRST_DAY)
    sealed = "select count(*) from audit.sealed_rows where table_name = 'audit.access_lists'"
    assert closer.execute(sealed).fetchone() == (1,)
    closer.commit()
    assert [one for one in walk_chain(closer, NOW).findings if "access_lists" in one.place] == []


def test_a_crash_while_sealing_leaves_nothing(warehouse_url: str, closer: psycopg.Connection) -> None:
    with psycopg.connect(warehouse_url) as owner:
        RandomEvidence(owner, 4).write_run(FIRST_DAY)

    def crash() -> None:
        with sealing(closer):
            seal_days(closer)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert walk_chain(closer, NOW).seals == 0
    seal(closer)
    assert walk_chain(closer, NOW).findings == ()


def test_merkle_roots_are_those_of_rfc_6962() -> None:
    assert merkle_root([]) == EMPTY_ROOT
    # The standard's own example of seven leaves is a tree ((d0 d1)(d2 d3))((d4 d5) d6): position and number both count.
    leaves = [bytes([n]) * 32 for n in range(7)]
    roots = {merkle_root(leaves[:n]) for n in range(8)} | {merkle_root(leaves[::-1])}
    assert len(roots) == 9


ROLES = (
    "loader", "transformer", "bi_reader", "center_reader", "auditor", "closer", "notary", "recorder", "recomputer",
    "retention",
)  # fmt: skip


def test_the_groups_are_those_that_are_tried(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as owner:
        groups = owner.execute(
            r"select rolname from pg_roles where rolname like 'social\_metrics\_%' and not rolcanlogin"
        ).fetchall()
    assert {name for (name,) in groups} == {f"social_metrics_{role}" for role in ROLES}


@pytest.mark.parametrize("role", [*ROLES, None])
def test_nobody_changes_the_record(warehouse_url: str, closer: psycopg.Connection, role: str | None) -> None:
    with psycopg.connect(warehouse_url) as owner:
        RandomEvidence(owner, 5).write_run(FIRST_DAY)
    seal(closer)
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        tables = [
            (name, column)
            for name, column in connection.execute(
                "select c.relname, min(a.attname) from pg_class c join pg_attribute a on a.attrelid = c.oid "
                "where relnamespace = 'audit'::regnamespace and relkind = 'r' and attnum > 0 and attgenerated = '' "
                "group by 1"
            )
        ]
        assert len(tables) >= 12
        if role:
            if role in ("recomputer", "notary"):  # nobody works as they do but their own logins
                connection.execute(f"grant social_metrics_{role} to current_user".encode())
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(f"social_metrics_{role}")))
        for table, column in tables:
            relation = sql.Identifier("audit", table)
            for statement in (
                sql.SQL("update {0} set {1} = {1}").format(relation, sql.Identifier(column)),
                sql.SQL("delete from {}").format(relation),
                sql.SQL("truncate {} cascade").format(relation),
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)
        if role == "notary":
            connection.execute("reset role")
            connection.execute("revoke social_metrics_notary from current_user")


def test_a_superuser_with_triggers_on_is_refused_too(
    postgres_server: Server, service_login: Login, warehouse_url: str, closer: psycopg.Connection
) -> None:
    with psycopg.connect(warehouse_url) as owner:
        RandomEvidence(owner, 6).write_run(FIRST_DAY)
        database = owner.info.dbname
    seal(closer)
    with postgres_server.admin(database) as admin, pytest.raises(psycopg.errors.InsufficientPrivilege):
        admin.execute("delete from audit.sealed_rows")

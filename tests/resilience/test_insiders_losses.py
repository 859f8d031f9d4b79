"""A loss counts as retention only if its ground can be computed again, no matter who recorded it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import product

import psycopg
import pytest
from psycopg import sql

from local_stack.server import Server
from social_metrics.audit import closing
from social_metrics.audit.canonical import tables_to_seal
from social_metrics.audit.chain import walk_chain
from social_metrics.audit.closing import draft_close
from social_metrics.audit.rules import Rule
from social_metrics.errors import UsageProblem
from social_metrics.settings import Settings
from social_metrics.transform.seed_versions import note_seed_versions
from social_metrics.warehouse.connect import connect
from tests.support.audit_fixtures import seal
from tests.support.closable import MONTH, Closable
from tests.support.random_evidence import RandomEvidence
from tests.support.warehouse import change_evidence

DAY, NOW = date(2026, 10, 28), datetime(2026, 11, 10, tzinfo=UTC)
GROUNDS = ("expired", "rule_shortened", "revoked", "post_removed")
EMPTY = {
    "raw.profile_snapshots": (
        "update raw.profile_snapshots set followers_count = null, followers_precision_step = null, "
        "followers_state = 'retention_expired', following_count = null, posts_count = null, views_count = null"
    ),
    "raw.posts": (
        "update raw.posts set like_count = null, comment_count = null, share_count = null, view_count = null"
    ),
    "raw.post_captions": "delete from raw.post_captions",
    "raw.response_bodies": "delete from raw.response_bodies",
}


@pytest.fixture
def sealed(warehouse_url: str) -> str:
    """One evening of three accounts, sealed; only the counts of YouTube are due, bodies and captions are not."""
    with psycopg.connect(warehouse_url, autocommit=True) as owner:
        RandomEvidence(owner, 5).write_run(DAY)
        change_evidence(owner, "update raw.profile_snapshots set expires_at = null, followers_count = 900, "
                        "followers_precision_step = 1, followers_state = 'reported', authorization_mode = 'owner'"
                        )  # fmt: skip
        change_evidence(
            owner,
            "update raw.profile_snapshots set authorization_mode = 'public', expires_at = '2026-11-01' "
            "where platform = 'youtube'",
        )
        change_evidence(owner, "update raw.posts set like_count = 5, presence = 'seen', expires_at = null")
        for table in ("response_bodies", "post_captions"):
            change_evidence(owner, f"update raw.{table} set expires_at = '2027-10-28'")
    with connect(warehouse_url, "recorder") as recorder:
        note_seed_versions(recorder, Settings())
        recorder.commit()
        seal(recorder)
    return warehouse_url


@pytest.fixture
def superuser(sealed: str, postgres_server: Server) -> Iterator[psycopg.Connection]:
    """A superuser with triggers off."""
    with postgres_server.admin(sealed.rpartition("/")[2]) as admin:
        admin.execute("set session_replication_role = replica")
        yield admin


def forge(connection: psycopg.Connection, table: str, change: str, reason: str, where: str = "platform = 'x'") -> int:
    """Make a change and the record of a purge that covers it, with the hashes before and after."""
    target = next(one for one in tables_to_seal(connection) if one.name == table)
    hashes = sql.SQL("select {} as row_key, {} as row_sha256 from {}").format(
        target.row_key, target.row_sha256, target.relation
    )
    connection.execute(sql.SQL("create temporary table before as {}").format(hashes))
    row = connection.execute(
        "insert into ops.purges (as_of, table_name, field, platform, reason, account_code, source, row_count) "
        "values (%s, %s, 'counts', %s, %s, %s, 'none', 1) returning purge_no",
        (NOW, table, "youtube" if "youtube" in where else "x", reason, "kartini-x" if reason == "revoked" else None),
    ).fetchone()
    changed = connection.execute(f"{change} where {where}".encode()).rowcount
    connection.execute(
        sql.SQL(
            "insert into ops.purged_rows (purge_no, table_name, row_key, row_sha256, remaining_sha256) "
            "select %s, %s, before.row_key, before.row_sha256, after.row_sha256 from before left join ({}) as after "
            "using (row_key) where before.row_sha256 is distinct from after.row_sha256"
        ).format(hashes),
        (row[0] if row else None, table),
    )
    connection.execute("drop table pg_temp.before")
    return changed


def found_in(session: psycopg.Connection, table: str) -> list[str]:
    """What is wrong with rows of a table, as a closer sees it within the session's transaction."""
    session.execute("set local role social_metrics_closer")
    return [one.message for one in walk_chain(session, NOW).findings if one.place.startswith(f"{table} [")]


def test_retention_takes_nothing_without_a_ground(sealed: str) -> None:
    with psycopg.connect(sealed) as session:
        for table, reason in product(EMPTY, GROUNDS):
            where = "account_code = 'kartini-x'" if table != "raw.response_bodies" else "true"
            with session.transaction(force_rollback=True):
                session.execute("set local role social_metrics_retention")
                taken = forge(session, table, EMPTY[table], reason, where)
                assert taken >= 1
                assert len(found_in(session, table)) == taken, (table, reason)


def test_counts_raised_behind_purge_rows_are_found(superuser: psycopg.Connection) -> None:
    change = "update raw.profile_snapshots set followers_count = followers_count + 50000"
    for reason in GROUNDS:
        with superuser.transaction(force_rollback=True):
            assert forge(superuser, "raw.profile_snapshots", change, reason, "true") == 3
            assert len(found_in(superuser, "raw.profile_snapshots")) == 3, reason


@pytest.mark.parametrize("others", ["followers_count = 7", "following_count = null", "views_count = 1"])
def test_canonical_form_has_no_count_at_all(superuser: psycopg.Connection, others: str) -> None:
    """The row of YouTube is due: its counts may be emptied, all of them, and get no other value."""
    where = "account_code = 'kartini-youtube'"
    columns = EMPTY["raw.profile_snapshots"].split(" set ")[1]
    kept = ", ".join(part for part in columns.split(", ") if part.split(" = ")[0] != others.split(" = ")[0])
    wrong = {
        "followers_count = 7": "update raw.profile_snapshots set followers_count = 7",
        "following_count = null": "update raw.profile_snapshots set following_count = null, posts_count = 987",
        "views_count = 1": f"update raw.profile_snapshots set {kept}, views_count = 1",
    }[others]
    with superuser.transaction(force_rollback=True):
        assert forge(superuser, "raw.profile_snapshots", wrong, "expired", where) == 1
        assert len(found_in(superuser, "raw.profile_snapshots")) == 1
    with superuser.transaction(force_rollback=True):
        forge(superuser, "raw.profile_snapshots", EMPTY["raw.profile_snapshots"], "expired", where)
        assert found_in(superuser, "raw.profile_snapshots") == [], "as retention empties it"


def test_revocation_of_one_account_covers_no_other(sealed: str) -> None:
    with psycopg.connect(sealed) as session, session.transaction(force_rollback=True):
        session.execute("set local role social_metrics_loader")
        session.execute(
            "insert into ops.revocations (account_code, platform, revoked_at, reason, recorded_at) "
            "values ('kartini-x', 'x', '2026-11-05', 'Surat 1', '2026-01-01')"
        )
        session.execute("set local role social_metrics_retention")
        change = EMPTY["raw.profile_snapshots"] + ", handle_seen = null, platform_account_id_seen = null"
        assert forge(session, "raw.profile_snapshots", change, "revoked", "true") == 3
        assert len(found_in(session, "raw.profile_snapshots")) == 2


def test_record_of_a_loss_that_did_not_happen_is_found(sealed: str) -> None:
    with psycopg.connect(sealed) as session, session.transaction(force_rollback=True):
        session.execute(
            "with forged as (insert into ops.purges (as_of, table_name, field, platform, reason, source, row_count) "
            "values (%s, 'raw.posts', 'counts', 'x', 'expired', 'none', 1) returning purge_no) "
            "insert into ops.purged_rows (purge_no, table_name, row_key, row_sha256) "
            "select purge_no, table_name, row_key, row_sha256 from forged, audit.sealed_rows "
            "where table_name = 'raw.posts' union all select purge_no, 'raw.posts', 'no key', sha256('') from forged",
            (NOW,),
        )
        messages = [finding.message for finding in walk_chain(session, NOW).findings]
        assert messages == ["it records a loss that did not happen"] * 3


CHANGES = (
    "update raw.profile_snapshots set followers_count = followers_count + 50000",
    "update raw.profile_snapshots set account_code = 'satria-x'",
    "update raw.profile_snapshots set followers_count = null, followers_precision_step = null, "
    "followers_state = 'retention_expired', following_count = 4",
    "update raw.profile_snapshots_202610 set followers_count = followers_count + 50000",
    "update raw.posts set presence = 'absent'",
    "update raw.posts set like_count = null, comment_count = null, share_count = null",
    "update raw.capture_outcomes set outcome = 'captured'",
    "update raw.api_responses set kept_sha256 = ''",
    "delete from raw.profile_snapshots_202610",
    "delete from raw.posts",
    "delete from raw.response_bodies",
    "update raw.response_bodies set body = ''",
)


@pytest.mark.parametrize("role", [None, "social_metrics_retention"])
def test_owner_changes_no_evidence(sealed: str, role: str | None) -> None:
    with psycopg.connect(sealed, autocommit=True) as owner:
        if role:
            owner.execute(f"set role {role}".encode())
        # Retention may delete bodies; the record has to say why.
        for statement in CHANGES if role is None else set(CHANGES) - {"delete from raw.response_bodies"}:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                owner.execute(statement.encode())


@pytest.mark.slow
def test_loss_before_the_close_is_checked_at_the_close(
    closable: Closable, postgres_server: Server, monkeypatch: pytest.MonkeyPatch, compiled: list[Rule]
) -> None:
    monkeypatch.setattr(closing, "rules_in_force", lambda *_: list(compiled))
    with connect(closable.url, "recorder") as recorder:
        seal(recorder)
    with postgres_server.admin(closable.url.rpartition("/")[2]) as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute(
            f"{EMPTY['raw.profile_snapshots']} where account_code = 'kartini-x' and captured_at > '2026-10-20'"
        )
    with pytest.raises(UsageProblem, match="not as it was sealed"):
        draft_close(closable.settings, closable.url, MONTH)

"""A superuser who rewrites the record and every seal over it, so that the chain holds again."""

from dataclasses import replace

import psycopg
from psycopg import sql

from social_metrics.audit.canonical import tables_to_seal
from social_metrics.audit.merkle import leaf, merkle_root
from social_metrics.audit.record import close_digest, closes_of
from social_metrics.audit.seals import FIRST_LINK, Seal, seal_digest


def rewrite(superuser: psycopg.Connection, *statements: str) -> None:
    """Run statements with triggers off, and make leaves, roots, seals and closes anew to match them."""
    superuser.execute("set session_replication_role = replica")
    for statement in statements:
        superuser.execute(statement.encode())
    tables = {table.name: table for table in tables_to_seal(superuser)}
    previous = FIRST_LINK
    for row in superuser.execute(
        "select seal_no, through_date, sealed_at, previous_sha256, code_version, sealed_by, sha256 "
        "from audit.seals order by seal_no"
    ).fetchall():
        seal = replace(Seal(*row), previous_sha256=previous)
        covered = {}
        for (name,) in superuser.execute(
            "select table_name from audit.sealed_tables where seal_no = %s", (seal.seal_no,)
        ).fetchall():
            table = tables[name]
            superuser.execute(
                sql.SQL(
                    "update audit.sealed_rows as sealed set row_sha256 = {sha256} from {relation} "
                    "where sealed.seal_no = %s and sealed.table_name = %s and sealed.row_key = {key}"
                ).format(sha256=table.row_sha256, relation=table.relation, key=table.row_key),
                (seal.seal_no, name),
            )
            leaves = superuser.execute(
                "select row_key, row_sha256, expires_at from audit.sealed_rows "
                'where seal_no = %s and table_name = %s order by row_key collate "C"',
                (seal.seal_no, name),
            ).fetchall()
            covered[name] = (len(leaves), merkle_root(leaf(*one) for one in leaves))
            superuser.execute(
                "update audit.sealed_tables set row_count = %s, merkle_root = %s "
                "where (seal_no, table_name) = (%s, %s)",
                (*covered[name], seal.seal_no, name),
            )
        previous = seal_digest(seal, covered)
        superuser.execute(
            "update audit.seals set previous_sha256 = %s, sha256 = %s where seal_no = %s",
            (seal.previous_sha256, previous, seal.seal_no),
        )
        _make_closes_anew(superuser, seal.seal_no, previous)


def cut_off(superuser: psycopg.Connection, last: int) -> None:
    """Remove every seal after the last one that stays, with all rows that those seals covered."""
    superuser.execute("set session_replication_role = replica")
    for table in tables_to_seal(superuser):
        superuser.execute(
            sql.SQL(
                "delete from {relation} where {key} in "
                "(select row_key from audit.sealed_rows where table_name = {name} and seal_no > %s)"
            ).format(relation=table.relation, key=table.row_key, name=sql.Literal(table.name)),
            (last,),
        )
    for name in ("sealed_rows", "sealed_tables", "seals"):
        superuser.execute(sql.SQL("delete from audit.{} where seal_no > %s").format(sql.Identifier(name)), (last,))


def _make_closes_anew(superuser: psycopg.Connection, seal_no: int, sha256: str) -> None:
    superuser.execute("update audit.closes set seal_sha256 = %s where seal_no = %s", (sha256, seal_no))
    previous = FIRST_LINK
    months = superuser.execute("select month_start, version from audit.closes order by drafted_at").fetchall()
    for month, version in months:
        (close,) = [one for one in closes_of(superuser, month) if one.version == version]
        close = replace(close, previous_close_sha256=previous)
        digest = close_digest(superuser, close)
        superuser.execute(
            "update audit.closes set previous_close_sha256 = %s, sha256 = %s where (month_start, version) = (%s, %s)",
            (previous, digest, month, version),
        )
        previous = digest

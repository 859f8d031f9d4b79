"""The log as the warehouse holds it: entry n is the manifest of seal n."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import LiteralString

import psycopg
from psycopg import sql

from social_metrics.audit.canonical import tables_to_seal
from social_metrics.audit.log.checkpoint import Checkpoint, Request
from social_metrics.audit.log.report_proof import APPROVALS, ISSUED, ReportProof, SealedRow, SealProof
from social_metrics.audit.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    growing_roots,
    inclusion_proof,
    leaf,
    leaf_hash,
)
from social_metrics.audit.record import Close
from social_metrics.audit.seals import Seal, seal_manifest
from social_metrics.errors import UsageProblem

_SEALS = """
select seals.*, coalesce((
    select jsonb_object_agg(table_name, jsonb_build_array(row_count, merkle_root))
    from audit.sealed_tables where sealed_tables.seal_no = seals.seal_no
), '{}')
from (
    select seal_no, through_date, sealed_at, previous_sha256, code_version, sealed_by, sha256 from audit.seals
) as seals
order by seal_no
"""

_LEAVES = """
select row_key, row_sha256, expires_at from audit.sealed_rows
where seal_no = %s and table_name = %s order by row_key collate "C"
"""

_LAST_OF_MONTH = """
select max(seal_no) from audit.sealed_rows
where (table_name = 'audit.approvals'
        and (row_key::jsonb ->> 0, row_key::jsonb ->> 1) = (%(month)s::text, %(version)s::text))
    or (table_name = 'audit.corrections' and row_key::jsonb ->> 0 = any(%(corrections)s::text[]))
"""


class NotCovered(UsageProblem):
    """The checkpoint is older than the seal of a report."""


@dataclass(frozen=True)
class Log:
    """The manifests of all seals in their order, and the last WIB date of each."""

    manifests: tuple[bytes, ...]
    through: tuple[date, ...]

    @property
    def size(self) -> int:
        """How many seals there are."""
        return len(self.manifests)

    @property
    def head(self) -> str:
        """Size and root, as reports print them."""
        return f"{self.size}:{self.root(self.size).hex()}"

    def root(self, size: int) -> bytes:
        """The Merkle root of the first `size` seals."""
        return self._roots[size - 1] if size else bytes.fromhex(EMPTY_ROOT)

    def request(self, old_size: int, checkpoint: Checkpoint) -> Request:
        """The request to a witness that has seen `old_size` seals."""
        return Request(old_size, tuple(consistency_proof(self.hashes[: checkpoint.size], old_size)), checkpoint)

    @cached_property
    def hashes(self) -> list[bytes]:
        """The leaf hash of each seal."""
        return [leaf_hash(manifest) for manifest in self.manifests]

    @cached_property
    def _roots(self) -> list[bytes]:
        return list(growing_roots(self.hashes))


def read_log(connection: psycopg.Connection) -> Log:
    """Read all seals.

    Args:
        connection: as the role closer or auditor.
    """
    manifests, through = [], []
    for *members, tables in connection.execute(_SEALS):
        seal = Seal(*members)
        manifests.append(seal_manifest(seal, {name: (count, root) for name, (count, root) in tables.items()}))
        through.append(seal.through_date)
    return Log(tuple(manifests), tuple(through))


def head_of_month(connection: psycopg.Connection, close: Close, corrections: Sequence[int]) -> str:
    """The head of the log, as reports print it, at the seal of the last signature or correction of a version.

    It covers the close, its evidence, signers, times and corrections; reports of one record print one head.
    """
    values = {
        "month": close.month_start.isoformat(),
        "version": close.version,
        "corrections": [str(one) for one in corrections],
    }
    log, last = read_log(connection), next(iter(connection.execute(_LAST_OF_MONTH, values)))[0]
    size = log.size if last is None else last
    return f"{size}:{log.root(size).hex()}"


def prove_report(connection: psycopg.Connection, log: Log, checkpoint: Checkpoint, sha256: str) -> ReportProof:
    """The proof of an issued report: its row and those of the signatures, up to the checkpoint.

    Args:
        connection: as the role closer or auditor, in the transaction that read the log.
        log: see `read_log`.
        checkpoint: of this log.
        sha256: of the report's bytes.

    Raises:
        NotCovered: the report was sealed after the checkpoint.
        UsageProblem: no such report was issued.
    """
    issued = _sealed(connection, log, ISSUED, "source.sha256 = %s", (sha256,))
    if not issued:
        raise UsageProblem(f"No sealed report has the sha256 {sha256}: it was not issued, or its file was changed.")
    report = issued[0]
    month = (report.values.get("month_start"), report.values.get("version"))
    steps = _sealed(connection, log, APPROVALS, "source.month_start = %s::date and source.version = %s::integer", month)
    rows = [report, *steps]
    if max(row.seal_no for row in rows) > checkpoint.size:
        raise NotCovered(
            f"The report is in seal {report.seal_no}; the checkpoint has {checkpoint.size} seals. "
            "Run social-metrics seal where the log's key is."
        )
    seals = tuple(
        SealProof(
            number,
            log.manifests[number - 1].decode(),
            tuple(inclusion_proof(log.hashes[: checkpoint.size], number - 1)),
        )
        for number in sorted({row.seal_no for row in rows})
    )
    return ReportProof(tuple(rows), seals, str(checkpoint))


def _sealed(
    connection: psycopg.Connection, log: Log, name: str, condition: LiteralString, values: Iterable[object]
) -> list[SealedRow]:
    """The sealed rows of a table on which the condition holds, in the order of their seals, with their proofs."""
    table = next(table for table in tables_to_seal(connection) if table.name == name)
    statement = sql.SQL(
        "select {key}, {text}, sealed.seal_no from {relation} "
        "join audit.sealed_rows as sealed on sealed.table_name = {name} and sealed.row_key = {key} "
        "where {condition} order by sealed.seal_no, 1"
    ).format(
        key=table.row_key,
        text=table.row_text,
        relation=table.relation,
        name=sql.Literal(name),
        condition=sql.SQL(condition),
    )
    found = []
    for key, text, seal_no in connection.execute(statement, tuple(values)).fetchall():
        leaves = connection.execute(_LEAVES, (seal_no, name)).fetchall()
        index = [row_key for row_key, _, _ in leaves].index(key)
        proof = inclusion_proof([leaf(*row) for row in leaves], index)
        found.append(SealedRow(name, key, text, seal_no, index, tuple(proof)))
    return found

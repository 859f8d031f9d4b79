"""The proof that comes with an issued report, checked without a warehouse.

    file → row of audit.issued_papers → root of its table in a seal → root of the log in a signed checkpoint

The rows of the signatures (`audit.approvals`) are proven in the same way.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from social_metrics.audit.log.checkpoint import Checkpoint, parse_checkpoint
from social_metrics.audit.log.note import Verifier, decoded, encoded
from social_metrics.audit.merkle import is_included, leaf, leaf_hash
from social_metrics.errors import UsageProblem

FORMAT = "social-metrics report proof 1"
SUFFIX = ".proof.json"
"""Of the proof's file, after the whole name of the report's."""

ISSUED, APPROVALS = "audit.issued_papers", "audit.approvals"


class ProofRefused(UsageProblem):
    """The proof does not hold, or is not of this report."""


@dataclass(frozen=True)
class SealedRow:
    """A row in its canonical form (`audit/canonical.py`), and its place in its table's tree of one seal."""

    table: str
    key: str
    text: str
    seal_no: int
    index: int
    proof: tuple[bytes, ...]

    @cached_property
    def values(self) -> dict[str, str]:
        """The columns that are not NULL.

        Raises:
            ValueError: the text is no canonical form.
        """
        rest, values = self.text.encode(), {}
        while rest:
            name, _, rest = rest.partition(b" ")
            length, _, rest = rest.partition(b":")
            values[name.decode()] = rest[: int(length)].decode()
            if rest[int(length) : int(length) + 1] != b"\n":
                raise ValueError("no canonical form")
            rest = rest[int(length) + 1 :]
        return values


@dataclass(frozen=True)
class SealProof:
    """The manifest of a seal, and its proof of inclusion in the log."""

    seal_no: int
    manifest: str
    proof: tuple[bytes, ...]


@dataclass(frozen=True)
class ReportProof:
    """The row of a report first, then those of its signatures; their seals; and the checkpoint's note."""

    rows: tuple[SealedRow, ...]
    seals: tuple[SealProof, ...]
    checkpoint: str

    def __str__(self) -> str:
        """The proof's file."""
        return json.dumps(
            {
                "format": FORMAT,
                "rows": [{**asdict(row), "proof": encoded(row.proof)} for row in self.rows],
                "seals": [{**asdict(seal), "proof": encoded(seal.proof)} for seal in self.seals],
                "checkpoint": self.checkpoint,
            },
            ensure_ascii=False,
            indent=1,
        )


@dataclass(frozen=True)
class Proven:
    """What a proof shows: the columns of the report's row and of each signature, and the checkpoint."""

    report: dict[str, str]
    steps: list[dict[str, str]]
    seal_no: int
    checkpoint: Checkpoint
    cosigned: dict[str, datetime]


def check_report(content: bytes, proof: str, log: Verifier, witnesses: Iterable[Verifier] = ()) -> Proven:
    """Check a report's file against its proof, and the proof against the keys.

    Args:
        content: the bytes of the report's file.
        proof: the content of its proof's file.
        log: the key of the log.
        witnesses: whose cosignatures are read; the caller judges which are needed.

    Raises:
        ProofRefused: file, proof or signature do not hold; the message says which.
    """
    try:
        parsed = _parsed(proof)
        report, *steps = parsed.rows
        values = [row.values for row in parsed.rows]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProofRefused("The proof file is damaged: ask for it again.") from error
    checkpoint = parse_checkpoint(parsed.checkpoint)
    cosigned = checkpoint.checked(log, witnesses)
    for seal in parsed.seals:
        if not _is_in_log(seal, checkpoint):
            raise ProofRefused(f"Seal {seal.seal_no} is not in the log of the checkpoint: the proof was changed.")
    manifests = {seal.seal_no: seal.manifest for seal in parsed.seals}
    for row in parsed.rows:
        if not _is_in_seal(row, manifests.get(row.seal_no, "")):
            raise ProofRefused(f"The row {row.key} of {row.table} is not in seal {row.seal_no}: the proof was changed.")
    digest = hashlib.sha256(content).hexdigest()
    if report.table != ISSUED or {values[0].get("content"), values[0].get("sha256")} != {digest}:
        raise ProofRefused(
            f"The file (sha256 {digest}) is not the issued report (sha256 {values[0].get('sha256')}): it was changed "
            "after its issue, or the proof is of another report."
        )
    month = [values[0].get(name) for name in ("month_start", "version")]
    if any(row.table != APPROVALS for row in steps) or any(
        [step.get(name) for name in ("month_start", "version")] != month for step in values[1:]
    ):
        raise ProofRefused("The proof holds signatures of another month: it was changed.")
    return Proven(values[0], values[1:], report.seal_no, checkpoint, cosigned)


def _is_in_log(seal: SealProof, checkpoint: Checkpoint) -> bool:
    return seal.manifest.splitlines()[:2] == ["social-metrics seal", str(seal.seal_no)] and is_included(
        leaf_hash(seal.manifest.encode()), seal.seal_no - 1, checkpoint.size, seal.proof, checkpoint.root
    )


def _is_in_seal(row: SealedRow, manifest: str) -> bool:
    """Whether the manifest states, for the row's table, a root to which the row's proof leads."""
    stated = [line.split(" ") for line in manifest.splitlines() if line.startswith(f"{row.table} ")]
    if len(stated) != 1 or len(stated[0]) != 3:
        return False
    _, count, root = stated[0]
    row_leaf = leaf(row.key, hashlib.sha256(row.text.encode()).digest(), None)
    return is_included(row_leaf, row.index, int(count), row.proof, bytes.fromhex(root))


def _parsed(content: str) -> ReportProof:
    made = json.loads(content)
    if made["format"] != FORMAT:
        raise ValueError("another format")
    rows = tuple(
        SealedRow(
            **{name: _typed(row[name], str) for name in ("table", "key", "text")},
            **{name: _typed(row[name], int) for name in ("seal_no", "index")},
            proof=tuple(decoded(one) for one in row["proof"]),
        )
        for row in made["rows"]
    )
    seals = tuple(
        SealProof(
            _typed(seal["seal_no"], int), _typed(seal["manifest"], str), tuple(decoded(one) for one in seal["proof"])
        )
        for seal in made["seals"]
    )
    return ReportProof(rows, seals, _typed(made["checkpoint"], str))


def _typed(value: Any, kind: type) -> Any:
    if isinstance(value, str):
        value.encode()  # half of a character is a ValueError
    if type(value) is not kind:
        raise TypeError("another type")
    return value

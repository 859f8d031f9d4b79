"""Heads of the log that are kept outside of the warehouse, and what they prove about the seals in it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from pathlib import Path

from social_metrics.audit.chain import AUDIT_ALTERED, Finding
from social_metrics.audit.log import timestamps
from social_metrics.audit.log.checkpoint import parse_checkpoint
from social_metrics.audit.log.entries import Log
from social_metrics.audit.log.files import read_text
from social_metrics.audit.log.note import NoteRefused, Verifier
from social_metrics.errors import UsageProblem

_PRINTED = re.compile(r"(0|[1-9][0-9]{0,17}):([0-9a-f]{32,64})")


@dataclass(frozen=True)
class Anchor:
    """A head of the log: where it comes from, size, and root in hexadecimal (on paper perhaps only its beginning).

    Attributes:
        seen_at: when a witness cosigned or an authority stamped it; None when nobody did.
        refused: why its signature does not hold; None when it does, or when there is no key to check it with.
    """

    source: str
    size: int
    root: str
    seen_at: datetime | None = None
    witness: str | None = None
    refused: str | None = None

    @property
    def described(self) -> str:
        """Its source, and who has seen it when."""
        seen = f", cosigned by {self.witness} on {self.seen_at:%Y-%m-%d %H:%M} UTC" if self.seen_at else ""
        return f"{self.source} ({self.size} seals{seen})"


@dataclass(frozen=True)
class Anchored:
    """What anchors prove: sentences for what holds, findings for what does not."""

    proven: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=())


def printed_anchor(text: str) -> Anchor:
    """A head as a report prints it: `SIZE:ROOT`.

    Raises:
        UsageProblem: it is not one.
    """
    match = _PRINTED.fullmatch("".join(text.split()).lower())
    if match is None:
        raise UsageProblem(
            f"{text!r} is no head of the log: copy the number, the colon, and at least 32 characters of the root from "
            "the foot of the report."
        )
    return Anchor("the printed root", int(match[1]), match[2])


def file_anchor(
    file: Path, logs: Sequence[Verifier], witnesses: Sequence[Verifier], certificates: Path | None = None
) -> Anchor:
    """A checkpoint from a file.

    Args:
        file: the checkpoint.
        logs: the keys of the log, retired ones included; without any the signature stays unchecked.
        witnesses: whose cosignatures are read.
        certificates: of a time-stamp authority, whose time-stamp lies beside the file; None leaves it unread.

    Raises:
        UsageProblem: the file cannot be read, or is no checkpoint.
    """
    try:
        checkpoint = parse_checkpoint(read_text(file))
    except NoteRefused as problem:
        raise UsageProblem(f"{file} cannot be used: {problem}") from problem
    cosigned, refused = {}, None
    for log in logs:
        try:
            cosigned, refused = checkpoint.checked(log, witnesses), None
            break
        except NoteRefused as problem:
            refused = str(problem)
    stamp = file.with_name(file.name + timestamps.SUFFIX)
    if certificates is not None and stamp.exists():
        try:
            time = timestamps.stamped_at(stamp.read_bytes(), checkpoint, certificates)
            cosigned = {**cosigned, "a time-stamp authority": time}
        except timestamps.StampRefused as problem:
            refused = str(problem)
    witness = min(cosigned, key=lambda name: cosigned[name], default=None)
    seen_at = cosigned[witness] if witness else None
    source = file.name if logs else f"{file.name}, signature not checked"
    return Anchor(source, checkpoint.size, checkpoint.root.hex(), seen_at, witness, refused)


def compare(log: Log, anchors: Iterable[Anchor]) -> Anchored:
    """Hold the seals of the warehouse against heads kept elsewhere."""
    signed = sorted((one for one in anchors if not one.refused), key=lambda one: one.size)
    findings = [_finding(one, f"it proves nothing: {one.refused}") for one in anchors if one.refused]
    findings += [
        _finding(second, f"it is a fork: {first.source} has another root for the same {first.size} seals")
        for first, second in combinations(signed, 2)
        if first.size == second.size and not _same(first.root, second.root)
    ]
    holding = [one for one in signed if one.size <= log.size and _same(one.root, log.root(one.size).hex())]
    proven = [_sentence(log, one) for one in holding]
    for one in signed:
        if one in holding:
            continue
        before = max((kept.size for kept in holding if kept.size < one.size), default=0)
        since = f"after {one.seen_at:%Y-%m-%d %H:%M} UTC" if one.seen_at else "after this head was made"
        if one.size > log.size:
            message = f"seals {log.size + 1} to {one.size} were cut off {since}: the warehouse has {log.size}"
        else:
            message = f"of the seals {before + 1} to {one.size} at least one was rewritten {since}"
        kept = f"; unchanged are seals 1 to {before}" if before else ""
        findings.append(_finding(one, message + kept))
    return Anchored(tuple(proven), tuple(findings))


def _sentence(log: Log, anchor: Anchor) -> str:
    until = f" (through {log.through[anchor.size - 1]})" if anchor.size else ""
    later = log.size - anchor.size
    return (
        f"{anchor.described}: nothing up to seal {anchor.size}{until} was rewritten since"
        + f"; the {later} later seals are not covered" * bool(later)
    )


def _finding(anchor: Anchor, message: str) -> Finding:
    return Finding(AUDIT_ALTERED, f"checkpoint {anchor.described}", message)


def _same(root: str, other: str) -> bool:
    """Whether roots agree as far as both are written out."""
    length = min(len(root), len(other))
    return root[:length] == other[:length]

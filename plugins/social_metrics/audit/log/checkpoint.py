"""Checkpoints (c2sp.org/tlog-checkpoint): the signed head of the log; and the request that a witness reads."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from social_metrics.audit.log.note import Note, NoteRefused, Signer, Verifier, decoded, encoded, parse_note

_MOST_HASHES = 63


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: origin, number of seals, Merkle root; with its note."""

    origin: str
    size: int
    root: bytes
    note: Note

    @property
    def short(self) -> str:
        """As reports print it: size and root in hexadecimal."""
        return f"{self.size}:{self.root.hex()}"

    def __str__(self) -> str:
        """The note."""
        return str(self.note)

    def with_signatures_of(self, other: "Checkpoint") -> "Checkpoint":
        """This checkpoint with the signatures of another copy of it added."""
        added = tuple(one for one in other.note.signatures if one not in self.note.signatures)
        return replace(self, note=replace(self.note, signatures=self.note.signatures + added))

    def checked(self, log: Verifier, witnesses: Iterable[Verifier] = ()) -> dict[str, datetime]:
        """Check the log's signature; returns the witnesses that cosigned, with the time of each.

        Raises:
            NoteRefused: the checkpoint is of another log, or a signature does not hold.
        """
        if self.origin != log.name:
            raise NoteRefused(f"The checkpoint is of the log {self.origin!r}, the key is of {log.name!r}.")
        if log.name not in self.note.opened([log]):
            raise NoteRefused(f"The checkpoint of {self.size} seals is not signed with the key of {log.name}.")
        return {name: time for name, time in self.note.opened(witnesses).items() if time is not None}


@dataclass(frozen=True)
class Request:
    """What a witness is asked (`add-checkpoint` of c2sp.org/tlog-witness)."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint

    def __str__(self) -> str:
        """The body of the request."""
        lines = [f"old {self.old_size}", *encoded(self.proof)]
        return "\n".join(lines) + f"\n\n{self.checkpoint}"


def sign(signer: Signer, size: int, root: bytes) -> Checkpoint:
    """The signed checkpoint of a log whose origin is the name of the key."""
    text = f"{signer.verifier.name}\n{size}\n{base64.b64encode(root).decode()}\n"
    return parse_checkpoint(f"{text}\n{signer.signature_line(text)}")


def parse_checkpoint(content: str) -> Checkpoint:
    """Read a checkpoint; signatures are not checked yet.

    Raises:
        NoteRefused: it has not the form of one.
    """
    note = parse_note(content)
    lines = note.text.splitlines()
    root = decoded(lines[2]) if len(lines) >= 3 else b""
    if len(root) != 32 or not lines[0] or not all(lines) or not _is_size(lines[1]):
        raise NoteRefused(
            "This is no checkpoint: its first lines are the log's name, the number of seals, and the root."
        )
    return Checkpoint(lines[0], int(lines[1]), root, note)


def parse_request(content: str) -> Request:
    """Read a request to a witness.

    Raises:
        NoteRefused: it has not the form of one.
    """
    head, _, checkpoint = content.partition("\n\n")
    first, *hashes = head.splitlines() or [""]
    word, _, size = first.partition(" ")
    proof = tuple(map(decoded, hashes))
    if word != "old" or not _is_size(size) or len(proof) > _MOST_HASHES or any(len(one) != 32 for one in proof):
        raise NoteRefused(
            "This is no request to a witness: it begins with `old` and a number. "
            "`social-metrics checkpoint export` writes one."
        )
    return Request(int(size), proof, parse_checkpoint(checkpoint))


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19 and str(int(text)) == text

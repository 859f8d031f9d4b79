"""Signed notes (c2sp.org/signed-note): text under Ed25519 signatures, with keys in the form of Go's `sumdb/note`.

A verifier key is `name+id+base64(type, public key)`, a signing key `PRIVATE+KEY+name+id+base64(1, seed)`. A witness
signs with the type 4 (c2sp.org/tlog-cosignature), whose signature states the time; everyone else with the type 1.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from social_metrics.clock import utc_now
from social_metrics.errors import UsageProblem

NOTE, COSIGNATURE = 1, 4
"""Types of a signature."""

_PRIVATE = "PRIVATE+KEY+"
_MOST_BYTES = 1_000_000
_LAST_TIME = 253_402_300_799  # of the year 9999


class NoteRefused(UsageProblem):
    """A note whose form or signature does not hold."""


@dataclass(frozen=True)
class Verifier:
    """A public key: who signs, and how."""

    name: str
    kind: int
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell the keys of one name apart."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public_key).digest()[:4]

    def __str__(self) -> str:
        """The verifier key, as people hand it on."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public_key).decode()}"

    def signed_at(self, text: str, signature: bytes) -> datetime | None:
        """Check a signature; returns the time that a cosignature states, else None.

        Raises:
            NoteRefused: it is not a signature of this key over the text.
        """
        message, time = text.encode(), None
        if self.kind == COSIGNATURE:
            seconds, signature = int.from_bytes(signature[:8]), signature[8:]
            message = f"cosignature/v1\ntime {seconds}\n".encode() + message
            time = datetime.fromtimestamp(min(seconds, _LAST_TIME), UTC)
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise NoteRefused(
                f"The signature of {self.name} does not belong to this text, or to another key."
            ) from error
        return time


@dataclass(frozen=True)
class Signer:
    """A private key with its verifier."""

    verifier: Verifier
    seed: bytes

    def __str__(self) -> str:
        """The signing key, as its file holds it."""
        note = replace(self.verifier, kind=NOTE)
        return f"{_PRIVATE}{note.name}+{note.key_id.hex()}+{base64.b64encode(bytes([NOTE]) + self.seed).decode()}"

    def signature_line(self, text: str, now: datetime | None = None) -> str:
        """The signature of a text as a line of its note; a witness states the time."""
        message, stamp = text.encode(), b""
        if self.verifier.kind == COSIGNATURE:
            seconds = int((now or utc_now()).timestamp())
            stamp = seconds.to_bytes(8)
            message = f"cosignature/v1\ntime {seconds}\n".encode() + message
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)
        return _line(self.verifier.name, self.verifier.key_id + stamp + signature)


@dataclass(frozen=True)
class Note:
    """A text with its signatures: name and bytes (key id, then signature) of each."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]

    def __str__(self) -> str:
        """The note as it is handed on."""
        return f"{self.text}\n" + "".join(_line(name, blob) for name, blob in self.signatures)

    def opened(self, verifiers: Iterable[Verifier]) -> dict[str, datetime | None]:
        """Check the signatures of these keys; returns the name of each that signed, with the time it states.

        Raises:
            NoteRefused: a signature of one of the keys does not hold.
        """
        found = {}
        for verifier in verifiers:
            for name, blob in self.signatures:
                if (name, blob[:4]) == (verifier.name, verifier.key_id):
                    found[name] = verifier.signed_at(self.text, blob[4:])
        return found


def new_signer(name: str, kind: int) -> Signer:
    """A new key pair.

    Raises:
        UsageProblem: the name has a space or a plus sign, or is empty.
    """
    if not name or "+" in name or name.split() != [name]:
        raise UsageProblem(f"{name!r} cannot name a key: use a name without spaces and +, e.g. example.go.id/sentra.")
    key = Ed25519PrivateKey.generate()
    return Signer(Verifier(name, kind, key.public_key().public_bytes_raw()), key.private_bytes_raw())


def parse_signer(text: str, kind: int) -> Signer:
    """Read a signing key.

    Raises:
        UsageProblem: it is none; the message does not repeat it.
    """
    text = text.strip()
    try:
        name, stated, material = text.removeprefix(_PRIVATE).split("+", 2)
        algorithm, seed = _unpacked(material)
        public_key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        note = Verifier(name, NOTE, public_key)
        if not text.startswith(_PRIVATE) or algorithm != NOTE or note.key_id.hex() != stated:
            raise ValueError
    except ValueError:
        raise UsageProblem(
            f"This is no signing key: it begins with {_PRIVATE} and is one line. `social-metrics keys new` makes one."
        ) from None
    return Signer(replace(note, kind=kind), seed)


def parse_verifier(text: str, expected: int) -> Verifier:
    """Read the verifier key of a log (NOTE) or of a witness (COSIGNATURE).

    Raises:
        UsageProblem: it is none, or of the other kind.
    """
    try:
        name, stated, material = text.strip().split("+", 2)
        kind, public_key = _unpacked(material)
        verifier = Verifier(name, kind, public_key)
        if not name or kind not in (NOTE, COSIGNATURE) or verifier.key_id.hex() != stated:
            raise ValueError
    except ValueError:
        raise UsageProblem(
            f"{text.strip()!r} is no verifier key: copy the whole line that `social-metrics keys new` printed "
            "(name+id+key)."
        ) from None
    if kind != expected:
        owners = {NOTE: "a log", COSIGNATURE: "a witness"}
        raise UsageProblem(f"The key {text.strip()!r} is that of {owners[kind]}; that of {owners[expected]} is needed.")
    return verifier


def parse_note(content: str) -> Note:
    """Read a note; signatures are not checked yet.

    Raises:
        NoteRefused: it has not the form of a note.
    """
    text, blank, lines = content.rpartition("\n\n")
    is_plain = not any(ord(sign) < 0x20 and sign != "\n" for sign in content)
    if len(content) > _MOST_BYTES or not is_plain or not blank or not lines.endswith("\n"):
        raise NoteRefused("This is no signed note: a text, an empty line, and lines that begin with `— ` are expected.")
    signatures = []
    for line in lines.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        blob = decoded(encoded)
        if dash != "—" or not name or len(blob) < 5:
            raise NoteRefused(f"This line of the note is no signature: {line[:80]!r}.")
        signatures.append((name, blob))
    return Note(text + "\n", tuple(signatures))


def encoded(hashes: Iterable[bytes]) -> list[str]:
    """Hashes in base64."""
    return [base64.b64encode(one).decode() for one in hashes]


def decoded(text: str) -> bytes:
    """Base64 in its one spelling; nothing for any other text."""
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return blob if base64.b64encode(blob).decode() == text else b""


def _line(name: str, blob: bytes) -> str:
    return f"— {name} {base64.b64encode(blob).decode()}\n"


def _unpacked(material: str) -> tuple[int, bytes]:
    blob = decoded(material)
    if len(blob) != 33:
        raise ValueError("not 33 bytes")
    return blob[0], blob[1:]

"""A witness: keeps the last checkpoint that it has seen, and cosigns the next one only if the log was added to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from social_metrics.audit.log.checkpoint import Checkpoint, Request, parse_checkpoint
from social_metrics.audit.log.files import read_text, replace_text
from social_metrics.audit.log.note import Signer, Verifier
from social_metrics.audit.merkle import EMPTY_ROOT, is_consistent
from social_metrics.errors import UsageProblem


class Refused(UsageProblem):
    """The log shows something that an honest log never shows: nothing was cosigned, the state is unchanged."""


def cosign(
    request: Request, state: Path, log: Verifier, signer: Signer, now: datetime, *, is_first: bool = False
) -> Checkpoint:
    """Cosign a checkpoint and keep it as the last one.

    Args:
        request: with the consistency proof from the last checkpoint cosigned here.
        state: the file that holds that checkpoint.
        log: the key of the watched log.
        signer: this witness's own key.
        now: aware instant of the cosignature.
        is_first: there is no last checkpoint yet; this one is taken as it is.

    Raises:
        Refused: another log, a bad signature, a rollback, a fork, or no consistent continuation.
        UsageProblem: the request does not begin at the last checkpoint, or the state cannot be used.
    """
    new = request.checkpoint
    with _exclusive(state):
        last = _last(state, log, signer, is_first=is_first)
        try:
            new.checked(log)
        except UsageProblem as problem:
            raise Refused(f"{problem} Nothing was cosigned.") from problem
        size, root, since = (last.size, last.root, _seen(last, signer)) if last else (0, bytes.fromhex(EMPTY_ROOT), "")
        if new.size < size:
            raise Refused(
                f"Rollback: the checkpoint has {new.size} seals, and {size} were there {since}. Either an old file was "
                "sent again, or seals were cut off."
            )
        if new.size == size and new.root != root:
            raise Refused(
                f"Fork: the log shows another root for the same {size} seals than it did {since}: its history was "
                "rewritten since then. Keep both checkpoints, and run `social-metrics verify --checkpoint` with each."
            )
        if request.old_size != size:
            raise UsageProblem(
                f"The request begins at {request.old_size} seals; this witness has seen {size}. Ask for "
                f"`social-metrics checkpoint export --old {size}`."
            )
        if not is_consistent(size, root, new.size, new.root, request.proof):
            raise Refused(
                f"The checkpoint of {new.size} seals does not continue the {size} seals seen {since}: the history was "
                f"rewritten since then, or the proof is damaged. Ask once more for `social-metrics checkpoint export "
                f"--old {size}`; if it is refused again, keep both files."
            )
        line = signer.signature_line(new.note.text, now)
        cosigned = parse_checkpoint(str(new) + line)
        replace_text(state, str(cosigned))
    return cosigned


def _last(state: Path, log: Verifier, signer: Signer, *, is_first: bool) -> Checkpoint | None:
    if not state.exists():
        if is_first:
            return None
        raise UsageProblem(
            f"{state} is not there. On the very first run add --first. If it was lost, put back the last cosigned "
            "checkpoint: with --first a rewritten history would be taken as it is."
        )
    if is_first:
        raise UsageProblem(f"{state} is there already: this is not the first run. Leave out --first.")
    try:
        last = parse_checkpoint(read_text(state))
        # Its own cosignature says enough: the log's key may have been replaced since.
        if last.origin != log.name or not last.note.opened([signer.verifier]):
            raise UsageProblem("it does not carry this witness's cosignature for this log")
    except UsageProblem as problem:
        raise UsageProblem(
            f"The state {state} cannot be used ({problem}). Put back the last cosigned checkpoint."
        ) from problem
    return last


def _seen(last: Checkpoint, signer: Signer) -> str:
    times = last.note.opened([signer.verifier])
    return f"on {times[signer.verifier.name]:%Y-%m-%d %H:%M} UTC"


@contextmanager
def _exclusive(state: Path) -> Iterator[None]:
    """One run at a time: the last checkpoint is read and replaced by the same one."""
    lock = state.with_name(state.name + ".lock")
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise UsageProblem(f"Another run is at work on {state}, or was killed: then remove {lock}.") from None
    except OSError as error:
        raise UsageProblem(f"{state.parent} cannot be written: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)

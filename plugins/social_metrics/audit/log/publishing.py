"""Signs the head of the log and keeps it in a folder outside of the warehouse.

`checkpoint-41` is a signed head, with its cosignature once it came back from a witness; `checkpoint-41.tsr` is its
time-stamp, where an authority is set. `add-checkpoint` is the request to the witness, from the newest cosigned head to
the newest one.
"""

from collections.abc import Iterable
from pathlib import Path

import psycopg

from social_metrics.audit.log import timestamps
from social_metrics.audit.log.checkpoint import Checkpoint, parse_checkpoint, sign
from social_metrics.audit.log.entries import Log, NotCovered, prove_report, read_log
from social_metrics.audit.log.files import read_text, replace_bytes, replace_text
from social_metrics.audit.log.note import COSIGNATURE, NOTE, Signer, Verifier, parse_signer, parse_verifier
from social_metrics.errors import UsageProblem
from social_metrics.settings import Settings

REQUEST = "add-checkpoint"


class HistoryRewritten(UsageProblem):
    """The seals of the warehouse are not those of a head that was signed before."""


def log_signer(settings: Settings) -> Signer | None:
    """The key of the log; None when none is set.

    Raises:
        UsageProblem: the key cannot be used.
    """
    if settings.log_key:
        return parse_signer(settings.log_key, NOTE)
    return parse_signer(read_text(settings.log_key_file), NOTE) if settings.log_key_file else None


def log_keys(settings: Settings) -> list[Verifier]:
    """The verifier keys of the log: those set, or that of its key.

    Raises:
        UsageProblem: one cannot be used.
    """
    signer = None if settings.log_verifier_keys else log_signer(settings)
    return [signer.verifier] if signer else _keys(settings.log_verifier_keys, NOTE)


def witness_keys(settings: Settings) -> list[Verifier]:
    """The keys of the witnesses.

    Raises:
        UsageProblem: one cannot be used.
    """
    return _keys(settings.witness_keys, COSIGNATURE)


def checkpoint_files(settings: Settings) -> list[Path]:
    """The files of the signed heads in the folder."""
    return sorted(settings.checkpoints.glob("checkpoint-*[0-9]"))


def kept_checkpoints(settings: Settings) -> list[Checkpoint]:
    """The signed heads in the folder, the newest last.

    Raises:
        UsageProblem: a file cannot be used.
    """
    return sorted((parse_checkpoint(read_text(file)) for file in checkpoint_files(settings)), key=lambda one: one.size)


def publish_head(connection: psycopg.Connection, settings: Settings) -> Checkpoint | None:
    """Sign the head of the log and keep it; None when there is no key.

    Args:
        connection: as the role closer or auditor, no transaction open.
        settings: key and folder.

    Raises:
        HistoryRewritten: the warehouse does not continue the heads signed before; nothing is signed.
        UsageProblem: key or folder cannot be used, or the time-stamp authority gave nothing; the head is signed then.
    """
    signer = log_signer(settings)
    if signer is None:
        return None
    with connection.transaction():
        log = read_log(connection)
    head = _signed_head(log, signer, settings)
    stamp = settings.checkpoints / f"checkpoint-{head.size}{timestamps.SUFFIX}"
    if settings.timestamp_url and not stamp.exists():
        replace_bytes(stamp, timestamps.fetch_timestamp(settings.timestamp_url, head))
    return head


def accept(checkpoint: Checkpoint, settings: Settings) -> Path:
    """Keep the cosignatures of a checkpoint that came back from a witness; returns its file.

    Raises:
        NoteRefused: a signature does not hold.
        UsageProblem: no known witness cosigned it, or this log never signed it.
    """
    signer = log_signer(settings)
    if signer is None:
        raise UsageProblem("The log has no key here: run this where SOCIAL_METRICS_LOG_KEY or …_KEY_FILE is set.")
    if not checkpoint.checked(signer.verifier, witness_keys(settings)):
        raise UsageProblem("No witness of SOCIAL_METRICS_WITNESS_KEYS has cosigned this checkpoint.")
    file = settings.checkpoints / f"checkpoint-{checkpoint.size}"
    kept = parse_checkpoint(read_text(file))
    if kept.note.text != checkpoint.note.text:
        raise UsageProblem(f"{file} holds another root for {kept.size} seals: the log was forked. Keep both files.")
    replace_text(file, str(kept.with_signatures_of(checkpoint)))
    return file


def export_request(connection: psycopg.Connection, settings: Settings, old_size: int | None = None) -> str:
    """The request to a witness that has seen `old_size` seals; None: the newest cosigned head.

    Raises:
        UsageProblem: there is no signed head, or it is older than `old_size`.
    """
    kept = kept_checkpoints(settings)
    if not kept:
        raise UsageProblem(f"{settings.checkpoints} holds no checkpoint: run social-metrics seal with the log's key.")
    if old_size is not None and old_size > kept[-1].size:
        raise UsageProblem(f"The newest checkpoint has {kept[-1].size} seals; the witness says that it saw {old_size}.")
    with connection.transaction():
        log = read_log(connection)
    return str(log.request(_cosigned_size(kept) if old_size is None else old_size, kept[-1]))


def prove_reports(connection: psycopg.Connection, settings: Settings, digests: Iterable[str]) -> dict[str, str]:
    """The proof's file of each report, by the sha256 of the report; none where the log has no key.

    A cosigned checkpoint is preferred to a newer one without cosignature.

    Args:
        connection: as the role closer or auditor, no transaction open.
        settings: key and folder.
        digests: sha256 of issued reports.

    Raises:
        UsageProblem: key or folder cannot be used, or a report was not issued.
    """
    signer = log_signer(settings)
    if signer is None:
        return {}
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        log = read_log(connection)
        head = _signed_head(log, signer, settings)
        cosigned = [one for one in kept_checkpoints(settings) if _is_cosigned(one)][-1:]
        proofs = {}
        for digest in digests:
            for checkpoint in (*cosigned, head):
                try:
                    proofs[digest] = str(prove_report(connection, log, checkpoint, digest))
                    break
                except NotCovered:
                    continue
        return proofs


def _signed_head(log: Log, signer: Signer, settings: Settings) -> Checkpoint:
    kept = kept_checkpoints(settings)
    for one in kept[-1:]:  # it continued those before when it was signed
        if one.size > log.size or log.root(one.size) != one.root:
            raise HistoryRewritten(
                f"The warehouse's {log.size} seals do not continue {settings.checkpoints}/checkpoint-{one.size}: they "
                "were rewritten or cut off since. Nothing was signed. Run social-metrics verify of a closed month, and "
                "see docs/audit.md, Checkpoints and witnesses."
            )
    newest = kept[-1] if kept else None
    if newest is None or newest.size < log.size:
        newest = sign(signer, log.size, log.root(log.size))
        replace_text(settings.checkpoints / f"checkpoint-{newest.size}", str(newest))
    replace_text(settings.checkpoints / REQUEST, str(log.request(_cosigned_size(kept), newest)))
    return newest


def _keys(listed: str | None, kind: int) -> list[Verifier]:
    return [parse_verifier(key, kind) for key in (listed or "").split(",") if key.strip()]


def _is_cosigned(checkpoint: Checkpoint) -> bool:
    return any(name != checkpoint.origin for name, _ in checkpoint.note.signatures)


def _cosigned_size(kept: Iterable[Checkpoint]) -> int:
    return max((one.size for one in kept if _is_cosigned(one)), default=0)

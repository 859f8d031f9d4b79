"""Commands that need no warehouse: `keys`, `witness`, `verify-report`.

They run from the wheel with `typer` and `cryptography` alone: nothing here imports the rest of the package, so that an
auditor's or a witness's machine needs neither PostgreSQL's client nor Airflow.
"""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from social_metrics.audit.log.checkpoint import parse_checkpoint, parse_request
from social_metrics.audit.log.files import read_text, replace_text
from social_metrics.audit.log.note import (
    COSIGNATURE,
    NOTE,
    NoteRefused,
    Verifier,
    new_signer,
    parse_signer,
    parse_verifier,
)
from social_metrics.audit.log.report_proof import SUFFIX, ProofRefused, Proven, check_report
from social_metrics.audit.log.witness import Refused, cosign
from social_metrics.cli.console import (
    ExitCode,
    Format,
    FormatOption,
    new_group,
    notices,
    output,
    print_json,
    read_bytes,
)
from social_metrics.clock import utc_now
from social_metrics.errors import UsageProblem

LogKeyOption = Annotated[str, typer.Option("--key", help="Verifier key of the log, or a file with it.")]
WitnessOption = Annotated[
    list[str] | None, typer.Option("--witness", help="Verifier key of a witness, or a file with it; repeatable.")
]

keys = new_group("Keys that sign checkpoints (Ed25519).")


@keys.command("new")
def new_key(
    name: Annotated[str, typer.Argument(help="Name of the key, like example.go.id/sentra: for a log its origin.")],
    to: Annotated[Path, typer.Option(help="File for the signing key; it must not exist yet.")],
    witness: Annotated[bool, typer.Option("--witness", help="A witness's key; otherwise a log's.")] = False,
) -> None:
    """Make a key pair: the signing key goes into a file, the verifier key is printed. Give the latter to everyone.

    Examples:
    - `social-metrics keys new example.go.id/sentra --to log.key`
    - `social-metrics keys new example.go.id/itjen --to witness.key --witness`
    """
    signer = new_signer(name, COSIGNATURE if witness else NOTE)
    try:
        with os.fdopen(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{signer}\n")
    except FileExistsError:
        raise UsageProblem(f"{to} exists already: a signing key is never overwritten. Choose another file.") from None
    except OSError as error:
        raise UsageProblem(f"{to} cannot be written: {error.strerror}.") from error
    typer.echo(str(signer.verifier))


def witness(
    request: Annotated[Path, typer.Argument(help="The file `add-checkpoint`, or one of `checkpoint export`.")],
    state: Annotated[Path, typer.Option(help="File that keeps the last checkpoint; back it up.")],
    log: Annotated[str, typer.Option(help="Verifier key of the watched log, or a file with it.")],
    key: Annotated[Path, typer.Option(help="File with this witness's signing key.")],
    to: Annotated[
        Path | None, typer.Option(help="File for the cosigned checkpoint; standard output without it.")
    ] = None,
    first: Annotated[
        bool, typer.Option("--first", help="There is no state yet: take this checkpoint as it is.")
    ] = False,
) -> None:
    """Cosign a checkpoint if the log was only added to since the last one. Exit code 1 when it is refused.

    Examples:
    - `social-metrics witness add-checkpoint --state state --log log.pub --key witness.key --to cosigned --first`
    """
    signer, watched = parse_signer(read_text(key), COSIGNATURE), verifier(log, NOTE)
    try:
        made = cosign(parse_request(read_text(request)), state, watched, signer, utc_now(), is_first=first)
    except Refused as refusal:
        notices().print(f"social-metrics: {refusal}", style="bold red", markup=False, soft_wrap=True)
        raise typer.Exit(ExitCode.FINDING) from refusal
    if to is None:
        typer.echo(str(made), nl=False)
    else:
        replace_text(to, str(made))
        typer.echo(f"Cosigned: {made.size} seals, root {made.root.hex()}.")


def verify_report(
    report: Annotated[Path, typer.Argument(help="The file of an issued report.")],
    key: LogKeyOption,
    witness: WitnessOption = None,
    proof: Annotated[Path | None, typer.Option(help=f"Its proof; by default the report's name with {SUFFIX}.")] = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint that you hold, as from a witness; repeatable.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Check an issued report by its proof, without the warehouse and without a network. Exit code 1 when it is refused.

    Examples:
    - `social-metrics verify-report 2026-10-v1-lengkap-id.pdf --key log.pub --witness itjen.pub`
    """
    witnesses = [verifier(one, COSIGNATURE) for one in witness or ()]
    try:
        proven = check_report(
            read_bytes(report),
            read_text(proof or report.with_name(report.name + SUFFIX)),
            verifier(key, NOTE),
            witnesses,
        )
        _compare(proven, checkpoint or (), verifier(key, NOTE), witnesses)
        missing = [one.name for one in witnesses if one.name not in proven.cosigned]
        if missing:
            raise ProofRefused(
                f"The checkpoint of {proven.checkpoint.size} seals is not cosigned by {', '.join(missing)}: nothing "
                "shows that it continues the history that was seen there. Ask for a proof under a cosigned one."
            )
    except (ProofRefused, NoteRefused) as refusal:
        if output_format is Format.JSON:
            print_json({"holds": False, "refusal": str(refusal)})
        else:
            output().print(f"{report.name} is NOT proven: {refusal}", style="bold", markup=False, soft_wrap=True)
        raise typer.Exit(ExitCode.FINDING) from refusal
    if output_format is Format.JSON:
        print_json(
            {
                "holds": True,
                **asdict(proven),
                "checkpoint": {"head": proven.checkpoint.short, "note": str(proven.checkpoint)},
            }
        )
    else:
        _print(report, proven)


def verifier(text: str, kind: int) -> Verifier:
    """A verifier key from the command line: itself, or the file that holds it."""
    return parse_verifier(text if text.count("+") >= 2 else read_text(Path(text)), kind)


def _compare(proven: Proven, files: "list[Path] | tuple[()]", log: Verifier, witnesses: list[Verifier]) -> None:
    """Hold the proof's checkpoint against those that the auditor has."""
    for file in files:
        try:
            own = parse_checkpoint(read_text(file))
            times = own.checked(log, witnesses).values()
        except NoteRefused as refusal:
            raise ProofRefused(f"{file.name} cannot be used: {refusal}") from refusal
        since = f"{min(times):%Y-%m-%d %H:%M} UTC" if times else f"{file.name} was made"
        if own.size == proven.checkpoint.size and own.root != proven.checkpoint.root:
            raise ProofRefused(f"The history of the log was rewritten since {since}: {file.name} has another root.")
        if own.root != proven.checkpoint.root and not proven.cosigned:
            raise ProofRefused(
                f"No witness shows that the proof's {proven.checkpoint.size} seals and the {own.size} seals of "
                f"{file.name} are one history: it may have been rewritten since {since}. Give --witness, and ask for a "
                "proof under a cosigned checkpoint."
            )


def _print(report: Path, proven: Proven) -> None:
    row, *steps = (
        {name: " ".join(value.split()) for name, value in one.items()} for one in (proven.report, *proven.steps)
    )
    console = output()
    console.print(f"{report.name} is the report that was issued", style="bold", markup=False)
    month = (
        row["month_start"][:7] + f" version {row['version']}" if "month_start" in row else f"as of {row['as_of_date']}"
    )
    lines = [
        f"report      {row['file_name']}, {month}, sha256 {row['sha256']}",
        f"issued      {row['issued_at']} by {row['issued_by']}",
        *([f"close       {row['close_sha256']}"] if "close_sha256" in row else []),
        *(f"{step['action']:<11} {step['acted_at']} by {step['person']}" for step in steps),
        f"log         seal {proven.seal_no} of {proven.checkpoint.size}, {proven.checkpoint.origin}",
        *(f"witness     {name}, {time:%Y-%m-%d %H:%M} UTC" for name, time in proven.cosigned.items()),
    ]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    if not proven.cosigned:
        console.print(
            "No witness was asked: the holder of the log's key could have rewritten its history.", soft_wrap=True
        )

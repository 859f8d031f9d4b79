"""`social-metrics checkpoint`: the signed heads of the log of seals, and the proofs of reports."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from social_metrics.audit.log import publishing
from social_metrics.audit.log.checkpoint import parse_checkpoint
from social_metrics.audit.log.files import read_text, replace_text
from social_metrics.audit.log.report_proof import SUFFIX
from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import new_group, read_bytes
from social_metrics.errors import UsageProblem
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect

checkpoint = new_group("Checkpoints: the signed heads of the log of seals (docs/audit.md, Checkpoints and witnesses).")


@checkpoint.command()
def export(
    old: Annotated[
        int | None, typer.Option(min=0, help="Seals that the witness has seen; by default the newest cosigned ones.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="File for it; standard output without it.")] = None,
) -> None:
    """Write the newest checkpoint with its consistency proof, as a witness reads it.

    Examples:
    - `social-metrics checkpoint export --old 38 --to add-checkpoint`
    """
    with warehouse() as url, connect(url, "closer") as connection:
        content = publishing.export_request(connection, load_settings(), old)
    if to is None:
        typer.echo(content, nl=False)
    else:
        replace_text(to, content)


@checkpoint.command()
def accept(file: Annotated[Path, typer.Argument(help="The checkpoint that came back from the witness.")]) -> None:
    """Keep the cosignature of a witness; proofs that are written from now on carry it.

    Examples:
    - `social-metrics checkpoint accept cosigned`
    """
    typer.echo(f"{publishing.accept(parse_checkpoint(read_text(file)), load_settings())} is cosigned.")


@checkpoint.command()
def prove(
    report: Annotated[Path, typer.Argument(help="The file of an issued report.")],
    to: Annotated[Path | None, typer.Option(help="File for the proof; by default beside the report.")] = None,
) -> None:
    """Write the proof of an issued report again, under the newest cosigned checkpoint.

    Examples:
    - `social-metrics checkpoint prove 2026-10-v1-lengkap-id.pdf`
    """
    digest = hashlib.sha256(read_bytes(report)).hexdigest()
    file = to or report.with_name(report.name + SUFFIX)
    with warehouse() as url, connect(url, "closer") as connection:
        proofs = publishing.prove_reports(connection, load_settings(), [digest])
    if not proofs:
        raise UsageProblem("The log has no key here: run this where SOCIAL_METRICS_LOG_KEY or …_KEY_FILE is set.")
    replace_text(file, *proofs.values())
    typer.echo(str(file))

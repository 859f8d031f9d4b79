"""`social-metrics backup` and `social-metrics restore`: a copy of the warehouse, and its way back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from social_metrics.audit.verification import Verification, verify_month
from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import ExitCode, Format, FormatOption, members, notices, output, print_json
from social_metrics.clock import utc_now
from social_metrics.code_version import code_version
from social_metrics.errors import UsageProblem
from social_metrics.settings import Settings, load_settings
from social_metrics.warehouse.connect import connect

if TYPE_CHECKING:
    from social_metrics.warehouse.backup import Manifest


def backup(
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="The backup: a folder that does not exist yet.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Write the warehouse, the registry, workbooks and issued reports into a folder, with a digest of every table.

    It needs an explicit connection and never uses the demo. SOCIAL_METRICS_BACKUP_KEY encrypts it. No password and no
    key is in it: keep SOCIAL_METRICS_CREDENTIALS_KEY and the backup's own key elsewhere.

    Examples:
    - `social-metrics backup /backups/2026-11-24`
    - `social-metrics backup /backups/2026-11-24 --format json`
    """
    # Alembic and SQLAlchemy take a second to import.
    from social_metrics.warehouse.backup import back_up

    settings = load_settings()
    with warehouse(explicit=True) as url, notices().status("Backing up") as status, _files():
        manifest = back_up(settings, url, target, code_version(), status.update)
    for address in manifest.elsewhere:
        notices().print(f"Not in the backup, keep a copy of it where it is: {address}", soft_wrap=True)
    made = _members(manifest)
    if output_format is Format.JSON:
        print_json({"folder": str(target), "is_encrypted": bool(settings.backup_key)} | made)
        return
    kind = "encrypted" if settings.backup_key else "not encrypted"
    output().print(
        f"{target}: {made['database']}, {made['tables']} tables, {made['rows']:,} rows, {kind}.",
        markup=False,
        soft_wrap=True,
    )


def restore(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="A backup's folder.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Restore a backup into an empty database, compare every table, and verify the newest closed month.

    The explicit connection is of a login with the name of the backed-up one; it owns the empty database and may
    create roles. Nothing is overwritten: a database that is not empty and a file with other content are refused.
    Logins of people and BI tools are created without a password. Exit code 1 when the month does not verify.

    Examples:
    - `social-metrics restore /backups/2026-11-24`
    """
    from social_metrics.warehouse import backup as backups  # as above

    settings = load_settings()
    with warehouse(explicit=True) as url, notices().status("Restoring") as status, _files():
        manifest = backups.restore(settings, url, source, status.update)
        status.update("Verifying the newest closed month")
        found = _verified(settings, url)
    if output_format is Format.JSON:
        closed = {"month": f"{found.close.month_start:%Y-%m}", "holds": found.holds} if found else None
        print_json(_members(manifest) | {"logins": manifest.logins, "verified": closed})
    else:
        _print(manifest, found)
    if found and not found.holds:
        raise typer.Exit(ExitCode.FINDING)


def _verified(settings: Settings, url: str) -> Verification | None:
    """The verification of the newest closed month; None where no month was closed."""
    with connect(url, "closer") as connection:
        row = connection.execute("select max(month_start) from audit.closes").fetchone()
    month: date | None = row[0] if row else None
    return verify_month(settings, url, month, now=utc_now()) if month else None


def _members(manifest: "Manifest") -> dict[str, Any]:
    rows = sum(number for number, _ in manifest.tables.values())
    return members(manifest, "made_at", "code_version", "database") | {"tables": len(manifest.tables), "rows": rows}


def _print(manifest: "Manifest", found: Verification | None) -> None:
    console = output()
    console.print(
        f"Restored as of {manifest.made_at}: {len(manifest.tables)} tables, each as it was backed up.", soft_wrap=True
    )
    if manifest.logins:
        console.print(
            f"Without a password (`social-metrics bi logins` sets those of BI tools): {', '.join(manifest.logins)}",
            markup=False,
            soft_wrap=True,
        )
    if found is None:
        console.print("No month was closed: there was nothing to verify.")
        return
    month = f"{found.close.month_start:%Y-%m}"
    verdict = "holds" if found.holds else f"does NOT hold: see `social-metrics verify --month {month}`"
    console.print(f"{month} version {found.close.version} {verdict}.", markup=False, soft_wrap=True)


@contextmanager
def _files() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageProblem(f"{error.filename or 'The backup'}: {error.strerror}. Nothing was kept.") from error

"""`social-metrics verify` and `social-metrics trace`: whether a closed month holds, and the origin of a figure."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from social_metrics.audit import trace as audit_trace
from social_metrics.audit.log.anchors import Anchor, file_anchor, printed_anchor
from social_metrics.audit.log.note import COSIGNATURE, NOTE
from social_metrics.audit.log.publishing import checkpoint_files, log_keys, witness_keys
from social_metrics.audit.verification import Difference, Verification, verify_month
from social_metrics.cli.close import MonthOption, month_start
from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import ExitCode, Format, FormatOption, members, new_table, output, print_json
from social_metrics.cli.offline import WitnessOption, verifier
from social_metrics.clock import utc_now
from social_metrics.settings import Settings, load_settings
from social_metrics.warehouse.connect import connect

if TYPE_CHECKING:
    from social_metrics.publish.reports.comparison import Unexplained

LINES = 12
"""Findings or figures shown of each kind: one screen."""


def verify(
    month: MonthOption,
    digest: Annotated[
        str | None, typer.Option(help="The digest printed on a report, or at least its first 12 characters.")
    ] = None,
    version: Annotated[int | None, typer.Option(help="Which version; the newest by default.")] = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint kept elsewhere, as by a witness; repeatable.")
    ] = None,
    root: Annotated[
        list[str] | None, typer.Option(metavar="SIZE:ROOT", help="The log of seals as a report prints it; repeatable.")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="Verifier key of the log, or a file with it; by default the configured one."),
    ] = None,
    witness: WitnessOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Check the chain of seals and the record, and recompute the month from raw. Exit code 1 unless it holds.

    Heads of the log that were kept outside of the warehouse show that its history was not rewritten: those of
    `--checkpoint`, of `--root`, and of the configured folder.

    Examples:
    - `social-metrics verify --month 2026-10`
    - `social-metrics verify --month 2026-10 --digest 3fa04c91d2b7`
    - `social-metrics verify --month 2026-10 --checkpoint cosigned --key log.pub --witness itjen.pub`
    """
    with warehouse() as url:
        settings = load_settings()
        found = verify_month(
            settings,
            url,
            month_start(month),
            now=utc_now(),
            version=version,
            digest=digest,
            anchors=_anchors(settings, checkpoint or [], root or [], key or [], witness or []),
        )
        reports = _compared_reports(url, month_start(month))
    if output_format is Format.JSON:
        print_json(
            {
                "month": f"{found.close.month_start:%Y-%m}",
                "version": found.close.version,
                "sha256": found.close.sha256,
                **members(
                    found,
                    "status",
                    "holds",
                    "findings",
                    "altered",
                    "changed_since",
                    "late_rows",
                    "changed_rules",
                    "anchored",
                    "unproven",
                    "purges",
                    purged_figures="purged",
                ),
                **members(found.walk, "seals", "rows", "purged"),
                "reports": reports,
            }
        )
    else:
        _print(found)
        for one in reports:
            output().print(f"report  {one.paper_no}, {one.file_name}: {one.message}", markup=False, soft_wrap=True)
    if not found.holds or any(not one.is_explained for one in reports):
        raise typer.Exit(ExitCode.FINDING)


def _compared_reports(url: str, month: date) -> "list[Unexplained]":
    """The month's issued reports that are not what the record says, each rendered again."""
    from social_metrics.publish.reports.comparison import compare_reports  # only this needs typst

    with connect(url, "closer") as connection:
        return compare_reports(connection, month_start=month)


def _anchors(
    settings: Settings, files: list[Path], roots: list[str], keys: list[str], witnesses: list[str]
) -> list[Anchor]:
    """The heads kept outside of the warehouse: those named, and those of the configured folder."""
    logs = [verifier(key, NOTE) for key in keys] or log_keys(settings)
    seers = [verifier(key, COSIGNATURE) for key in witnesses] or witness_keys(settings)
    files = [*files, *checkpoint_files(settings)]
    stamps = settings.timestamp_certificates
    return [*(file_anchor(file, logs, seers, stamps) for file in files), *map(printed_anchor, roots)]


def trace(
    center: Annotated[str, typer.Option(help="Code of the center.")],
    platform: Annotated[str, typer.Option(help="The platform.")],
    month: MonthOption,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Trace a closed figure back to the bytes that the platform sent, or to the screenshot and two persons.

    Examples:
    - `social-metrics trace --center kartini --platform youtube --month 2026-10`
    """
    with warehouse() as url, connect(url, "closer") as connection:
        stages = audit_trace.trace(connection, center, platform, month_start(month))
    if output_format is Format.JSON:
        print_json([{"stage": stage.name, "place": stage.place, "facts": _texts(stage.facts)} for stage in stages])
        return
    for stage in stages:
        output().print(f"[bold]{stage.name}[/bold]  {escape(stage.place)}", soft_wrap=True)
        for name, value in _texts(stage.facts).items():
            output().print(f"    {name:<26}{'–' if value is None else escape(str(value))}", soft_wrap=True)


def _texts(facts: audit_trace.Facts) -> audit_trace.Facts:
    plain = (int, float, bool, str, type(None), datetime)
    return {name: value if isinstance(value, plain) else str(value) for name, value in facts.items()}


def _print(found: Verification) -> None:
    console = output()
    close = found.close
    identical = "identical when computed again" if not found.purged else "identical but for what was purged by policy"
    verdict = f"holds: {identical}" if found.holds else "does NOT hold"
    console.print(f"{close.month_start:%Y-%m} version {close.version} ({found.status}) {verdict}", style="bold")
    console.print(f"digest  {close.sha256}")
    console.print(f"chain   {found.walk.seals} seals over {found.walk.rows} rows, {len(found.walk.findings)} findings")
    if found.unproven:
        console.print(f"proof   signatures not proven: {escape(', '.join(found.unproven))}", soft_wrap=True)
    for sentence in found.anchored[-3:]:  # the newest say the most; JSON has all
        console.print(f"anchor  {escape(sentence)}", soft_wrap=True)
    for finding in found.findings[:LINES]:
        console.print(f"  {finding.kind}: {escape(finding.place)}: {finding.message}", soft_wrap=True)
    _more(len(found.findings))
    _figures("Figures that differ from a computation by the stored rules", found.altered)
    _figures("Since the close (the closed month stays as it is)", found.changed_since)
    for name, count in found.late_rows.items():
        console.print(f"later   {count} rows of {name} came after the close")
    for rule in found.changed_rules[:LINES]:
        console.print(f"rules   {rule} has changed")
    _more(len(found.changed_rules))
    _figures("Figures that cannot be computed any more: purged by policy; the record keeps them", found.purged)
    for purge in found.purges:
        whose = " ".join(filter(None, (purge.platform, purge.authorization_mode, purge.account_code)))
        console.print(
            f"purged by policy  {purge.row_count} rows of {purge.table_name} ({whose}), {purge.field} {purge.reason}, "
            f"{purge.first_purged_at:%Y-%m-%d} to {purge.last_purged_at:%Y-%m-%d}",
            soft_wrap=True,
        )
    for name, count in found.walk.purged.items():
        console.print(f"purged  {count} rows of {name} in all, by retention; their hashes still verify")


def _figures(title: str, differences: Sequence[Difference]) -> None:
    if not differences:
        return
    # The center's own figures first: they are printed on the report.
    ranked = sorted(differences, key=lambda one: (one.mart != "fct_center_monthly", one.center_code or "", one.row_key))
    reasons = Counter(one.reason for one in differences)
    table = new_table("Center", "Account", "Figure", "Closed", "Computed", "Why", title=title)
    for one in ranked[:LINES]:
        table.add_row(
            one.center_code, one.account_code, one.figure or "row", str(one.closed), str(one.computed), one.reason
        )
    output().print(table)
    output().print(", ".join(f"{reason}: {count} figures" for reason, count in reasons.items()), style="dim")


def _more(count: int) -> None:
    if count > LINES:
        output().print(f"  and {count - LINES} more (--format json has all)", style="dim")

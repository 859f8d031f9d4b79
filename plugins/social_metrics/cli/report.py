"""`social-metrics report`: the boards page, and reports of a closed month or of one date."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from social_metrics.audit.log.files import replace_bytes, replace_text
from social_metrics.audit.log.publishing import prove_reports
from social_metrics.audit.log.report_proof import SUFFIX
from social_metrics.cli.close import MonthOption, month_start
from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import DAY_FORMATS, Format, FormatOption, new_group, output, print_json, progress
from social_metrics.errors import UsageProblem
from social_metrics.publish.page.formats import long_date
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect

if TYPE_CHECKING:
    from social_metrics.publish.reports.issue import Report


class ReportLanguage(StrEnum):
    """Language of a report."""

    INDONESIAN = "id"
    ENGLISH = "en"


LanguageOption = Annotated[ReportLanguage, typer.Option(help="Language of the reports.")]
FolderOption = Annotated[Path, typer.Option("--to", help="Folder for the reports; created if missing.")]

report = new_group(
    "The boards page, and reports of a closed month or of one date.\n\n"
    "`--as-of` issues the leadership page of one date, stamped ANGKA SEMENTARA; issued again it is the same.\n\n"
    "Examples:\n"
    "- `social-metrics report --as-of 2026-11-22 --to reports`\n"
    "- `social-metrics report --as-of 2026-11-22 --language en`"
)


@report.callback(invoke_without_command=True)
def _provisional_page(
    context: typer.Context,
    as_of: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="WIB date of the figures, e.g. 2026-11-22.")
    ] = None,
    language: LanguageOption = ReportLanguage.INDONESIAN,
    to: FolderOption = Path(),
    output_format: FormatOption = Format.TABLE,
) -> None:
    if context.invoked_subcommand is not None:
        if as_of is not None:
            raise UsageProblem(f"--as-of makes a page of its own: leave out `{context.invoked_subcommand}`.")
        return
    if as_of is None:
        raise UsageProblem("Add --as-of with a date, e.g. --as-of 2026-11-22, or a command of `report --help`.")
    from social_metrics.publish.reports.issue import issue_as_of  # only this needs typst and openpyxl

    with warehouse() as url:
        page = issue_as_of(url, as_of.date(), language=language.value)
        proofs = _proofs(url, [page])
    _write([page], proofs, to, output_format)


@report.command()
def boards(
    out: Annotated[Path, typer.Option(help="The HTML file to write; an older one is replaced.")],
    date: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="WIB date of the boards; the newest by default.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Write both boards, the unranked centers and the growth chart into one self-contained page.

    Indonesian with an English switch; for phone, screen and print; it needs no network.

    Examples:
    - `social-metrics report boards --out boards.html`
    - `social-metrics report boards --out boards.html --date 2026-11-24`
    """
    from social_metrics.publish.page.boards import write  # only this needs Jinja

    with warehouse() as url:
        day = write(url, out, date.date() if date else None)
    if output_format is Format.JSON:
        print_json({"file": str(out), "date": day})
    else:
        output().print(f"{out}: boards of {long_date(day, 'en')}.", markup=False)


@report.command()
def month(
    month: MonthOption,
    language: LanguageOption = ReportLanguage.INDONESIAN,
    center: Annotated[str | None, typer.Option(help="Only the pack of this center, by its code.")] = None,
    to: FolderOption = Path(),
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Issue the reports of an approved month: leadership page, full pack, workbook, and a pack for each center.

    A report that was issued before is written again unchanged. A correction approved since makes new reports.

    Examples:
    - `social-metrics report month --month 2026-10 --to reports`
    - `social-metrics report month --month 2026-10 --language en --center kartini --to reports`
    """
    from social_metrics.publish.reports.issue import issue_month  # only this needs typst and openpyxl

    with warehouse() as url:
        reports = issue_month(
            url,
            month_start(month),
            languages=(language.value,),
            center_code=center,
            progress=lambda total: progress("Reports", total, "reports"),
        )
        proofs = _proofs(url, reports)
    _write(reports, proofs, to, output_format)


def _proofs(url: str, reports: "Iterable[Report]") -> dict[str, str]:
    """The proof of each report by its sha256, where the log's key is."""
    with connect(url, "closer") as connection:
        return prove_reports(connection, load_settings(), [issued.sha256 for issued in reports])


def _write(reports: "Iterable[Report]", proofs: dict[str, str], folder: Path, output_format: Format) -> None:
    """Write issued reports with their proofs into a folder, each replaced atomically, and print their names."""
    written = []
    for issued in reports:
        path = folder / issued.file_name
        replace_bytes(path, issued.content)
        if issued.sha256 in proofs:
            replace_text(path.with_name(path.name + SUFFIX), proofs[issued.sha256])
        written.append({"file": str(path), "kind": issued.kind, "center": issued.center_code, "sha256": issued.sha256})
    if output_format is Format.JSON:
        print_json(written)
        return
    for one in written:
        output().print(f"{one['file']}  sha256 {one['sha256']}", markup=False, soft_wrap=True)

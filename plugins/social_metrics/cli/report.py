"""`social-metrics report`: pages for people, drawn from the marts or from a closed month."""

import tempfile
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from social_metrics.cli.close import MonthOption, month_start
from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import DAY_FORMATS, Format, FormatOption, new_group, output, print_json, progress
from social_metrics.errors import UsageProblem
from social_metrics.publish.page.formats import long_date

if TYPE_CHECKING:
    from social_metrics.publish.reports.issue import Report


class PaperLanguage(StrEnum):
    """Language of a paper."""

    INDONESIAN = "id"
    ENGLISH = "en"


LanguageOption = Annotated[PaperLanguage, typer.Option(help="Language of the papers.")]
FolderOption = Annotated[Path, typer.Option("--to", help="Folder for the papers; made if it is not there.")]

report = new_group(
    "Pages for people, drawn from the marts or from a closed month.\n\n"
    "With `--as-of` the leadership page of an evening, stamped ANGKA SEMENTARA; issued again it is the same.\n\n"
    "Examples:\n"
    "- `social-metrics report --as-of 2026-11-22 --to papers`\n"
    "- `social-metrics report --as-of 2026-11-22 --language en`"
)


@report.callback(invoke_without_command=True)
def _page_of_an_evening(
    context: typer.Context,
    as_of: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="WIB date of the evening, e.g. 2026-11-22.")
    ] = None,
    language: LanguageOption = PaperLanguage.INDONESIAN,
    to: FolderOption = Path(),
    output_format: FormatOption = Format.TABLE,
) -> None:
    if context.invoked_subcommand is not None:
        if as_of is not None:
            raise UsageProblem(f"--as-of makes a page of its own: leave out `{context.invoked_subcommand}`.")
        return
    if as_of is None:
        raise UsageProblem("Of which evening? Add --as-of, e.g. --as-of 2026-11-22; `report --help` lists the others.")
    from social_metrics.publish.reports.issue import (
        issue_as_of,  # typst and openpyxl are of no use to the other commands
    )

    with warehouse() as url:
        paper = issue_as_of(url, as_of.date(), language=language.value)
    _write([paper], to, output_format)


@report.command()
def boards(
    out: Annotated[Path, typer.Option(help="The HTML file to write; an older one is replaced.")],
    date: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="WIB date of the boards; the newest by default.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Write both boards, the tail and the growth chart into one self-contained page.

    Indonesian with an English switch; for a phone, a screen or paper; it needs no network.

    Examples:
    - `social-metrics report boards --out boards.html`
    - `social-metrics report boards --out boards.html --date 2026-11-24`
    """
    from social_metrics.publish.page.boards import write  # Jinja is of no use to the other commands

    with warehouse() as url:
        day = write(url, out, date.date() if date else None)
    if output_format is Format.JSON:
        print_json({"file": str(out), "date": day})
    else:
        output().print(f"{out}: boards of {long_date(day, 'en')}.", markup=False)


@report.command()
def month(
    month: MonthOption,
    language: LanguageOption = PaperLanguage.INDONESIAN,
    center: Annotated[str | None, typer.Option(help="Only the pack of this center, by its code.")] = None,
    to: FolderOption = Path(),
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Issue the papers of an approved month: leadership page, full pack, workbook, and a pack for each center.

    What was issued once is written again as it was. A correction approved since makes new papers beside the old ones.

    Examples:
    - `social-metrics report month --month 2026-10 --to papers`
    - `social-metrics report month --month 2026-10 --language en --center kartini --to papers`
    """
    from social_metrics.publish.reports.issue import (
        issue_month,  # typst and openpyxl are of no use to the other commands
    )

    with warehouse() as url:
        papers = issue_month(
            url,
            month_start(month),
            languages=(language.value,),
            center_code=center,
            progress=lambda total: progress("Reports", total, "reports"),
        )
    _write(papers, to, output_format)


def _write(papers: "Iterable[Report]", folder: Path, output_format: Format) -> None:
    """Write issued papers into a folder, each replaced as a whole, and say what is there."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for paper in papers:
            path = folder / paper.file_name
            with tempfile.NamedTemporaryFile("wb", dir=folder, delete=False) as file:
                file.write(paper.content)
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
            written.append({"file": str(path), "kind": paper.kind, "center": paper.center_code, "sha256": paper.sha256})
    except OSError as error:
        raise UsageProblem(f"{folder} cannot be written: {error.strerror}.") from error
    if output_format is Format.JSON:
        print_json(written)
        return
    for one in written:
        output().print(f"{one['file']}  sha256 {one['sha256']}", markup=False, soft_wrap=True)

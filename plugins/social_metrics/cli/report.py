"""`social-metrics report`: pages for people, drawn from the marts."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from social_metrics.cli.console import DAY_FORMATS, Format, FormatOption, new_group, output, print_json
from social_metrics.cli.place import warehouse
from social_metrics.reports.forms import long_date

report = new_group("Pages for people, drawn from the marts.")


@report.callback()
def _pages() -> None:
    """Keeps `boards` a command of its own while it is the only page."""


@report.command()
def boards(
    out: Annotated[Path, typer.Option(help="The HTML file to write; an older one is replaced.")],
    date: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="WIB date of the boards; the newest by default.")
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Write both boards, the tail and the growth chart into one self-contained page.

    Indonesian with an English switch; for a phone, a screen or paper; it needs no network.

    Examples:
    - `social-metrics report boards --out boards.html`
    - `social-metrics report boards --out boards.html --date 2026-11-24`
    """
    from social_metrics.reports.boards import write  # Jinja is of no use to the other commands

    with warehouse() as url:
        day = write(url, out, date.date() if date else None)
    if form is Format.JSON:
        print_json({"file": str(out), "date": day})
    else:
        output().print(f"{out}: boards of {long_date(day, 'en')}.", markup=False)

"""`social-metrics seal`: seals the evidence of the WIB days that have ended."""

from datetime import datetime
from typing import Annotated

import typer

from social_metrics.audit.seals import seal_days, sealing
from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import DAY_FORMATS, Format, FormatOption, output, print_json
from social_metrics.warehouse.connect import connect


def seal(
    through: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="Last WIB date to seal; by default all that is there.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Seal the evidence that no seal covers yet, day by day. Run it after every WIB day; it may be repeated.

    Examples:
    - `social-metrics seal`
    - `social-metrics seal --through 2026-10-31`
    """
    with warehouse() as url, connect(url, "closer") as connection, sealing(connection):
        made = seal_days(connection, through.date() if through else None)
    if output_format is Format.JSON:
        print_json(made)
        return
    for one in made:
        output().print(f"seal {one.seal_no}  through {one.through_date}  {one.sha256}", soft_wrap=True)
    if not made:
        output().print("Everything is sealed already.")

"""`social-metrics seal`: seals the evidence of the WIB days that have ended."""

from datetime import datetime
from typing import Annotated

import typer

from social_metrics.audit.log.publishing import publish_head
from social_metrics.audit.seals import seal_days, sealing
from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import DAY_FORMATS, Format, FormatOption, output, print_json
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect


def seal(
    through: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="Last WIB date to seal; by default all that is there.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Seal the evidence that no seal covers yet, day by day. Run it after every WIB day; it may be repeated.

    Where the log's key is set, the new head of the log is signed and kept in the folder of checkpoints.

    Examples:
    - `social-metrics seal`
    - `social-metrics seal --through 2026-10-31`
    """
    with warehouse() as url, connect(url, "recorder") as connection:
        with sealing(connection):
            made = seal_days(connection, through.date() if through else None)
        head = publish_head(connection, load_settings())
    if output_format is Format.JSON:
        print_json(made)  # the checkpoint is in its folder
        return
    for one in made:
        output().print(f"seal {one.seal_no}  through {one.through_date}  {one.sha256}", soft_wrap=True)
    if not made:
        output().print("Everything is sealed already.")
    if head:
        output().print(f"checkpoint  {head.short}, in {load_settings().checkpoints}", markup=False, soft_wrap=True)

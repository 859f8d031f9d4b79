"""`social-metrics account move|rename|close`: changes of a known account, shown before they are written."""

from datetime import datetime
from typing import Annotated

import typer

from social_metrics.cli.console import DAY_FORMATS, Format, FormatOption, PersonOption, notices
from social_metrics.cli.registry_change import (
    DecreeOption,
    EvidenceOption,
    OnOption,
    YesOption,
    address_with_id,
    author_of,
    center_code,
    shown_change,
)
from social_metrics.clock import wib_date
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings

CodeArgument = Annotated[str, typer.Argument(help="The account code.")]


def move(
    code: CodeArgument,
    to: Annotated[str, typer.Option("--to", help="The new center (its code, name or an alias).")],
    on: OnOption,
    decree: DecreeOption,
    by: PersonOption = None,
    yes: YesOption = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Move an account to another center on a date. Code, platform id, history and verification stay.

    Examples:
    - `social-metrics account move kartini-x --to satria --on 2026-11-15 --decree "SK 12/2026"`
    """
    settings = load_settings()
    center = center_code(to, load_registry(settings.registry_dir), settings)
    with shown_change(settings, is_written=yes, output_format=output_format, on=on.date()) as edit:
        edit.move(code, center, on.date(), author_of(by, decree))


def rename(
    code: CodeArgument,
    url: Annotated[str, typer.Argument(help="The account's new address, as copied from a browser.")],
    evidence: EvidenceOption,
    by: PersonOption = None,
    account_id: Annotated[str | None, typer.Option("--id", help="The platform's own id, when you know it.")] = None,
    yes: YesOption = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Give an account its new address. It keeps its code and its history.

    It stays verified where the platform's id shows that it is the same account. Otherwise a second person verifies it,
    and until then it is not read.

    Examples:
    - `social-metrics account rename kartini-x https://x.com/new_name --evidence "tiket 7"`
    """
    settings = load_settings()
    address, account_id = address_with_id(url, account_id, load_registry(settings.registry_dir), settings)
    author = author_of(by, evidence)
    with shown_change(settings, is_written=yes, output_format=output_format) as edit:
        edit.rename(code, address, author, platform_account_id=account_id)
    if yes:
        row = load_registry(settings.registry_dir).account_on(code, wib_date(author.at))
        if row is not None and row.status == "submitted":
            notices().print(f"Another person verifies it: social-metrics account verify {code}")


def close(
    code: CodeArgument,
    evidence: EvidenceOption,
    on: Annotated[
        datetime | None,
        typer.Option(formats=DAY_FORMATS, help="The first WIB date on which it is closed; by default today."),
    ] = None,
    by: PersonOption = None,
    note: Annotated[str, typer.Option(help="A short explanation.")] = "",
    yes: YesOption = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Close an account, for instance before its channel is handed over to another center under a new code.

    Examples:
    - `social-metrics account close kartini-x --on 2026-11-15 --evidence "surat 12/2026"`
    """
    settings = load_settings()
    author = author_of(by, evidence)
    day = on.date() if on else wib_date(author.at)
    with shown_change(settings, is_written=yes, output_format=output_format, on=day) as edit:
        edit.close(code, day, author, note)

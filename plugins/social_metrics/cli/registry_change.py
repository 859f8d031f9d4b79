"""What the commands that change the registry share: options, the preview, and the platform's id of an address."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

import typer
from rich.markup import escape

from social_metrics.cli.console import DAY_FORMATS, Format, notices, output, print_json, user_name
from social_metrics.clock import utc_now, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connection_test import resolve_identity
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.registry.account_urls import AccountAddress, read_account_url
from social_metrics.registry.center_names import CenterNames
from social_metrics.registry.change_log import Author
from social_metrics.registry.edits import RegistryEdit, editing
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings

CenterOption = Annotated[str | None, typer.Option(help="Only this center (its code, name or an alias).")]
EvidenceOption = Annotated[str, typer.Option(help="The proof: a letter's number, or where the screenshot is kept.")]
DecreeOption = Annotated[str, typer.Option(help="The decree that orders it: its number and date.")]
OnOption = Annotated[
    datetime,
    typer.Option("--on", formats=DAY_FORMATS, help="The first WIB date on which it holds; today or earlier."),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Write the change. Without it the change is only shown.")]


def author_of(by: str | None, evidence: str) -> Author:
    """The acting person, now, with the evidence of the change."""
    return Author(user_name(by), utc_now(), evidence)


def center_code(written: str, registry: Registry, settings: Settings) -> str:
    """The code of a center given by its code, also of one that has ended, by its name or an alias.

    Raises:
        UsageProblem: no center has this name.
    """
    if any(center.center_code == written for center in registry.centers):
        return written
    return CenterNames(settings.registry_dir, registry, wib_date(utc_now())).code_of(written)


def address_with_id(
    url: str, account_id: str | None, registry: Registry, settings: Settings
) -> tuple[AccountAddress, str | None]:
    """The account of an address with the platform's id; without a given one the API is asked where one may."""
    address = read_account_url(url, registry.platforms)
    if account_id is not None:
        return address, account_id
    try:
        found = resolve_identity(address, platform_connection(address.platform), registry, settings)
    except UsageProblem as problem:
        notices().print(f"The API could not be asked for the id: {escape(str(problem))}", style="dim")
        return address, address.platform_account_id
    if found is None:
        return address, address.platform_account_id
    # The API's id counts: Facebook shows some pages under another id than the one in their address.
    return replace(address, platform_account_id=found.platform_account_id), found.platform_account_id


@contextmanager
def shown_change(
    settings: Settings, *, is_written: bool, output_format: Format, on: date | None = None
) -> Iterator[RegistryEdit]:
    """A change of the registry that is validated and shown, and written when it was asked for.

    Args:
        settings: where the registry is.
        is_written: the option `--yes`.
        output_format: how the change is printed.
        on: the date from which it holds.
    """
    with editing(settings.registry_dir, is_preview=not is_written) as edit:
        yield edit
    differences = edit.files.differences()
    if output_format is Format.JSON:
        print_json({"is_written": is_written, "changes": edit.notes, "differences": differences})
    else:
        for code, note in edit.notes.items():
            output().print(f"{escape(code)}: {escape(note)}", soft_wrap=True)
        for name, lines in differences.items():
            output().print(f"\n{name}", style="bold")
            for line in lines:
                output().print(escape(line), style="green" if line.startswith("+") else "red", soft_wrap=True)
    if on is not None and on < wib_date(utc_now()):
        notices().print(
            f"The next transform computes the days since {on} again. A closed month keeps its figures; `social-metrics "
            "verify` then shows what differs.",
            soft_wrap=True,
        )
    if not is_written:
        notices().print("Nothing was written. Repeat the command with --yes to write this change.")

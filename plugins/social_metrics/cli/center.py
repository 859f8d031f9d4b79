"""`social-metrics center close|merge`: the end of a center by decree, shown before it is written."""

from typing import Annotated

import typer

from social_metrics.cli.console import Format, FormatOption, PersonOption, new_group, notices
from social_metrics.cli.registry_change import DecreeOption, OnOption, YesOption, author_of, center_code, shown_change
from social_metrics.registry.center_edits import close_center, merge_centers
from social_metrics.registry.registry import load_registry
from social_metrics.registry.roles import load_roles
from social_metrics.settings import Settings, load_settings

center = new_group("The centers of the registry: closed or merged by decree, with their accounts.")

CenterArgument = Annotated[str, typer.Argument(help="The center that ends (its code, name or an alias).")]


@center.command()
def close(
    which: CenterArgument,
    on: OnOption,
    decree: DecreeOption,
    close_accounts: Annotated[
        bool, typer.Option("--close-accounts", help="Close the center's open accounts as well.")
    ] = False,
    by: PersonOption = None,
    yes: YesOption = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Close a center from a date on. Accounts that are open stand against it, unless they are closed as well.

    Examples:
    - `social-metrics center close kartini --on 2026-11-15 --decree "SK 12/2026" --close-accounts`
    """
    settings = load_settings()
    code = center_code(which, load_registry(settings.registry_dir), settings)
    with shown_change(settings, is_written=yes, output_format=output_format, on=on.date()) as edit:
        close_center(edit, code, on.date(), author_of(by, decree), close_accounts=close_accounts)
    _name_officers(code, settings)


@center.command()
def merge(
    which: CenterArgument,
    into: Annotated[str, typer.Option(help="The center that takes over (its code, name or an alias).")],
    on: OnOption,
    decree: DecreeOption,
    by: PersonOption = None,
    yes: YesOption = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Merge a center into another one from a date on: accounts, names and service areas are the other's from then on.

    Examples:
    - `social-metrics center merge kartini --into satria --on 2026-11-15 --decree "SK 12/2026"`
    """
    settings = load_settings()
    registry = load_registry(settings.registry_dir)
    code, successor = center_code(which, registry, settings), center_code(into, registry, settings)
    with shown_change(settings, is_written=yes, output_format=output_format, on=on.date()) as edit:
        merge_centers(edit, code, successor, on.date(), author_of(by, decree))
    _name_officers(code, settings)


def _name_officers(code: str, settings: Settings) -> None:
    """A notice about people of the center in roles.csv: who takes over is for people to decide."""
    holders = [holder for holder in load_roles(settings.registry_dir) if holder.center_code == code]
    if holders:
        names = ", ".join(holder.person or holder.email or "" for holder in holders)
        notices().print(f"roles.csv still names officers of {code}: {names}. Correct these rows.", soft_wrap=True)

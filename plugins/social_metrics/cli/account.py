"""`social-metrics account`: the registry of official accounts, changed by two persons."""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import (
    ExitCode,
    Format,
    FormatOption,
    PersonOption,
    members,
    new_group,
    new_table,
    notices,
    output,
    print_json,
    read_bytes,
    user_name,
)
from social_metrics.clock import utc_now, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connection_test import resolve_identity
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.intake import account_confirmations
from social_metrics.publish.page.official_accounts import official_accounts
from social_metrics.publish.page.official_accounts import publish as publish_list
from social_metrics.registry.account import Account
from social_metrics.registry.account_urls import AccountAddress, read_account_url
from social_metrics.registry.center_names import CenterNames
from social_metrics.registry.change_log import Author, Change, history_conflicts, read_changes
from social_metrics.registry.edits import REVIEW_DAYS, MaybeRenamed, editing
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import Settings, load_settings
from social_metrics.warehouse.connect import connect

account = new_group(
    "The registry of official accounts: submitted by one person, verified by another, reviewed in time."
)

JSON_MEMBERS = (
    "account_code", "center_code", "platform", "platform_account_id", "handle", "url", "status", "capture_path",
    "review_due_at", "valid_from",
)  # fmt: skip
EvidenceOption = Annotated[str, typer.Option(help="The proof: a letter's number, or where the screenshot is kept.")]


@account.command()
def add(
    url: Annotated[str, typer.Argument(help="The account's address, as copied from a browser.")],
    center: Annotated[str, typer.Option(help="Whose account it is (the center's code, name or an alias).")],
    evidence: EvidenceOption,
    by: PersonOption = None,
    account_id: Annotated[str | None, typer.Option("--id", help="The platform's own id, when you know it.")] = None,
    renames: Annotated[
        str | None, typer.Option(help="The code of the account that got this address, e.g. kartini-x.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Submit an account. The platform is found by the address, its id asked of the API where one may.

    An account that was renamed keeps its code: beside a verified account the command asks whether it was, or takes
    the answer from `--renames`.

    Examples:
    - `social-metrics account add https://www.youtube.com/@name --center kartini --evidence "surat 12/2026"`
    - `social-metrics account add https://x.com/new_name --center kartini --renames kartini-x --evidence "tiket 7"`
    """
    settings = load_settings()
    registry = load_registry(settings.registry_dir)
    address = read_account_url(url, registry.platforms)
    author = _author(by, evidence)
    center = _center_code(center, registry, settings, wib_date(author.at))
    if account_id is None:
        # The API's id counts: Facebook shows some pages under another id than the one in their address.
        account_id = _resolve(address, registry, settings)
        address = replace(address, platform_account_id=account_id)

    def submit(renamed: str | None) -> str:
        with editing(settings.registry_dir) as edit:
            return edit.submit(center, address, author, platform_account_id=account_id, renames=renamed)

    try:
        code = submit(renames)
    except MaybeRenamed as offer:
        if not sys.stdin.isatty() or not typer.confirm(f"{offer} Was {offer.account_code} renamed?", err=True):
            raise
        renames = offer.account_code
        code = submit(renames)
    next_step = f"Another person verifies it: social-metrics account verify {code}"
    _print_account(code, settings, author, output_format, next_step)
    if renames:
        notices().print(f"{code} keeps its code and its history; it is read again when it is verified.")
    _note_other_accounts([code], settings, wib_date(author.at))


@account.command()
def verify(
    code: Annotated[str, typer.Argument(help="The account code.")],
    evidence: EvidenceOption,
    by: PersonOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Verify an account as the second person, or review one whose 180 days are over.

    Examples:
    - `social-metrics account verify kartini-youtube --by budi.data --evidence "surat 12/2026"`
    """
    settings = load_settings()
    author = _author(by, evidence)
    with editing(settings.registry_dir) as edit:
        edit.verify(code, author)
    _print_account(code, settings, author, output_format, f"It is reviewed in {REVIEW_DAYS} days.")


@account.command()
def mark(
    code: Annotated[str, typer.Argument(help="The account code.")],
    status: Annotated[str, typer.Argument(help="suspended, closed, or missing (it is certain that none exists).")],
    evidence: EvidenceOption,
    by: PersonOption = None,
    note: Annotated[str, typer.Option(help="A short explanation.")] = "",
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Suspend or close an account, or state that the center has none.

    Examples:
    - `social-metrics account mark kartini-x suspended --evidence "tiket 7" --note "diambil alih"`
    """
    settings = load_settings()
    author = _author(by, evidence)
    with editing(settings.registry_dir) as edit:
        edit.mark(code, status, author, note)
    _print_account(code, settings, author, output_format, None)


@account.command()
def confirm(
    code: Annotated[str, typer.Argument(help="The account code.")],
    evidence: EvidenceOption,
    by: PersonOption = None,
) -> None:
    """Confirm that an account with an identity mismatch is the center's own: it ranks again from now on.

    Look at the account first. If it belongs to another person, mark it closed and add the new one.

    Examples:
    - `social-metrics account confirm kartini-instagram --evidence "telepon humas 24/11"`
    """
    author = _author(by, evidence)
    with warehouse() as url:
        registry = load_registry(load_settings().registry_dir)
        if registry.account_on(code, wib_date(author.at)) is None:
            raise UsageProblem(f"{code!r} is not in the registry; `social-metrics account status` lists all.")
        with connect(url, "loader") as connection:
            account_confirmations.confirm(connection, code, author.name, author.at, author.evidence_ref)
    output().print(f"{code} is confirmed; it ranks again with the next transform.")


@account.command()
def status(
    code: Annotated[str | None, typer.Argument(help="Only this account, with its history.")] = None,
    due: Annotated[bool, typer.Option("--due", help="Only accounts whose review is due.")] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show the status of each account. Exit code 1 when rows and history disagree.

    Examples:
    - `social-metrics account status`
    - `social-metrics account status kartini-youtube --format json`
    """
    settings = load_settings()
    registry = load_registry(settings.registry_dir)
    changes = read_changes(settings.registry_dir)
    day = wib_date(utc_now())
    current = [found for found in registry.accounts if found.is_valid_on(day) and code in (None, found.account_code)]
    if code is not None and not current:
        raise UsageProblem(f"{code!r} is not in the registry today.")
    shown = [found for found in current if not due or found.is_under_review_on(day)]
    history = [change for change in changes if change.account_code == code]
    faults = history_conflicts(registry, changes, day)
    if output_format is Format.JSON:
        print_json(
            {
                "accounts": [
                    {**members(found, *JSON_MEMBERS), "is_under_review": found.is_under_review_on(day)}
                    for found in shown
                ],
                "history": [change.cells for change in history],
                "faults": faults,
            }
        )
    else:
        _print_status(shown, history, faults, day)
    if faults:
        raise typer.Exit(ExitCode.FINDING)


@account.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="A list (.xlsx, .csv) with the columns Sentra, Alamat akun, Bukti.")],
    by: PersonOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Submit a list of accounts, all or none. Exit code 1 when it is returned, with an annotated copy.

    Examples:
    - `social-metrics account import akun.xlsx --by siti.humas`
    """
    # pandas takes a second to import; the other commands need not wait for it.
    from social_metrics.intake.account_list import import_accounts
    from social_metrics.intake.spreadsheet.annotate import annotated_name
    from social_metrics.intake.spreadsheet.validation_errors import FileRefused

    settings = load_settings()
    content = read_bytes(file)
    try:
        result = import_accounts(file.name, content, folder=settings.registry_dir, by=user_name(by), at=utc_now())
    except FileRefused as refused:
        output().print(escape(str(refused)))
        raise typer.Exit(ExitCode.FINDING) from None
    if result.annotated is not None:
        file.with_name(annotated_name(file.name)).write_bytes(result.annotated)
    if output_format is Format.JSON:
        print_json({"submitted": result.submitted, "faults": [error.message for error in result.errors]})
    else:
        for invalid in result.errors:
            output().print(f"[red]✗[/red] {escape(invalid.message)}", soft_wrap=True)
        submitted = f"{len(result.submitted)} accounts submitted; another person verifies them."
        returned = f"Nothing was taken; see {annotated_name(file.name)}."
        output().print(returned if result.errors else submitted)
    _note_other_accounts(result.submitted, settings, wib_date(utc_now()))
    if result.errors:
        raise typer.Exit(ExitCode.FINDING)


@account.command()
def publish(
    out: Annotated[Path, typer.Option(help="Folder for akun-resmi.csv, .json and .html.")],
) -> None:
    """Write the public list of verified accounts, for a website.

    Examples:
    - `social-metrics account publish --out public`
    """
    settings = load_settings()
    day = wib_date(utc_now())
    accounts = official_accounts(load_registry(settings.registry_dir), day)
    for path in publish_list(accounts, day, out):
        output().print(escape(str(path)))
    output().print(f"{len(accounts)} verified accounts.")


def _author(by: str | None, evidence: str) -> Author:
    return Author(user_name(by), utc_now(), evidence)


def _center_code(written: str, registry: Registry, settings: Settings, day: date) -> str:
    """The code of a center given by code, name or alias.

    Raises:
        UsageProblem: no center has this name.
    """
    names = CenterNames(settings.registry_dir, registry, day)
    code = names.find(written)
    if code is None:
        suggestions = names.suggest(written)
        next_step = f"Did you mean {' or '.join(suggestions)}?" if suggestions else "centers.csv has the codes."
        raise UsageProblem(f"{written!r} is not the code of a center, and no name or alias of one. {next_step}")
    return code


def _resolve(address: AccountAddress, registry: Registry, settings: Settings) -> str | None:
    """The platform's id of an address, or None with a notice: the id can be given later."""
    try:
        found = resolve_identity(address, platform_connection(address.platform), registry, settings)
    except UsageProblem as problem:
        notices().print(f"The API could not be asked for the id: {escape(str(problem))}", style="dim")
        return address.platform_account_id
    return found.platform_account_id if found else address.platform_account_id


def _note_other_accounts(codes: list[str], settings: Settings, day: date) -> None:
    """A notice for each submitted account beside another one of its center on the platform: both are kept."""
    registry = load_registry(settings.registry_dir)
    for code in codes:
        found = registry.account_on(code, day)
        others = [
            other.account_code
            for other in registry.accounts
            if found is not None
            and (other.center_code, other.platform) == (found.center_code, found.platform)
            and other.account_code != code
            and other.status in ("submitted", "verified", "suspended")
            and other.is_valid_on(day)
        ]
        if others:
            notices().print(
                f"{code} is not the only account of its center on this platform: {', '.join(others)} stays as well. If "
                "one of them is a mistake, close it: social-metrics account mark CODE closed.",
                soft_wrap=True,
            )


def _print_account(code: str, settings: Settings, author: Author, output_format: Format, next_step: str | None) -> None:
    found = load_registry(settings.registry_dir).account_on(code, wib_date(author.at))
    if found is None:
        raise UsageProblem(f"{code} is not in the registry after the change; see account_changes.csv.")
    if output_format is Format.JSON:
        print_json(members(found, *JSON_MEMBERS))
        return
    who = found.handle or found.platform_account_id or "no address"
    output().print(f"{found.account_code} ({escape(who)}) is {found.status}." + (f" {next_step}" if next_step else ""))


def _print_status(shown: list[Account], history: list[Change], faults: list[str], day: date) -> None:
    table = new_table("Account", "Handle or id", "Status", "Read by", "Review due")
    for found in shown:
        due = str(found.review_due_at or "–")
        if found.is_under_review_on(day):
            due = f"[yellow]{due}, under review[/yellow]"
        who = escape(found.handle or found.platform_account_id or "–")
        table.add_row(found.account_code, who, found.status, "hand" if found.capture_path == "manual" else "API", due)
    console = output()
    console.print(table)
    for change in history:
        cells = change.cells
        console.print(
            f"  {cells['changed_at']}  {change.status} by {escape(change.changed_by)} "
            f"({escape(change.evidence_ref)}) {escape(change.note)}"
        )
    for fault in faults:
        console.print(f"[red]✗[/red] {escape(fault)}")

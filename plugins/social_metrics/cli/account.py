"""`social-metrics account`: the registry of official accounts, changed by two persons."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from social_metrics.cli.account_changes import CodeArgument, close, move, rename
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
from social_metrics.cli.registry_change import CenterOption, EvidenceOption, address_with_id, author_of, center_code
from social_metrics.clock import utc_now, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.intake import account_confirmations
from social_metrics.publish.page.official_accounts import official_accounts
from social_metrics.publish.page.official_accounts import publish as publish_list
from social_metrics.registry.account import Account
from social_metrics.registry.change_log import Author, Change, ChangeRefused, history_conflicts, read_changes
from social_metrics.registry.edits import REVIEW_DAYS, editing
from social_metrics.registry.registry import ACCOUNT_STATUSES, load_registry
from social_metrics.settings import Settings, load_settings
from social_metrics.warehouse.connect import connect

account = new_group(
    "The registry of official accounts: submitted by one person, verified by another, reviewed in time."
)

VERIFY = "social-metrics account verify"
JSON_MEMBERS = (
    "account_code", "center_code", "platform", "platform_account_id", "handle", "url", "status", "capture_path",
    "review_due_at", "valid_from",
)  # fmt: skip

for command in (move, rename, close):
    account.command()(command)


@account.command()
def add(
    url: Annotated[str, typer.Argument(help="The account's address, as copied from a browser.")],
    center: Annotated[str, typer.Option(help="Whose account it is (the center's code, name or an alias).")],
    evidence: EvidenceOption,
    by: PersonOption = None,
    account_id: Annotated[str | None, typer.Option("--id", help="The platform's own id, when you know it.")] = None,
    another: Annotated[
        bool, typer.Option("--another", help="Keep it beside the center's verified account on the platform.")
    ] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Submit an account. The platform is found by the address, its id asked of the API where one may.

    Examples:
    - `social-metrics account add https://www.youtube.com/@name --center kartini --evidence "surat 12/2026"`
    """
    settings = load_settings()
    registry = load_registry(settings.registry_dir)
    author = author_of(by, evidence)
    owner = center_code(center, registry, settings)
    address, account_id = address_with_id(url, account_id, registry, settings)
    with editing(settings.registry_dir) as edit:
        code = edit.submit(owner, address, author, platform_account_id=account_id, is_another=another)
    _print_accounts([code], settings, author, output_format, f"Another person verifies it: {VERIFY} {code}")
    _note_other_accounts([code], settings, wib_date(author.at))


@account.command()
def verify(
    codes: Annotated[list[str], typer.Argument(help="The account codes.")],
    evidence: EvidenceOption,
    by: PersonOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Verify accounts as the second person, or review those whose 180 days are over; all of them, or none.

    Examples:
    - `social-metrics account verify kartini-youtube kartini-x --by budi.data --evidence "surat 12/2026"`
    """
    settings = load_settings()
    author = author_of(by, evidence)
    refusals = []
    with editing(settings.registry_dir) as edit:
        for code in codes:
            try:
                edit.verify(code, author)
            except ChangeRefused as refusal:
                refusals.append(str(refusal))
        if refusals:
            raise ChangeRefused("\n".join(refusals))
    _print_accounts(codes, settings, author, output_format, f"It is reviewed in {REVIEW_DAYS} days.")


@account.command()
def mark(
    code: CodeArgument,
    status: Annotated[str, typer.Argument(help="suspended, or missing (it is certain that none exists).")],
    evidence: EvidenceOption,
    by: PersonOption = None,
    note: Annotated[str, typer.Option(help="A short explanation.")] = "",
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Suspend an account, or state that the center has none.

    Examples:
    - `social-metrics account mark kartini-x suspended --evidence "tiket 7" --note "diambil alih"`
    """
    settings = load_settings()
    author = author_of(by, evidence)
    with editing(settings.registry_dir) as edit:
        edit.mark(code, status, author, note)
    _print_accounts([code], settings, author, output_format, None)


@account.command()
def confirm(
    code: CodeArgument,
    evidence: EvidenceOption,
    by: PersonOption = None,
) -> None:
    """Confirm that an account with an identity mismatch is the center's own: it ranks again from now on.

    Look at the account first. If it belongs to another person, close it and add the new one.

    Examples:
    - `social-metrics account confirm kartini-instagram --evidence "telepon humas 24/11"`
    """
    author = author_of(by, evidence)
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
    center: CenterOption = None,
    platform: Annotated[str | None, typer.Option(help="Only this platform's, e.g. youtube.")] = None,
    only: Annotated[str | None, typer.Option("--status", help=f"One of {', '.join(ACCOUNT_STATUSES)}.")] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show the status of each account. Exit code 1 when rows and history disagree.

    Examples:
    - `social-metrics account status`
    - `social-metrics account status kartini-youtube --format json`
    - `social-metrics account status --center kartini --platform x --status submitted`
    """
    settings = load_settings()
    registry = load_registry(settings.registry_dir)
    for value, known in ((platform, tuple(registry.platforms)), (only, ACCOUNT_STATUSES)):
        if value is not None and value not in known:
            raise UsageProblem(f"{value!r} is not one of {', '.join(known)}.")
    owner = center_code(center, registry, settings) if center else None
    changes = read_changes(settings.registry_dir)
    day = wib_date(utc_now())
    current = [found for found in registry.accounts if found.is_valid_on(day) and code in (None, found.account_code)]
    if code is not None and not current:
        raise UsageProblem(f"{code!r} is not in the registry today.")
    shown = [
        found
        for found in current
        if owner in (None, found.center_code)
        and platform in (None, found.platform)
        and only in (None, found.status)
        and (found.is_under_review_on(day) or not due)
    ]
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
                "one of them is a mistake, close it: social-metrics account close CODE.",
                soft_wrap=True,
            )


def _print_accounts(
    codes: list[str], settings: Settings, author: Author, output_format: Format, next_step: str | None
) -> None:
    registry = load_registry(settings.registry_dir)
    rows = [row for code in codes if (row := registry.account_on(code, wib_date(author.at)))]
    if output_format is Format.JSON:
        print_json([members(row, *JSON_MEMBERS) for row in rows])
        return
    for row in rows:
        who = row.handle or row.platform_account_id or "no address"
        step = f" {next_step}" if next_step else ""
        output().print(f"{row.account_code} ({escape(who)}) is {row.status}.{step}", soft_wrap=True)


def _print_status(shown: list[Account], history: list[Change], faults: list[str], day: date) -> None:
    table = new_table("Account", "Center", "Handle or id", "Status", "Read by", "Review due")
    for found in shown:
        due = str(found.review_due_at or "–")
        if found.is_under_review_on(day):
            due = f"[yellow]{due}, under review[/yellow]"
        who = escape(found.handle or found.platform_account_id or "–")
        read_by = "hand" if found.capture_path == "manual" else "API"
        table.add_row(found.account_code, found.center_code, who, found.status, read_by, due)
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

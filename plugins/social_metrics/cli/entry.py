"""`social-metrics ingest` and `social-metrics entry`: manual entries, from the template to the confirmation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import (
    ExitCode,
    Format,
    FormatOption,
    PersonOption,
    members,
    new_group,
    new_table,
    output,
    print_json,
    read_opened,
    user_name,
)
from social_metrics.cli.registry_change import CenterOption, center_code
from social_metrics.clock import utc_now, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.intake import store
from social_metrics.intake.store import StoredEntry
from social_metrics.monitoring.situation import now_of_registry
from social_metrics.publish.page import formats
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect

if TYPE_CHECKING:
    from social_metrics.intake.ingest import IngestResult

entry = new_group("Manual entries: the template, the entries that wait for a second person, and their confirmation.")

JSON_MEMBERS = (
    "key", "account_code", "as_of_date", "version", "followers_displayed", "followers_count",
    "followers_precision_step", "last_post_at", "last_post_url", "evidence_file_name", "evidence_sha256",
    "entered_by", "decision", "confirmed_by", "is_newest",
)  # fmt: skip


def ingest(
    file: Annotated[Path, typer.Argument(help="The filled template (.xlsx or .csv).")],
    evidence: Annotated[Path | None, typer.Option(help="Folder of the screenshots; the file's own by default.")] = None,
    center: CenterOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Import a filled template completely or not at all. Exit code 1 when it was returned.

    Errors are printed row by row, in Indonesian for the officer, and written into a copy beside the file
    (`kartini.catatan.xlsx`). Entries taken wait for a second person: `social-metrics entry list`.

    Examples:
    - `social-metrics ingest kartini.xlsx`
    - `social-metrics ingest kartini.xlsx --evidence screenshots --center kartini`
    """
    # pandas and openpyxl take a second to import; the other commands need not wait for them.
    from social_metrics.intake.inbox import owner_of
    from social_metrics.intake.ingest import ingest as take
    from social_metrics.intake.screenshots import folder_reader
    from social_metrics.intake.spreadsheet.validation_errors import FileRefused

    with warehouse() as url:
        settings = load_settings()
        registry = load_registry(settings.registry_dir)
        center = None if center is None else center_code(center, registry, settings)
        content, status = read_opened(file)
        try:
            result = take(
                file.name,
                content,
                registry=registry,
                warehouse_url=url,
                now=now_of_registry(registry),
                read_attachment=folder_reader(evidence or file.parent),
                max_age_days=settings.manual_entry_max_age_days,
                center_code=center,
                author=owner_of(status),
            )
        except FileRefused as refused:
            _print_refusal(str(refused), output_format)
            raise typer.Exit(ExitCode.FINDING) from None
    copy = _write_copy(file, result)
    if output_format is Format.JSON:
        print_json(
            {
                "taken": result.taken,
                "unchanged": result.unchanged,
                "faults": [error.message for error in result.errors],
                "annotated_copy": str(copy) if copy else None,
            }
        )
    else:
        _print_result(result, copy)
    if result.errors:
        raise typer.Exit(ExitCode.FINDING)


@entry.command()
def template(
    out: Annotated[Path, typer.Option(help="Where to write the workbook (.xlsx).")],
    center: CenterOption = None,
    every_account: Annotated[bool, typer.Option("--every-account", help="Also accounts that the API reads.")] = False,
) -> None:
    """Make the workbook for the accounts that need entry by hand: one sheet per center.

    Examples:
    - `social-metrics entry template --out entri.xlsx`
    - `social-metrics entry template --out kartini.xlsx --center kartini`
    """
    from social_metrics.intake.due_accounts import accounts_to_enter
    from social_metrics.intake.template import make_template

    with warehouse() as url:
        settings = load_settings()
        registry = load_registry(settings.registry_dir)
        center = None if center is None else center_code(center, registry, settings)
        day = wib_date(now_of_registry(registry))
        if every_account:
            accounts = [account for account in registry.verified_on(day) if center in (None, account.center_code)]
        else:
            with connect(url, "loader") as connection:
                accounts = accounts_to_enter(registry, connection, day, center)
    if not accounts:
        raise UsageProblem(
            "No verified account needs entry by hand today, so there is no template to make. "
            "`social-metrics account status` shows the accounts that are not verified yet."
        )
    out.write_bytes(make_template(registry, accounts, day))
    centers = len({account.center_code for account in accounts})
    output().print(f"{escape(str(out))}: {len(accounts)} accounts of {centers} centers.")


@entry.command("list")
def list_entries(
    every: Annotated[bool, typer.Option("--all", help="Also entries with a decision.")] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show the entries that wait for a second person.

    Examples:
    - `social-metrics entry list`
    - `social-metrics entry list --all --format json`
    """
    with warehouse() as url, connect(url, "loader") as connection:
        entries = store.list_entries(connection, only_waiting=not every)
    if output_format is Format.JSON:
        print_json([members(found, *JSON_MEMBERS) for found in entries])
        return
    if not entries:
        output().print("Nothing waits for a second person.")
        return
    output().print(_table(entries))


@entry.command()
def confirm(
    keys: Annotated[list[str] | None, typer.Argument(help="Entries as `entry list` names them.")] = None,
    by: PersonOption = None,
    center: CenterOption = None,
    reject: Annotated[bool, typer.Option("--reject", help="Reject instead; say why with --note.")] = False,
    note: Annotated[str | None, typer.Option(help="The reason for the decision; it is stored.")] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Confirm entries as the second person: look at the screenshot first. Own entries cannot be confirmed.

    Give the entries, or --center for all of a center's that wait.

    Examples:
    - `social-metrics entry confirm kartini-youtube/2026-11-24/1 --by budi.data`
    - `social-metrics entry confirm --center kartini --by budi.data`
    """
    if reject and not note:
        raise UsageProblem("A rejection needs a reason: add --note.")
    if bool(keys) == bool(center):
        raise UsageProblem("Name the entries to decide on, or give --center for all of a center's that wait.")
    with warehouse() as url:
        settings = load_settings()
        registry = load_registry(settings.registry_dir)
        center = None if center is None else center_code(center, registry, settings)
        with connect(url, "loader") as connection:
            chosen = keys or [
                waiting.key
                for waiting in store.list_entries(connection, only_waiting=True)
                if (account := registry.account_on(waiting.account_code, waiting.as_of_date))
                and account.center_code == center
            ]
            if not chosen:
                raise UsageProblem(f"No entry of {center} waits for a decision.")
            decided = store.decide(
                connection,
                chosen,
                decision="rejected" if reject else "confirmed",
                decided_by=user_name(by),
                decided_at=utc_now(),
                channel="command_line",
                note=note,
            )
    if output_format is Format.JSON:
        print_json({"decision": "rejected" if reject else "confirmed", "entries": [found.key for found in decided]})
        return
    for found in decided:
        output().print(f"{'Rejected' if reject else 'Confirmed'}: {found.key}, {escape(found.followers_displayed)}")
    output().print("The boards show them after the next transform: `social-metrics transform`.")


def _write_copy(file: Path, result: "IngestResult") -> Path | None:
    from social_metrics.intake.spreadsheet.annotate import annotated_name

    if result.annotated is None:
        return None
    copy = file.with_name(annotated_name(file.name))
    copy.write_bytes(result.annotated)
    return copy


def _print_refusal(sentence: str, output_format: Format) -> None:
    if output_format is Format.JSON:
        print_json({"taken": [], "unchanged": [], "faults": [sentence], "annotated_copy": None})
    else:
        output().print(escape(sentence))


def _print_result(result: "IngestResult", copy: Path | None) -> None:
    console = output()
    for error in result.errors:
        console.print(f"[red]✗[/red] {escape(error.message)}", soft_wrap=True)
    if result.errors:
        console.print(f"Nothing was taken; {len(result.errors)} errors, also in {escape(str(copy))}.")
        return
    for key in result.taken:
        console.print(f"[green]✓[/green] {key}")
    console.print(f"{len(result.taken)} entries wait for a second person; {len(result.unchanged)} were there already.")


def _table(entries: list[StoredEntry]) -> Table:
    table = new_table()
    # The key is what `entry confirm` takes: it is shown whole, whatever else has to fold.
    table.add_column("Entry", no_wrap=True, min_width=max(len(found.key) for found in entries))
    for name in ("As shown", "Understood", "Last post", "Evidence", "Entered by", "Decision"):
        table.add_column(name, justify="right" if name == "Understood" else "left", overflow="fold")
    for found in entries:
        count = found.followers_count
        understood = "hidden" if count is None else formats.number(count, "en")
        if found.followers_precision_step not in (None, 1):
            understood += f" (step {formats.number(found.followers_precision_step or 1, 'en')})"
        posted = (
            wib_date(found.last_post_at).isoformat() if found.last_post_at else found.posts_looked_at.replace("_", " ")
        )
        decision = f"{found.decision} by {found.confirmed_by}" if found.decision else "waits"
        if not found.is_newest:
            decision += ", superseded" if found.decision is None else ""
        table.add_row(
            found.key,
            escape(found.followers_displayed),
            understood,
            posted,
            escape(found.evidence_file_name),
            escape(found.entered_by),
            escape(decision),
        )
    return table

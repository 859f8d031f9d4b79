"""`social-metrics retention`: shows and purges what may not be kept any longer; the same as `enforce_retention`."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import ExitCode, Format, FormatOption, new_table, notices, output, print_json
from social_metrics.clock import WIB
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.revocations import record_reported_revocation
from social_metrics.monitoring.situation import now_of_registry
from social_metrics.registry.registry import load_registry
from social_metrics.retention.enforce import RetentionReport, enforce_retention, plan_retention
from social_metrics.retention.revocation import UnansweredRefusal, unanswered_refusals
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect


class RetentionAction(StrEnum):
    """What to do."""

    PLAN = "plan"
    ENFORCE = "enforce"
    REVOKED = "revoked"


def retention(
    action: Annotated[
        RetentionAction,
        typer.Option(help="plan: show what would be purged; enforce: purge it; revoked: record a revocation."),
    ] = RetentionAction.PLAN,
    account: Annotated[
        str | None, typer.Option(help="With revoked: the account whose owner withdrew the authorisation.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="With revoked: how it is known, e.g. a letter's number.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"],
            help="With revoked: when, WIB; now by default. What was captured later is kept.",
        ),
    ] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show or purge what the platforms' terms and personal data do not let us keep; each purge is recorded.

    Periods and their sources: seeds/rules/retention_rules.csv and platforms.csv. Closed months still verify
    (docs/compliance.md). Exit code 1 when something waits for a person.

    Examples:
    - `social-metrics retention`
    - `social-metrics retention --action enforce`
    - `social-metrics retention --action revoked --account kartini-tiktok --reason 'Surat 12/2026'`
    """
    with warehouse() as url:
        settings = load_settings()
        registry = load_registry(settings.registry_dir)
        now = now_of_registry(registry)
        if action is RetentionAction.REVOKED:
            if not account or not reason:
                raise UsageProblem("A revocation needs --account and --reason.")
            revoked_at = since.replace(tzinfo=WIB) if since else now
            with connect(url, "loader") as connection:
                number = record_reported_revocation(connection, registry, account, revoked_at, reason, now)
            output().print(
                f"Revocation {number} of {account} is recorded. The next run purges what was read until then: "
                "`social-metrics retention` shows it, `--action enforce` does it now."
            )
            return
        work = plan_retention if action is RetentionAction.PLAN else enforce_retention
        report = work(settings, registry, url, now)
        with connect(url, "retention") as connection:
            refusals = unanswered_refusals(connection)
    if output_format is Format.JSON:
        print_json(
            {"action": action, "as_of": now, "due": report.items, "unread": report.unread, "asks": refusals},
        )
    else:
        _print(report, refusals, is_plan=action is RetentionAction.PLAN)
    if refusals or report.unread:
        raise typer.Exit(ExitCode.FINDING)


def _print(report: RetentionReport, refusals: list[UnansweredRefusal], *, is_plan: bool) -> None:
    if report.items:
        headings = ("Table", "Field", "Platform", "Read as", "Why", "Rows", "Oldest", "Rule")
        table = new_table(*headings, right=("Rows",))
        for column in table.columns[:-1]:
            column.no_wrap = True
        for due in report.items:
            table.add_row(
                due.table,
                due.field,
                due.platform,
                due.authorization_mode or "–",
                " ".join(filter(None, (due.reason, due.account_code))),
                f"{due.row_count:,}",
                f"{due.oldest.astimezone(WIB):%Y-%m-%d}",
                escape(due.rule),
            )
        output().print(table)
        rows = sum(due.row_count for due in report.items)
        result = (
            "would be purged by --action enforce" if is_plan else "purged; each is in ops.purged_rows with its hash"
        )
        output().print(f"{rows:,} rows {result}.")
    else:
        output().print("Nothing is past its retention period.")
    if report.unread:
        notices().print(f"Captions wait until they can be tagged: {escape(report.unread)}")
    for refused in refusals:
        notices().print(
            f"{refused.platform} reports since {refused.first_refused_at.astimezone(WIB):%Y-%m-%d %H:%M} WIB that "
            f"{refused.account_code} withdrew its consent. Ask the center: authorise again, or --action revoked.",
            soft_wrap=True,
        )

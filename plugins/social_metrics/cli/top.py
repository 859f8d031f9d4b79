"""`social-metrics top`: one board and the unranked centers, on a terminal or as JSON."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import DAY_FORMATS, Format, FormatOption, members, new_table, output, print_json
from social_metrics.contract import Source
from social_metrics.marts.leaderboards import (
    DEFAULT_SCOPE,
    Board,
    FollowersRow,
    RecencyRow,
    UnrankedCenter,
    UnrankedKind,
    read_marts,
)
from social_metrics.publish.page import formats
from social_metrics.publish.texts import text

_TITLES = {Board.FOLLOWERS: "Most followed centers", Board.RECENCY: "Most up-to-date centers"}
_COMMANDS = {
    UnrankedKind.IDENTITY_MISMATCH: "social-metrics account confirm, or mark",
    UnrankedKind.MANUAL_WAITING: "social-metrics entry list",
    UnrankedKind.UNDER_REVIEW: "social-metrics account verify",
}
_OBSERVED_DIFFERENCES = (
    UnrankedKind.IDENTITY_MISMATCH, UnrankedKind.RENAMED, UnrankedKind.MANUAL_DIFFERS, UnrankedKind.MANUAL_WAITING,
)  # fmt: skip
_ONE_CENTER_A_LINE = (
    UnrankedKind.SILENT, UnrankedKind.NEVER_POSTED, UnrankedKind.RECENCY_UNKNOWN, UnrankedKind.WITHOUT_NUMBER,
)  # fmt: skip


def top(
    board: Annotated[Board, typer.Option(help="Which board.")] = Board.FOLLOWERS,
    scope: Annotated[
        str | None, typer.Option(help="The board's scope: all_platforms (followers), any_post (recency).")
    ] = None,
    date: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="WIB date of the board; the newest by default.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Best rank to show; ties may make more rows.")] = 5,
    show_all: Annotated[bool, typer.Option("--all", help="Every center, the unranked ones too.")] = False,
    with_unranked: Annotated[
        bool, typer.Option("--unranked/--no-unranked", help="The unranked centers, below the board.")
    ] = True,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Print one board and the unranked centers.

    The top five are the centers whose best possible rank is 5 or better: rounded counts make ties, so there may
    be more than five. A rank such as 3–4 means that the rounding leaves both ranks possible.

    Examples:
    - `social-metrics top`
    - `social-metrics top --board recency --date 2026-11-24`
    - `social-metrics top --all --format json`
    """
    with warehouse() as url, read_marts(url) as marts:
        day = marts.day(date.date() if date else None)
        chosen = scope or DEFAULT_SCOPE[board]
        rows: Sequence[FollowersRow | RecencyRow] = (
            marts.followers_board(day, chosen) if board is Board.FOLLOWERS else marts.recency_board(day, chosen)
        )
        unranked = marts.unranked_centers(day) if with_unranked else []
    shown = [row for row in rows if show_all or (row.best_rank is not None and row.best_rank <= limit)]
    is_simulated = any(row.source == Source.SIMULATOR for row in rows)
    if output_format is Format.JSON:
        answer: dict[str, Any] = {
            "board": board,
            "scope": chosen,
            "date": day,
            "is_simulated": is_simulated,
            "centers": len(rows),
            "rows": [_row(row) for row in shown],
        }
        print_json(answer | ({"unranked": [_entry(entry) for entry in unranked]} if with_unranked else {}))
        return
    console = output()
    mark = "  [bold black on yellow] SIMULATED DATA [/]" if is_simulated else ""
    console.print(f"[bold]{_TITLES[board]}[/bold], {formats.long_date(day, 'en')} (WIB){mark}")
    if board is Board.FOLLOWERS:
        console.print(_followers_table([row for row in shown if isinstance(row, FollowersRow)]))
    else:
        console.print(_recency_table([row for row in shown if isinstance(row, RecencyRow)]))
    if with_unranked:
        _print_unranked(console, unranked)


def _row(row: FollowersRow | RecencyRow) -> dict[str, Any]:
    if isinstance(row, FollowersRow):
        values = members(
            row, "change_7d", "change_7d_low", "change_7d_high", "change_7d_is_measurable", "newest_capture_at",
            value="followers_count", value_high="followers_count_high",
        )  # fmt: skip
    else:
        values = members(
            row, "days_since_last_post", "recency_band", "platforms_updated",
            value="last_post_at", platform="last_post_platform", url="last_post_url",
        )  # fmt: skip
    shared = members(
        row, "best_rank", "worst_rank", "center_code", "completeness", "accounts_manual", "accounts_suspended",
        "unranked_reason", "source", center="center_name", date="date_day",
    )  # fmt: skip
    return shared | values


def _entry(entry: UnrankedCenter) -> dict[str, Any]:
    return members(
        entry, "kind", "center_code", "platform", "account_code", "reason", "detail", "next_step", "last_post_at",
        "days_since_last_post", "capture_age_days", "known_value", "seen_value", center="center_name",
    )  # fmt: skip


def _rank(row: FollowersRow | RecencyRow) -> str:
    if row.best_rank is None or row.worst_rank is None:
        return "–"
    return formats.rank(row.best_rank, row.worst_rank)


def _completeness(share: float | None) -> str:
    return "–" if share is None else formats.percent(share, "en")


def _followers_table(rows: Sequence[FollowersRow]) -> Table:
    numbers = ("Rank", "Followers (accounts)", "7 days", "Complete")
    table = new_table("Rank", "Center", "Followers (accounts)", "7 days", "Complete", "", right=numbers)
    for row in rows:
        change = formats.change(row.change_7d, row.change_7d_low, row.change_7d_high, row.change_7d_is_measurable, "en")
        missing = "no figure" if row.change_7d is None else "not measurable"
        table.add_row(
            _rank(row),
            escape(row.center_name),
            "–" if row.followers_count is None else formats.number(row.followers_count, "en"),
            change or f"[dim]{missing}[/dim]",
            _completeness(row.completeness),
            _marks(
                row,
                (row.accounts_carried, "from an earlier day"),
                (row.accounts_hidden, "withheld, left out"),
            ),
        )
    return table


def _recency_table(rows: Sequence[RecencyRow]) -> Table:
    numbers = ("Rank", "Days", "Platforms", "Complete")
    table = new_table("Rank", "Center", "Last post", "Days", "On", "Platforms", "Complete", "", right=numbers)
    table.columns[2].no_wrap = True
    for row in rows:
        table.add_row(
            _rank(row),
            escape(row.center_name),
            _local_time(row) or "–",
            "–" if row.days_since_last_post is None else str(row.days_since_last_post),
            row.last_post_platform or "–",
            str(row.platforms_updated),
            _completeness(row.completeness),
            _marks(row, (row.accounts_not_observed, "not observed")),
        )
    return table


def _marks(row: FollowersRow | RecencyRow, *counts: tuple[int, str]) -> str:
    marks = [row.unranked_reason.replace("_", " ")] if row.unranked_reason else []
    counts = (*counts, (row.accounts_manual, "entered by hand"), (row.accounts_suspended, "suspended, left out"))
    marks += [f"{count} {meaning}" for count, meaning in counts if count]
    return f"[yellow]{', '.join(marks)}[/yellow]"


def _local_time(row: RecencyRow | UnrankedCenter) -> str | None:
    """The last post in the center's own time."""
    if row.last_post_at is None:
        return None
    zone, label = ZoneInfo(row.time_zone), row.time_zone_label or row.time_zone
    day = row.last_post_at.astimezone(zone).date()
    return f"{formats.short_date(day, 'en')} {day.year}, {formats.clock_time(row.last_post_at, zone, 'en')} {label}"


def _print_unranked(console: Console, unranked: Sequence[UnrankedCenter]) -> None:
    console.print("\n[bold]Unranked, and to be checked[/bold]")
    if not unranked:
        console.print(f"  {_text('none')}")
    for kind, found in groupby(unranked, key=lambda entry: UnrankedKind(entry.kind)):
        entries = list(found)
        command = f" [dim]{_COMMANDS[kind]}[/dim]" if kind in _COMMANDS else ""
        console.print(f"[bold]{_text(kind.value)}[/bold] ({len(entries)}){command}")
        for line in _lines(kind, entries):
            console.print(f"  {line}")


def _text(key: str) -> str:
    """An English text of the boards page: page and command line use the same."""
    return text(f"unranked_{key}", "en")


def _lines(kind: UnrankedKind, entries: Sequence[UnrankedCenter]) -> list[str]:
    if kind is UnrankedKind.NOT_CAPTURED:
        return [
            f"{escape(entry.center_name)}, {entry.platform_label}: {entry.reason.replace('_', ' ')}"
            + (f" [dim]({escape(entry.next_step)})[/dim]" if entry.next_step else "")
            for entry in entries
        ]
    if kind in _OBSERVED_DIFFERENCES:
        return [
            f"{escape(entry.center_name)}, {entry.platform_label}: "
            + escape(" → ".join(value for value in (entry.known_value, entry.seen_value) if value))
            for entry in entries
        ]
    if kind in _ONE_CENTER_A_LINE:
        lines = []
        for entry in entries:
            posted = _local_time(entry)
            since = f"{entry.days_since_last_post} days, last post {posted}" if posted else ""
            reason = entry.reason.replace("_", " ") if kind is not UnrankedKind.SILENT else ""
            details = "; ".join(part for part in (reason, since) if part and part != "never")
            lines.append(escape(entry.center_name) + (f": {details}" if details else ""))
        return lines
    by_center: dict[str, list[str]] = {}
    for entry in entries:
        by_center.setdefault(entry.center_name, []).append(entry.platform_label or "")
    return [f"{escape(center)}: {', '.join(platforms)}" for center, platforms in by_center.items()]

"""`social-metrics top`: one board and the tail, on a terminal or as JSON."""

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
from social_metrics.cli.console import DAY_FORMATS, Format, FormatOption, output, print_json
from social_metrics.contract import Source
from social_metrics.marts.leaderboards import (
    DEFAULT_BASIS,
    Board,
    FollowersRow,
    RecencyRow,
    UnrankedCenter,
    UnrankedKind,
    read_marts,
)
from social_metrics.publish.page import formats

TAIL_TITLES = {
    UnrankedKind.SILENT: "Silent for more than 30 days",
    UnrankedKind.NEVER_POSTED: "Never posted",
    UnrankedKind.RECENCY_UNKNOWN: "Recency unknown: not every account could be looked at",
    UnrankedKind.WITHOUT_NUMBER: "Incomplete: no sum of followers",
    UnrankedKind.NOT_CAPTURED: "Accounts not captured on this date",
    UnrankedKind.COUNT_WITHHELD: "Follower count withheld by the platform or the owner",
    UnrankedKind.NO_ACCOUNT: "No account on a required platform",
    UnrankedKind.NOT_YET_VERIFIED: "Not yet verified: we do not know",
    UnrankedKind.IDENTITY_MISMATCH: "Suspended: the identity does not match (social-metrics account confirm, or mark)",
    UnrankedKind.RENAMED: "Renamed: the handle differs from the registry's",
    UnrankedKind.MANUAL_DIFFERS: "Entered by hand and read by API, and they differ; the API's reading stands",
    UnrankedKind.MANUAL_WAITING: "Entered by hand, waiting for a second person (social-metrics entry list)",
    UnrankedKind.UNDER_REVIEW: "Under review: the verification has expired",
}
_FINDINGS = (
    UnrankedKind.IDENTITY_MISMATCH,
    UnrankedKind.RENAMED,
    UnrankedKind.MANUAL_DIFFERS,
    UnrankedKind.MANUAL_WAITING,
)
_ONE_CENTER_A_LINE = (
    UnrankedKind.SILENT,
    UnrankedKind.NEVER_POSTED,
    UnrankedKind.RECENCY_UNKNOWN,
    UnrankedKind.WITHOUT_NUMBER,
)


def top(
    board: Annotated[Board, typer.Option(help="Which board.")] = Board.FOLLOWERS,
    basis: Annotated[
        str | None, typer.Option(help="What the board counts: all_platforms (followers), any_post (recency).")
    ] = None,
    date: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="WIB date of the board; the newest by default.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Best rank to show; ties may make more rows.")] = 5,
    show_all: Annotated[bool, typer.Option("--all", help="Every center, the unranked ones too.")] = False,
    with_tail: Annotated[bool, typer.Option("--tail/--no-tail", help="Who is in the tail, below the board.")] = True,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Who leads the centers, and who is in the tail.

    The top five are the centers whose best possible rank is 5 or better: rounded counts make ties, so there may
    be more than five. A rank such as 3–4 says that the rounding leaves both places possible.

    Examples:
    - `social-metrics top`
    - `social-metrics top --board recency --date 2026-11-24`
    - `social-metrics top --all --format json`
    """
    with warehouse() as url, read_marts(url) as marts:
        day = marts.day(date.date() if date else None)
        chosen = basis or DEFAULT_BASIS[board]
        standings: Sequence[FollowersRow | RecencyRow] = (
            marts.followers_board(day, chosen) if board is Board.FOLLOWERS else marts.recency_board(day, chosen)
        )
        tail = marts.unranked_centers(day) if with_tail else []
    shown = [s for s in standings if show_all or (s.best_rank is not None and s.best_rank <= limit)]
    is_simulated = any(standing.source == Source.SIMULATOR for standing in standings)
    if output_format is Format.JSON:
        answer: dict[str, Any] = {
            "board": board,
            "basis": chosen,
            "date": day,
            "is_simulated": is_simulated,
            "centers": len(standings),
            "rows": [_row(standing) for standing in shown],
        }
        print_json(answer | ({"tail": [_tail_row(entry) for entry in tail]} if with_tail else {}))
        return
    console = output()
    title = {Board.FOLLOWERS: "Most followed centers", Board.RECENCY: "Most up-to-date centers"}[board]
    console.print(f"[bold]{title}[/bold], {formats.long_date(day, 'en')} (WIB)" + (_SIMULATED if is_simulated else ""))
    if board is Board.FOLLOWERS:
        console.print(_followers_table([s for s in shown if isinstance(s, FollowersRow)]))
    else:
        console.print(_recency_table([s for s in shown if isinstance(s, RecencyRow)]))
    if with_tail:
        _print_tail(console, tail)


_SIMULATED = "  [bold black on yellow] SIMULATED DATA [/]"


def _row(standing: FollowersRow | RecencyRow) -> dict[str, Any]:
    row: dict[str, Any] = {
        "best_rank": standing.best_rank,
        "worst_rank": standing.worst_rank,
        "center_code": standing.center_code,
        "center": standing.center_name,
    }
    if isinstance(standing, FollowersRow):
        row |= {
            "value": standing.followers_count,
            "value_high": standing.followers_count_high,
            "change_7d": standing.change_7d,
            "change_7d_low": standing.change_7d_low,
            "change_7d_high": standing.change_7d_high,
            "change_7d_is_measurable": standing.change_7d_is_measurable,
            "newest_capture_at": standing.newest_capture_at,
        }
    else:
        row |= {
            "value": standing.last_post_at,
            "days_since_last_post": standing.days_since_last_post,
            "recency_band": standing.recency_band,
            "platform": standing.last_post_platform,
            "platforms_updated": standing.platforms_updated,
            "url": standing.last_post_url,
        }
    return row | {
        "date": standing.date_day,
        "completeness": standing.completeness,
        "accounts_manual": standing.accounts_manual,
        "accounts_suspended": standing.accounts_suspended,
        "unranked_reason": standing.unranked_reason,
        "source": standing.source,
    }


def _tail_row(entry: UnrankedCenter) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "center_code": entry.center_code,
        "center": entry.center_name,
        "platform": entry.platform,
        "account_code": entry.account_code,
        "reason": entry.reason,
        "detail": entry.detail,
        "next_step": entry.next_step,
        "last_post_at": entry.last_post_at,
        "days_since_last_post": entry.days_since_last_post,
        "capture_age_days": entry.capture_age_days,
        "known_value": entry.known_value,
        "seen_value": entry.seen_value,
    }


def _rank(standing: FollowersRow | RecencyRow) -> str:
    if standing.best_rank is None or standing.worst_rank is None:
        return "–"
    return formats.rank(standing.best_rank, standing.worst_rank)


def _completeness(share: float | None) -> str:
    return "–" if share is None else formats.percent(share, "en")


def _followers_table(standings: Sequence[FollowersRow]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Rank", justify="right")
    table.add_column("Center")
    table.add_column("Followers (accounts)", justify="right")
    table.add_column("7 days", justify="right")
    table.add_column("Complete", justify="right")
    table.add_column("")
    for standing in standings:
        change = formats.change(
            standing.change_7d,
            standing.change_7d_low,
            standing.change_7d_high,
            standing.change_7d_is_measurable,
            "en",
        )
        missing = "no figure" if standing.change_7d is None else "not measurable"
        table.add_row(
            _rank(standing),
            escape(standing.center_name),
            "–" if standing.followers_count is None else formats.number(standing.followers_count, "en"),
            change or f"[dim]{missing}[/dim]",
            _completeness(standing.completeness),
            f"[yellow]{', '.join(_marks(standing))}[/yellow]",
        )
    return table


def _marks(standing: FollowersRow) -> list[str]:
    marks = []
    if standing.unranked_reason:
        marks.append(standing.unranked_reason.replace("_", " "))
    if standing.accounts_carried:
        marks.append(f"{standing.accounts_carried} from an earlier day")
    if standing.accounts_hidden:
        marks.append(f"{standing.accounts_hidden} withheld, left out")
    return marks + _people_marks(standing)


def _people_marks(standing: FollowersRow | RecencyRow) -> list[str]:
    marks = []
    if standing.accounts_manual:
        marks.append(f"{standing.accounts_manual} entered by hand")
    if standing.accounts_suspended:
        marks.append(f"{standing.accounts_suspended} suspended, left out")
    return marks


def _recency_table(standings: Sequence[RecencyRow]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Rank", justify="right")
    table.add_column("Center")
    table.add_column("Last post", no_wrap=True)
    table.add_column("Days", justify="right")
    table.add_column("On")
    table.add_column("Platforms", justify="right")
    table.add_column("Complete", justify="right")
    table.add_column("")
    for standing in standings:
        marks = [standing.unranked_reason.replace("_", " ")] if standing.unranked_reason else []
        if standing.accounts_not_looked_at:
            marks.append(f"{standing.accounts_not_looked_at} not looked at")
        marks += _people_marks(standing)
        table.add_row(
            _rank(standing),
            escape(standing.center_name),
            _local(standing) or "–",
            "–" if standing.days_since_last_post is None else str(standing.days_since_last_post),
            standing.last_post_platform or "–",
            str(standing.platforms_updated),
            _completeness(standing.completeness),
            f"[yellow]{', '.join(marks)}[/yellow]",
        )
    return table


def _local(place: RecencyRow | UnrankedCenter) -> str | None:
    """The last post in the center's own time."""
    if place.last_post_at is None:
        return None
    zone, label = ZoneInfo(place.time_zone), place.time_zone_label or place.time_zone
    day = place.last_post_at.astimezone(zone).date()
    return f"{formats.short_date(day, 'en')} {day.year}, {formats.clock_time(place.last_post_at, zone, 'en')} {label}"


def _print_tail(console: Console, tail: Sequence[UnrankedCenter]) -> None:
    console.print("\n[bold]The tail[/bold]")
    if not tail:
        console.print("  nobody: every center is complete and none is silent.")
    for kind, found in groupby(tail, key=lambda entry: UnrankedKind(entry.kind)):
        entries = list(found)
        console.print(f"[bold]{TAIL_TITLES[kind]}[/bold] ({len(entries)})")
        for line in _tail_lines(kind, entries):
            console.print(f"  {line}")


def _tail_lines(kind: UnrankedKind, entries: Sequence[UnrankedCenter]) -> list[str]:
    if kind is UnrankedKind.NOT_CAPTURED:
        return [
            f"{escape(entry.center_name)}, {entry.platform_label}: {entry.reason.replace('_', ' ')}"
            + (f" [dim]({escape(entry.next_step)})[/dim]" if entry.next_step else "")
            for entry in entries
        ]
    if kind in _FINDINGS:
        return [
            f"{escape(entry.center_name)}, {entry.platform_label}: "
            + escape(" → ".join(value for value in (entry.known_value, entry.seen_value) if value))
            for entry in entries
        ]
    if kind in _ONE_CENTER_A_LINE:
        lines = []
        for entry in entries:
            posted = _local(entry)
            since = f"{entry.days_since_last_post} days, last post {posted}" if posted else ""
            reason = entry.reason.replace("_", " ") if kind is not UnrankedKind.SILENT else ""
            told = "; ".join(part for part in (reason, since) if part and part not in ("never",))
            lines.append(escape(entry.center_name) + (f": {told}" if told else ""))
        return lines
    by_center: dict[str, list[str]] = {}
    for entry in entries:
        by_center.setdefault(entry.center_name, []).append(entry.platform_label or "")
    return [f"{escape(center)}: {', '.join(platforms)}" for center, platforms in by_center.items()]

"""`social-metrics campaign`: which centers carried a campaign, and how late."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import Format, FormatOption, members, new_table, output, print_json
from social_metrics.contract import Source
from social_metrics.marts.campaigns import CampaignCenter, read_campaign, summary
from social_metrics.publish.page import formats


def campaign(
    code: Annotated[str, typer.Argument(help="The campaign's code in campaigns.csv.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show how many centers carried a campaign within 24 and 48 hours, and which never did.

    Examples:
    - `social-metrics campaign HKSN-2026`
    - `social-metrics campaign HKSN-2026 --format json`
    """
    with warehouse() as url:
        centers = read_campaign(url, code)
    answer = summary(centers)
    is_simulated = any(center.source == Source.SIMULATOR for center in centers)
    if output_format is Format.JSON:
        print_json(
            {
                "campaign_code": code,
                "title": centers[0].campaign_title,
                "starts_at": centers[0].starts_at,
                "ends_at": centers[0].ends_at,
                "is_simulated": is_simulated,
                "answer": answer.sentence(),
                "median_delay_hours": _hours(answer.median_delay_hours),
                **members(answer, "centers", "within_24_hours", "within_48_hours", "never", not_known="unknown"),
                "rows": [_row(center) for center in centers],
            }
        )
        return
    console = output()
    mark = "  [bold black on yellow] SIMULATED DATA [/]" if is_simulated else ""
    console.print(f"[bold]{escape(centers[0].campaign_title)}[/bold]{mark}")
    console.print(escape(answer.sentence()), soft_wrap=True)
    table = new_table("Center", "State", "Hours", "On", "Still missing on", right=("Hours",))
    for center in centers:
        table.add_row(
            escape(center.center_name),
            center.synchrony_state.replace("_", " "),
            "–" if center.delay_hours is None else formats.number(round(center.delay_hours), "en"),
            center.platforms_posted or "–",
            center.platforms_missing or "",
        )
    console.print(table)


def _row(center: CampaignCenter) -> dict[str, Any]:
    return members(
        center, "center_code", "first_post_at", "platforms_missing", "is_exempt", "source",
        center="center_name", state="synchrony_state", platforms="platforms_posted",
    ) | {"delay_hours": _hours(center.delay_hours)}  # fmt: skip


def _hours(value: object) -> float | None:
    return None if value is None else float(str(value))

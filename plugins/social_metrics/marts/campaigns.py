"""Reads the centers that carried a campaign, as `bi_reader`; the rules are those of marts.fct_campaign_synchrony."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median

from social_metrics.marts.leaderboards import read_marts
from social_metrics.warehouse.connect import WarehouseProblem


class NoSuchCampaign(WarehouseProblem):
    """The marts have no campaign of that code; the message lists the codes that they have."""


@dataclass(frozen=True, slots=True)
class CampaignCenter:
    """One center and one campaign.

    Attributes:
        first_post_at: UTC instant of its first post within the campaign; None when there is none.
        delay_hours: hours from the campaign's start to it.
        synchrony_state: within_24_hours, within_48_hours, later, never, or why it is unknown.
        platforms_missing: required platforms that did not carry it, separated by commas.
    """

    campaign_code: str
    campaign_title: str
    starts_at: datetime
    ends_at: datetime
    center_code: str
    center_name: str
    is_exempt: bool
    first_post_at: datetime | None
    delay_hours: Decimal | None
    synchrony_state: str
    platforms_posted: str | None
    platforms_missing: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Synchrony:
    """Summary of a campaign over the centers that had to carry it.

    Attributes:
        centers: number of these centers.
        within_24_hours: number with a post by the 24th hour.
        within_48_hours: number with a post by the 48th hour, the first 24 included.
        median_delay_hours: of all that carried it, late ones included; None without any.
        never: names of the centers that did not, as read after the campaign's end.
        unknown: names of the centers whose state is not known yet.
    """

    centers: int
    within_24_hours: int
    within_48_hours: int
    median_delay_hours: Decimal | None
    never: tuple[str, ...]
    unknown: tuple[str, ...]

    def sentence(self) -> str:
        """24 of 31 within 48 hours, median delay 5 h, never: …"""
        parts = [f"{self.within_48_hours} of {self.centers} within 48 hours ({self.within_24_hours} within 24)"]
        if self.median_delay_hours is not None:
            parts.append(f"median delay {self.median_delay_hours.normalize():f} h")
        if self.never:
            parts.append(f"never: {', '.join(self.never)}")
        if self.unknown:
            parts.append(f"not known: {', '.join(self.unknown)}")
        return ", ".join(parts)


def read_campaign(url: str, campaign_code: str) -> list[CampaignCenter]:
    """Every center of a campaign, the earliest first.

    Args:
        url: postgresql://… of the service login.
        campaign_code: code of the campaign in campaigns.csv.

    Raises:
        NoSuchCampaign: there is none of that code.
        WarehouseProblem: the warehouse cannot be used, or its marts were never built.
    """
    with read_marts(url) as marts:
        if found := marts.rows(CampaignCenter, CENTERS, campaign_code):
            return found
        (codes,) = marts.row(CODES)
    known = f"the marts have {codes}" if codes else "fill in campaigns.csv and transform again"
    raise NoSuchCampaign(f"There is no campaign {campaign_code!r}: {known}.")


def summary(centers: Sequence[CampaignCenter]) -> Synchrony:
    """The summary of a campaign's centers; exempt centers are left out."""
    called = [center for center in centers if not center.is_exempt]
    delays = [center.delay_hours for center in called if center.delay_hours is not None]
    states = [center.synchrony_state for center in called]
    known = ("within_24_hours", "within_48_hours", "later", "never")
    return Synchrony(
        centers=len(called),
        within_24_hours=states.count("within_24_hours"),
        within_48_hours=states.count("within_24_hours") + states.count("within_48_hours"),
        median_delay_hours=round(median(delays), 1) if delays else None,
        never=tuple(center.center_name for center in called if center.synchrony_state == "never"),
        unknown=tuple(center.center_name for center in called if center.synchrony_state not in known),
    )


CENTERS = """
select campaign_code, campaign_title, starts_at, ends_at, center_code, center_name, is_exempt, first_post_at,
    delay_hours, synchrony_state, nullif(platforms_posted, '') as platforms_posted, platforms_missing, source
from marts.fct_campaign_synchrony
where campaign_code = %s
order by first_post_at nulls last, center_name
"""
CODES = """
select string_agg(distinct campaign_code, ', ' order by campaign_code) from marts.fct_campaign_synchrony
"""

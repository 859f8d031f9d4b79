"""The oracle of program coverage and campaign synchrony: plain Python over the oracle of messages."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.dbt.reference.captions import RULESETS
from tests.dbt.reference.oracle import Row, Rows, holds, wib
from tests.dbt.reference.oracle_messages import Messages, programs
from tests.dbt.reference.oracle_monthly import covered_months
from tests.support.factories import Campaign


def expected_messages(messages: Messages, scopes: list[str]) -> dict[str, Rows]:
    """The facts and boards about captions and tags; leaderboard_recency on these scopes."""
    coverage = Coverage(messages)
    return {
        "fct_posts": messages.posts,
        "fct_post_tags": messages.post_tags(),
        "leaderboard_recency": messages.boards(scopes),
        "fct_program_coverage": coverage.coverage(),
        "fct_campaign_synchrony": coverage.synchrony(),
        "fct_center_monthly": covered_months(messages),
    }


class Coverage:
    """The expected rows of fct_program_coverage and fct_campaign_synchrony."""

    def __init__(self, messages: Messages) -> None:
        self.messages = messages
        self.accounts, self.captions, self.days = messages.accounts, messages.captions, messages.days

    def coverage(self) -> Rows:
        """fct_program_coverage."""
        rows: Rows = {}
        for month in sorted({day.replace(day=1) for day in self.days}):
            days = [day for day in self.days if day.replace(day=1) == month]
            last = days[-1]
            for center in (row.center_code for row in self.captions.evidence.centers if holds(row, last)):
                present = [
                    day
                    for day in days
                    if any(row.center_code == center and holds(row, day) for row in self.captions.evidence.centers)
                ]
                expected = {
                    account.account_code: (account.platform, day)
                    for day in present
                    for account, _ in self.messages.expected(day)
                    if account.center_code == center
                }
                accounts = {
                    code: platform
                    for code, (platform, last_expected) in expected.items()
                    if not self.accounts.is_suspended(code, last_expected)
                }
                posts = [
                    (code, post.post_id)
                    for code in accounts
                    for post in self.accounts.known_posts(code, last)
                    if wib(post.published_at).replace(day=1) == month and self.accounts.center_of(post) == center
                ]
                unread = sum(self.messages.is_on("unread:program", *post) for post in posts)
                for program in programs():
                    scope = f"program:{program}"
                    about = [post for post in posts if self.messages.is_on(scope, *post)]
                    now = self.messages.center_on(scope, center, last)
                    bands = ((day, self.messages.center_on(scope, center, day)["recency_band"]) for day in present)
                    silent = next((day for day, band in bands if band == "silent"), None)
                    state = "not_covered"
                    if about:
                        state = "covered"
                    elif not now["accounts_expected"]:
                        state = "no_verified_account"
                    elif now["accounts_not_observed"] or unread:
                        state = "unknown"
                    rows[center, program, month] = {
                        "center_code": center,
                        "program": program,
                        "month_start": month,
                        "known_on_date": last,
                        "posts": len(about),
                        "platforms": len({accounts[code] for code, _ in about}),
                        "last_post_at": now["last_post_at"],
                        "last_post_url": now["last_post_url"],
                        "first_silent_date": silent,
                        "recency_band": now["recency_band"],
                        "coverage_state": state,
                        "posts_unread": unread,
                        "source": self.messages.centers[center, last]["source"],
                    }
        return rows

    def synchrony(self) -> Rows:
        """fct_campaign_synchrony."""
        return {
            (campaign.campaign_code, center.center_code): self._carried(campaign, center)
            for campaign in self.captions.evidence.campaigns
            for center in self.captions.evidence.centers
            if holds(center, wib(campaign.starts_at))
        }

    def _carried(self, campaign: Campaign, center: Any) -> Row:
        begin, end = wib(campaign.starts_at), wib(campaign.ends_at)
        accounts = {
            account.account_code: account.platform
            for day in self.days
            if begin <= day <= end
            for account, _ in self.messages.expected(day)
            if account.center_code == center.center_code
        }
        carried, unread = [], 0
        for code, platform in accounts.items():
            for post_id in self.accounts.observations[code]:
                seen = [
                    post
                    for day in self.days
                    for post in self.accounts.known_posts(code, day)
                    if post.post_id == post_id
                ]
                published = min((post.published_at for post in seen), default=None)
                if published is None or not campaign.starts_at <= published <= campaign.ends_at:
                    continue
                if self.accounts.owner_on(code, wib(published)).center_code != center.center_code:
                    continue
                state, _, ruleset = self.messages.states[code, post_id]
                if ("campaign", None, campaign.campaign_code) in self.messages.tags[code, post_id]:
                    carried.append((published, platform))
                elif state == "unread" or (ruleset and campaign.campaign_code not in RULESETS[ruleset]):
                    unread += 1
        afterwards = [day for day in self.days if day >= min(end, self.days[-1])]
        expected_later = {
            (account.account_code, day) for day in afterwards for account, _ in self.messages.expected(day)
        }
        blind = sum(
            not any((code, day) in expected_later and self.accounts.is_observed(code, day) for day in afterwards)
            for code in accounts
        )
        sources = [self.accounts.source(code, day) for code, day in expected_later if code in accounts]
        first = min(carried, default=(None, ""))[0]
        is_exempt = center.center_code in [code.strip() for code in campaign.exempt_centers.split(";")]
        hours = (first - campaign.starts_at) / timedelta(hours=1) if first else None
        state = "never"
        if is_exempt:
            state = "exempt"
        elif hours is not None:
            state = "within_24_hours" if hours <= 24 else "within_48_hours" if hours <= 48 else "later"
        elif begin > self.days[-1]:
            state = "not_started"
        elif not accounts:
            state = "no_verified_account"
        elif unread or blind:
            state = "unknown"
        elif end >= self.days[-1]:
            state = "not_yet"
        posted = sorted({platform for _, platform in carried})
        missing = sorted(set(filter(None, campaign.required_platforms.split(";"))) - set(posted))
        late = None if state != "never" else False
        return {
            "campaign_code": campaign.campaign_code,
            "center_code": center.center_code,
            "center_name": center.center_name,
            "campaign_title": campaign.title,
            "program": campaign.program,
            "starts_at": campaign.starts_at,
            "ends_at": campaign.ends_at,
            "is_exempt": is_exempt,
            "first_post_at": first,
            "delay_hours": Decimal(hours).quantize(Decimal("0.01"), ROUND_HALF_UP) if hours is not None else None,
            "is_within_24_hours": hours <= 24 if hours is not None else late,
            "is_within_48_hours": hours <= 48 if hours is not None else late,
            "synchrony_state": state,
            "posts": len(carried),
            "platforms": len(posted),
            "platforms_posted": ", ".join(posted) or None,
            "platforms_missing": ", ".join(missing) or None,
            "posts_unread": unread,
            "accounts_not_observed": blind,
            "source": max((source for source in sources if source), default=None),
        }

"""The second half of the oracle: what the accounts' days make of posts, absences, centers and the two boards."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from social_metrics.contract import Post
from tests.dbt.reference.oracle import BY_HAND, DAY, Accounts, Row, Rows, band, holds, least_real, measurable, status_on
from tests.dbt.reference.oracle_channels import wib
from tests.support.factories import Account, Center, Evidence

NOT_EXPECTED = {
    "suspended": "account_suspended",
    "submitted": "not_yet_verified",
    "placeholder": "not_yet_verified",
    "missing": "missing_account",
    "closed": "missing_account",
}


def expected_marts(evidence: Evidence, retention_as_of: datetime, next_steps: dict[str, str | None]) -> dict[str, Rows]:
    """Every fact and board that the evidence allows, by mart and key."""
    accounts = Accounts(evidence, retention_as_of, next_steps)
    boards = Boards(accounts)
    return {
        "fct_follower_growth_daily": {
            (account.account_code, day): accounts.growth_on(account, day) for account, day in accounts.expected()
        },
        "fct_posting_recency_daily": {
            (account.account_code, day): accounts.recency_on(account, day) for account, day in accounts.expected()
        },
        "fct_posts": boards.posts(),
        "fct_capture_completeness": boards.completeness,
        "fct_center_daily": boards.centers,
        "fct_center_platform_daily": boards.platforms(),
        "fct_platform_daily": boards.all_platforms(),
        "leaderboard_followers": boards.followers(),
        "leaderboard_recency": boards.recency(),
    }


class Boards:
    """What the accounts' days make of posts, absences, centers and the boards."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.evidence = accounts.evidence
        self.on_day: dict[tuple[str, date], list[Account]] = {}
        for account, day in accounts.expected():
            self.on_day.setdefault((account.center_code, day), []).append(account)
        self.completeness = self._completeness()
        self.centers = {
            (center.center_code, day): self._center(center, day)
            for day in accounts.days()
            for center in self.evidence.centers
            if holds(center, day)
        }

    # ------------------------------------------------------------ posts and absences

    def posts(self) -> Rows:
        rows: Rows = {}
        for code, by_id in self.accounts.observations.items():
            if not self.accounts.registered[code]:
                continue  # not in the registry: its posts belong to no center
            for post_id, every_observation in by_id.items():
                if self.accounts.channels.is_of_other_code(code, post_id):
                    continue
                by_api = [found for found in every_observation if found.run_id != BY_HAND]
                observations = by_api or every_observation
                seen = [found for found in observations if found.presence == "seen"]
                shown = (seen or observations)[-1]
                rows[code, post_id] = self._post(observations, shown)
        return rows

    def _post(self, observations: list[Post], shown: Post) -> Row:
        account = self.accounts.owner_on(shown.account_code, wib(shown.published_at))
        rows_of_center = [row for row in self.evidence.centers if row.center_code == account.center_code]
        zone = ZoneInfo(max(rows_of_center, key=lambda row: row.valid_from or date.min).time_zone)
        parts = [part for part in (shown.like_count, shown.comment_count, shown.share_count) if part is not None]
        first = observations[0].captured_at
        return {
            "account_code": account.account_code,
            "center_code": account.center_code,
            "platform": account.platform,
            "post_id": shown.post_id,
            "published_at": shown.published_at,
            "published_date": wib(shown.published_at),
            "published_at_local": shown.published_at.astimezone(zone).replace(tzinfo=None),
            "url": shown.url,
            "post_type": None if shown.run_id == BY_HAND else shown.post_type,
            "like_count": shown.like_count,
            "comment_count": shown.comment_count,
            "share_count": shown.share_count,
            "view_count": shown.view_count,
            "interactions": sum(parts) if parts else None,
            "are_counts_expired": self.accounts.is_expired(shown),
            "caption_length": shown.caption_length,
            "presence": str(observations[-1].presence),
            "is_manual": shown.run_id == BY_HAND,
            "first_seen_at": first,
            "last_seen_at": observations[-1].captured_at,
            "discovered_late_days": max(0, (wib(first) - wib(shown.published_at)).days),
            "source": least_real(found.source for found in observations),
        }

    def _completeness(self) -> Rows:
        rows: Rows = {}
        for account, day in self.accounts.expected():
            rows[account.account_code, day] = {
                "center_code": account.center_code,
                "platform": account.platform,
                "account_code": account.account_code,
                "date_day": day,
                "is_expected": True,
            } | self.accounts.outcome(account.account_code, day)
        for day in self.accounts.days():
            for center in self.evidence.centers:
                for platform in self.evidence.platforms:
                    begin, end = platform.required_from or date.max, platform.required_until or date.max
                    if holds(center, day) and begin <= day <= end:
                        self._absence(rows, center.center_code, platform.platform, day)
        return rows

    def _absence(self, rows: Rows, center: str, platform: str, day: date) -> None:
        here = [
            row
            for row in self.evidence.accounts
            if row.center_code == center and row.platform == platform and holds(row, day)
        ]
        statuses = {row.account_code: status_on(row, day) for row in here}
        if "verified" in statuses.values():
            return
        order = list(NOT_EXPECTED)
        code = min(statuses, key=lambda found: (order.index(statuses[found]), found), default=f"{center}-{platform}")
        outcome = NOT_EXPECTED[statuses.get(code, "submitted")]
        rows[code, day] = {
            "center_code": center,
            "platform": platform,
            "account_code": code,
            "date_day": day,
            "is_expected": False,
            "outcome": outcome,
            "detail": None,
            "next_step": self.accounts.next_steps[outcome],
            "attempts": 0,
            "last_attempted_at": None,
            "is_captured": False,
            "retry_at": None,
            "source": None,
        }

    # ------------------------------------------------------------ centers

    def _center(self, center: Center, day: date) -> Row:
        here = self.on_day.get((center.center_code, day), [])
        absent = [
            row["outcome"]
            for row in self.completeness.values()
            if row["center_code"] == center.center_code and row["date_day"] == day and not row["is_expected"]
        ]
        row: Row = {
            "center_code": center.center_code,
            "date_day": day,
            "accounts_expected": len(here),
            "accounts_missing": sum(outcome != "not_yet_verified" for outcome in absent),
            "accounts_not_verified": absent.count("not_yet_verified"),
            "source": least_real(self.accounts.source(account.account_code, day) for account in here),
        }
        row |= self._followers(here, day)
        for window in ("1d", "7d", "30d"):
            row |= self._growth(here, day, window)
        return row | self._recency(center.center_code, here, day)

    def _followers(self, here: list[Account], day: date) -> Row:
        counted: list[tuple[date, Any]] = []
        hidden = failed = read = suspended = 0
        for account in here:
            read += self.accounts.capture(account.account_code, day) is not None
            found = self.accounts.last_capture(account.account_code, day, within=3)
            if self.accounts.is_suspended(account.account_code, day):
                suspended += 1
            elif found is None:
                failed += 1
            elif self.accounts.state(found[1]) != "reported":
                hidden += 1
            else:
                counted.append(found)
        reason = None
        if not here:
            reason = "no_verified_account"
        elif failed:
            reason = "capture_failed"
        elif suspended == len(here):
            reason = "all_suspended"
        elif not counted:
            reason = "all_hidden"
        captures = [capture for _, capture in counted]
        low = sum(capture.followers_count for capture in captures)
        high = sum(capture.followers_count + capture.followers_precision_step - 1 for capture in captures)
        return {
            "accounts_read": read,
            "accounts_captured": sum(on == day for on, _ in counted),
            "accounts_carried": sum(on < day for on, _ in counted),
            "accounts_hidden": hidden,
            "accounts_failed": failed,
            "accounts_suspended": suspended,
            "accounts_manual": sum(capture.authorization_mode == BY_HAND for capture in captures),
            "followers_count": None if reason else low,
            "followers_count_high": None if reason else high,
            "is_complete": reason is None,
            "incomplete_reason": reason,
            "oldest_capture_date": min((on for on, _ in counted), default=None),
            "newest_capture_at": max((capture.captured_at for capture in captures), default=None),
        }

    def _growth(self, here: list[Account], day: date, window: str) -> Row:
        trusted = [account for account in here if not self.accounts.is_suspended(account.account_code, day)]
        grown = [self.accounts.growth_on(account, day) for account in trusted]
        grown = [row for row in grown if row[f"change_{window}"] is not None]
        total, low, high = (sum(row[f"change_{window}{part}"] for row in grown) for part in ("", "_low", "_high"))
        return {
            f"change_{window}": total if grown else None,
            f"change_{window}_low": low if grown else None,
            f"change_{window}_high": high if grown else None,
            f"change_{window}_is_measurable": measurable(low, high) if grown else None,
            f"change_{window}_accounts": len(grown),
        }

    def _recency(self, center: str, here: list[Account], day: date) -> Row:
        posts = self.accounts.own_posts(center, day)
        newest = sorted(posts, key=lambda post: post.post_id, reverse=True)
        newest.sort(key=lambda post: (-post.published_at.timestamp(), post.account_code))
        last = newest[0] if newest else None
        codes = [account.account_code for account in here]
        not_observed = sum(
            self.accounts.is_suspended(code, day) or not self.accounts.is_observed(code, day) for code in codes
        )
        ages = [(day - wib(post.published_at)).days for post in posts]
        since = min(ages, default=None)
        return {
            "last_post_at": last.published_at if last else None,
            "last_post_account_code": last.account_code if last else None,
            "last_post_platform": last.platform if last else None,
            "last_post_url": last.url if last else None,
            "days_since_last_post": since,
            "platforms_updated": len({post.platform for post, age in zip(posts, ages, strict=True) if age == since}),
            "recency_band": band(since, bool(here) and not_observed == 0),
            "accounts_not_observed": not_observed,
            "posts_7d": sum(age < 7 for age in ages),
            "posts_30d": sum(age < 30 for age in ages),
        }

    # ------------------------------------------------------------ platforms

    def platforms(self) -> Rows:
        rows: Rows = {}
        for (center, day), here in self.on_day.items():
            for platform, row in self._by_platform(here, day):
                rows[center, day, platform] = row | {"center_code": center}
        return rows

    def all_platforms(self) -> Rows:
        """From the accounts, whichever center they belong to."""
        rows: Rows = {}
        for day in self.accounts.days():
            here = [account for (_, on), found in self.on_day.items() if on == day for account in found]
            rows |= {(platform, day): row for platform, row in self._by_platform(here, day)}
        return rows

    def _by_platform(self, here: list[Account], day: date) -> Iterator[tuple[str, dict[str, Any]]]:
        """An account in doubt is read and changes nothing."""
        for platform in {account.platform for account in here}:
            mine = [account for account in here if account.platform == platform]
            growth = self._growth(mine, day, "7d")
            del growth["change_7d_is_measurable"]
            growth["platform"], growth["date_day"] = platform, day
            growth["accounts_expected"] = len(mine)
            growth["accounts_read"] = sum(self.accounts.capture(row.account_code, day) is not None for row in mine)
            growth["definition_breaks"] = sum(self._means_something_else(row.account_code, day) for row in mine)
            growth["source"] = least_real(self.accounts.source(row.account_code, day) for row in mine)
            yield platform, growth

    def _means_something_else(self, code: str, day: date) -> bool:
        """Whether the day's capture and the last one before it, however long ago, are of two definitions."""
        capture, before = self.accounts.capture(code, day), day - DAY
        while capture and before >= self.accounts.first:
            if earlier := self.accounts.capture(code, before):
                return earlier.metric_definition_id != capture.metric_definition_id
            before -= DAY
        return False

    # ------------------------------------------------------------ boards

    def _names(self, code: str, day: date) -> Center:
        return next(row for row in self.evidence.centers if row.center_code == code and holds(row, day))

    def followers(self) -> Rows:
        rows: Rows = {}
        for day in self.accounts.days():
            centers = [row for (_, on), row in self.centers.items() if on == day]
            ranked = [row for row in centers if row["is_complete"]]
            order = sorted(ranked, key=lambda row: (-row["followers_count"], row["center_code"]))
            order += sorted((row for row in centers if not row["is_complete"]), key=lambda row: row["center_code"])
            for place, row in enumerate(order, start=1):
                others = [other for other in ranked if other is not row]
                low, high = row["followers_count"], row["followers_count_high"]
                rows[day, "all_platforms", row["center_code"]] = {
                    "date_day": day,
                    "scope": "all_platforms",
                    "center_code": row["center_code"],
                    "center_name": self._names(row["center_code"], day).center_name,
                    "best_rank": 1 + sum(other["followers_count"] > high for other in others)
                    if row["is_complete"]
                    else None,
                    "worst_rank": 1 + sum(other["followers_count_high"] > low for other in others)
                    if row["is_complete"]
                    else None,
                    "display_order": place,
                    "is_ranked": row["is_complete"],
                    "unranked_reason": row["incomplete_reason"],
                    "completeness": _share(row["accounts_read"], row["accounts_expected"]),
                } | {
                    column: row[column]
                    for column in (
                        "followers_count",
                        "followers_count_high",
                        "accounts_expected",
                        "accounts_captured",
                        "accounts_carried",
                        "accounts_hidden",
                        "change_7d",
                        "change_7d_is_measurable",
                        "change_30d",
                        "newest_capture_at",
                        "source",
                    )
                }
        return rows

    def recency(self) -> Rows:
        rows: Rows = {}
        never = datetime(1, 1, 1, tzinfo=UTC)
        for day in self.accounts.days():
            centers = sorted(
                (row for (_, on), row in self.centers.items() if on == day), key=lambda row: row["center_code"]
            )
            order = sorted(centers, key=lambda row: row["last_post_at"] or never, reverse=True)
            for place, row in enumerate(order, start=1):
                mine = row["last_post_at"]
                above = sum(bool(other["last_post_at"] and mine and other["last_post_at"] > mine) for other in centers)
                reason = None
                if not mine:
                    reason = {"never": "never_posted"}.get(row["recency_band"], "not_observed")
                    reason = reason if row["accounts_expected"] else "no_verified_account"
                observed = row["accounts_expected"] - row["accounts_not_observed"]
                rows[day, "any_post", row["center_code"]] = {
                    "date_day": day,
                    "scope": "any_post",
                    "center_code": row["center_code"],
                    "center_name": self._names(row["center_code"], day).center_name,
                    **on_its_clock(self._names(row["center_code"], day), mine),
                    "best_rank": 1 + above if mine else None,
                    "worst_rank": 1 + above if mine else None,
                    "display_order": place,
                    "is_ranked": mine is not None,
                    "unranked_reason": reason,
                    "completeness": _share(observed, row["accounts_expected"]),
                } | {
                    column: row[column]
                    for column in (
                        "last_post_at",
                        "last_post_platform",
                        "last_post_url",
                        "days_since_last_post",
                        "recency_band",
                        "platforms_updated",
                        "accounts_not_observed",
                        "source",
                    )
                }
        return rows


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP) if whole else None


def on_its_clock(center: Center, instant: datetime | None) -> Row:
    """The center's zone, its letters, and the instant on the wall there."""
    return {
        "time_zone": center.time_zone,
        "time_zone_label": {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}[center.time_zone],
        "last_post_at_local": instant and instant.astimezone(ZoneInfo(center.time_zone)).replace(tzinfo=None),
    }

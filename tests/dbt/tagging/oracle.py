"""Tags, coverage, synchrony and recency by what was said, a second time: plain Python, day by day, no SQL."""

import csv
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from social_metrics.contract import ManualEntry, Post
from tests.dbt.evidence import Campaign
from tests.dbt.oracle import BY_HAND, Accounts, Row, Rows, band, holds, wib
from tests.dbt.oracle_boards import on_its_clock
from tests.dbt.runner import PROJECT
from tests.dbt.tagging.said import RULESETS, Found, Said

Key = tuple[str, str | None, str]
SCHEMES = {"5-klaster": date(2021, 12, 31), "atensi-2022": date(2025, 6, 4), "12-PAS": date.max}
BEGINS = {"5-klaster": date(2019, 1, 1), "atensi-2022": date(2022, 1, 1), "12-PAS": date(2025, 6, 5)}
BEFORE_12_PAS = {
    "anak": [("5-klaster", "anak"), ("atensi-2022", "anak")],
    "kekerasan": [("atensi-2022", "kelompok-rentan")],
    "adat-terpencil": [],
}
PARENTS = {"BPNT": "FOOD", "PERMAKANAN": "FOOD"}


def programs() -> list[str]:
    """The programmes of the seed; all run throughout the histories."""
    with (PROJECT / "seeds/rules/programs.csv").open(newline="", encoding="utf-8") as file:
        return [row["program"] for row in csv.DictReader(file)]


class Messages:
    """What the marts must say about what was said."""

    def __init__(self, said: Said, accounts: Accounts, posts: Rows, centers: Rows) -> None:
        """Lean on the oracle of accounts and centers; `posts` and `centers` are its fct_posts and fct_center_daily."""
        self.said, self.accounts, self.posts, self.centers = said, accounts, posts, centers
        self.found: dict[tuple[str, str], list[Found]] = defaultdict(list)
        for row in said.found:
            self.found[row.account_code, row.post_id].append(row)
        self.states = {key: self._reading(*key) for key in posts}
        self.tags = {key: self._tags(*key) for key in posts}
        self.days = list(accounts.days())
        self.entries = self._entries()

    def _entries(self) -> dict[tuple[str, str], list[ManualEntry]]:
        """What officers said about the posts that they entered, on the days on which their entry stands."""
        newest: dict[tuple[str, date], ManualEntry] = {}
        for entry, is_confirmed in self.said.evidence.entries:
            before = newest.get((entry.account_code, wib(entry.observed_at)))
            if is_confirmed and (before is None or entry.version > before.version):
                newest[entry.account_code, wib(entry.observed_at)] = entry
        found: dict[tuple[str, str], list[ManualEntry]] = defaultdict(list)
        for code, by_id in self.accounts.observations.items():
            for post_id, observations in by_id.items():
                days = {wib(post.captured_at) for post in observations if post.run_id == BY_HAND}
                found[code, post_id] += [newest[code, day] for day in days]
        return found

    # ------------------------------------------------------------ tags

    def _reading(self, code: str, post_id: str) -> tuple[str, str | None, int | None]:
        """State, content and ruleset of the reading that stands for the post."""
        observed = self.accounts.observations[code][post_id]
        seen = [post for post in observed if post.presence == "seen" and post.run_id != BY_HAND]
        if not seen:
            return "never_seen", None, None
        last_seen: dict[str | None, datetime] = {}
        for post in seen:
            last_seen[post.content_hash] = max(post.captured_at, last_seen.get(post.content_hash, post.captured_at))
        best: tuple[Any, ...] | None = None
        for content, moment in last_seen.items():
            rulesets = [number for number in RULESETS if (code, post_id, content, number) in self.said.readings]
            candidate = (not rulesets, -moment.timestamp(), content is None, content or "", max(rulesets, default=None))
            best = candidate if best is None or candidate[:4] < best[:4] else best
        assert best is not None
        unread, _, is_empty, content, ruleset = best
        if not unread:
            return "read", content, ruleset
        return ("no_words" if is_empty else "unread"), content or None, None

    def _tags(self, code: str, post_id: str) -> dict[Key, Row]:
        state, content, ruleset = self.states[code, post_id]
        direct: dict[Key, Row] = {}
        hits = [
            row
            for row in self.found[code, post_id]
            if state == "read" and (row.content_hash, row.ruleset_id) == (content, ruleset)
        ]
        for hit in sorted(hits, key=lambda row: (row.strength != "strong", row.starts_at, row.rule_id)):
            direct.setdefault(
                (hit.tag_kind, hit.cluster_scheme, hit.tag),
                _row("tagged", rule_id=hit.rule_id, ruleset_version=hit.ruleset_id * 10, strength=hit.strength,
                     matched_text=hit.rule_id, match_starts_at=hit.starts_at, match_ends_at=hit.starts_at + 1),
            )  # fmt: skip
        for decision in self.said.decisions:
            if (decision.account_code, decision.post_id) == (code, post_id):
                key = (decision.tag_kind, decision.cluster_scheme, decision.tag)
                row = direct.get(key, _row("tagged"))
                word = {"overridden_by": decision.decided_by, "override_reason": decision.reason}
                direct[key] = row | word | {"tag_state": "removed" if decision.decision == "remove" else "tagged"}
        both = dict(direct)
        implied = [
            ((kind, scheme, tag), follows)
            for kind, scheme, tag in direct
            if direct[kind, scheme, tag]["tag_state"] == "tagged"
            for follows in _implied(kind, tag)
        ]
        order = sorted(implied, key=lambda pair: (_last(direct[pair[0]]["match_starts_at"]), pair[0][2]))
        for key, follows in order:
            both.setdefault(follows, direct[key] | {"derived_from": key[2]})
        return both

    def post_tags(self) -> Rows:
        """fct_post_tags."""
        rows: Rows = {}
        for key, post in self.posts.items():
            state, _, ruleset = self.states[key]
            shown = [scheme for scheme, end in SCHEMES.items() if end >= post["published_date"]]
            tags = {
                (kind, scheme, tag): row
                for (kind, scheme, tag), row in self.tags[key].items()
                if kind != "cluster" or scheme in shown
            }
            for kind, scheme in [("program", None), ("outreach", None), *(("cluster", scheme) for scheme in shown)]:
                if not any(
                    k == kind and s == scheme and row["tag_state"] == "tagged" for (k, s, _), row in tags.items()
                ):
                    nothing = "untagged" if state in ("read", "no_words") else "unread"
                    tags[kind, scheme, nothing] = _row(nothing, ruleset_version=ruleset and ruleset * 10)
            for (kind, scheme, tag), row in tags.items():
                in_force = BEGINS[scheme] <= post["published_date"] <= SCHEMES[scheme] if scheme else None
                told = (
                    "account_code",
                    "center_code",
                    "platform",
                    "post_id",
                    "published_at",
                    "published_date",
                    "presence",
                    "source",
                )
                rows[(*key, kind, scheme, tag)] = (
                    row
                    | {column: post[column] for column in told}
                    | {
                        "tag_kind": kind,
                        "cluster_scheme": scheme,
                        "tag": tag,
                        "is_scheme_in_force": in_force,
                    }
                )
        return rows

    # ------------------------------------------------------------ recency

    def is_on(self, basis: str, code: str, post_id: str) -> bool:
        """Whether a post counts on a basis."""
        entries = self.entries.get((code, post_id), [])
        if basis == "unread":
            if (code, post_id) in self.states:
                return self.states[code, post_id][0] == "unread"
            return all(entry.is_outreach is None and entry.program is None for entry in entries)
        if basis == "outreach_post" and any(entry.is_outreach for entry in entries):
            return True
        stated = {entry.program.strip().upper() for entry in entries if entry.program}
        stated |= {PARENTS[program] for program in stated if program in PARENTS}
        if basis.removeprefix("program:") in stated:
            return True
        key = (
            ("outreach", None, "outreach")
            if basis == "outreach_post"
            else ("program", None, basis.removeprefix("program:"))
        )
        return self.tags.get((code, post_id), {}).get(key, {}).get("tag_state") == "tagged"

    def newest(self, basis: str, code: str, day: date) -> Post | None:
        """The account's newest post on a basis, as known on the day."""
        on_basis = [post for post in self.accounts.known_posts(code, day) if self.is_on(basis, code, post.post_id)]
        return max(on_basis, key=lambda post: (post.published_at, post.post_id), default=None)

    def outreach_of_accounts(self) -> dict[tuple[str, date], datetime | None]:
        """last_outreach_post_at of fct_posting_recency_daily."""
        newest = (
            (account.account_code, day, self.newest("outreach_post", account.account_code, day))
            for account, day in self.accounts.expected()
        )
        return {(code, day): post.published_at if post else None for code, day, post in newest}

    def center_on(self, basis: str, center: str, day: date) -> Row:
        """A center's recency on a basis."""
        here = [account for account, on in self._expected(day) if account.center_code == center]
        trusted = [account for account in here if not self.accounts.is_suspended(account.account_code, day)]
        pairs = [(post, account) for account in trusted if (post := self.newest(basis, account.account_code, day))]
        unread = [post for account in trusted if (post := self.newest("unread", account.account_code, day))]
        last = min(pairs, key=lambda pair: (-pair[0].published_at.timestamp(), pair[1].account_code), default=None)
        newest = last[0].published_at if last else None
        not_looked = sum(
            account not in trusted or not self.accounts.is_looked_at(account.account_code, day) for account in here
        )
        hidden = any(newest is None or post.published_at > newest for post in unread)
        since = (day - wib(newest)).days if newest else None
        return {
            "last_post_at": newest,
            "last_post_platform": last[1].platform if last else None,
            "last_post_url": last[0].url if last else None,
            "days_since_last_post": since,
            "platforms_updated": len(
                {account.platform for post, account in pairs if newest and wib(post.published_at) == wib(newest)}
            ),
            "accounts_not_looked_at": not_looked,
            "recency_band": band(since, bool(here) and not not_looked and not hidden),
            "accounts_expected": len(here),
            "has_unread_since": hidden,
        }

    def _expected(self, day: date) -> list[tuple[Any, date]]:
        rows = [self.accounts.account_on(code, day) for code in self.accounts.registered]
        return [(row, day) for row in rows if row]

    def boards(self, bases: list[str]) -> Rows:
        """leaderboard_recency on these bases."""
        rows: Rows = {}
        for day in self.days:
            present = {center.center_code: center for center in self.said.evidence.centers if holds(center, day)}
            for basis in bases:
                standing = {code: self.center_on(basis, code, day) for code in present}
                order = sorted(standing, key=lambda code: (_reverse(standing[code]["last_post_at"]), code))
                for place, code in enumerate(order, start=1):
                    row = standing[code]
                    mine, expected, blind = (
                        row["last_post_at"],
                        row.pop("accounts_expected"),
                        row.pop("has_unread_since"),
                    )
                    above = sum(
                        bool(mine and other["last_post_at"] and other["last_post_at"] > mine)
                        for other in standing.values()
                    )
                    reason = None
                    if not mine and not expected:
                        reason = "no_verified_account"
                    elif not mine and row["recency_band"] == "never":
                        reason = "never_posted"
                    elif not mine:
                        reason = "not_looked_at" if row["accounts_not_looked_at"] or not blind else "posts_not_read"
                    seen = expected - row["accounts_not_looked_at"]
                    rows[day, basis, code] = row | {
                        "date_day": day,
                        "basis": basis,
                        "center_code": code,
                        "center_name": present[code].center_name,
                        **on_its_clock(present[code], mine),
                        "best_rank": 1 + above if mine else None,
                        "worst_rank": 1 + above if mine else None,
                        "display_order": place,
                        "is_ranked": mine is not None,
                        "unranked_reason": reason,
                        "completeness": (Decimal(seen) / expected).quantize(Decimal("0.0001"), ROUND_HALF_UP)
                        if expected
                        else None,
                        "source": self.centers[code, day]["source"],
                    }
        return rows

    # ------------------------------------------------------------ coverage and synchrony

    def coverage(self) -> Rows:
        """fct_program_coverage."""
        rows: Rows = {}
        for month in sorted({day.replace(day=1) for day in self.days}):
            days = [day for day in self.days if day.replace(day=1) == month]
            last = days[-1]
            for center in (row.center_code for row in self.said.evidence.centers if holds(row, last)):
                accounts = {
                    account.account_code: account.platform
                    for day in days
                    for account, _ in self._expected(day)
                    if account.center_code == center
                }
                posts = [
                    (code, post.post_id)
                    for code in accounts
                    if not self.accounts.is_suspended(code, last)
                    for post in self.accounts.known_posts(code, last)
                    if wib(post.published_at).replace(day=1) == month
                ]
                unread = sum(self.is_on("unread", *post) for post in posts)
                for program in programs():
                    basis = f"program:{program}"
                    about = [post for post in posts if self.is_on(basis, *post)]
                    now = self.center_on(basis, center, last)
                    present = [
                        day
                        for day in days
                        if any(row.center_code == center and holds(row, day) for row in self.said.evidence.centers)
                    ]
                    silent = next(
                        (day for day in present if self.center_on(basis, center, day)["recency_band"] == "silent"), None
                    )
                    state = "not_covered"
                    if about:
                        state = "covered"
                    elif not now["accounts_expected"]:
                        state = "no_verified_account"
                    elif now["accounts_not_looked_at"] or unread:
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
                        "source": self.centers[center, last]["source"],
                    }
        return rows

    def synchrony(self) -> Rows:
        """fct_campaign_synchrony."""
        return {
            (campaign.campaign_code, center.center_code): self._carried(campaign, center)
            for campaign in self.said.evidence.campaigns
            for center in self.said.evidence.centers
            if holds(center, wib(campaign.starts_at))
        }

    def _carried(self, campaign: Campaign, center: Any) -> Row:
        begin, end = wib(campaign.starts_at), wib(campaign.ends_at)
        accounts = {
            account.account_code: account.platform
            for day in self.days
            if begin <= day <= end
            for account, _ in self._expected(day)
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
                state, _, ruleset = self.states.get((code, post_id), ("unread", None, None))
                if ("campaign", None, campaign.campaign_code) in self.tags.get((code, post_id), {}):
                    carried.append((published, platform))
                elif state == "unread" or (ruleset and campaign.campaign_code not in RULESETS[ruleset]):
                    unread += 1
        afterwards = [day for day in self.days if day >= min(end, self.days[-1])]
        expected_later = {(account.account_code, day) for day in afterwards for account, _ in self._expected(day)}
        blind = sum(
            not any((code, day) in expected_later and self.accounts.is_looked_at(code, day) for day in afterwards)
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
            "accounts_not_looked_at": blind,
            "source": max((source for source in sources if source), default=None),
        }


def _row(state: str, **columns: Any) -> Row:
    names = (
        "derived_from",
        "rule_id",
        "ruleset_version",
        "strength",
        "matched_text",
        "match_starts_at",
        "match_ends_at",
    )
    return dict.fromkeys((*names, "overridden_by", "override_reason")) | {"tag_state": state} | columns


def _implied(kind: str, tag: str) -> list[Key]:
    if kind == "program":
        return [("program", None, PARENTS[tag])] if tag in PARENTS else []
    return [("cluster", scheme, earlier) for scheme, earlier in BEFORE_12_PAS[tag]] if kind == "cluster" else []


def _last(place: int | None) -> float:
    return float("inf") if place is None else place


def _reverse(moment: datetime | None) -> float:
    return -moment.timestamp() if moment else float("inf")

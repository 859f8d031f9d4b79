"""The oracle of tags and of recency by scope: plain Python, day by day, no SQL."""

import csv
from collections import defaultdict
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from social_metrics.contract import ManualEntry, Post
from tests.dbt.reference.captions import RULESETS, CaptionHistory, Decision, FoundTag
from tests.dbt.reference.oracle import BY_HAND, Accounts, Row, Rows, band, holds, post_id_of, wib
from tests.dbt.reference.oracle_boards import on_its_clock
from tests.support.dbt_runner import PROJECT

Key = tuple[str, str | None, str]
SCHEMES = {"5-klaster": date(2021, 12, 31), "atensi-2022": date(2025, 6, 4), "12-PAS": date.max}
BEGINS = {"5-klaster": date(2019, 1, 1), "atensi-2022": date(2022, 1, 1), "12-PAS": date(2025, 6, 5)}
BEFORE_12_PAS = {
    "anak": [("5-klaster", "anak"), ("atensi-2022", "anak")],
    "kekerasan": [("atensi-2022", "kelompok-rentan")],
    "adat-terpencil": [],
}
PARENTS = {"BPNT": "FOOD", "PERMAKANAN": "FOOD"}


@cache
def _programs() -> list[dict[str, str]]:
    with (PROJECT / "seeds/rules/programs.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def programs() -> list[str]:
    """The programmes of the seed; all run throughout the histories."""
    return [row["program"] for row in _programs()]


class Messages:
    """The expected content of the marts about captions and tags."""

    def __init__(self, captions: CaptionHistory, accounts: Accounts, posts: Rows, centers: Rows) -> None:
        """Lean on the oracle of accounts and centers; `posts` and `centers` are its fct_posts and fct_center_daily."""
        self.captions, self.accounts, self.posts, self.centers = captions, accounts, posts, centers
        self.found: dict[tuple[str, str], list[FoundTag]] = defaultdict(list)
        for row in captions.found:
            self.found[row.account_code, row.post_id].append(row)
        self.days = list(accounts.days())
        self.entries = self._entries()
        self.decisions = self._decisions()
        self.states = {key: self._caption_read(*key) for key in posts}
        self.tags = {key: self._tags(*key) for key in posts}

    def _entries(self) -> dict[tuple[str, str], list[ManualEntry]]:
        """The entries of officers about their posts, on the days on which the entry is accepted."""
        newest: dict[tuple[str, date], ManualEntry] = {}
        for entry, is_confirmed in self.captions.evidence.entries:
            before = newest.get((entry.account_code, wib(entry.observed_at)))
            if is_confirmed and (before is None or entry.version > before.version):
                newest[entry.account_code, wib(entry.observed_at)] = entry
        found: dict[tuple[str, str], list[ManualEntry]] = defaultdict(list)
        for code, by_id in self.accounts.observations.items():
            for post_id, observations in by_id.items():
                days = {wib(post.captured_at) for post in observations if post.run_id == BY_HAND}
                found[code, post_id] += [newest[code, day] for day in sorted(days, reverse=True)]
        return found

    def _decisions(self) -> dict[tuple[str, str], list[Decision]]:
        """The decisions of people in their order, under the present id of the post."""
        shown = {
            (code, post_id_of(post.url)): post_id
            for code, by_id in self.accounts.observations.items()
            for post_id, observations in sorted(by_id.items())
            for post in observations
            if post.url and post.run_id != BY_HAND
        }
        found: dict[tuple[str, str], list[Decision]] = defaultdict(list)
        for decision in self.captions.decisions:
            key = (decision.account_code, decision.post_id)
            found[decision.account_code, shown.get(key, decision.post_id)].append(decision)
        return found

    # ------------------------------------------------------------ tags

    def _caption_read(self, code: str, post_id: str) -> tuple[str, str | None, int | None]:
        """State, content and ruleset of the caption read that counts for the post."""
        observed = self.accounts.observations[code][post_id]
        seen = [post for post in observed if post.presence == "seen" and post.run_id != BY_HAND]
        if not seen:
            return "unread", None, None
        last_seen: dict[str | None, datetime] = {}
        for post in seen:
            last_seen[post.content_hash] = max(post.captured_at, last_seen.get(post.content_hash, post.captured_at))
        best: tuple[Any, ...] | None = None
        for content, moment in last_seen.items():
            rulesets = [
                number for number in RULESETS if (code, post_id, content, number) in self.captions.caption_reads
            ]
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
        for entry in reversed(self.entries.get((code, post_id), [])):
            for key in _entered(entry):
                word = {"overridden_by": entry.entered_by, "override_reason": f"entered by hand, {_day(entry)}"}
                direct[key] = direct.get(key, _row("tagged")) | word
        for decision in self.decisions.get((code, post_id), []):
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

    def is_unread(self, kind: str, code: str, post_id: str) -> bool:
        """Whether the tags of a kind are unknown: the caption was not read, and no person decided."""
        if self.states[code, post_id][0] != "unread":
            return False
        entries = self.entries.get((code, post_id), [])
        decided = {(d.cluster_scheme, d.tag): d for d in self.decisions.get((code, post_id), []) if d.tag_kind == kind}
        if kind == "outreach":
            return not decided and all(entry.is_outreach is None for entry in entries)
        named = {(scheme, tag) for entry in entries for of, scheme, tag in _entered(entry) if of == kind}
        added = {key for key, decision in decided.items() if decision.decision == "add"}
        return not added and not named - decided.keys()

    def tags_of(self, kind: str, code: str, post_id: str) -> set[tuple[str | None, str]]:
        """Scheme and tag of all that a post carries of a kind."""
        return {
            (scheme, tag)
            for (of, scheme, tag), row in self.tags[code, post_id].items()
            if of == kind and row["tag_state"] == "tagged"
        }

    def post_tags(self) -> Rows:
        """fct_post_tags."""
        rows: Rows = {}
        for key, post in self.posts.items():
            ruleset = self.states[key][2]
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
                    nothing = "unread" if self.is_unread(kind, *key) else "untagged"
                    tags[kind, scheme, nothing] = _row(nothing, ruleset_version=ruleset and ruleset * 10)
            for (kind, scheme, tag), row in tags.items():
                in_force = BEGINS[scheme] <= post["published_date"] <= SCHEMES[scheme] if scheme else None
                copied = (
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
                    | {column: post[column] for column in copied}
                    | {
                        "tag_kind": kind,
                        "cluster_scheme": scheme,
                        "tag": tag,
                        "is_scheme_in_force": in_force,
                    }
                )
        return rows

    # ------------------------------------------------------------ recency

    def is_on(self, scope: str, code: str, post_id: str) -> bool:
        """Whether a post counts in a scope."""
        if scope.startswith("unread:"):
            return self.is_unread(scope.removeprefix("unread:"), code, post_id)
        if scope == "outreach_post":
            return bool(self.tags_of("outreach", code, post_id))
        return (None, scope.removeprefix("program:")) in self.tags_of("program", code, post_id)

    def newest(self, scope: str, code: str, day: date, center: str | None = None) -> Post | None:
        """The account's newest post in a scope, as known on the day; of a center, the newest one published there."""
        in_scope = [
            post
            for post in self.accounts.known_posts(code, day)
            if self.is_on(scope, code, post.post_id) and center in {None, self.accounts.center_of(post)}
        ]
        return max(in_scope, key=lambda post: (post.published_at, post.post_id), default=None)

    def outreach_of_accounts(self) -> dict[tuple[str, date], datetime | None]:
        """last_outreach_post_at of fct_posting_recency_daily."""
        newest = (
            (account.account_code, day, self.newest("outreach_post", account.account_code, day))
            for account, day in self.accounts.expected()
        )
        return {(code, day): post.published_at if post else None for code, day, post in newest}

    def center_on(self, scope: str, center: str, day: date) -> Row:
        """A center's recency in a scope."""
        rows = [row for code in self.accounts.codes_of[center] if (row := self.accounts.account_on(code, day))]
        here = [account for account in rows if account.center_code == center]
        trusted = [account for account in rows if not self.accounts.is_suspended(account.account_code, day)]
        pairs = [
            (post, account) for account in trusted if (post := self.newest(scope, account.account_code, day, center))
        ]
        kind = "unread:outreach" if scope == "outreach_post" else "unread:program"
        unread = [post for account in trusted if (post := self.newest(kind, account.account_code, day, center))]
        last = min(pairs, key=lambda pair: (-pair[0].published_at.timestamp(), pair[1].account_code), default=None)
        newest = last[0].published_at if last else None
        not_observed = sum(
            account not in trusted or not self.accounts.is_observed(account.account_code, day) for account in here
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
            "accounts_not_observed": not_observed,
            "recency_band": band(since, bool(here) and not not_observed and not hidden),
            "accounts_expected": len(here),
            "has_unread_since": hidden,
        }

    def expected(self, day: date) -> list[tuple[Any, date]]:
        """The accounts expected on the day."""
        rows = [self.accounts.account_on(code, day) for code in self.accounts.registered]
        return [(row, day) for row in rows if row]

    def boards(self, scopes: list[str]) -> Rows:
        """leaderboard_recency on these scopes."""
        rows: Rows = {}
        for day in self.days:
            present = {center.center_code: center for center in self.captions.evidence.centers if holds(center, day)}
            for scope in scopes:
                by_center = {code: self.center_on(scope, code, day) for code in present}
                order = sorted(by_center, key=lambda code: (_reverse(by_center[code]["last_post_at"]), code))
                for place, code in enumerate(order, start=1):
                    row = by_center[code]
                    mine, expected, blind = (
                        row["last_post_at"],
                        row.pop("accounts_expected"),
                        row.pop("has_unread_since"),
                    )
                    above = sum(
                        bool(mine and other["last_post_at"] and other["last_post_at"] > mine)
                        for other in by_center.values()
                    )
                    reason = None
                    if not mine and not expected:
                        reason = "no_verified_account"
                    elif not mine and row["recency_band"] == "never":
                        reason = "never_posted"
                    elif not mine:
                        reason = "not_observed" if row["accounts_not_observed"] or not blind else "posts_not_read"
                    seen = expected - row["accounts_not_observed"]
                    rows[day, scope, code] = row | {
                        "date_day": day,
                        "scope": scope,
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


def _day(entry: ManualEntry) -> date:
    return wib(entry.observed_at)


def _entered(entry: ManualEntry) -> list[Key]:
    """The tags that an officer names with an entry."""
    named = (entry.program or "").strip().lower()
    tags: list[Key] = [
        ("program", None, row["program"])
        for row in _programs()
        if named in (row["program"].lower(), row["label_id"].lower())
    ]
    return [*tags, ("outreach", None, "outreach")] if entry.is_outreach else tags

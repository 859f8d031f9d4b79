"""The oracle of a center's month: what its account-days make of both ends, silence, platforms, score and ranks."""

import csv
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from social_metrics.contract import ProfileSnapshot
from tests.dbt.reference.captions import CaptionHistory
from tests.dbt.reference.oracle import BY_HAND, DAY, Accounts, Row, Rows, holds, least_real, measurable, wib
from tests.dbt.reference.oracle_boards import Boards
from tests.dbt.reference.oracle_messages import Messages
from tests.support.factories import Account, Center, Evidence

RULES = Path(__file__).resolve().parents[3] / "dbt_project" / "seeds" / "rules"
Key = tuple[str, date]


def expected_months(evidence: Evidence, retention_as_of: datetime, next_steps: dict[str, str | None]) -> Rows:
    """fct_center_monthly for evidence of which no caption was read."""
    accounts = Accounts(evidence, retention_as_of, next_steps)
    boards = Boards(accounts)
    return covered_months(Messages(CaptionHistory(evidence), accounts, boards.posts(), boards.centers))


def covered_months(messages: Messages) -> Rows:
    """fct_center_monthly, with what the messages' oracle knows of the months' posts."""
    return _Months(messages).rows()


def _rules(name: str) -> list[dict[str, str]]:
    with (RULES / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _in_force(name: str, day: date) -> list[dict[str, str]]:
    return [
        row
        for row in _rules(name)
        if (not row["valid_from"] or date.fromisoformat(row["valid_from"]) <= day)
        and (not row["valid_to"] or day <= date.fromisoformat(row["valid_to"]))
    ]


def rounded(value: Fraction | None, digits: int) -> Decimal | None:
    """Rounded half away from zero, as the marts print it."""
    if value is None:
        return None
    scale = 10**digits
    whole = int(abs(value) * scale + Fraction(1, 2))
    return Decimal(whole if value >= 0 else -whole) / scale


def month_before(month: date) -> date:
    """First day of the month before."""
    return (month - DAY).replace(day=1)


class _Months:
    def __init__(self, messages: Messages) -> None:
        self.messages = messages
        self.accounts = accounts = messages.accounts
        self.boards = Boards(accounts)
        self.days: dict[Key, list[date]] = {}
        self.names: dict[tuple[str, date], Center] = {}
        for day in accounts.days():
            for center in accounts.evidence.centers:
                if holds(center, day):
                    self.days.setdefault((center.center_code, day.replace(day=1)), []).append(day)
                    self.names[center.center_code, day] = center

    def rows(self) -> Rows:
        """Every center's months, with the ranks that need all of them."""
        rows = {key: self._month(*key) for key in self.days}
        for key, row in rows.items():
            peers = [other for other in rows.values() if other["month_start"] == key[1]]
            row["score_rank"] = _place(row, peers, "certain")
            banded = [other for other in peers if other["follower_band"] == row["follower_band"]]
            in_band = row["follower_band"] is not None
            row["score_rank_in_band"] = _place(row, banded, "certain") if in_band else None
            row["engagement_rank_in_band"] = _place(row, banded, "engagement_rate_pct") if in_band else None
        for row in rows.values():
            del row["certain"]
        return rows

    def _month(self, center: str, month: date) -> Row:
        days = self.days[center, month]
        first, last = days[0], days[-1]
        row: Row = {
            "center_code": center,
            "center_name": self.names[center, last].center_name,
            "month_start": month,
            "first_date": first,
            "known_on_date": last,
            "is_provisional": month == self.accounts.last.replace(day=1),
        }
        row |= self._followers(center, month) | self._posting(center, month, first, last)
        row |= self._platforms(center, first, last) | self._messages(row, last)
        row["follower_band"] = _band(row["end_followers_count"])
        row |= dict.fromkeys(
            [
                "targets_version",
                "target_measure",
                "target_value",
                "target_document_ref",
                "actual_value",
                "achievement_pct",
            ]
        )
        row |= {"achievement_state": "not_set", "achievement_label_id": "belum ditetapkan"}
        return row | {"achievement_label_en": "not set"} | self._score(row, last)

    # ------------------------------------------------------------ followers

    def _ends(self, center: str, month: date) -> dict[str, tuple[str, tuple[date, ProfileSnapshot] | None]]:
        """Account → where it stands at the month's end, and the count that stands for it."""
        days = self.days.get((center, month))
        if not days:
            return {}
        last = days[-1]
        week = [last - back * DAY for back in range(7) if (last - back * DAY) >= month]
        ends: dict[str, tuple[str, tuple[date, ProfileSnapshot] | None]] = {}
        for account in self.boards.on_day.get((center, last), []):
            code = account.account_code
            captured = [day for day in week if self.accounts.capture(code, day)]
            counted = [day for day in captured if self.accounts.reported(code, day)]
            status = "reported" if counted else "hidden" if captured else "failed"
            if self.accounts.is_suspended(code, last):
                status = "suspended"
            found = self.accounts.reported(code, counted[0]) if counted else None
            ends[code] = (status, (counted[0], found) if found else None)
        return ends

    def _end_before(self, code: str, center: str, month: date) -> tuple[str, tuple[date, ProfileSnapshot] | None]:
        """The account's last end before this one, at whichever center, of this month or the one before."""
        now = self.days[center, month][-1]
        found = {
            days[-1]: self._ends(*key)[code]
            for key, days in self.days.items()
            if key[1] in (month, month_before(month)) and days[-1] < now and code in self._ends(*key)
        }
        return found[max(found)] if found else ("failed", None)

    def _end(self, center: str, month: date) -> tuple[str | None, list[tuple[date, ProfileSnapshot]]]:
        ends = self._ends(center, month)
        statuses = [status for status, _ in ends.values()]
        counted = [found for status, found in ends.values() if status == "reported" and found]
        if not ends:
            return "no_verified_account", []
        if "failed" in statuses:
            return "capture_failed", counted
        if set(statuses) == {"suspended"}:
            return "all_suspended", counted
        return (None if counted else "all_hidden"), counted

    def _followers(self, center: str, month: date) -> Row:
        before = month_before(month)
        ends = self._ends(center, month)
        statuses = [status for status, _ in ends.values()]
        reason, counted = self._end(center, month)
        start_reason, start_counted = self._end(center, before)
        pairs = []
        breaks = 0
        for code, (status, end) in ends.items():
            begin_status, begin = self._end_before(code, center, month)
            if status == "reported" and begin_status == "reported" and begin and end:
                if self._is_broken(code, begin[0], end[0]):
                    breaks += 1
                else:
                    pairs.append((begin[1], end[1]))
        baseline = sum(begin.followers_count or 0 for begin, _ in pairs) if pairs else None
        change = sum((end.followers_count or 0) - (begin.followers_count or 0) for begin, end in pairs)
        low = change - sum((begin.followers_precision_step or 1) - 1 for begin, _ in pairs)
        high = change + sum((end.followers_precision_step or 1) - 1 for _, end in pairs)
        if pairs:
            why = None
        elif "reported" not in statuses:
            why = reason
        else:
            why = "definition_break" if breaks else "no_baseline"
        return {
            "accounts_expected": len(ends),
            "accounts_hidden": statuses.count("hidden"),
            "accounts_failed": statuses.count("failed"),
            "accounts_suspended": statuses.count("suspended"),
            "start_followers_count": _sum(start_counted) if start_reason is None else None,
            "start_oldest_capture_date": min((day for day, _ in start_counted), default=None),
            "start_newest_capture_date": max((day for day, _ in start_counted), default=None),
            "end_followers_count": _sum(counted) if reason is None else None,
            "end_followers_count_high": (
                sum((found.followers_count or 0) + (found.followers_precision_step or 1) - 1 for _, found in counted)
                if reason is None
                else None
            ),
            "end_oldest_capture_date": min((day for day, _ in counted), default=None),
            "end_newest_capture_date": max((day for day, _ in counted), default=None),
            "end_incomplete_reason": reason,
            "growth": change if pairs else None,
            "growth_pct": rounded(Fraction(100 * change, baseline), 4) if baseline and baseline >= 100 else None,
            "growth_low": low if pairs else None,
            "growth_high": high if pairs else None,
            "growth_is_measurable": measurable(low, high) if pairs else None,
            "growth_accounts": len(pairs),
            "growth_baseline_count": baseline,
            "growth_null_reason": why,
        }

    def _is_broken(self, code: str, begin: date, end: date) -> bool:
        between = [self.accounts.capture(code, begin + n * DAY) for n in range((end - begin).days + 1)]
        return len({found.metric_definition_id for found in between if found}) > 1

    # ------------------------------------------------------------ posts

    def _posting(self, center: str, month: date, first: date, last: date) -> Row:
        seen: dict[str, tuple[Account, date]] = {}
        for day in self.days[center, month]:  # a center that has ended has no account, though a row stays open
            for account in self.boards.on_day.get((center, day), []):
                seen[account.account_code] = (account, day)
        members = {
            code: account for code, (account, until) in seen.items() if not self.accounts.is_suspended(code, until)
        }
        posts = [
            (account, post)
            for code, account in members.items()
            for post in self.accounts.known_posts(code, last)
            if wib(post.published_at).replace(day=1) == month and self.accounts.center_of(post) == center
        ]
        as_is = [
            post
            for code in members
            for post in self.accounts.known_posts(code, self.accounts.last)
            if wib(post.published_at).replace(day=1) == month and wib(post.published_at) <= last
            if self.accounts.center_of(post) == center
        ]
        posting_days = {wib(post.published_at) for _, post in posts}
        longest = run = 0
        for n in range((last - first).days + 1):
            run = 0 if first + n * DAY in posting_days else run + 1
            longest = max(longest, run)
        expected = self.boards.on_day.get((center, last), [])
        unseen = sum(
            not self.accounts.is_observed(account.account_code, last)
            or self.accounts.is_suspended(account.account_code, last)
            for account in expected
        )
        reason = "no_verified_account" if not expected else "not_observed" if unseen else None
        counted = {id(post): self._interactions(account.account_code, post.post_id, last) for account, post in posts}
        moved = [value for value in counted.values() if value is not None]
        self._posts_of_month = [(account.account_code, post.post_id) for account, post in posts]
        return {
            "posts": len(posts),
            "posts_as_is": len(as_is),
            "platforms_posted": len({account.platform for account, _ in posts}),
            "longest_silence_days": None if reason else longest,
            "longest_silence_null_reason": reason,
            "accounts_not_observed": unseen,
            "interactions": sum(moved) if moved else None,
            "posts_with_interactions": len(moved),
            "engagement_rate_pct": self._engagement(center, month, posts, counted) if moved else None,
        }

    def _interactions(self, code: str, post_id: str, day: date) -> int | None:
        """What an API last counted by the day; a person's entry counts nothing."""
        parts: list[int | None] = []
        for post in self.accounts.observations[code][post_id]:
            if post.run_id != BY_HAND and post.presence == "seen" and wib(post.captured_at) <= day:
                parts = [post.like_count, post.comment_count, post.share_count]
        known = [part for part in parts if part is not None]
        return sum(known) if known else None

    def _engagement(self, center: str, month: date, posts: list[Any], counted: dict[int, int | None]) -> Decimal | None:
        interactions = followers = 0
        for code, (status, end) in self._ends(center, month).items():
            mine = [counted[id(post)] for account, post in posts if account.account_code == code]
            known = [value for value in mine if value is not None]
            if status == "reported" and end and (known or not mine):
                interactions += sum(known)
                followers += end[1].followers_count or 0
        return rounded(Fraction(100 * interactions, followers), 4) if followers else None

    # ------------------------------------------------------------ platforms, programmes, score

    def _platforms(self, center: str, first: date, last: date) -> Row:
        lists: dict[str, set[str]] = {"present": set(), "missing": set(), "not_verified": set()}
        due = read = 0
        sources = []
        for row in self.boards.completeness.values():
            if row["center_code"] != center or not first <= row["date_day"] <= last:
                continue
            if row["is_expected"]:
                due += 1
                read += row["is_captured"]
                sources.append(row["source"])
            if row["date_day"] == last:
                unknown = row["outcome"] == "not_yet_verified"
                kind = "present" if row["is_expected"] else "not_verified" if unknown else "missing"
                lists[kind].add(row["platform"])
        found: Row = {
            "account_days_expected": due,
            "account_days_captured": read,
            "completeness": rounded(Fraction(read, due), 4) if due else None,
            "source": least_real(sources),
        }
        for kind, platforms in lists.items():
            found[f"platforms_{kind}"] = len(platforms)
            found[f"platforms_{kind}_list"] = ", ".join(sorted(platforms)) or None
        return found

    def _messages(self, row: Row, last: date) -> Row:
        scheme = max(cluster["cluster_scheme"] for cluster in _in_force("clusters", last))
        programs = [(None, program["program"]) for program in _in_force("programs", last)]
        clusters = [(scheme, cluster["cluster"]) for cluster in _in_force("clusters", last)]
        found: Row = {"cluster_scheme": scheme}
        for kind, subjects in (("program", programs), ("cluster", clusters)):
            carried = {tag for post in self._posts_of_month for tag in self.messages.tags_of(kind, *post)}
            unknown = row["longest_silence_null_reason"] is not None
            unknown = unknown or any(self.messages.is_unread(kind, *post) for post in self._posts_of_month)
            covered = sorted(tag for of, tag in subjects if (of, tag) in carried)
            silent = sorted(tag for of, tag in subjects if (of, tag) not in carried)
            found[f"{kind}s_covered"] = len(covered)
            found[f"{kind}s_covered_list"] = ", ".join(covered) or None
            found[f"{kind}s_not_covered"] = 0 if unknown else len(silent)
            found[f"{kind}s_not_covered_list"] = None if unknown else ", ".join(silent) or None
            found[f"{kind}s_unknown"] = len(silent) if unknown else 0
        return found

    def _score(self, row: Row, last: date) -> Row:
        growth = row["growth_pct"] if row["growth_is_measurable"] else None
        owned, lacking = row["platforms_present"], row["platforms_missing"]
        platforms = Fraction(owned, owned + lacking) if not row["platforms_not_verified"] and owned + lacking else None
        covered, not_covered = row["programs_covered"], row["programs_not_covered"]
        values = {
            "growth_pct": growth,
            "longest_silence_days": row["longest_silence_days"],
            "posts": None if row["longest_silence_null_reason"] else row["posts"],
            "platforms_present_share": platforms,
            "programs_covered_share": Fraction(covered, covered + not_covered) if not row["programs_unknown"] else None,
        }
        points = known = whole = Fraction(0)
        for line in _in_force("score_weights", last):
            weight, zero, full = (Fraction(line[column]) for column in ("weight", "zero_at", "full_at"))
            whole += weight
            value = values[line["measure"]]
            if value is None:
                continue
            share = min(Fraction(1), max(Fraction(0), (Fraction(value) - zero) / (full - zero)))
            known += weight
            points += weight * Fraction(rounded(share, 4) or 0)
        return {
            "score": rounded(100 * points / known, 2) if known * 10 >= whole * 9 else None,
            "score_known_share": rounded(known / whole, 4),
            "score_null_reason": None if known * 10 >= whole * 9 else "too_little_known",
            "certain": rounded(100 * points / whole, 2) if known * 10 >= whole * 9 else None,
            "score_weights_version": 1,
        }


def _sum(counted: list[tuple[date, ProfileSnapshot]]) -> int:
    return sum(found.followers_count or 0 for _, found in counted)


def _band(count: int | None) -> str | None:
    if count is None:
        return None
    for line in _rules("follower_bands"):
        if int(line["min_followers"]) <= count <= int(line["max_followers"] or 10**12):
            return line["follower_band"]
    return None


def _place(row: Row, peers: list[Row], column: str) -> int | None:
    if row[column] is None:
        return None
    return 1 + sum(other[column] is not None and other[column] > row[column] for other in peers)

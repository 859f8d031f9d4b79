"""The oracle of fct_data_quality_findings: each rule a second time, in plain Python over the evidence.

Account findings that people settle (identity, entries by hand) have an oracle of their own; how they become runs of
days is judged here.
"""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.dbt.reference.oracle import DAY, Accounts, Row, Rows, holds, least_real, wib
from tests.support.factories import Evidence

RULES = Path(__file__).resolve().parents[3] / "dbt_project" / "seeds" / "rules"
Daily = dict[tuple[str, str, date], tuple[str | None, str | None]]  # rule, subject, day → seen, known


def _seed(name: str) -> list[dict[str, str]]:
    with (RULES / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def expected_findings(
    evidence: Evidence,
    retention_as_of: datetime,
    next_steps: dict[str, str | None],
    account_findings: Iterable[Row],
    loaded_at: dict[tuple[str, date], int],
) -> Rows:
    """Every finding by rule, subject and first date.

    Args:
        evidence: registry and raw records.
        retention_as_of: instant at which retention is judged (UTC).
        next_steps: text by outcome.
        account_findings: rows of fct_account_findings, as its oracle has them.
        loaded_at: account and WIB date → captures that are later than their loading.
    """
    accounts = Accounts(evidence, retention_as_of, next_steps)
    return _Findings(accounts, evidence).runs(account_findings, loaded_at)


class _Findings:
    def __init__(self, accounts: Accounts, evidence: Evidence) -> None:
        self.accounts = accounts
        self.evidence = evidence
        self.rules = {row["rule_id"]: row for row in _seed("dq_rules")}
        self.holidays = {date.fromisoformat(row["date_day"]): row["label_id"] for row in _seed("holidays")}

    def runs(self, account_findings: Iterable[Row], loaded_at: dict[tuple[str, date], int]) -> Rows:
        daily: Daily = {}
        for found in (
            self._missing(),
            self._changes(),
            self._posts(),
            self._platforms(),
            self._registry(),
            self._doubts(),
        ):
            daily |= found
        grouped: dict[tuple[str, str, date], list[Row]] = defaultdict(list)
        for row in account_findings:
            grouped[row["finding"], row["account_code"], row["date_day"]].append(row)
        for key, rows in grouped.items():
            seen = [row["seen_value"] for row in rows if row["seen_value"] is not None]
            known = [row["known_value"] for row in rows if row["known_value"] is not None]
            daily[key] = (max(seen, default=None), max(known, default=None))
        for (code, day), captures in loaded_at.items():
            daily["captured_after_loading", code, day] = (str(captures), "0")
        found_days: dict[tuple[str, str], list[date]] = defaultdict(list)
        for rule, subject, day in sorted(daily, key=lambda key: key[2]):
            if rule in self.rules:
                found_days[rule, subject].append(day)
        rows: Rows = {}
        for (rule, subject), days in found_days.items():
            reach = int(self.rules[rule]["joins_within_days"])
            run: list[date] = []
            for day in [*days, date.max]:
                if run and (day - run[-1]).days > reach:
                    rows[rule, subject, run[0]] = self._row(rule, subject, run, daily[rule, subject, run[-1]])
                    run = []
                run.append(day)
        return rows

    def _row(self, rule: str, subject: str, days: list[date], values: tuple[str | None, str | None]) -> Row:
        texts = self.rules[rule]
        code = subject.split("/")[0] if texts["subject_kind"] in {"account", "post"} else None
        center, platform = None, None
        if code:
            owner = self.accounts.owner_on(code, days[-1])
            center, platform = owner.center_code, owner.platform
        if texts["subject_kind"] == "platform":
            platform = subject
        return {
            "finding_id": hashlib.md5(f"{rule}|{subject}|{days[0]}".encode()).hexdigest(),
            "rule_id": rule,
            "rule_label_id": texts["label_id"],
            "rule_label_en": texts["label_en"],
            "rules_version": int(texts["rules_version"]),
            "severity": texts["severity"],
            "subject_kind": texts["subject_kind"],
            "subject": subject,
            "account_code": code,
            "center_code": center,
            "platform": platform,
            "first_found_date": days[0],
            "last_found_date": days[-1],
            "days_found": len(days),
            "is_open": days[-1] >= self.accounts.last - DAY,
            "seen_value": values[0],
            "known_value": values[1],
            "holiday_label_id": self.holidays.get(days[0]),
            "source": self._source(code) if code else None,
        }

    def _source(self, code: str) -> str | None:
        days = [day for day in self.accounts.days() if self.accounts.account_on(code, day)]
        return least_real(self.accounts.source(code, day) for day in days)

    def _number(self, rule: str, column: str) -> int:
        return int(self.rules[rule][column])

    # ------------------------------------------------------------ rules

    def _missing(self) -> Daily:
        found: Daily = {}
        for account, day in self.accounts.expected():
            outcome = self.accounts.outcome(account.account_code, day)
            if day < self.accounts.last and not outcome["is_captured"]:
                found["missing_day", account.account_code, day] = (outcome["outcome"], None)
        return found

    def _changes(self) -> Daily:
        found: Daily = {}
        for code in self.accounts.registered:
            days = [day for day in self.accounts.days() if self.accounts.reported(code, day)]
            for at, day in enumerate(days):
                found |= self._flat(code, days[: at + 1])
                if at:
                    found |= self._sudden(code, days[at - 1], day)
        return found

    def _is_one_series(self, code: str, begin: date, end: date) -> bool:
        between = [self.accounts.capture(code, begin + n * DAY) for n in range((end - begin).days + 1)]
        return len({found.metric_definition_id for found in between if found}) == 1

    def _sudden(self, code: str, before: date, day: date) -> Daily:
        old, new = self.accounts.reported(code, before), self.accounts.reported(code, day)
        assert old
        assert new
        n1, n2 = old.followers_count or 0, new.followers_count or 0
        low = n2 - n1 - (old.followers_precision_step or 1) + 1
        high = n2 - n1 + (new.followers_precision_step or 1) - 1
        found: Daily = {}
        for rule, size in (("sudden_drop", -high), ("sudden_jump", low)):
            share = Decimal(self.rules[rule]["threshold_pct"]) * n1 / 100
            near = (day - before).days <= self._number(rule, "threshold_days")
            enough = size >= max(Decimal(self._number(rule, "threshold_count")), share)
            if near and enough and self._is_one_series(code, before, day):
                found[rule, code, day] = (str(n2), str(n1))
        return found

    def _flat(self, code: str, days: list[date]) -> Daily:
        """Walk back over the same exact count; weekends and holidays do not count."""
        rule, today = "flat_followers", days[-1]
        now = self.accounts.reported(code, today)
        assert now
        if now.followers_precision_step != 1 or (now.followers_count or 0) < self._number(rule, "minimum_followers"):
            return {}
        first = today
        for day in reversed(days[:-1]):
            then = self.accounts.reported(code, day)
            assert then
            same = then.followers_count == now.followers_count and then.followers_precision_step == 1
            if not same or not self._is_one_series(code, day, first):
                break
            first = day
        working = sum(self._is_working(first + n * DAY) for n in range(1, (today - first).days + 1))
        if working < self._number(rule, "threshold_days"):
            return {}
        return {(rule, code, today): (str(now.followers_count), f"since {first}")}

    def _is_working(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.holidays

    def _posts(self) -> Daily:
        origins = {row["platform"]: date.fromisoformat(row["existed_from"]) for row in _seed("platform_origins")}
        patience = timedelta(minutes=self._number("published_in_future", "tolerance_minutes"))
        first: dict[tuple[str, str], tuple[date, str, str]] = {}
        words: dict[tuple[str, datetime, str], dict[str, date]] = defaultdict(dict)
        for post in self.evidence.posts:
            if not self.accounts.registered[post.account_code]:
                continue
            day, subject = wib(post.captured_at), f"{post.account_code}/{post.post_id}"
            begin = origins.get(post.platform)
            published, captured = (f"{moment:%Y-%m-%d %H:%M}" for moment in (post.published_at, post.captured_at))
            claims = []
            if post.published_at > post.captured_at + patience:
                claims.append(("published_in_future", (day, published, captured)))
            if begin and wib(post.published_at) < begin:
                claims.append(("published_before_platform", (day, str(wib(post.published_at)), str(begin))))
            for rule, claim in claims:
                first[rule, subject] = min(first.get((rule, subject), claim), claim)
            if post.presence == "seen" and post.content_hash:
                ids = words[post.account_code, post.published_at, post.content_hash]
                ids[post.post_id] = min(ids.get(post.post_id, day), day)
        for (code, _, _), ids in words.items():
            order = sorted((day, post_id) for post_id, day in ids.items())
            for day, post_id in order[1:]:
                key = ("duplicate_post", f"{code}/{post_id}")
                claim = (day, post_id, order[0][1])
                first[key] = min(first.get(key, claim), claim)
        return {(rule, subject, day): (seen, known) for (rule, subject), (day, seen, known) in first.items()}

    def _doubts(self) -> Daily:
        """Unless a later listing of the day was believed."""
        believed = {
            doubt
            for doubt in self.evidence.doubts
            for found in self.evidence.outcomes
            if found.account_code == doubt.account_code and found.posts_read == "listed"
            if found.attempted_at > doubt.listed_at and wib(found.attempted_at) == doubt.run_date
        }
        return {
            ("doubted_listing", doubt.account_code, doubt.run_date): (doubt.detail, str(doubt.known_count))
            for doubt in self.evidence.doubts
            if doubt not in believed and doubt.run_date <= self.accounts.last
            if self.accounts.registered[doubt.account_code]
        }

    def _platforms(self) -> Daily:
        rule = "stale_source"
        read: dict[tuple[str, date], list[bool]] = defaultdict(list)
        for account, day in self.accounts.expected():
            read[account.platform, day].append(self.accounts.outcome(account.account_code, day)["is_captured"])
        found: Daily = {}
        for platform in {account.platform for account in self.evidence.accounts}:
            run = 0
            for day in self.accounts.days():
                attempts = read.get((platform, day), [])
                stale = len(attempts) >= self._number(rule, "threshold_count") and not any(attempts)
                run = run + 1 if stale and day < self.accounts.last else 0
                if run >= self._number(rule, "threshold_days"):
                    found[rule, platform, day] = ("0", str(len(attempts)))
        return found

    def _registry(self) -> Daily:
        rule = "centers_on_order_date"
        on = date.fromisoformat(self.rules[rule]["on_date"])
        count = len({center.center_code for center in self.evidence.centers if holds(center, on)})
        found: Daily = {}
        for day in self.accounts.days():
            if count != self._number(rule, "threshold_count"):
                found[rule, "centers", day] = (str(count), self.rules[rule]["threshold_count"])
            for code, rows in self.accounts.registered.items():
                valid_rows = sum(holds(row, day) for row in rows)
                if valid_rows > 1:
                    found["overlapping_rows", code, day] = (str(valid_rows), "1")
        return found

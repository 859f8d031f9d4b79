"""The parts of the packs that people sign: exceptions with answers, corrections, approvals, access, digests."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from social_metrics.clock import WIB
from social_metrics.publish.phrases import DASH
from social_metrics.publish.reports import typesetting as page
from social_metrics.publish.reports.sections import MonthSections
from social_metrics.publish.texts import TEXTS


class SignOffSections(MonthSections):
    """Blocks of one month in one language; with a center's code only what is that center's own."""

    def exceptions(self, center_code: str | None = None) -> list[page.Block]:
        """The exceptions with their answers."""
        approved_at = self._record.steps[-1].acted_at
        rows = []
        for one in self._record.exceptions:
            if center_code not in (None, one.center_code):
                continue
            is_in_time = one.answered_at is not None and one.answered_at <= approved_at
            answer = f"{one.answer} ({one.answered_by})" if is_in_time else self._text("no_answer")
            name = [self.names.get(one.center_code, one.center_code)] if center_code is None else []
            account = one.account_code or DASH
            rows.append([*name, account, self._phrases.exception(one), self._phrases.span(one), answer])
        whose: list[page.Column] = [("center", 1.6, "left")] if center_code is None else []
        columns: list[page.Column] = [
            *whose, ("account", 1.7, "left"), ("what", 3.4, "left"), ("when", 1.7, "left"), ("answer", 2.6, "left"),
        ]  # fmt: skip
        return self._table(f"{self._text('exceptions')} ({len(rows)})", columns, rows, size=7.5, inset=2)

    def corrections(self, center_code: str | None = None) -> list[page.Block]:
        """Approved corrections, the published figure and the corrected one beside each other."""
        phrases = self._phrases
        rows = [
            [
                self.names.get(one.center_code, one.center_code),
                phrases.figure(one),
                phrases.value(one.old_value),
                phrases.value(one.new_value),
                one.reason,
                one.document_number,
                one.requester,
                f"{one.approver}, {phrases.wib(one.approved_at)}" if one.approved_at else "",
            ]
            for one in self._record.corrections
            if center_code in (None, one.center_code)
        ]
        columns: list[page.Column] = [
            ("center", 1.8, "left"), ("figure", 1.6, "left"), ("old", 1, "right"), ("new", 1, "right"),
            ("reason", 2.4, "left"), ("document", 1.3, "left"), ("requester", 1.2, "left"), ("approver", 2.2, "left"),
        ]  # fmt: skip
        note = [page.text(self._text("corrections_note"), is_soft=True, size=8)] if rows else []
        return [*self._table(f"{self._text('corrections')} ({len(rows)})", columns, rows, size=7.5), *note]

    def approvals(self) -> list[page.Block]:
        """Who drafted, submitted, checked and approved, and when."""
        close, phrases = self._record.close, self._phrases
        rows = [(self._text("step_drafted"), close.drafted_by, phrases.wib(close.drafted_at))]
        rows += [(self._text(f"step_{s.action}"), s.person, phrases.wib(s.acted_at)) for s in self._record.steps]
        columns: list[page.Column] = [("step", 1, "left"), ("person", 1, "left"), ("time", 1.4, "left")]
        return self._table(self._text("approvals"), columns, rows, is_whole=True)

    def access(self) -> list[page.Block]:
        """Who could see or alter the month, and since when it is known."""
        rows = [[one["login"], ", ".join(self._may(one)), self._noted(one)] for one in self._record.close.access_list]
        columns: list[page.Column] = [("person", 1.2, "left"), ("may", 4, "left"), ("noted", 1.6, "left")]
        return [
            *self._table(f"{self._text('access')} ({len(rows)})", columns, rows, size=8),
            page.text(self._text("access_note"), is_soft=True, size=8),
        ]

    def digests(self) -> list[page.Block]:
        """The digests of the close, and the close's own as a QR code."""
        close = self._record.close
        rows = [
            (self._text("digest_close"), close.sha256),
            (self._text("digest_scorecard"), close.scorecard_sha256),
            (self._text("digest_exceptions"), close.exceptions_sha256),
            (self._text("digest_inputs"), close.inputs_sha256),
            (self._text("digest_seal", n=close.seal_no), close.seal_sha256),
            (self._text("digest_code"), close.code_version),
        ]
        command = f"social-metrics verify --month {close.month_start:%Y-%m} --digest {close.sha256}"
        return [page.heading(self._text("digests")), page.digests(rows, close.sha256, self._text("qr"), command)]

    def _may(self, one: Mapping[str, Any]) -> list[str]:
        groups = [str(group).removeprefix("social_metrics_") for group in one["groups"] or ()]
        if one["is_superuser"]:
            groups.append("superuser")
        return [self._text(f"group_{group}") if f"group_{group}" in TEXTS else group for group in groups or ["owner"]]

    def _noted(self, one: Mapping[str, Any]) -> str:
        first, last = (
            self._phrases.short_date(datetime.fromisoformat(at).astimezone(WIB).date()) if at else None
            for at in (one["noted_from"], one["noted_until"])
        )
        return self._text("until", first=first, last=last) if last else self._text("noted_from", first=first)

"""Rows held against the registry, the clock and their evidence: what may be said about which account and when."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from social_metrics.clock import wib_date
from social_metrics.contract import Attachment
from social_metrics.intake.form import Column
from social_metrics.intake.rows import EnteredRow
from social_metrics.intake.screenshots import EvidenceRefused, ReadEvidence, date_in_name, evidence_of
from social_metrics.intake.spreadsheet.faults import Fault
from social_metrics.registry.account import Account
from social_metrics.registry.account_urls import AddressNotUnderstood, platform_of
from social_metrics.registry.registry import Registry

_STATUS_WORDS = {
    "placeholder": "belum diketahui akunnya; daftarkan dulu alamatnya (social-metrics account add)",
    "submitted": "belum diverifikasi; minta tim data memverifikasi akunnya dulu",
    "suspended": "sedang ditangguhkan; hubungi tim data",
    "closed": "sudah ditutup; hapus barisnya",
    "missing": "tercatat tidak ada; hapus barisnya, atau daftarkan akunnya bila sudah dibuat",
}


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row that may be taken, with what it was held against."""

    row: EnteredRow
    account: Account
    as_of_date: date
    evidence: Attachment

    @property
    def key(self) -> tuple[str, date]:
        """Account and WIB date: one entry of each."""
        return self.account.account_code, self.as_of_date


@dataclass
class Check:
    """Holds rows against what is known before the warehouse is asked.

    Args:
        registry: the registry in force.
        now: the UTC instant of the handing in.
        read_evidence: gives the files that came with the workbook.
        max_age_days: older evidence is refused.
        center_code: the only center that may be entered, where the way in says so; None: any.
    """

    registry: Registry
    now: datetime
    read_evidence: ReadEvidence
    max_age_days: int
    center_code: str | None = None
    faults: list[Fault] = field(default_factory=list)

    def rows(self, entered: Iterable[EnteredRow]) -> list[CheckedRow]:
        """The rows without a fault; faults are collected."""
        checked: list[CheckedRow] = []
        by_key: dict[tuple[str, date], EnteredRow] = {}
        by_evidence: dict[str, CheckedRow] = {}
        for row in entered:
            before = len(self.faults)
            day = wib_date(row.observed_at)
            account = self._account(row, day)
            self._check_time(row)
            self._check_post(row, account)
            evidence = self._evidence(row)
            if account is None or evidence is None or len(self.faults) > before:
                continue
            found = CheckedRow(row, account, day, evidence)
            if twin := by_key.get(found.key):
                self._say(
                    row, Column.ACCOUNT, row.account_code,
                    f"sudah diisi untuk tanggal yang sama pada {twin.place}; hapus salah satu",
                )  # fmt: skip
                continue
            if (other := by_evidence.get(evidence.sha256)) is not None:
                self._say(
                    row, Column.EVIDENCE_FILE, evidence.file_name,
                    f"sama dengan bukti pada {other.row.place}; setiap akun dan tanggal memerlukan bukti sendiri",
                )  # fmt: skip
                continue
            by_key[found.key], by_evidence[evidence.sha256] = row, found
            checked.append(found)
        return checked

    def _account(self, row: EnteredRow, day: date) -> Account | None:
        if self.center_code is not None and row.center_code != self.center_code:
            self._say(
                row, Column.ACCOUNT, row.account_code,
                f"milik sentra {row.center_code}, padahal berkas ini diterima untuk {self.center_code}; hapus barisnya",
            )  # fmt: skip
            return None
        account = self.registry.account_on(row.account_code, day)
        if account is None:
            self._say(
                row, Column.ACCOUNT, row.account_code,
                f"tidak ada dalam registri pada {day:%d/%m/%Y}; pilih akun dari daftar pada lembar ini",
            )  # fmt: skip
        elif account.center_code != row.center_code:
            self._say(
                row, Column.ACCOUNT, row.account_code,
                f"milik sentra lain ({account.center_code}); pilih akun dari daftar pada lembar ini",
            )  # fmt: skip
        elif account.status != "verified":
            self._say(row, Column.ACCOUNT, row.account_code, _STATUS_WORDS[account.status])
        else:
            return account
        return None

    def _check_time(self, row: EnteredRow) -> None:
        named = date_in_name(row.evidence_file_name)
        if row.observed_at > self.now:
            self._say(row, Column.EVIDENCE_DATE, self._local(row), "belum terjadi; tulis saat tangkapan layar dibuat")
        elif self.now - row.observed_at > timedelta(days=self.max_age_days):
            self._say(
                row, Column.EVIDENCE_DATE, self._local(row),
                f"lebih dari {self.max_age_days} hari yang lalu; bukti selama itu tidak diterima lagi, hapus barisnya",
            )  # fmt: skip
        elif named is not None and named not in (self._local_date(row), wib_date(row.observed_at)):
            self._say(
                row, Column.EVIDENCE_DATE, f"{self._local_date(row):%d/%m/%Y}",
                f"tidak cocok dengan tanggal pada nama berkas bukti ({named:%d/%m/%Y}); tulis tanggal buktinya",
            )  # fmt: skip

    def _check_post(self, row: EnteredRow, account: Account | None) -> None:
        if row.last_post_at is not None and row.last_post_at > row.observed_at:
            self._say(
                row, Column.POST_DATE, row.last_post_displayed,
                "setelah saat bukti dibuat; periksa tanggal dan jam unggahan atau bukti",
            )  # fmt: skip
        if row.last_post_url is None or account is None:
            return
        expected = self.registry.platforms[account.platform]
        try:
            platform = platform_of(row.last_post_url, self.registry.platforms)
        except AddressNotUnderstood:
            platform = None
        if platform is not expected:
            self._say(
                row, Column.POST_URL, row.last_post_url,
                f"bukan alamat di {expected.platform_label}; salin alamat unggahan dari peramban",
            )  # fmt: skip

    def _evidence(self, row: EnteredRow) -> Attachment | None:
        try:
            return evidence_of(row.evidence_file_name, self.read_evidence)
        except EvidenceRefused as problem:
            self._say(row, Column.EVIDENCE_FILE, row.evidence_file_name, str(problem))
            return None

    def _local_date(self, row: EnteredRow) -> date:
        return row.observed_at.astimezone(self._zone(row)).date()

    def _local(self, row: EnteredRow) -> str:
        return f"{row.observed_at.astimezone(self._zone(row)):%d/%m/%Y %H.%M}"

    def _zone(self, row: EnteredRow) -> ZoneInfo:
        center = self.registry.center_on(row.center_code, wib_date(self.now))
        return ZoneInfo(center.time_zone if center else "Asia/Jakarta")

    def _say(self, row: EnteredRow, column: Column, value: object, remedy: str) -> None:
        self.faults.append(row.fault(column, value, remedy))

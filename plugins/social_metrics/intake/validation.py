"""Validates parsed rows against the registry, the clock and their attachments."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from social_metrics.clock import wib_date
from social_metrics.contract import Attachment
from social_metrics.intake.form import Column
from social_metrics.intake.rows import EnteredRow
from social_metrics.intake.screenshots import AttachmentRefused, ReadAttachment, date_in_name, load_attachment
from social_metrics.intake.spreadsheet.validation_errors import ValidationError
from social_metrics.registry.account import Account
from social_metrics.registry.account_urls import AddressNotUnderstood, platform_of
from social_metrics.registry.registry import Registry

_STATUS_PROBLEMS = {
    "placeholder": "belum diketahui akunnya; daftarkan dulu alamatnya (social-metrics account add)",
    "submitted": "belum diverifikasi; minta tim data memverifikasi akunnya dulu",
    "suspended": "sedang ditangguhkan; hubungi tim data",
    "closed": "sudah ditutup; hapus barisnya",
    "missing": "tercatat tidak ada; hapus barisnya, atau daftarkan akunnya bila sudah dibuat",
}


@dataclass(frozen=True, slots=True)
class ValidRow:
    """A valid row with its account, WIB date and attachment."""

    row: EnteredRow
    account: Account
    as_of_date: date
    attachment: Attachment

    @property
    def key(self) -> tuple[str, date]:
        """Account and WIB date: one entry of each."""
        return self.account.account_code, self.as_of_date


@dataclass
class Validation:
    """Validates rows before the warehouse is queried, and collects the errors.

    Args:
        registry: the registry in force.
        now: the UTC instant of the import.
        read_attachment: reads the files that came with the workbook.
        max_age_days: older screenshots are refused.
        center_code: the only center that may be entered; None: any.
    """

    registry: Registry
    now: datetime
    read_attachment: ReadAttachment
    max_age_days: int
    center_code: str | None = None
    errors: list[ValidationError] = field(default_factory=list)

    def valid_rows(self, entered: Iterable[EnteredRow]) -> list[ValidRow]:
        """The rows without an error."""
        checked: list[ValidRow] = []
        by_key: dict[tuple[str, date], EnteredRow] = {}
        by_attachment: dict[str, EnteredRow] = {}
        for row in entered:
            before = len(self.errors)
            day = wib_date(row.observed_at)
            account = self._account(row, day)
            self._check_time(row)
            self._check_post(row, account)
            attachment = self._attachment(row)
            if account is None or attachment is None or len(self.errors) > before:
                continue
            found = ValidRow(row, account, day, attachment)
            if duplicate := by_key.get(found.key):
                self._reject(
                    row, Column.ACCOUNT, row.account_code,
                    f"sudah diisi untuk tanggal yang sama pada {duplicate.place}; hapus salah satu",
                )  # fmt: skip
            elif other := by_attachment.get(attachment.sha256):
                self._reject(
                    row, Column.EVIDENCE_FILE, attachment.file_name,
                    f"sama dengan bukti pada {other.place}; setiap akun dan tanggal memerlukan bukti sendiri",
                )  # fmt: skip
            else:
                by_key[found.key] = by_attachment[attachment.sha256] = row
                checked.append(found)
        return checked

    def _account(self, row: EnteredRow, day: date) -> Account | None:
        own = self.center_code
        account = self.registry.account_on(row.account_code, day)
        if own is not None and row.center_code != own:
            problem = f"milik sentra {row.center_code}, padahal berkas ini diterima untuk {own}; hapus barisnya"
        elif account is None:
            problem = f"tidak ada dalam registri pada {day:%d/%m/%Y}; pilih akun dari daftar pada lembar ini"
        elif account.center_code != row.center_code:
            problem = f"milik sentra lain ({account.center_code}); pilih akun dari daftar pada lembar ini"
        elif account.status != "verified":
            problem = _STATUS_PROBLEMS[account.status]
        else:
            return account
        self._reject(row, Column.ACCOUNT, row.account_code, problem)
        return None

    def _check_time(self, row: EnteredRow) -> None:
        named = date_in_name(row.evidence_file_name)
        if row.observed_at > self.now:
            self._reject(
                row, Column.EVIDENCE_DATE, self._local(row), "belum terjadi; tulis saat tangkapan layar dibuat"
            )
        elif self.now - row.observed_at > timedelta(days=self.max_age_days):
            self._reject(
                row, Column.EVIDENCE_DATE, self._local(row),
                f"lebih dari {self.max_age_days} hari yang lalu; bukti selama itu tidak diterima lagi, hapus barisnya",
            )  # fmt: skip
        elif named is not None and named not in (self._local_date(row), wib_date(row.observed_at)):
            self._reject(
                row, Column.EVIDENCE_DATE, f"{self._local_date(row):%d/%m/%Y}",
                f"tidak cocok dengan tanggal pada nama berkas bukti ({named:%d/%m/%Y}); tulis tanggal buktinya",
            )  # fmt: skip

    def _check_post(self, row: EnteredRow, account: Account | None) -> None:
        if row.last_post_at is not None and row.last_post_at > row.observed_at:
            self._reject(
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
            self._reject(
                row, Column.POST_URL, row.last_post_url,
                f"bukan alamat di {expected.platform_label}; salin alamat unggahan dari peramban",
            )  # fmt: skip

    def _attachment(self, row: EnteredRow) -> Attachment | None:
        try:
            return load_attachment(row.evidence_file_name, self.read_attachment)
        except AttachmentRefused as problem:
            self._reject(row, Column.EVIDENCE_FILE, row.evidence_file_name, str(problem))
            return None

    def _local_date(self, row: EnteredRow) -> date:
        return row.observed_at.astimezone(self._zone(row)).date()

    def _local(self, row: EnteredRow) -> str:
        return f"{row.observed_at.astimezone(self._zone(row)):%d/%m/%Y %H.%M}"

    def _zone(self, row: EnteredRow) -> ZoneInfo:
        center = self.registry.center_on(row.center_code, wib_date(self.now))
        return ZoneInfo(center.time_zone if center else "Asia/Jakarta")

    def _reject(self, row: EnteredRow, column: Column, value: object, explanation: str) -> None:
        self.errors.append(row.error(column, value, explanation))

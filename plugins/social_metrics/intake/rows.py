"""Parses the cells of a workbook into entries: one entry or validation errors for each row."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from social_metrics.contract import FollowersState, PostsObserved
from social_metrics.intake.dates import ZONES, DateNotUnderstood, ZonedTime, read_date_and_time, read_time
from social_metrics.intake.displayed_count import CountNotUnderstood, DisplayedCount, read_count
from social_metrics.intake.form import (
    CODE_ROW,
    FILLED_IN,
    GIVEN,
    GUIDE_SHEET,
    INPUT_COLUMN,
    LAYOUT,
    NEVER_POSTED,
    OFFICER_LABEL,
    OFFICER_ROW,
    TEMPLATE_DAYS,
    YES_NO,
    Column,
    TemplateCode,
)
from social_metrics.intake.spreadsheet.read import Sheet, SheetFile
from social_metrics.intake.spreadsheet.validation_errors import ValidationError
from social_metrics.registry.registry import Center, Registry

MAX_TEXT = 500
HEADER_SEARCHED_ROWS = 15
_NO_EVIDENCE_TIME = "kosong; tulis jam tangkapan layar, misalnya 19.30"
_USER_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}")


@dataclass(frozen=True, slots=True)
class EnteredRow:
    """One parsed row, not yet validated against the registry and the warehouse."""

    sheet: str | None
    row: int
    columns: Mapping[Column, int]
    center_code: str  # of the sheet
    account_code: str
    observed_at: datetime
    followers_displayed: str
    followers: DisplayedCount
    last_post_displayed: str | None
    last_post_at: datetime | None
    last_post_url: str | None
    posts_looked_at: PostsObserved
    is_outreach: bool | None
    program: str | None
    evidence_file_name: str
    entered_by: str

    @property
    def place(self) -> str:
        """Sheet and row, for the record."""
        return f"{self.sheet or 'CSV'}, baris {self.row}"

    @property
    def followers_state(self) -> FollowersState:
        """Whether the page showed a count."""
        return FollowersState.HIDDEN if self.followers.count is None else FollowersState.REPORTED

    def error(self, column: Column, value: Any, explanation: str) -> ValidationError:
        """An error in one of this row's cells."""
        return ValidationError(explanation, self.sheet, self.row, self.columns[column], column.value, value)


def read_rows(file: SheetFile, registry: Registry, today: date) -> tuple[list[EnteredRow], list[ValidationError]]:
    """All entries of a file and all errors of its form and its cells.

    Args:
        file: as handed in.
        registry: names the centers and their time zones.
        today: the WIB date on which it is read; an old template is refused.
    """
    rows: list[EnteredRow] = []
    errors: list[ValidationError] = []
    for sheet in file.sheets:
        if sheet.name == GUIDE_SHEET or not any(any(cell is not None for cell in row) for row in sheet.rows):
            continue
        reader = _SheetReader(sheet, file.epoch, registry, today)
        rows += reader.read()
        errors += reader.errors
    if not rows and not errors:
        errors.append(ValidationError("tidak ada satu baris pun yang diisi; isi sel kuning pada lembar sentra"))
    return rows, errors


class _SheetReader:
    def __init__(self, sheet: Sheet, epoch: datetime | None, registry: Registry, today: date) -> None:
        self.errors: list[ValidationError] = []
        self._sheet = sheet
        self._epoch = epoch
        self._registry = registry
        self._today = today
        self._columns: dict[Column, int] = {}
        self._rejected: set[tuple[int, Column]] = set()

    def read(self) -> list[EnteredRow]:
        center = self._center()
        header_row = self._header()
        if center is None or header_row is None:
            return []
        numbers = [
            number for number in range(header_row + 1, len(self._sheet.rows) + 1) if any(self._filled_in(number))
        ]
        if not numbers:
            return []
        officer = self._officer()
        if self._sheet.is_hidden:
            self._reject(
                numbers[0], None, None, "lembar ini disembunyikan; tampilkan (unhide) lembarnya lalu kirim lagi"
            )
            return []
        rows = [self._row(number, center, officer) for number in numbers]
        return [row for row in rows if row is not None]

    def _center(self) -> Center | None:
        cell = self._sheet.cell(CODE_ROW, INPUT_COLUMN)
        code = TemplateCode.read(cell)
        center, problem = None, None
        if code is None:
            problem = "bukan kode templat"
        elif code.layout != LAYOUT:
            problem = "adalah templat bentuk lama"
        elif (age := (self._today - code.made_on).days) > TEMPLATE_DAYS:
            problem = f"sudah berumur {age} hari"
        elif age < 0:
            problem = "bertanggal setelah hari ini"
        elif (center := self._registry.center_on(code.center_code, self._today)) is None:
            problem = "menyebut sentra yang tidak ada dalam registri"
        if problem:
            again = "minta templat baru (social-metrics entry template) dan salin isiannya ke sana"
            self._reject(CODE_ROW, INPUT_COLUMN, str(code) if code else cell, f"{problem}; {again}")
        return center

    def _header(self) -> int | None:
        """Find the header row; columns are found by name, so that a moved column is still read right."""
        wanted = {column.value.casefold(): column for column in Column}
        for number, cells in enumerate(self._sheet.rows[:HEADER_SEARCHED_ROWS], start=1):
            found: dict[Column, int] = {}
            for position, cell in enumerate(cells, start=1):
                column = wanted.get(" ".join(cell.split()).casefold()) if isinstance(cell, str) else None
                if column is not None and column in found:
                    self._reject(number, position, cell, "ada dua kali; hapus kolom yang bukan dari templat")
                    return None
                if column is not None:
                    found[column] = position
            if Column.ACCOUNT in found:
                missing = [column.value for column in Column if column not in found and column is not Column.ANNOTATION]
                if missing:
                    self._reject(
                        number, None, None, f"kolom hilang: {', '.join(missing)}; pakai templat tanpa mengubah kolomnya"
                    )
                    return None
                self._columns = found
                return number
        self._reject(1, None, None, "judul kolom templat tidak ditemukan; pakai templat tanpa mengubah bentuknya")
        return None

    def _officer(self) -> str | None:
        value = self._sheet.cell(OFFICER_ROW, INPUT_COLUMN)
        name = str(value).strip().lower() if value is not None else ""
        if _USER_NAME.fullmatch(name):
            return name
        problem = "belum diisi nama pengguna petugas" if value is None else "bukan nama pengguna petugas"
        self.errors.append(
            ValidationError(
                f"{problem}; tulis nama yang dipakai masuk sistem, misalnya siti.humas",
                self._sheet.name, OFFICER_ROW, INPUT_COLUMN, OFFICER_LABEL, value,
            )
        )  # fmt: skip
        return None

    def _filled_in(self, row: int) -> Iterator[bool]:
        """Whether the row's cells hold anything but what the template gave; a lone account code counts when typed."""
        for column in FILLED_IN:
            yield self._sheet.cell(row, self._columns[column]) is not None

    def _row(self, number: int, center: Center, officer: str | None) -> EnteredRow | None:
        before = len(self.errors)
        if number in self._sheet.hidden_rows:
            self._reject(number, None, None, "baris ini disembunyikan; tampilkan (unhide) atau kosongkan barisnya")
        for column in (*GIVEN, *FILLED_IN):
            position = self._columns[column]
            if (number, position) in self._sheet.formulas:
                self._reject_cell(number, column, "adalah rumus; salin lalu tempel sebagai nilai (paste values)")
            elif self._sheet.merged_at(number, position):
                self._reject_cell(number, column, "berada dalam sel gabungan; pisahkan (unmerge) dan isi setiap baris")
        if len(self.errors) > before:
            return None
        for column in (Column.ACCOUNT, *FILLED_IN):
            self._check_characters(number, column)
        zone = ZoneInfo(center.time_zone)
        account_code = self._text(number, Column.ACCOUNT)
        if account_code is None:
            self._reject_cell(number, Column.ACCOUNT, "kosong; pilih akun dari daftar pada sel itu")
        observed_at = self._evidence(number, zone)
        followers = self._followers(number)
        url = self._text(number, Column.POST_URL)
        looked, last_post_at = self._last_post(number, zone, url, observed_at)
        evidence = self._text(number, Column.EVIDENCE_FILE)
        if evidence is None:
            self._reject_cell(number, Column.EVIDENCE_FILE, "kosong; tulis nama berkas tangkapan layar")
        is_outreach = self._yes_no(number)
        program = self._text(number, Column.PROGRAM)
        if len(self.errors) > before or officer is None:
            return None
        if not (account_code and observed_at and followers and looked and evidence):
            return None  # each of them has added its error
        return EnteredRow(
            sheet=self._sheet.name,
            row=number,
            columns=self._columns,
            center_code=center.center_code,
            account_code=account_code.lower(),
            observed_at=observed_at,
            followers_displayed=str(self._cell(number, Column.FOLLOWERS)),
            followers=followers,
            last_post_displayed=self._displayed(number, Column.POST_DATE, Column.POST_TIME),
            last_post_at=last_post_at,
            last_post_url=url,
            posts_looked_at=looked,
            is_outreach=is_outreach,
            program=program,
            evidence_file_name=evidence,
            entered_by=officer,
        )

    def _followers(self, row: int) -> DisplayedCount | None:
        value = self._cell(row, Column.FOLLOWERS)
        if value is None:
            self._reject_cell(row, Column.FOLLOWERS, "kosong; tulis seperti tertera (12,3 rb), atau: tersembunyi")
            return None
        try:
            return read_count(value)
        except CountNotUnderstood as problem:
            self._reject_cell(row, Column.FOLLOWERS, str(problem))
            return None

    def _last_post(
        self, row: int, zone: ZoneInfo, url: str | None, observed_at: datetime | None
    ) -> tuple[PostsObserved | None, datetime | None]:
        """What the row reports about the newest post, and its UTC instant; (None, None) after an error."""
        value = self._cell(row, Column.POST_DATE)
        is_never = isinstance(value, str) and " ".join(value.split()).casefold() == NEVER_POSTED
        if value is None or is_never:
            has_time = self._cell(row, Column.POST_TIME) is not None
            if given := " dan ".join((["jam"] if has_time else []) + (["tautan"] if url is not None else [])):
                what = "padahal" if is_never else "kosong, padahal"
                self._reject_cell(
                    row,
                    Column.POST_DATE,
                    f"{what} {given}nya ada; isi tanggal unggahan terakhir, atau hapus {given}nya",
                )
                return None, None
            return (PostsObserved.NONE_FOUND if is_never else PostsObserved.NOT_LOOKED), None
        read = self._date_and_time(row, Column.POST_DATE, Column.POST_TIME, zone)
        if url is None:
            self._reject_cell(row, Column.POST_URL, "kosong; salin alamat unggahan terakhir dari peramban")
        if read is None or url is None:
            return None, None
        day, moment = read
        if moment is not None:
            return PostsObserved.NEWEST_SEEN, _utc(day, *moment)
        # Midnight in WIB is on this date in every zone. Evidence of that same night is earlier: no post is after it.
        instant = _utc(day, time(0, 0), ZONES["wib"])
        if observed_at is not None and day == observed_at.astimezone(zone).date():
            instant = min(instant, observed_at)
        return PostsObserved.NEWEST_SEEN, instant

    def _evidence(self, row: int, zone: ZoneInfo) -> datetime | None:
        """When the screenshot was taken."""
        if self._cell(row, Column.EVIDENCE_DATE) is None:
            self._reject_cell(row, Column.EVIDENCE_DATE, "kosong; tulis tanggal tangkapan layar, misalnya 24/11/2026")
            if self._cell(row, Column.EVIDENCE_TIME) is None:
                self._reject_cell(row, Column.EVIDENCE_TIME, _NO_EVIDENCE_TIME)
            return None
        read = self._date_and_time(row, Column.EVIDENCE_DATE, Column.EVIDENCE_TIME, zone)
        if read is None:
            return None
        day, moment = read
        if moment is None:
            self._reject_cell(row, Column.EVIDENCE_TIME, _NO_EVIDENCE_TIME)
            return None
        return _utc(day, *moment)

    def _date_and_time(
        self, row: int, date_column: Column, time_column: Column, zone: ZoneInfo
    ) -> tuple[date, ZonedTime | None] | None:
        """A date cell, which may have a time as well, and its time cell; None after an error in one of them."""
        day, moment, stated = None, None, None
        has_error = False
        try:
            day, moment = read_date_and_time(self._cell(row, date_column), self._epoch, zone)
        except DateNotUnderstood as problem:
            has_error = True
            self._reject_cell(row, date_column, str(problem), problem.quoted)
        if self._cell(row, time_column) is not None:
            try:
                stated = read_time(self._cell(row, time_column), zone, self._epoch)
            except DateNotUnderstood as problem:
                has_error = True
                self._reject_cell(row, time_column, str(problem), problem.quoted)
        if has_error or day is None:
            return None
        if moment is not None and stated is not None and _utc(day, *moment) != _utc(day, *stated):
            self._reject_cell(
                row, time_column,
                f"berbeda dari jam pada sel {date_column.value} ({moment[0]:%H.%M}); hapus yang keliru",
            )  # fmt: skip
            return None
        return day, stated or moment

    def _yes_no(self, row: int) -> bool | None:
        value = self._cell(row, Column.OUTREACH)
        if value is None:
            return None
        answer = YES_NO.get(str(value).strip().casefold())
        if answer is None:
            self._reject_cell(row, Column.OUTREACH, "bukan jawaban; pilih ya atau tidak, atau kosongkan")
        return answer

    def _text(self, row: int, column: Column) -> str | None:
        value = self._cell(row, column)
        if value is None:
            return None
        text = str(value).strip()
        if len(text) > MAX_TEXT:
            self._reject_cell(row, column, f"terlalu panjang; paling banyak {MAX_TEXT} huruf")
        return text

    def _check_characters(self, row: int, column: Column) -> None:
        """Invisible characters and unusual spaces come with copied text; none of them is guessed away."""
        value = self._cell(row, column)
        unseen = next((mark for mark in value if not mark.isprintable()), None) if isinstance(value, str) else None
        if unseen is not None:
            self._reject_cell(
                row,
                column,
                f"berisi tanda yang tidak terlihat (U+{ord(unseen):04X}); hapus isi sel ini lalu ketik ulang",
            )

    def _displayed(self, row: int, *columns: Column) -> str | None:
        values = [self._cell(row, column) for column in columns]
        return " ".join(str(value) for value in values if value is not None)[:MAX_TEXT] or None

    def _cell(self, row: int, column: Column) -> Any:
        return self._sheet.cell(row, self._columns[column])

    def _reject_cell(self, row: int, column: Column, explanation: str, quoted: str | None = None) -> None:
        """Add an error, the first of its cell; `quoted` stands for the cell's value."""
        if (row, column) in self._rejected:
            return
        self._rejected.add((row, column))
        value = quoted or self._cell(row, column)
        self.errors.append(
            ValidationError(explanation, self._sheet.name, row, self._columns[column], column.value, value)
        )

    def _reject(self, row: int, column: int | None, value: Any, explanation: str) -> None:
        self.errors.append(ValidationError(explanation, self._sheet.name, row, column, value=value))


def _utc(day: date, moment: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, moment, zone).astimezone(UTC)

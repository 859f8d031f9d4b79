"""Imports a list of accounts with center and address, completely or not at all; annotations are in Indonesian."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from social_metrics.clock import wib_date
from social_metrics.intake.spreadsheet.annotate import annotate
from social_metrics.intake.spreadsheet.read import Sheet, read_file
from social_metrics.intake.spreadsheet.validation_errors import ValidationError
from social_metrics.registry.account_urls import AccountAddress, AddressNotUnderstood, read_account_url
from social_metrics.registry.center_names import CenterNames
from social_metrics.registry.change_log import Author, ChangeRefused, has_control_characters
from social_metrics.registry.edits import RegistryEdit, editing

CENTER, ADDRESS, ACCOUNT_ID, EVIDENCE, ANNOTATION = "Sentra", "Alamat akun", "ID akun", "Bukti", "Catatan sistem"
NEEDED = (CENTER, ADDRESS, EVIDENCE)
HEADER_ROW = 1

_ROUNDED = re.compile(r"[0-9]+(?:[.,][0-9]+)?e\+?[0-9]+", re.IGNORECASE)
_NOTHING = re.compile(
    r"[-–—?.0x]+|n/?a|nihil|kosong|(?:tidak|tdk|belum|blm)\s+(?:ada|punya|tahu|diketahui|memiliki|jelas)(?:\s+akun)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ImportResult:
    """The codes submitted, or the errors and the annotated copy."""

    submitted: list[str]
    errors: list[ValidationError]
    annotated: bytes | None


class _ListRejected(Exception):
    """Makes `editing` discard the edits."""


def import_accounts(name: str, content: bytes, *, folder: Path, by: str, at: datetime) -> ImportResult:
    """Submit every account of a list, or none.

    Args:
        name: the file's name.
        content: .xlsx or CSV with the columns Sentra, Alamat akun, Bukti and, where known, ID akun.
        folder: the registry's.
        by: who submits them.
        at: the UTC instant.

    Raises:
        FileRefused: the file as a whole cannot be read.
        RegistryProblem: the registry cannot be used.
    """
    file = read_file(name, content)
    with_rows = [sheet for sheet in file.sheets if any(any(cell is not None for cell in row) for row in sheet.rows)]
    errors: list[ValidationError] = []
    submitted: list[str] = []
    try:
        with editing(folder) as edit:
            rows = _Rows(edit, CenterNames(folder, edit.registry, wib_date(at)), by, at, errors)
            for sheet in with_rows:
                submitted += rows.submit(sheet)
            if not submitted and not errors:
                errors.append(ValidationError("tidak ada satu akun pun dalam berkas ini; isi tabelnya"))
            if errors:
                raise _ListRejected
    except _ListRejected:
        return ImportResult([], errors, annotate(file, errors, ANNOTATION))
    return ImportResult(submitted, [], None)


@dataclass
class _Rows:
    """Submits the rows of all sheets, and collects the errors."""

    edit: RegistryEdit
    names: CenterNames
    by: str
    at: datetime
    errors: list[ValidationError]
    seen: dict[tuple[str, str], str] = field(default_factory=dict)  # account → its row, for messages

    def submit(self, sheet: Sheet) -> list[str]:
        """Submit the rows of a sheet without an error and return their account codes."""
        columns = _columns(sheet)
        if not all(label in columns for label in NEEDED):
            self.errors.append(
                ValidationError(
                    f"judul kolom tidak lengkap; perlu {', '.join(NEEDED)} di baris {HEADER_ROW}",
                    sheet.name,
                    HEADER_ROW,
                )
            )
            return []
        codes = []
        for number in range(HEADER_ROW + 1, len(sheet.rows) + 1):
            cells = {label: sheet.cell(number, column) for label, column in columns.items()}
            if all(cell is None for cell in cells.values()):
                continue
            problems, code = self._submit_row(sheet, number, columns, cells)
            if code is not None:
                codes.append(code)
            self.errors += [
                ValidationError(problems[label], sheet.name, number, column, label, cells[label])
                for label, column in columns.items()
                if label in problems
            ]
        return codes

    def _submit_row(
        self, sheet: Sheet, number: int, columns: dict[str, int], cells: dict[str, Any]
    ) -> tuple[dict[str, str], str | None]:
        """The problems of a row's cells, and the account code when there is none."""
        problems = {
            label: "adalah rumus; salin lalu tempel sebagai nilai (paste values)"
            for label, column in columns.items()
            if (number, column) in sheet.formulas
        }
        problems |= {label: "kosong; isi kolom ini" for label in NEEDED if cells[label] is None}
        if number in sheet.hidden_rows:
            problems.setdefault(ADDRESS, "berada di baris tersembunyi; tampilkan atau hapus barisnya")
        center = None
        if CENTER not in problems and (center := self.names.find(str(cells[CENTER]))) is None:
            problems[CENTER] = self._unknown_center(str(cells[CENTER]))
        address = None
        if ADDRESS not in problems:
            address = self._read_address(str(cells[ADDRESS]).strip(), f"baris {number}", sheet.name, problems)
        account_id = cells.get(ACCOUNT_ID)
        if ACCOUNT_ID not in problems and (problem := self._id_problem(account_id, address)):
            problems[ACCOUNT_ID] = problem
        if EVIDENCE not in problems and has_control_characters(str(cells[EVIDENCE])):
            problems[EVIDENCE] = "berisi karakter tak terlihat; ketik ulang isinya"
        if problems or center is None or address is None:
            return problems, None
        try:
            author = Author(self.by, self.at, str(cells[EVIDENCE]))
            return {}, self.edit.submit(center, address, author, platform_account_id=account_id)
        except ChangeRefused as refusal:
            return {ADDRESS: refusal.indonesian}, None

    def _unknown_center(self, written: str) -> str:
        suggestions = self.names.suggest(written)
        if suggestions:
            return f"bukan sentra dalam registri; mungkin maksud Anda {' atau '.join(suggestions)}?"
        return "bukan sentra dalam registri; tulis kodenya, misalnya kartini, atau nama lengkapnya"

    def _read_address(
        self, written: str, row: str, sheet: str | None, problems: dict[str, str]
    ) -> AccountAddress | None:
        if _NOTHING.fullmatch(written):
            problems[ADDRESS] = "bukan alamat akun; hapus baris ini bila akunnya tidak ada atau belum diketahui"
            return None
        try:
            address = read_account_url(written, self.edit.registry.platforms)
        except AddressNotUnderstood as refusal:
            problems[ADDRESS] = refusal.indonesian
            return None
        place = row if sheet is None else f"{row} lembar '{sheet}'"
        if (first := self.seen.setdefault(address.identity, place)) != place:
            problems[ADDRESS] = f"sudah ada di {first}; hapus salah satu"
        return address

    def _id_problem(self, account_id: Any, address: AccountAddress | None) -> str | None:
        if account_id is None:
            return None
        if not isinstance(account_id, str) or _ROUNDED.fullmatch(account_id):
            return (
                "berformat angka sehingga bisa dibulatkan; atur format sel menjadi Teks lalu tempel lagi ID-nya, atau "
                "kosongkan"
            )
        if _NOTHING.fullmatch(account_id):
            return "bukan ID akun; kosongkan bila tidak diketahui"
        if address is None:
            return None
        platform = self.edit.registry.platforms[address.platform]
        is_handle = account_id.casefold() == (address.handle or "").casefold()
        if is_handle or not platform.platform_account_id_pattern.fullmatch(account_id):
            return f"bukan ID akun di {platform.platform_label}; salin lagi, atau kosongkan bila tidak diketahui"
        if address.platform_account_id not in (None, account_id):
            return f"berbeda dari ID dalam alamat akun ({address.platform_account_id}); periksa mana yang benar"
        return None


def _columns(sheet: Sheet) -> dict[str, int]:
    """The columns of the list by their header, in the order of the sheet."""
    labels = {label.casefold(): label for label in (*NEEDED, ACCOUNT_ID)}
    found: dict[str, int] = {}
    for column, cell in enumerate(sheet.rows[0], start=1):
        if label := labels.get(str(cell).strip().casefold()):
            found.setdefault(label, column)
    return found

"""Imports a list of accounts with center and address, completely or not at all; annotations are in Indonesian."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from social_metrics.intake.spreadsheet.annotate import annotate
from social_metrics.intake.spreadsheet.read import Sheet, read_file
from social_metrics.intake.spreadsheet.validation_errors import ValidationError
from social_metrics.registry.account_urls import AddressNotUnderstood, read_account_url
from social_metrics.registry.edits import Author, ChangeRefused, RegistryEdit, editing
from social_metrics.registry.registry import Registry

CENTER, ADDRESS, ACCOUNT_ID, EVIDENCE, ANNOTATION = "Sentra", "Alamat akun", "ID akun", "Bukti", "Catatan sistem"
NEEDED = (CENTER, ADDRESS, EVIDENCE)


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
    submitted: list[str] = []
    errors: list[ValidationError] = []
    try:
        with editing(folder) as edit:
            for sheet in file.sheets:
                submitted += _submit_sheet(edit, sheet, by, at, errors)
            if not submitted and not errors:
                errors.append(ValidationError("tidak ada satu akun pun dalam berkas ini; isi tabelnya"))
            if errors:
                raise _ListRejected
    except _ListRejected:
        return ImportResult([], errors, annotate(file, errors, ANNOTATION))
    return ImportResult(submitted, [], None)


def _submit_sheet(edit: RegistryEdit, sheet: Sheet, by: str, at: datetime, errors: list[ValidationError]) -> list[str]:
    columns = _columns(sheet)
    if columns is None:
        if any(any(cell is not None for cell in row) for row in sheet.rows):
            errors.append(
                ValidationError(f"judul kolom tidak lengkap; perlu {', '.join(NEEDED)} di baris 1", sheet.name, 1)
            )
        return []
    codes = []
    seen: dict[str, int] = {}
    for number in range(2, len(sheet.rows) + 1):
        cells = {label: sheet.cell(number, column) for label, column in columns.items()}
        if all(cells.get(label) is None for label in NEEDED):
            continue

        formula = next((label for label, column in columns.items() if (number, column) in sheet.formulas), None)
        empty = next((label for label in NEEDED if cells[label] is None), None)
        center = _center_code(edit.registry, str(cells[CENTER] or ""))
        address = str(cells[ADDRESS] or "").strip()
        account_id = str(cells.get(ACCOUNT_ID) or "").strip() or None
        label, problem = ADDRESS, ""
        if formula:
            label, problem = formula, "adalah rumus; salin lalu tempel sebagai nilai (paste values)"
        elif number in sheet.hidden_rows:
            problem = "berada di baris tersembunyi; tampilkan atau hapus barisnya"
        elif empty:
            label, problem = empty, "kosong; isi kolom ini"
        elif center is None:
            label = CENTER
            problem = "bukan sentra dalam registri; tulis kodenya, misalnya kartini, atau nama lengkapnya"
        elif seen.setdefault(address, number) != number:
            problem = f"sudah ada di baris {seen[address]}; hapus salah satu"
        elif account_id is not None and not isinstance(cells[ACCOUNT_ID], str):
            label = ACCOUNT_ID
            problem = "berformat angka sehingga bisa dibulatkan; atur format sel menjadi Teks lalu tempel lagi"
        else:
            try:
                found = read_account_url(address, edit.registry.platforms)
                author = Author(by, at, str(cells[EVIDENCE]))
                codes.append(edit.submit(center, found, author, platform_account_id=account_id))
            except (AddressNotUnderstood, ChangeRefused) as refusal:
                problem = f"tidak dapat didaftarkan: {str(refusal).rstrip('.')}"
        if problem:
            errors.append(ValidationError(problem, sheet.name, number, columns.get(label), label, cells.get(label)))
    return codes


def _columns(sheet: Sheet) -> dict[str, int] | None:
    header = (
        {str(cell).strip().casefold(): column for column, cell in enumerate(sheet.rows[0], 1)} if sheet.rows else {}
    )
    found = {label: header[label.casefold()] for label in (*NEEDED, ACCOUNT_ID) if label.casefold() in header}
    return found if all(label in found for label in NEEDED) else None


def _center_code(registry: Registry, written: str) -> str | None:
    name = " ".join(written.split()).casefold()
    for center in registry.centers:
        if name in (center.center_code, center.center_name.casefold()):
            return center.center_code
    return None

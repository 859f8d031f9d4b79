"""Reads a handed-in file: .xlsx, or CSV as Excel writes it anywhere (UTF-8 or Windows-1252, comma or semicolon).

Nothing is repaired silently: an ambiguous value is a validation error, or the file is refused.
"""

import csv
import io
import unicodedata
import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from social_metrics.intake.spreadsheet.validation_errors import FileRefused
from social_metrics.intake.spreadsheet.workbook_safety import check_workbook

MAX_BYTES = 5_000_000
MAX_SHEETS = 60
MAX_ROWS = 5_000
MAX_COLUMNS = 60
MAX_CONTROLS_SHARE = 0.01  # more control characters make no text; fewer are annotations on their cells
DELIMITERS = (",", ";", "\t")

_OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Sheet:
    """One sheet's cells, row by row, unchanged: text, numbers, dates; None in empty cells."""

    name: str | None  # None in a CSV file
    rows: list[list[Any]]
    is_hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()  # as the program counts, from 1
    formulas: frozenset[tuple[int, int]] = frozenset()  # row, column, from 1
    merged: tuple[tuple[int, int, int, int], ...] = ()  # first row, first column, last row, last column

    def cell(self, row: int, column: int) -> Any:
        """A cell by row and column, both from 1; None beyond the edge."""
        if 1 <= row <= len(self.rows) and 1 <= column <= len(self.rows[row - 1]):
            return self.rows[row - 1][column - 1]
        return None

    def merged_at(self, row: int, column: int) -> bool:
        """Whether the cell is part of a merged range."""
        return any(
            first_row <= row <= last_row and first_column <= column <= last_column
            for first_row, first_column, last_row, last_column in self.merged
        )


@dataclass(frozen=True)
class CsvForm:
    """How a CSV file was written, so that the copy is written the same."""

    encoding: str
    delimiter: str


@dataclass(frozen=True)
class SheetFile:
    """A file that was read."""

    name: str
    content: bytes
    sheets: list[Sheet]
    csv_form: CsvForm | None = None  # None: a workbook
    epoch: datetime | None = None  # day zero of the serial numbers of dates; None in CSV


def read_file(name: str, content: bytes) -> SheetFile:
    """Read a file.

    Args:
        name: its name, for messages only; the bytes decide what it is.
        content: the bytes.

    Raises:
        FileRefused: it is none of the kinds that can be read, or dangerous to open.
    """
    if not content:
        raise FileRefused(f"Berkas {name} kosong. Isi templat, simpan, lalu kirim kembali.")
    if len(content) > MAX_BYTES:
        raise FileRefused(
            f"Berkas {name} berukuran {len(content) / 1_000_000:.1f} MB; paling besar {MAX_BYTES // 1_000_000} MB. "
            "Kirim templat saja, tangkapan layar sebagai berkas tersendiri."
        )
    if content.startswith(_OLE):
        raise FileRefused(
            f"Berkas {name} berformat lama (.xls) atau dikunci dengan kata sandi. "
            "Simpan sebagai .xlsx tanpa kata sandi, lalu kirim kembali."
        )
    if content.startswith(b"PK"):
        check_workbook(content)
        return _read_workbook(name, content)
    return _read_csv(name, content)


def _read_workbook(name: str, content: bytes) -> SheetFile:
    workbook = open_workbook(content)
    if not workbook.worksheets:
        raise FileRefused(
            f"Berkas {name} tidak berisi satu lembar pun. Pakai templat yang baru diunduh, lalu kirim lagi."
        )
    if len(workbook.sheetnames) > MAX_SHEETS:
        raise FileRefused(f"Berkas {name} berisi {len(workbook.sheetnames)} lembar; hapus lembar yang bukan templat.")
    sheets = []
    for sheet in workbook.worksheets:
        if sheet.max_row > MAX_ROWS or sheet.max_column > MAX_COLUMNS:
            raise FileRefused(
                f"Lembar '{sheet.title}' terisi sampai baris {sheet.max_row}, kolom {sheet.max_column}. Hapus isi "
                f"di luar tabel (paling banyak {MAX_ROWS} baris dan {MAX_COLUMNS} kolom), lalu kirim kembali."
            )
        sheets.append(_sheet(workbook, sheet))
    return SheetFile(name, content, sheets, epoch=workbook.epoch)


def open_workbook(content: bytes) -> Workbook:
    """Open a workbook that `check_workbook` has passed, formulas as text.

    Raises:
        FileRefused: it is damaged in a way that only opening it shows.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about features that are not kept; none carries data
            return load_workbook(io.BytesIO(content))
    # A damaged workbook fails in whatever part of the reader meets the damage first.
    except Exception as error:
        raise FileRefused(
            "Berkas ini tidak dapat dibuka sebagai .xlsx: strukturnya rusak. "
            "Buka di program lembar kerja, simpan ulang sebagai .xlsx, lalu kirim kembali."
        ) from error


def _sheet(workbook: Workbook, sheet: Worksheet) -> Sheet:
    try:
        frame = pd.read_excel(
            workbook, sheet_name=sheet.title, header=None, dtype=object, na_filter=False, engine="openpyxl"
        )
        rows = [[_plain(value) for value in row] for row in frame.to_numpy(dtype=object).tolist()]
        formulas = frozenset(
            (number, column)
            for number, cells in enumerate(sheet.iter_rows(), start=1)
            for column, cell in enumerate(cells, start=1)
            if cell.data_type == "f"
        )
    except Exception as error:
        raise FileRefused(
            f"Lembar '{sheet.title}' berisi sel yang rusak. Salin isiannya ke templat yang baru diunduh, "
            "lalu kirim kembali."
        ) from error
    return Sheet(
        name=sheet.title,
        rows=rows,
        is_hidden=sheet.sheet_state != "visible",
        hidden_rows=frozenset(
            number for number, dimension in sheet.row_dimensions.items() if dimension.hidden or dimension.height == 0
        ),
        formulas=formulas,
        merged=tuple(
            (merged.min_row, merged.min_col, merged.max_row, merged.max_col) for merged in sheet.merged_cells.ranges
        ),
    )


def _read_csv(name: str, content: bytes) -> SheetFile:
    text, encoding = _decode(name, content)
    lines = text.splitlines()
    delimiter = max(DELIMITERS, key=lambda mark: (lines[0].count(mark) if lines else 0, -DELIMITERS.index(mark)))
    width = _csv_width(text, delimiter)
    if width > MAX_COLUMNS or len(lines) > MAX_ROWS:
        raise FileRefused(
            f"Berkas {name} bukan templat: {len(lines)} baris, {width} kolom. "
            f"Paling banyak {MAX_ROWS} baris dan {MAX_COLUMNS} kolom."
        )
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=None,
            names=list(range(width)),
            index_col=False,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise FileRefused(
            f"Berkas {name} tidak dapat dibaca sebagai CSV: tanda kutip tidak berpasangan, atau berkas terpotong. "
            "Simpan ulang dari program lembar kerja, lalu kirim kembali."
        ) from error
    rows = [[_plain(value) for value in row] for row in frame.to_numpy(dtype=object).tolist()]
    # The width counts delimiters within quotes too; the columns that they make are empty.
    used = max((column for row in rows for column, value in enumerate(row, start=1) if value is not None), default=0)
    rows = [row[:used] for row in rows]
    return SheetFile(name, content, [Sheet(None, rows)], csv_form=CsvForm(encoding, delimiter))


def _csv_width(text: str, delimiter: str) -> int:
    """Cells of the widest row; a delimiter within quotes, as in an annotation, begins no cell."""
    try:
        return max(map(len, csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)), default=0) or 1
    except csv.Error:  # a damaged file: enough for pandas, which names the damage
        return 1 + max((line.count(delimiter) for line in text.splitlines()), default=0)


def _decode(name: str, content: bytes) -> tuple[str, str]:
    refused = FileRefused(
        f"Berkas {name} bukan .xlsx dan bukan CSV (mungkin gambar, PDF, atau rusak). "
        "Simpan templat sebagai .xlsx atau 'CSV UTF-8', lalu kirim kembali."
    )
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FileRefused(f"Berkas {name} disimpan sebagai 'Teks Unicode'. Simpan sebagai 'CSV UTF-8' atau .xlsx.")
    if b"\x00" in content or content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf")):
        raise refused
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        controls = sum(unicodedata.category(character) == "Cc" and character not in "\r\n\t" for character in text)
        if controls > MAX_CONTROLS_SHARE * len(text):
            raise refused
        return text, encoding if content.startswith(b"\xef\xbb\xbf") or encoding == "cp1252" else "utf-8"
    raise refused


def _plain(value: Any) -> Any:
    """A cell without the wrapping of pandas: None for nothing, stripped text, plain numbers and dates."""
    if isinstance(value, str):
        return value.replace("\xa0", " ").strip() or None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    return value

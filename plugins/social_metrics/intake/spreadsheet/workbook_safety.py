"""Checks the contents of an .xlsx file before any of it is unpacked into memory."""

import io
import re
import zipfile
import zlib

from openpyxl.utils import range_boundaries

from social_metrics.intake.spreadsheet.validation_errors import FileRefused

MAX_PARTS = 500
MAX_UNPACKED_BYTES = 12_000_000  # of the template for all centers: under two
MAX_RANGE_CELLS = 20_000
MAX_CELLS = 150_000  # of all sheets, empty ones too: about three seconds; the template for all centers has 10,000
MAX_ELEMENTS = 1_000_000  # of all parts: styles, texts, columns

_MAKE_ANEW = "salin isiannya ke templat yang baru diunduh, lalu kirim kembali"
# A merged or linked range is written out cell by cell when the workbook is opened.
_RANGE = re.compile(rb"<(?:\w+:)?(mergeCell|hyperlink)\b[^>]*?\bref\s*=\s*[\"']([^\"']*)[\"']")
_CELL_OR_ROW = re.compile(rb"<(?:\w+:)?(?:c|row)[\s/>]")
_WRITTEN_OUT = re.compile(rb"<(?:\w+:)?(?:mergeCell|hyperlink)\b")


def check_workbook(content: bytes) -> None:
    """Refuse an archive that expands too far, macros, a password, and XML that no spreadsheet program writes.

    Raises:
        FileRefused: with the next step.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            _check_sizes(parts)
            _check_contents({part.filename for part in parts})
            cells = elements = 0
            for part in parts:
                text = archive.read(part)
                cells += len(_CELL_OR_ROW.findall(text))
                elements += text.count(b"<")
                _check_counts(cells, elements)
                if part.filename.endswith((".xml", ".rels", ".vml")):
                    _check_xml(part.filename, text)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise FileRefused(
            "Berkas ini rusak atau terpotong: isinya tidak dapat dibuka sebagai .xlsx. "
            "Buka di program lembar kerja, simpan ulang sebagai .xlsx, lalu kirim kembali."
        ) from error


def _check_sizes(parts: list[zipfile.ZipInfo]) -> None:
    if any(part.flag_bits & 1 for part in parts):
        raise FileRefused("Berkas ini dikunci dengan kata sandi. Simpan tanpa kata sandi, lalu kirim kembali.")
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise FileRefused(
            f"Isi berkas ini jauh lebih besar daripada ukurannya (lebih dari {MAX_UNPACKED_BYTES // 1_000_000} MB "
            f"setelah dibuka). Hapus gambar dan lembar tambahan, atau {_MAKE_ANEW}."
        )


def _check_counts(cells: int, elements: int) -> None:
    """Empty cells cost as much as filled ones: a few kilobytes can hold millions."""
    if cells > MAX_CELLS or elements > MAX_ELEMENTS:
        raise FileRefused(
            f"Berkas ini berisi lebih dari {MAX_CELLS} sel dan baris, termasuk yang kosong. Hapus baris dan kolom di "
            f"luar tabel beserta formatnya, atau {_MAKE_ANEW}."
        )


def _check_contents(names: set[str]) -> None:
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise FileRefused("Berkas ini berisi makro. Simpan sebagai .xlsx (tanpa makro), lalu kirim kembali.")
    if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
        raise FileRefused(
            "Berkas ini bukan lembar kerja .xlsx (mungkin .ods, .docx, atau arsip zip). "
            "Simpan sebagai .xlsx, lalu kirim kembali."
        )


def _check_xml(name: str, text: bytes) -> None:
    if text[:2] in (b"\xff\xfe", b"\xfe\xff") or b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise FileRefused(f"Berkas ini tidak dibuat oleh program lembar kerja biasa; {_MAKE_ANEW}.")
    if name == "[Content_Types].xml" and b"macroEnabled" in text:
        raise FileRefused("Berkas ini berisi makro. Simpan sebagai .xlsx (tanpa makro), lalu kirim kembali.")
    ranges = _RANGE.findall(text)
    if len(ranges) != len(_WRITTEN_OUT.findall(text)):
        raise FileRefused(f"Berkas ini tidak dibuat oleh program lembar kerja biasa; {_MAKE_ANEW}.")
    cells = 0
    for kind, reference in ranges:
        first_column, first_row, last_column, last_row = range_boundaries(reference.decode("ascii"))
        if first_column is None or first_row is None or last_column is None or last_row is None:
            raise ValueError(reference)
        cells += (last_column - first_column + 1) * (last_row - first_row + 1)
        if cells > MAX_RANGE_CELLS:
            what = "Sel gabungan" if kind == b"mergeCell" else "Tautan"
            raise FileRefused(
                f"{what} {reference.decode('ascii')} mencakup terlalu banyak sel. Pisahkan sel gabungan itu, "
                f"atau {_MAKE_ANEW}."
            )

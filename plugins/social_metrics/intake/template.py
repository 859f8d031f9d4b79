"""Makes the template: one sheet per center, a row for each account that is not read by API."""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from openpyxl import Workbook
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import get_column_letter
from openpyxl.workbook.protection import WorkbookProtection
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from social_metrics.intake.form import (
    CODE_LABEL,
    CODE_ROW,
    FILLED_IN,
    FIRST_ROW,
    GIVEN,
    GUIDE_SHEET,
    HEADER_ROW,
    INPUT_COLUMN,
    LABEL_COLUMN,
    LAYOUT,
    OFFICER_LABEL,
    OFFICER_ROW,
    Column,
    TemplateCode,
)
from social_metrics.registry.account import Account
from social_metrics.registry.registry import Center, Platform, Registry

SPARE_ROWS = 15  # for further dates of the same accounts

_ZONE_LETTERS = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
_WIDTHS = {
    Column.ACCOUNT: 26, Column.PLATFORM: 12, Column.URL: 40, Column.EVIDENCE_DATE: 14, Column.EVIDENCE_TIME: 11,
    Column.FOLLOWERS: 16, Column.POST_DATE: 17, Column.POST_TIME: 15, Column.POST_URL: 44, Column.OUTREACH: 15,
    Column.PROGRAM: 20, Column.EVIDENCE_FILE: 30, Column.ANNOTATION: 70,
}  # fmt: skip
_NAVY, _WHITE, _GIVEN_FILL, _INPUT_FILL = "1F3A5F", "FFFFFF", "EEF1F5", "FFF9E5"
_THIN = Side(style="thin", color="C5CCD6")
_BORDER = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)

_HINTS: dict[Column, tuple[str, str]] = {
    Column.EVIDENCE_DATE: ("Tanggal bukti", "Tanggal tangkapan layar dibuat (24/11/2026), bukan tanggal mengisi."),
    Column.EVIDENCE_TIME: ("Jam bukti", "Jam tangkapan layar dibuat, waktu setempat sentra, misalnya 19.30."),
    Column.FOLLOWERS: ("Pengikut", "Persis seperti tertera: 12,3 rb, 1,2 jt, 12.345. Bila tidak tampak: tersembunyi."),
    Column.POST_DATE: ("Unggahan terakhir", "Tanggal unggahan terbaru, atau: belum pernah. Kosong: tidak diperiksa."),
    Column.POST_TIME: ("Jam unggahan", "Bila tertera. Tanpa jam, yang dihitung tanggalnya."),
    Column.POST_URL: ("Tautan", "Alamat unggahan itu, disalin dari peramban."),
    Column.OUTREACH: ("Penjangkauan", "ya bila unggahan itu tentang penjangkauan; tidak bila bukan."),
    Column.PROGRAM: ("Program", "Nama program dalam unggahan itu, misalnya ATENSI. Boleh kosong."),
    Column.EVIDENCE_FILE: ("Berkas bukti", "Nama berkas tangkapan layar, dikirim bersama templat ini."),
}  # fmt: skip

_GUIDE = (
    ("Entri manual media sosial", "title"),
    ("Isi satu baris untuk setiap akun dan setiap tanggal bukti. Sel kuning diisi; sel abu-abu jangan diubah.", ""),
    ("1. Buka halaman akun di peramban tanpa masuk akun (mode penyamaran), lalu buat tangkapan layar.", ""),
    ("2. Tanggal dan jam bukti adalah saat tangkapan layar dibuat, bukan saat mengisi. Jam waktu setempat sentra.", ""),
    ("3. Pengikut ditulis persis seperti tertera: 12,3 rb · 1,2 jt · 12.345. Jangan dibulatkan atau dihitung.", ""),
    ("4. Unggahan terakhir: tanggal, jam (bila ada), dan tautannya. Bila belum pernah mengunggah: belum pernah.", ""),
    ("5. Kirim templat bersama berkas buktinya (PNG, JPG, atau PDF). Satu bukti untuk satu akun dan satu tanggal.", ""),
    ("6. Isian dihitung setelah dikonfirmasi orang kedua; pengisi tidak dapat mengonfirmasi isiannya sendiri.", ""),
    ("7. Bila ada yang keliru, berkas kembali dengan keterangan di kolom paling kanan; perbaiki lalu kirim lagi.", ""),
    ("Belum ada baris yang diambil selama masih ada satu keterangan: berkas diterima utuh atau tidak sama sekali.", ""),
)  # fmt: skip


def make_template(registry: Registry, accounts: Iterable[Account], day: date) -> bytes:
    """The workbook for these accounts.

    Args:
        registry: names the centers and platforms.
        accounts: those that need entry by hand.
        day: the WIB date on which it is made.
    """
    by_center: dict[str, list[Account]] = {}
    for account in accounts:
        by_center.setdefault(account.center_code, []).append(account)
    workbook = Workbook()
    _write_guide(workbook.worksheets[0])
    for center in registry.centers:
        if center.is_valid_on(day) and center.center_code in by_center:
            sheet = workbook.create_sheet(center.center_code[:31])
            _write_sheet(sheet, center, by_center[center.center_code], registry.platforms, day)
    if len(workbook.sheetnames) > 1:
        workbook.active = 1
    workbook.security = WorkbookProtection(lockStructure=True)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _write_guide(sheet: Worksheet) -> None:
    sheet.title = GUIDE_SHEET
    sheet.sheet_view.showGridLines = False
    sheet.column_dimensions["A"].width = 120
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    for number, (text, kind) in enumerate(_GUIDE, start=1):
        cell = sheet.cell(number, 1, text)
        cell.font = Font(bold=True, size=16, color=_NAVY) if kind == "title" else Font(size=12)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.protection.sheet = True


def _write_sheet(
    sheet: Worksheet, center: Center, accounts: Sequence[Account], platforms: Mapping[str, Platform], day: date
) -> None:
    letters = _ZONE_LETTERS.get(center.time_zone, center.time_zone)
    sheet.cell(1, 1, f"Entri manual – {center.center_name}").font = Font(bold=True, size=15, color=_NAVY)
    sheet.cell(CODE_ROW, LABEL_COLUMN, CODE_LABEL)
    sheet.cell(CODE_ROW, INPUT_COLUMN, str(TemplateCode(LAYOUT, center.center_code, day))).font = Font(color="6B7684")
    sheet.cell(OFFICER_ROW, LABEL_COLUMN, OFFICER_LABEL).font = Font(bold=True)
    _open_for_input(sheet, OFFICER_ROW, INPUT_COLUMN)
    sheet.cell(4, 1, f"Semua jam waktu setempat sentra ({letters}). Lihat lembar {GUIDE_SHEET}.").font = Font(
        italic=True
    )
    columns = list(Column)
    for number, column in enumerate(columns, start=1):
        header = sheet.cell(HEADER_ROW, number, column.value)
        header.font = Font(bold=True, color=_WHITE)
        header.fill = PatternFill("solid", fgColor=_NAVY)
        header.alignment = Alignment(wrap_text=True, vertical="center")
        header.border = _BORDER
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS[column]
    sheet.row_dimensions[HEADER_ROW].height = 32
    last_row = FIRST_ROW + len(accounts) + SPARE_ROWS - 1
    for row in range(FIRST_ROW, last_row + 1):
        given = accounts[row - FIRST_ROW] if row - FIRST_ROW < len(accounts) else None
        _write_row(sheet, row, given, platforms)
    _validate(sheet, len(accounts), last_row)
    sheet.freeze_panes = f"{get_column_letter(len(GIVEN) + 1)}{FIRST_ROW}"
    sheet.sheet_view.showGridLines = False
    sheet.protection.sheet = True  # without a password: it prevents accidents, it protects no secret
    sheet.protection.formatColumns = False
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _write_row(sheet: Worksheet, row: int, account: Account | None, platforms: Mapping[str, Platform]) -> None:
    columns = list(Column)
    given = {}
    if account is not None:
        label = platforms[account.platform].platform_label
        given = {
            Column.ACCOUNT: account.account_code,
            Column.PLATFORM: label,
            Column.URL: account.url or account.handle,
        }
    for column in GIVEN:
        cell = sheet.cell(row, columns.index(column) + 1, given.get(column))
        cell.border = _BORDER
        cell.fill = PatternFill("solid", fgColor=_GIVEN_FILL)
    if account is None:
        _open_for_input(sheet, row, columns.index(Column.ACCOUNT) + 1)
    for column in FILLED_IN:
        _open_for_input(sheet, row, columns.index(column) + 1)
    annotation = sheet.cell(row, columns.index(Column.ANNOTATION) + 1)
    annotation.border = _BORDER
    annotation.alignment = Alignment(wrap_text=True, vertical="top")


def _open_for_input(sheet: Worksheet, row: int, column: int) -> None:
    """A Text cell: a program would make 07:12 of 19.30, a date of 3.12, and November of 11/24, each by its locale."""
    cell = sheet.cell(row, column)
    cell.protection = Protection(locked=False)
    cell.fill = PatternFill("solid", fgColor=_INPUT_FILL)
    cell.border = _BORDER
    cell.number_format = "@"


def _validate(sheet: Worksheet, accounts: int, last_row: int) -> None:
    def cells(column: Column) -> str:
        letter = get_column_letter(list(Column).index(column) + 1)
        return f"{letter}{FIRST_ROW}:{letter}{last_row}"

    # Dates and times are Text (belum pernah, 19.30): the hint shows, a validation of dates would reject every entry.
    for column, (title, hint) in _HINTS.items():
        rule = DataValidation(showInputMessage=True, promptTitle=title, prompt=hint, allow_blank=True)
        if column is Column.OUTREACH:
            rule = DataValidation(
                type="list", formula1='"ya,tidak"', allow_blank=True, showErrorMessage=True, showInputMessage=True,
                errorTitle=title, error="Pilih ya atau tidak.", promptTitle=title, prompt=hint,
            )  # fmt: skip
        elif column in (Column.PROGRAM, Column.EVIDENCE_FILE):
            rule = DataValidation(
                type="textLength", operator="lessThanOrEqual", formula1="120", allow_blank=True, showErrorMessage=True,
                showInputMessage=True, errorTitle=title, error="Paling banyak 120 huruf.", promptTitle=title,
                prompt=hint,
            )  # fmt: skip
        sheet.add_data_validation(rule)
        rule.add(cells(column))
    choice = DataValidation(
        type="list", formula1=f"$A${FIRST_ROW}:$A${FIRST_ROW + accounts - 1}", allow_blank=True, showErrorMessage=True,
        errorTitle="Akun", error="Pilih salah satu akun pada lembar ini.",
    )  # fmt: skip
    sheet.add_data_validation(choice)
    choice.add(cells(Column.ACCOUNT))
    annotation = get_column_letter(list(Column).index(Column.ANNOTATION) + 1)
    red = DifferentialStyle(fill=PatternFill("solid", bgColor="FBDAD7"))
    annotated_rows = Rule(type="expression", dxf=red, formula=[f"LEN(${annotation}{FIRST_ROW})>0"])
    sheet.conditional_formatting.add(f"A{FIRST_ROW}:{annotation}{last_row}", annotated_rows)

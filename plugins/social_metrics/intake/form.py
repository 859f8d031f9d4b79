"""The layout of the entry form: rows and columns of the template and of the filled file."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

LAYOUT = 1  # one more whenever a column changes its meaning: older templates are refused
TEMPLATE_DAYS = 92  # a template names accounts as they were on the day it was made; after a quarter it is stale

GUIDE_SHEET = "Petunjuk"
CODE_ROW, OFFICER_ROW, HEADER_ROW = 2, 3, 6
FIRST_ROW = HEADER_ROW + 1
LABEL_COLUMN, INPUT_COLUMN = 1, 2
CODE_LABEL = "Kode templat (jangan diubah)"
OFFICER_LABEL = "Nama pengguna petugas"

YES_NO = {"ya": True, "tidak": False}
NEVER_POSTED = "belum pernah"

_CODE = re.compile(r"entri-manual/v([0-9]+)/([a-z0-9-]+)/([0-9]{4}-[0-9]{2}-[0-9]{2})")


class Column(StrEnum):
    """A column of the form, by its header."""

    ACCOUNT = "Akun"
    PLATFORM = "Platform"
    URL = "Alamat akun"
    EVIDENCE_DATE = "Tanggal bukti"
    EVIDENCE_TIME = "Jam bukti"
    FOLLOWERS = "Pengikut seperti tertera"
    POST_DATE = "Tanggal unggahan terakhir"
    POST_TIME = "Jam unggahan terakhir"
    POST_URL = "Tautan unggahan terakhir"
    OUTREACH = "Penjangkauan"
    PROGRAM = "Program"
    EVIDENCE_FILE = "Berkas bukti"
    ANNOTATION = "Catatan sistem"


GIVEN = (Column.ACCOUNT, Column.PLATFORM, Column.URL)  # by the template
FILLED_IN = tuple(column for column in Column if column not in (*GIVEN, Column.ANNOTATION))  # by the officer


@dataclass(frozen=True, slots=True)
class TemplateCode:
    """Identifies a template: its layout, center and date."""

    layout: int
    center_code: str
    made_on: date

    def __str__(self) -> str:
        return f"entri-manual/v{self.layout}/{self.center_code}/{self.made_on.isoformat()}"

    @classmethod
    def read(cls, text: object) -> "TemplateCode | None":
        """The code in a cell; None when there is none."""
        parts = _CODE.fullmatch(text.strip()) if isinstance(text, str) else None
        if parts is None:
            return None
        try:
            return cls(int(parts[1]), parts[2], date.fromisoformat(parts[3]))
        except ValueError:
            return None

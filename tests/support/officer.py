"""What an officer does at a desk: screenshots, a filled template, a file handed in."""

import csv
import io
import shutil
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from social_metrics.intake.form import FIRST_ROW, INPUT_COLUMN, OFFICER_ROW, Column
from social_metrics.intake.ingest import IngestResult, ingest
from social_metrics.intake.template import make_template
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import DEFAULT_REGISTRY

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)  # 20:00 WIB
READ_BY_HAND = (
    *("kartini-youtube", "kartini-facebook", "kartini-instagram", "kartini-x"),
    *("satria-x", "mahatmiya-x"),
)
OFFICER, SECOND = "siti.humas", "budi.data"
MAX_AGE_DAYS = 45

URLS = {
    "youtube": "https://www.youtube.com/@demo_{}",
    "facebook": "https://www.facebook.com/demo.{}",
    "instagram": "https://www.instagram.com/demo_{}",
    "x": "https://x.com/demo_{}",
    "tiktok": "https://www.tiktok.com/@demo_{}",
}
POST_URLS = {
    "youtube": "https://www.youtube.com/watch?v=abc",
    "facebook": "https://www.facebook.com/demo.kartini/posts/1",
    "instagram": "https://www.instagram.com/p/abc",
    "x": "https://x.com/demo/status/1",
    "tiktok": "https://www.tiktok.com/@demo/video/1",
}


def write_registry(folder: Path, verified: Mapping[str, Mapping[str, str]]) -> Path:
    """A copy of the shipped registry in which some accounts are verified: account code → other cells."""
    shutil.copytree(DEFAULT_REGISTRY, folder, dirs_exist_ok=True)
    path = folder / "center_accounts.csv"
    with path.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        if row["account_code"] in verified:
            name = row["center_code"].replace("-", "")[:9]
            row |= {"handle": f"demo_{name}", "url": URLS[row["platform"]].format(name), "status": "verified"}
            row |= {"capture_path": "manual"} | dict(verified[row["account_code"]])
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def screenshot(text: str) -> bytes:
    """A real one-pixel PNG that is a different file for every text."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    parts = (
        chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        chunk(b"tEXt", b"shown\x00" + text.encode("latin-1", "replace")),
        chunk(b"IDAT", zlib.compress(b"\x00\x00")),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@dataclass
class Desk:
    """A registry, a warehouse, a clock, and the files on the desk."""

    registry: Registry
    warehouse_url: str
    now: datetime = NOW
    files: dict[str, bytes] = field(default_factory=dict)

    def template(self, *codes: str, day: date = TODAY) -> Workbook:
        """The template for some accounts (all verified ones without codes), opened."""
        accounts = [a for a in self.registry.verified_on(day) if not codes or a.account_code in codes]
        return load_workbook(io.BytesIO(make_template(self.registry, accounts, day)))

    def hand_in(self, workbook: Workbook | bytes, name: str = "kartini.xlsx", **options: Any) -> IngestResult:
        """Hand in a workbook or a file's bytes."""
        content = workbook if isinstance(workbook, bytes) else saved(workbook)
        return ingest(
            name,
            content,
            registry=self.registry,
            warehouse_url=self.warehouse_url,
            now=self.now,
            read_attachment=self.files.get,
            max_age_days=MAX_AGE_DAYS,
            **options,
        )

    def good_row(self, account_code: str, day: date = TODAY, followers: Any = "12,3 rb") -> dict[Column, Any]:
        """A row without a fault, its evidence on the desk."""
        name = f"{account_code}-{day.isoformat()}.png"
        self.files[name] = screenshot(f"{account_code} {day} {followers}")
        return {
            Column.ACCOUNT: account_code,
            Column.EVIDENCE_DATE: day,
            Column.EVIDENCE_TIME: "19.30",
            Column.FOLLOWERS: followers,
            Column.POST_DATE: day,
            Column.POST_TIME: "08.15",
            Column.POST_URL: POST_URLS[account_code.rsplit("-", 1)[1]],
            Column.OUTREACH: "ya",
            Column.PROGRAM: "ATENSI",
            Column.EVIDENCE_FILE: name,
        }


def sheet_of(workbook: Workbook, center_code: str = "kartini") -> Worksheet:
    """A center's sheet."""
    sheet = workbook[center_code]
    assert isinstance(sheet, Worksheet)
    return sheet


def fill(sheet: Worksheet, rows: list[dict[Column, Any]], officer: str | None = OFFICER) -> None:
    """Type rows into a sheet, from its first row on."""
    sheet.cell(OFFICER_ROW, INPUT_COLUMN).value = officer
    for number, row in enumerate(rows, start=FIRST_ROW):
        put(sheet, number, row)


def put(sheet: Worksheet, number: int, cells: Mapping[Column, Any]) -> None:
    """Type into one row."""
    for column, value in cells.items():
        sheet.cell(number, list(Column).index(column) + 1).value = value


def saved(workbook: Workbook) -> bytes:
    """The workbook's bytes."""
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


Edit = Callable[[Worksheet], None]


def registry_with(folder: Path, *codes: str, **others: Mapping[str, str]) -> Registry:
    """A registry in which these accounts are verified and read by hand."""
    return load_registry(write_registry(folder, {code: {} for code in codes} | others))

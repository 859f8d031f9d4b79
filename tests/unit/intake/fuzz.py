"""Files as no officer would ever make them on purpose: every one is taken right, or refused in a sentence.

One integer makes one file; what went in is known, so that what is taken can be held against it.
"""

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from openpyxl import Workbook, load_workbook

from social_metrics.intake.form import FIRST_ROW, Column
from social_metrics.intake.rows import read_rows
from social_metrics.intake.spreadsheet.annotate import annotate
from social_metrics.intake.spreadsheet.read import read_file
from social_metrics.intake.spreadsheet.validation_errors import FileRefused, ValidationError
from social_metrics.intake.validation import Validation, ValidRow
from tests.support.officer import MAX_AGE_DAYS, NOW, POST_URLS, TODAY, fill, put, saved, screenshot, sheet_of

ACCOUNTS = ["kartini-youtube", "kartini-facebook", "kartini-instagram", "kartini-x"]
# Sheet and row; the column wherever one cell is meant; and behind the colon what to do, in a whole sentence.
SENTENCE = re.compile(
    r"^(?:Lembar '.*'(?:, baris \d+)?|Baris \d+|Berkas)(?:, kolom [A-Z]+(?: \(.+\))?)?: .{15,}\.$", re.DOTALL
)

Count = tuple[str | int | float, int | None, int | None]  # as written, what it means, its step


@dataclass(frozen=True)
class Fuzzed:
    """A file, the evidence folder_reader it, and what its well-written counts mean: as written → count and step."""

    name: str
    content: bytes
    files: dict[str, bytes]
    meant: dict[str, tuple[int | None, int | None]]


@dataclass(frozen=True)
class Outcome:
    """What became of a file before the warehouse is asked: rows to take, or why none is."""

    taken: list[ValidRow]
    messages: list[str]
    annotated: bytes | None


def outcome_of(fuzzed: Fuzzed, registry: Any) -> Outcome:
    """Read and check a file as `ingest` does."""
    try:
        file = read_file(fuzzed.name, fuzzed.content)
    except FileRefused as refused:
        return Outcome([], [f"Berkas: {refused}"], None)
    rows, errors = read_rows(file, registry, TODAY)
    validation = Validation(registry, NOW, fuzzed.files.get, MAX_AGE_DAYS)
    taken = validation.valid_rows(rows)
    every: list[ValidationError] = errors + validation.errors
    if every:
        try:
            return Outcome([], [error.message for error in every], annotate(file, every, Column.ANNOTATION.value))
        except FileRefused as refused:
            return Outcome([], [f"Berkas: {refused}"], None)
    return Outcome(taken, [], None)


def make(seed: int, template: bytes) -> Fuzzed:
    """The file of a seed: a good one, spoiled in its cells, its sheets, or its bytes."""
    draws = random.Random(seed)
    files: dict[str, bytes] = {}
    meant: dict[str, tuple[int | None, int | None]] = {}
    rows = [_row(draws, files, meant) for _ in range(draws.choice([1, 1, 2, 3, 4]))]
    nastiness = draws.choice([0, 0, 0.2, 0.5])
    for row in rows:
        while draws.random() < nastiness:
            row[draws.choice(list(Column)[:-1])] = draws.choice(_NASTY)(draws)
    workbook = load_workbook(io.BytesIO(template))
    fill(sheet_of(workbook), [])
    for number, row in enumerate(rows, start=FIRST_ROW):
        put(sheet_of(workbook), number, {column: _cell(value) for column, value in row.items()})
    if draws.random() < 0.2:
        draws.choice(_SPOIL_SHEET)(draws, workbook)
    if draws.random() < 0.25:
        content = _as_csv(draws, workbook)
        name = "kartini.csv"
    else:
        content, name = saved(workbook), "kartini.xlsx"
    if draws.random() < 0.25:
        content = draws.choice(_SPOIL_BYTES)(draws, content)
    return Fuzzed(name, content, files, meant)


def _row(
    draws: random.Random, files: dict[str, bytes], meant: dict[str, tuple[int | None, int | None]]
) -> dict[Column, Any]:
    account = draws.choice(ACCOUNTS)
    day = TODAY - timedelta(days=draws.choice([0, 0, 1, 2, 30]))
    written, count, step = draws.choice(_COUNTS)(draws)
    as_read = str(int(written)) if isinstance(written, float) else str(written).replace("\u00a0", " ")
    meant[as_read] = (count, step)
    name = f"{account}-{day.isoformat()}.png"
    files[name] = screenshot(f"{account} {day} {draws.random()}")
    posted = draws.choice([day - timedelta(days=3), "belum pernah", None])
    return {
        Column.ACCOUNT: account,
        Column.EVIDENCE_DATE: draws.choice([day, day.strftime("%d/%m/%Y"), day.isoformat()]),
        Column.EVIDENCE_TIME: draws.choice(["19.30", "07:05", "12.00 WIB"]),
        Column.FOLLOWERS: written,
        Column.POST_DATE: posted,
        Column.POST_URL: POST_URLS[account.rsplit("-", 1)[1]] if isinstance(posted, date) else None,
        Column.EVIDENCE_FILE: name,
    }


def _exact(draws: random.Random) -> Count:
    count = draws.randrange(10 ** draws.randrange(1, 8))
    forms: list[str | int | float] = [count, str(count), f"{count:,}", f"{count:,}".replace(",", "."), float(count)]
    return draws.choice(forms), count, 1


def _short(draws: random.Random) -> Count:
    size, unit = draws.choice([(1_000, "rb"), (1_000_000, "jt"), (1_000, "K"), (1_000, "ribu")])
    whole, tenth = draws.randrange(1, 999), draws.randrange(10)
    mark, space = draws.choice(",."), draws.choice(["", " ", "\u00a0"])
    if draws.random() < 0.3:
        return f"{whole}{space}{unit}", whole * size, size
    return f"{whole}{mark}{tenth}{space}{unit}", whole * size + tenth * size // 10, size // 10


def _hidden(draws: random.Random) -> Count:
    return "tersembunyi", None, None


_COUNTS: list[Callable[[random.Random], Count]] = [_exact, _short, _short, _hidden]

_ALPHABET = "0123456789.,-+ rbjtkmRB'\"=@;:/\\\u00a0\u200b\u202eéñ中😀%$#<>&\t"
_NASTY: list[Callable[[random.Random], Any]] = [
    lambda draws: None,
    lambda draws: "".join(draws.choice(_ALPHABET) for _ in range(draws.randrange(30))),
    lambda draws: draws.choice(["1.234,56", "1,2 M", "12e3", "-4", "=A1", "=cmd|' /c calc'!A1", "#REF!", "NaN", "ya"]),
    lambda draws: draws.choice([0, 1, -1, 1.5, 46350, 1e300, 2**60, float(draws.randrange(10**6))]),
    lambda draws: draws.choice([True, False]),
    lambda draws: datetime(2026, draws.randrange(1, 13), draws.randrange(1, 29), tzinfo=UTC).replace(tzinfo=None),
    lambda draws: draws.choice(["31/02/2026", "24/11/26", "1/1/1900", "25/12/2026", "2026-13-01", "kemarin", "46350"]),
    lambda draws: draws.choice([*ACCOUNTS, "satria-x", "kartini-tiktok", "melati-x", "KARTINI-X", " kartini-x "]),
    lambda draws: draws.choice(
        ["https://x.com/a/status/1", "http://evil.example", "javascript:1", "../a.png", "a" * 700]
    ),
]


def _cell(value: Any) -> Any:
    """What openpyxl can write: it refuses control characters, as a spreadsheet program would."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", value) if isinstance(value, str) else value


def _hide(draws: random.Random, workbook: Workbook) -> None:
    sheet_of(workbook).row_dimensions[FIRST_ROW].hidden = True


def _merge(draws: random.Random, workbook: Workbook) -> None:
    sheet_of(workbook).merge_cells(draws.choice(["A7:A8", "D7:F9", "A6:M7", "F7:F20"]))


def _cut(draws: random.Random, workbook: Workbook) -> None:
    sheet = sheet_of(workbook)
    if draws.random() < 0.5:
        sheet.delete_cols(draws.randrange(1, 14))
    else:
        sheet.delete_rows(draws.randrange(1, 9))


def _widen(draws: random.Random, workbook: Workbook) -> None:
    sheet_of(workbook).insert_cols(draws.randrange(3, 14))


def _recode(draws: random.Random, workbook: Workbook) -> None:
    sheet_of(workbook)["B2"] = draws.choice(
        [None, 5, "x", "entri-manual/v9/kartini/2026-11-24", "entri-manual/v1/x/2024-01-01"]
    )


def _unname(draws: random.Random, workbook: Workbook) -> None:
    sheet_of(workbook)["B3"] = draws.choice([None, "", "A B", 7, "x" * 90])


def _strange_sheet(draws: random.Random, workbook: Workbook) -> None:
    workbook.create_sheet(draws.choice(["Sheet1", "kartini (2)", "'odd'"])).append([draws.choice(["catatan", 1])])


_SPOIL_SHEET = [_hide, _merge, _cut, _widen, _recode, _unname, _strange_sheet]


def _as_csv(draws: random.Random, workbook: Workbook) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=draws.choice(",;\t"), lineterminator=draws.choice(["\n", "\r\n"]))
    for cells in sheet_of(workbook).iter_rows(values_only=True):
        writer.writerow(["" if c is None else c.strftime("%d/%m/%Y") if isinstance(c, date) else c for c in cells])
    return stream.getvalue().encode(draws.choice(["utf-8", "utf-8-sig", "cp1252"]), errors="replace")


def _truncate(draws: random.Random, content: bytes) -> bytes:
    return content[: draws.randrange(len(content) + 1)]


def _flip(draws: random.Random, content: bytes) -> bytes:
    spoiled = bytearray(content)
    for _ in range(draws.choice([1, 1, 3, 30])):
        spoiled[draws.randrange(len(spoiled))] = draws.randrange(256)
    return bytes(spoiled)


def _rewrite_part(draws: random.Random, content: bytes) -> bytes:
    """One part of the archive spoiled with its checksum right: only the reader itself can notice."""
    if not content.startswith(b"PK"):
        return _flip(draws, content)
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        chosen = draws.choice(old.namelist())
        for name in old.namelist():
            part = old.read(name)
            if name == chosen:
                part = draws.choice([_flip, _truncate, lambda draws, _: b""])(draws, part or b" ")
            new.writestr(name, part)
    return stream.getvalue()


def _junk(draws: random.Random, content: bytes) -> bytes:
    return draws.randbytes(draws.randrange(1, 4000))


_SPOIL_BYTES: list[Callable[[random.Random, bytes], bytes]] = [_truncate, _flip, _rewrite_part, _rewrite_part, _junk]

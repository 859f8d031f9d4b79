"""Parses a follower count as a platform's page shows it: "12,3 rb" is 12,300 known to the hundred.

An ambiguous value is refused: a guess would appear on a board.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

LARGEST = 10_000_000_000

_UNITS = {"rb": 1_000, "ribu": 1_000, "k": 1_000, "jt": 1_000_000, "juta": 1_000_000}
_WORDS = re.compile(r"\s*(?:pengikut|pelanggan|followers?|subscribers?|subs)\.?$")
_HIDDEN = {"tersembunyi", "disembunyikan", "hidden"}

_DIGITS = re.compile(r"[0-9]+")
# Of three digits behind a mark no page ever shows decimals: 12.345 and 12,345 are the same number.
_GROUPED = re.compile(r"[0-9]{1,3}(?:([.,' ])[0-9]{3})(?:\1[0-9]{3})*")
_SHORTENED = re.compile(r"([0-9]{1,4})(?:[.,]([0-9]{1,2}))?\s*([a-z]+)\.?")
_DECIMAL = re.compile(r"[0-9]+[.,][0-9]+")


class CountNotUnderstood(ValueError):
    """The cell cannot be read as one number only; the text (Indonesian) completes 'Kolom …: nilai ini'."""


@dataclass(frozen=True, slots=True)
class DisplayedCount:
    """A parsed count, rounded down to its step, or None for a count that the account hides."""

    count: int | None
    precision_step: int | None  # 1 = exact; 100 = shown to the hundred


def read_count(value: Any) -> DisplayedCount:
    """Understand the content of a cell.

    Args:
        value: text as the page shows it, or the number that a spreadsheet made of it.

    Raises:
        CountNotUnderstood: with what to write instead.
    """
    if isinstance(value, bool):
        raise CountNotUnderstood("bukan angka; tulis seperti tertera, misalnya 12,3 rb atau 12.345")
    if isinstance(value, int):
        return _exact(value)
    if isinstance(value, float):
        if value.is_integer():
            return _exact(int(value))
        raise CountNotUnderstood(
            "sudah diubah menjadi bilangan pecahan oleh program lembar kerja; "
            "ketik ulang sebagai teks seperti tertera, misalnya 12,3 rb atau 12.345"
        )
    if not isinstance(value, str):
        raise CountNotUnderstood(
            "sudah diubah menjadi tanggal oleh program lembar kerja; "
            "atur format sel menjadi Teks lalu ketik ulang seperti tertera, misalnya 12,3 rb"
        )
    return _from_text(value)


def _from_text(value: str) -> DisplayedCount:
    text = " ".join(unicodedata.normalize("NFKC", value).split()).casefold().replace("’", "'")
    text = _WORDS.sub("", text)
    if text in _HIDDEN:
        return DisplayedCount(None, None)
    if text.startswith(("-", "\N{MINUS SIGN}")):
        raise CountNotUnderstood("negatif; jumlah pengikut tidak bisa kurang dari nol")
    if _DIGITS.fullmatch(text):
        if len(text) > 1 and text.startswith("0"):
            raise CountNotUnderstood("diawali nol; tulis angkanya tanpa nol di depan")
        return _exact(int(text[: len(str(LARGEST)) + 1]))
    if _GROUPED.fullmatch(text):
        if text.startswith("0"):
            raise CountNotUnderstood("diawali nol; tulis seperti tertera, misalnya 345 atau 1.345")
        return _exact(int(re.sub(r"[^0-9]", "", text)))
    if shortened := _SHORTENED.fullmatch(text):
        return _shortened(*shortened.groups(default=""))
    if _DECIMAL.fullmatch(text):
        raise CountNotUnderstood(
            "berdesimal tanpa satuan; tulis satuannya (12,3 rb atau 1,2 jt), atau angka utuh dengan tiga angka "
            "di belakang titik (12.345)"
        )
    raise CountNotUnderstood("bukan jumlah pengikut; tulis seperti tertera, misalnya 12.345, 12,3 rb atau 1,2 jt")


def _shortened(whole: str, decimals: str, unit: str) -> DisplayedCount:
    if unit in ("m", "b", "mio", "miliar", "milyar", "mn"):
        raise CountNotUnderstood("bersatuan M/B yang bisa berarti juta atau miliar; tulis jt untuk juta")
    if unit not in _UNITS:
        raise CountNotUnderstood(f"bersatuan '{unit}' yang tidak dikenal; tulis rb (ribu) atau jt (juta)")
    step = _UNITS[unit] // 10 ** len(decimals)
    count = int(whole + decimals) * step
    if count > LARGEST:
        raise CountNotUnderstood("terlalu besar untuk jumlah pengikut; periksa kembali")
    return DisplayedCount(count, step)


def _exact(count: int) -> DisplayedCount:
    if count < 0:
        raise CountNotUnderstood("negatif; jumlah pengikut tidak bisa kurang dari nol")
    if count > LARGEST:
        raise CountNotUnderstood("terlalu besar untuk jumlah pengikut; periksa kembali")
    return DisplayedCount(count, 1)

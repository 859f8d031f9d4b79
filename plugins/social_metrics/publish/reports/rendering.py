"""From a record to the bytes of a report: the same record, template and settings give the same bytes."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

from social_metrics.clock import WIB
from social_metrics.publish.page.formats import Language
from social_metrics.publish.reports import typesetting
from social_metrics.publish.reports.month_record import MonthRecord
from social_metrics.publish.reports.packs import Packs
from social_metrics.publish.reports.workbook import workbook

Kind = Literal["leadership", "full", "center", "workbook"]

_FILE_NAMES: dict[Kind, str] = {"leadership": "pimpinan", "full": "lengkap", "center": "sentra", "workbook": "data"}
_TEMPLATE = (
    "publish/reports", "publish/phrases.py", "publish/texts.py", "publish/texts.csv", "publish/page/formats.py",
    "audit/figure_names.py",
)  # fmt: skip
_LIBRARIES = ("typst", "segno", "openpyxl")


def file_name(record: MonthRecord, kind: Kind, center_code: str | None, language: Language) -> str:
    """The file name; it holds the number of corrections shown, as a new one makes another report."""
    corrections = sum(center_code in (None, one.center_code) for one in record.corrections)
    parts = [
        f"{record.close.month_start:%Y-%m}-v{record.close.version}",
        _FILE_NAMES[kind],
        *([center_code] if center_code else []),
        *([f"koreksi-{corrections}"] if corrections else []),
        language,
    ]
    return "-".join(parts) + (".xlsx" if kind == "workbook" else ".pdf")


def render(record: MonthRecord, kind: Kind, center_code: str | None, language: Language) -> bytes:
    """The bytes of a report of a closed month."""
    if kind == "workbook":
        return workbook(record, language)
    packs = Packs(record, language)
    made = packs.center(center_code) if center_code else packs.full() if kind == "full" else packs.leadership()
    return typesetting.pdf(made, record.close.drafted_at)


def render_provisional(pinned: typesetting.Block, as_of_date: date) -> bytes:
    """The bytes of a provisional page, from its pinned figures."""
    return typesetting.pdf(pinned, _end_of(as_of_date))


@cache
def template_version() -> str:
    """The sha256 of the files from which reports are rendered."""
    package = files("social_metrics")
    digest = hashlib.sha256()
    for part in _TEMPLATE:
        for name, content in sorted(_files(package.joinpath(part), part)):
            digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def settings_sha256(kind: Kind, center_code: str | None, language: Language, made_at: datetime) -> str:
    """The sha256 of what a report is rendered with beside record and template."""
    settings = {
        "kind": kind, "center": center_code, "language": language, "made_at": made_at.astimezone(UTC).isoformat(),
        **{name: version(name) for name in _LIBRARIES},
    }  # fmt: skip
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def settings_of_provisional(language: Language, as_of_date: date) -> str:
    """`settings_sha256` of a provisional page."""
    return settings_sha256("leadership", None, language, _end_of(as_of_date))


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59), WIB)


def _files(place: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    if place.is_file():
        yield name, place.read_bytes()
        return
    for part in place.iterdir():
        if not part.name.startswith(("_", ".")):
            yield from _files(part, f"{name}/{part.name}")

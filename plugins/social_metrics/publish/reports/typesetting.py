"""From blocks of plain data to a page: typst sets it, without a browser, system fonts or the network.

The same data gives the same bytes: the fonts are typst's own, and the time in the file is the caller's.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Literal

import segno
import typst

Block = dict[str, Any]
"""A part of a page as `templates/report.typ` takes it; made by the functions of this module."""

Alignment = Literal["left", "right", "center"]
Column = tuple[str, float | None, Alignment]
"""Title, share of the free width (None: as wide as its content), alignment."""

_ALIGNMENTS: tuple[Alignment, ...] = ("left", "right", "center")
_COUNTING_PPI = 8.0


def document(
    *,
    title: str,
    subtitle: str,
    running: str,
    foot: str,
    stamps: Sequence[str],
    language: str,
    blocks: Sequence[Block],
    is_landscape: bool = False,
) -> Block:
    """A whole report: its title, the line on top of each page with its stamps, the line at the foot, and its blocks."""
    return {
        "title": title,
        "subtitle": subtitle,
        "running": running,
        "foot": foot,
        "stamps": list(stamps),
        "language": language,
        "author": "Direktorat Jenderal Rehabilitasi Sosial",
        "flipped": is_landscape,
        "size": 9.5,
        "blocks": list(blocks),
    }


def heading(text: str) -> Block:
    """The title of a part."""
    return {"kind": "heading", "text": text}


def text(words: str, *, is_soft: bool = False, size: float = 9.5) -> Block:
    """A paragraph; `size` in points."""
    return {"kind": "text", "text": words, "soft": is_soft, "size": size}


def bullets(items: Sequence[str], size: float = 9.5) -> Block:
    """A list of short texts; `size` in points."""
    return {"kind": "list", "items": list(items), "size": size}


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    empty: str,
    size: float = 8.5,
    inset: float = 2.5,
    is_whole: bool = False,
) -> Block:
    """A table whose header comes again on each page.

    Args:
        columns: see `Column`.
        rows: a text for each column.
        empty: text in place of a table without rows.
        size: of the letters, in points.
        inset: space above and below a line, in points.
        is_whole: stays on one page.
    """
    return {
        "kind": "table",
        "header": [title for title, _, _ in columns],
        "columns": ["auto" if share is None else str(share) for _, share, _ in columns],
        "align": [_ALIGNMENTS.index(alignment) for _, _, alignment in columns],
        "rows": [list(row) for row in rows],
        "empty": empty,
        "size": size,
        "inset": inset,
        "whole": is_whole,
    }


def charts(drawings: Sequence[tuple[str, str, str | None]], columns: int) -> Block:
    """Drawings beside each other: title, a line below it, and the SVG (None when there is nothing to draw)."""
    shown = [{"title": title, "note": note, "svg": svg} for title, note, svg in drawings]
    return {"kind": "charts", "columns": columns, "charts": shown}


def digests(rows: Sequence[tuple[str, str]], content: str, words: str, command: str) -> Block:
    """Digests beside a QR code that holds one of them, with words and the command that checks it; never parted."""
    drawn = BytesIO()
    segno.make(content, error="m", micro=False).save(drawn, kind="svg", scale=4, border=2)
    listed = table([("", None, "left"), ("sha256", 1, "left")], rows, empty="", size=8)
    return {"kind": "digests", "svg": drawn.getvalue().decode(), "table": listed, "text": words, "command": command}


def new_page() -> Block:
    """What follows begins on a new page."""
    return {"kind": "break"}


def pdf(report: Block, made_at: datetime) -> bytes:
    """The report as PDF.

    Args:
        report: made by `document`.
        made_at: the instant written into the file.
    """
    return bytes(
        typst.compile(
            _template(),
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs=_inputs(report),
            timestamp=int(made_at.timestamp()),
        )
    )


def pictures(report: Block, ppi: float) -> list[bytes]:
    """The report's pages as PNG, `ppi` dots an inch."""
    pages: Any = typst.compile(
        _template(), format="png", ppi=ppi, ignore_system_fonts=True, sys_inputs=_inputs(report), timestamp=0
    )
    return [bytes(page) for page in pages] if isinstance(pages, list) else [bytes(pages)]


def page_count(report: Block) -> int:
    """How many pages the report has."""
    return len(pictures(report, _COUNTING_PPI))


def _inputs(report: Block) -> dict[str, str]:
    return {"report": json.dumps(report, ensure_ascii=False, sort_keys=True)}


@cache
def _template() -> bytes:
    return files("social_metrics.publish.reports").joinpath("templates", "report.typ").read_bytes()

"""The screenshots attached to manual entries: found beside the workbook, recognised by their bytes."""

import hashlib
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from social_metrics.contract import Attachment
from social_metrics.intake.inbox import opened_folder, read_regular_file
from social_metrics.intake.spreadsheet.validation_errors import FileRefused

MAX_BYTES = 5_000_000

ReadAttachment = Callable[[str], bytes | None]
"""Gives the bytes of a file by its name, None when there is no such file."""

_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"%PDF-", "application/pdf"),
)
# Phones and computers put the date into a screenshot's name: Screenshot_20261124-193000, Screen Shot 2026-11-24 at …
_NAMED_DATE = re.compile(r"(?<![0-9])(20[0-9]{2})([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12][0-9]|3[01])(?![0-9])")


class AttachmentRefused(ValueError):
    """The file cannot be attached; the text (Indonesian) completes 'Kolom Berkas bukti: nilai ini'."""


def load_attachment(name: str, read: ReadAttachment) -> Attachment:
    """Read a screenshot.

    Args:
        name: a file name without folders, as the officer wrote it.
        read: reads files from where the workbook came from.

    Raises:
        AttachmentRefused: missing, too large, or no screenshot.
    """
    if "/" in name or "\\" in name or name.startswith("."):
        raise AttachmentRefused("berisi nama folder; tulis nama berkasnya saja, misalnya kartini-x-2026-11-24.png")
    try:
        content = read(name)
    except FileRefused as refused:
        raise AttachmentRefused(f"tidak dibuka. {str(refused).rstrip('.')}") from refused
    if content is None:
        raise AttachmentRefused("tidak ada di antara berkas yang dikirim; kirim berkas itu bersama templat")
    if len(content) > MAX_BYTES:
        raise AttachmentRefused(f"lebih besar dari {MAX_BYTES // 1_000_000} MB; perkecil tangkapan layarnya")
    media_type = next((kind for mark, kind in _KINDS if content.startswith(mark)), None)
    if media_type is None:
        raise AttachmentRefused("bukan gambar PNG, JPG, atau PDF; buat tangkapan layarnya lagi")
    return Attachment(sha256_of(content), name, media_type, len(content), content)


def date_in_name(name: str) -> date | None:
    """The date that a phone or computer put into a screenshot's name."""
    parts = _NAMED_DATE.search(name)
    try:
        return date(int(parts[1]), int(parts[3]), int(parts[4])) if parts else None
    except ValueError:
        return None


def folder_reader(folder: Path) -> ReadAttachment:
    """Reads attachments from a folder of this machine; a link is refused."""

    def read(name: str) -> bytes | None:
        try:
            with opened_folder(folder) as opened:
                found = read_regular_file(opened, name, MAX_BYTES)
        except OSError:
            return None  # there is no such folder
        return found[0] if found else None

    return read


def sha256_of(content: bytes) -> str:
    """The digest by which an attachment is identified."""
    return hashlib.sha256(content).hexdigest()

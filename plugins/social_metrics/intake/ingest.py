"""Takes a filled workbook completely, or returns it with annotations; never in part."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from social_metrics.clock import wib_date
from social_metrics.contract import Attachment, ManualEntry, Source
from social_metrics.intake import store
from social_metrics.intake.form import Column
from social_metrics.intake.rows import read_rows
from social_metrics.intake.screenshots import ReadAttachment, sha256_of
from social_metrics.intake.spreadsheet.annotate import annotate
from social_metrics.intake.spreadsheet.read import SheetFile, read_file
from social_metrics.intake.spreadsheet.validation_errors import ValidationError
from social_metrics.intake.store import StoredEntry, entry_key
from social_metrics.intake.validation import Validation, ValidRow
from social_metrics.registry.registry import DEMO_HANDLE_PREFIX, Registry
from social_metrics.warehouse.connect import connect

_MEDIA_TYPES = {True: "text/csv", False: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@dataclass(frozen=True)
class IngestResult:
    """The result for one file.

    Args:
        taken: keys of the entries that now wait for a second person.
        unchanged: keys of entries that are stored already with the same content.
        errors: validation errors; then nothing was taken.
        annotated: the same file with the errors beside their rows.
    """

    taken: list[str]
    unchanged: list[str]
    errors: list[ValidationError]
    annotated: bytes | None


def ingest(
    name: str,
    content: bytes,
    *,
    registry: Registry,
    warehouse_url: str,
    now: datetime,
    read_attachment: ReadAttachment,
    max_age_days: int,
    center_code: str | None = None,
    author: str | None = None,
) -> IngestResult:
    """Take a workbook's entries, all or none.

    Args:
        name: the file's name, for the record.
        content: its bytes.
        registry: the registry in force.
        warehouse_url: postgresql://… of the service login.
        now: the UTC instant of the import; a screenshot cannot be later.
        read_attachment: reads the files that came with it.
        max_age_days: older screenshots are refused.
        center_code: the only center that may be entered; None: any.
        author: who handed it in, where its channel knows; then the name in the file says nothing.

    Raises:
        FileRefused: the file as a whole cannot be read.
        UsageProblem: the warehouse cannot be used.
    """
    file = read_file(name, content)
    entered, errors = read_rows(file, registry, wib_date(now))
    validation = Validation(registry, now, read_attachment, max_age_days, center_code)
    rows = validation.valid_rows(entered)
    errors += validation.errors
    if errors:
        return _returned(file, errors)
    with connect(warehouse_url, "loader") as connection, connection.transaction():
        store.lock(connection)
        errors = _reused_attachments(connection, rows)
        if errors:
            return _returned(file, errors)
        known = store.newest_entries(connection, [row.key for row in rows])
        workbook = Attachment(sha256_of(content), name, _MEDIA_TYPES[file.csv_form is not None], len(content), content)
        taken: list[ManualEntry] = []
        unchanged: list[str] = []
        for row in rows:
            before = known.get(row.key)
            version = 1 if before is None else before.version + 1
            entry = _entry(row, workbook.sha256, version, author or row.row.entered_by, now)
            if before is not None and _observed(before) == _observed(entry):
                unchanged.append(before.key)
            else:
                taken.append(entry)
        if taken:
            attachments = {row.attachment.sha256: row.attachment for row in rows}
            store.insert(connection, [workbook, *attachments.values()], taken)
    keys = [entry_key(entry.account_code, wib_date(entry.observed_at), entry.version) for entry in taken]
    return IngestResult(keys, unchanged, [], None)


def _returned(file: SheetFile, errors: Sequence[ValidationError]) -> IngestResult:
    return IngestResult([], [], list(errors), annotate(file, errors, Column.ANNOTATION.value))


def _reused_attachments(connection: psycopg.Connection, rows: Sequence[ValidRow]) -> list[ValidationError]:
    uses = store.attachment_uses(connection, {row.attachment.sha256 for row in rows})
    errors = []
    for row in rows:
        others = uses.get(row.attachment.sha256, set()) - {row.key}
        if others:
            account_code, day = min(others)
            errors.append(
                row.row.error(
                    Column.EVIDENCE_FILE, row.attachment.file_name,
                    f"sudah dipakai untuk {account_code} tanggal {_day(day)}; setiap akun dan tanggal memerlukan bukti "
                    "sendiri",
                )
            )  # fmt: skip
    return errors


def _entry(row: ValidRow, workbook_sha256: str, version: int, author: str, now: datetime) -> ManualEntry:
    entered, account = row.row, row.account
    is_demo = (account.handle or "").startswith(DEMO_HANDLE_PREFIX)
    return ManualEntry(
        account_code=account.account_code,
        platform=account.platform,
        version=version,
        observed_at=entered.observed_at,
        followers_displayed=entered.followers_displayed,
        followers_count=entered.followers.count,
        followers_precision_step=entered.followers.precision_step,
        followers_state=entered.followers_state,
        metric_definition_id=metric_definition_of(account.platform),
        last_post_displayed=entered.last_post_displayed,
        last_post_at=entered.last_post_at,
        last_post_url=entered.last_post_url,
        posts_looked_at=entered.posts_looked_at,
        is_outreach=entered.is_outreach,
        program=entered.program,
        evidence_sha256=row.attachment.sha256,
        evidence_file_name=row.attachment.file_name,
        workbook_sha256=workbook_sha256,
        workbook_place=entered.place,
        entered_by=author.strip().lower(),
        entered_at=now,
        source=Source.SIMULATOR if is_demo else Source.MANUAL,
    )


def metric_definition_of(platform: str) -> str:
    """The definition that a platform's page and its API share: entering by hand does not break the series."""
    try:
        module = importlib.import_module(f"social_metrics.extract.platforms.{platform}")
    except ModuleNotFoundError:
        return f"{platform}.followers_displayed.v1"  # a platform without an API
    return str(module.METRIC_DEFINITION_ID)


def _observed(entry: StoredEntry | ManualEntry) -> tuple[Any, ...]:
    return tuple(getattr(entry, name) for name in store.OBSERVED)


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"

"""Tasks of `ingest_manual_entries`: workbooks from the inbox, and the asset of confirmed entries."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from airflow.sdk import ObjectStoragePath, task
from airflow.sdk.exceptions import AirflowSkipException

from social_metrics.intake import store
from social_metrics.intake.store import StoredEntry
from social_metrics.orchestration.assets import ENTRIES
from social_metrics.orchestration.clocks import connection_clock
from social_metrics.orchestration.failures import translate_errors
from social_metrics.orchestration.forms import strip_markup
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import Settings, load_settings
from social_metrics.warehouse.connect import connect

log = logging.getLogger(__name__)

WORKBOOKS = (".xlsx", ".csv")
TAKEN, RETURNED = "taken", "returned"


@task
@translate_errors()
def take_entries() -> list[dict[str, Any]]:
    """Take every workbook of the inbox; return the arguments of one confirmation per workbook taken.

    The inbox has a folder per center code, and a workbook there may enter that center only. A workbook and
    its screenshots go to `taken/` afterwards, a refused one to `returned/` together with its annotated copy.

    Raises:
        AirflowFailException: the registry, the inbox or the warehouse's connection cannot be used.
    """
    settings = load_settings()
    registry = load_registry(settings.registry_dir)
    url = WarehouseHook().url()
    inbox = ObjectStoragePath(settings.inbox)
    now = connection_clock(registry.platforms).now()
    forms = []
    for center, path in _workbooks(inbox, registry):
        keys = _take(path, center, registry, settings, url, now)
        if keys:
            with connect(url, "loader") as connection:
                waiting = {entry.key: entry for entry in store.list_entries(connection, only_waiting=True)}
            forms.append(_form(center, path.name, [waiting[key] for key in keys if key in waiting]))
    return forms


@task(outlets=[ENTRIES])
@translate_errors()
def publish_entries(decisions: Any, outlet_events: Any = None) -> list[str]:
    """Publish the asset of confirmed entries, with their keys in the event; return the keys.

    Args:
        decisions: what the confirmations returned, one per workbook.

    Raises:
        AirflowSkipException: nothing was confirmed, so there is nothing to transform.
    """
    answers = [answer for answer in decisions or () if answer and answer["decision"] == "confirmed"]
    keys = [key for answer in answers for key in answer["keys"]]
    if not keys:
        raise AirflowSkipException("No entry was confirmed: the facts are unchanged.")
    outlet_events[ENTRIES].extra["entries"] = keys
    return keys


def _take(
    path: ObjectStoragePath, center: str, registry: Registry, settings: Settings, url: str, now: datetime
) -> list[str]:
    """Ingest one workbook and move it; return the keys of the entries taken."""
    from social_metrics.intake import screenshots
    from social_metrics.intake.ingest import ingest
    from social_metrics.intake.spreadsheet.annotate import annotated_name
    from social_metrics.intake.spreadsheet.validation_errors import FileRefused

    folder = path.parent

    def read(name: str) -> bytes | None:
        screenshot = folder / name
        if not screenshot.is_file() or screenshot.stat().st_size > 2 * screenshots.MAX_BYTES:
            return None
        return bytes(screenshot.read_bytes())

    try:
        result = ingest(
            path.name,
            bytes(path.read_bytes()),
            registry=registry,
            warehouse_url=url,
            now=now,
            read_attachment=read,
            max_age_days=settings.manual_entry_max_age_days,
            center_code=center,
        )
    except FileRefused as refused:
        log.warning("%s was returned: %s", path, refused)
        _put(folder / RETURNED / f"{path.name}.txt", str(refused).encode())
        _move(path, folder / RETURNED)
        return []
    if result.errors:
        for error in result.errors:
            log.warning("%s was returned: %s", path, error.message)
        _put(folder / RETURNED / annotated_name(path.name), result.annotated or b"")
        _move(path, folder / RETURNED)
        return []
    log.info("%s: %d entries taken, %d unchanged", path, len(result.taken), len(result.unchanged))
    _move(path, folder / TAKEN)
    return result.taken


def _workbooks(inbox: ObjectStoragePath, registry: Registry) -> Iterator[tuple[str, ObjectStoragePath]]:
    """Center code and workbook, in a fixed order."""
    if not inbox.exists():
        return
    for center in sorted({center.center_code for center in registry.centers}):
        folder = inbox / center
        if folder.is_dir():
            found = [path for path in folder.iterdir() if path.is_file() and path.name.lower().endswith(WORKBOOKS)]
            yield from ((center, path) for path in sorted(found, key=lambda path: str(path.name)))


def _put(path: ObjectStoragePath, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _move(path: ObjectStoragePath, folder: ObjectStoragePath) -> None:
    """Copy first, then remove: after a crash in between the file is ingested again, which changes nothing."""
    _put(folder / path.name, bytes(path.read_bytes()))
    path.unlink()


def _form(center: str, name: str, entries: list[StoredEntry]) -> dict[str, Any]:
    """What the second person is shown."""
    lines = [
        f"Berkas **{name}**, diisi oleh **{entries[0].entered_by}**. Cocokkan setiap baris dengan tangkapan layarnya.",
        "",
        "| Entri | Tertera | Dipahami | Unggahan terakhir | Bukti |",
        "|---|---|---|---|---|",
    ]
    for entry in entries:
        step = entry.followers_precision_step
        count = "tersembunyi" if step is None else f"{entry.followers_count} (langkah {step})"
        shown = strip_markup(entry.followers_displayed)
        posted = strip_markup(entry.last_post_url or entry.posts_looked_at)
        screenshot = f"{strip_markup(entry.evidence_file_name)} ({entry.evidence_sha256[:12]})"
        lines.append(f"| {entry.key} | {shown} | {count} | {posted} | {screenshot} |")
    return {
        "subject": f"Konfirmasi entri manual {center}: {len(entries)} baris dari {name}",
        "body": "\n".join(lines),
        "keys": [entry.key for entry in entries],
    }

"""Tasks of `ingest_manual_entries`: workbooks from the inbox, and the asset of confirmed entries."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from airflow.sdk import ObjectStoragePath, task
from airflow.sdk.exceptions import AirflowSkipException

from social_metrics.clock import WIB
from social_metrics.intake import store
from social_metrics.intake.inbox import Delivered, FolderInbox, Inbox, StoreInbox, local_folder
from social_metrics.intake.store import StoredEntry
from social_metrics.orchestration.assets import ENTRIES
from social_metrics.orchestration.clocks import connection_clock
from social_metrics.orchestration.failures import translate_errors
from social_metrics.orchestration.forms import assigned_users, strip_markup
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.plain_text import printable
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.registry.roles import RoleHolder, author_of, confirmers_of, load_roles
from social_metrics.settings import Settings, load_settings
from social_metrics.warehouse.connect import connect

log = logging.getLogger(__name__)


@task
@translate_errors()
def take_entries() -> list[dict[str, Any]]:
    """Take every workbook of the inbox; return the arguments of one confirmation per workbook taken.

    The inbox has a folder per center code, and a workbook there may enter that center only. A workbook goes to
    `taken/<center>/` afterwards, a refused one to `returned/<center>/` together with its annotated copy.

    Raises:
        AirflowFailException: the registry, the inbox or the warehouse's connection cannot be used.
    """
    settings = load_settings()
    registry = load_registry(settings.registry_dir)
    roles = load_roles(settings.registry_dir)
    url = WarehouseHook().url()
    folder = local_folder(settings.inbox)
    inbox = FolderInbox(folder) if folder else StoreInbox(ObjectStoragePath(settings.inbox))
    now = connection_clock(registry.platforms).now()
    forms = []
    for found in inbox.workbooks(sorted({center.center_code for center in registry.centers})):
        keys, author = _take(inbox, found, roles, registry, settings, url, now)
        if keys:
            with connect(url, "loader") as connection:
                waiting = {entry.key: entry for entry in store.list_entries(connection, only_waiting=True)}
            entries = [waiting[key] for key in keys if key in waiting]
            confirmers = confirmers_of(roles, found.center_code, author or entries[0].entered_by)
            forms.append(_form(found, entries, assigned_users(confirmers)))
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
    inbox: Inbox,
    found: Delivered,
    roles: Sequence[RoleHolder],
    registry: Registry,
    settings: Settings,
    url: str,
    now: datetime,
) -> tuple[list[str], str | None]:
    """Ingest one workbook and move it; return the keys of the entries taken, and who handed it in."""
    from social_metrics.intake import screenshots
    from social_metrics.intake.ingest import ingest
    from social_metrics.intake.spreadsheet.annotate import annotated_name
    from social_metrics.intake.spreadsheet.read import MAX_BYTES
    from social_metrics.intake.spreadsheet.validation_errors import FileRefused

    center, name = found.center_code, found.name
    content = None
    try:
        opened = inbox.read(center, name, MAX_BYTES)
        if opened is None:
            return [], None  # its officer has taken it back
        content = opened[0]
        author = author_of(roles, center, opened[1])
        result = ingest(
            name,
            content,
            registry=registry,
            warehouse_url=url,
            now=now,
            read_attachment=lambda screenshot: (inbox.read(center, screenshot, screenshots.MAX_BYTES) or (None,))[0],
            max_age_days=settings.manual_entry_max_age_days,
            center_code=center,
            author=author,
        )
    except FileRefused as refused:
        log.warning("%s of %s was returned: %s", printable(name), center, printable(str(refused)))
        inbox.put("returned", center, f"{name}.txt", str(refused).encode())
        if content is not None:
            inbox.put("returned", center, name, content)
        inbox.remove(center, name)
        return [], None
    if result.errors:
        for error in result.errors:
            log.warning("%s of %s was returned: %s", printable(name), center, printable(error.message))
        inbox.put("returned", center, annotated_name(name), result.annotated or b"")
        inbox.put("returned", center, name, content)
    else:
        log.info("%s of %s: %d entries taken, %d unchanged", name, center, len(result.taken), len(result.unchanged))
        inbox.put("taken", center, name, content)
    # Removed last: after a crash in between the file is ingested again, which changes nothing.
    inbox.remove(center, name)
    return result.taken, author


def _form(found: Delivered, entries: list[StoredEntry], assigned: list[dict[str, str]]) -> dict[str, Any]:
    """What the second person is shown, and who may respond."""
    name, author = strip_markup(found.name), strip_markup(entries[0].entered_by)
    lines = [
        f"Berkas **{name}**, diisi oleh **{author}**. Cocokkan setiap baris dengan tangkapan layarnya. Orang lain yang "
        f"menjawab: jawaban {author} sendiri ditolak.",
        "",
        "| Entri | Waktu bukti | Tertera | Dipahami | Unggahan terakhir | Tanggal unggahan | Bukti |",
        "|---|---|---|---|---|---|---|",
    ]
    for entry in entries:
        step = entry.followers_precision_step
        count = "tersembunyi" if step is None else f"{entry.followers_count} (langkah {step})"
        shown = strip_markup(entry.followers_displayed)
        posted = strip_markup(entry.last_post_url or entry.posts_looked_at)
        screenshot = f"{strip_markup(entry.evidence_file_name)} ({entry.evidence_sha256[:12]})"
        seen, last = (_local_time(instant) for instant in (entry.observed_at, entry.last_post_at))
        lines.append(f"| {entry.key} | {seen} | {shown} | {count} | {posted} | {last} | {screenshot} |")
    return {
        "subject": f"Konfirmasi entri manual {found.center_code}: {len(entries)} baris dari {name}",
        "body": "\n".join(lines),
        "keys": [entry.key for entry in entries],
        "assigned_users": assigned,
    }


def _local_time(instant: datetime | None) -> str:
    return "–" if instant is None else f"{instant.astimezone(WIB):%d-%m-%Y %H.%M} WIB"

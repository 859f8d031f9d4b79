"""Filled workbooks picked up from the inbox: taken whole, or returned with remarks beside the rows."""

from collections.abc import Iterator
from typing import Any

from airflow.sdk import BaseOperator, ObjectStoragePath

from social_metrics.clock import Clock, SystemClock
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.extract.credentials.endpoint import clock_of
from social_metrics.intake import screenshots, store
from social_metrics.intake.ingest import ingest
from social_metrics.intake.spreadsheet.annotate import annotated_name
from social_metrics.intake.spreadsheet.faults import FileRefused
from social_metrics.intake.store import StoredEntry
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import Settings, load_settings
from social_metrics.warehouse.connect import connect

WORKBOOKS = (".xlsx", ".csv")
TAKEN, RETURNED = "taken", "returned"


class TakeEntriesOperator(BaseOperator):
    """Take every workbook of the inbox; return, per workbook taken, what a second person has to look at.

    The inbox has a folder per center code: whoever may write there enters that center and no other. A workbook and
    its screenshots go to `taken/` afterwards, a refused one to `returned/` together with its annotated copy.
    """

    def execute(self, context: Any) -> list[dict[str, Any]]:
        """Take or return; give the arguments of one confirmation per workbook taken.

        Raises:
            AirflowFailException: the registry, the inbox or the warehouse's connection cannot be used.
        """
        with plain_failure():
            settings = load_settings()
            registry = load_registry(settings.registry_dir)
            url = WarehouseHook().url()
            inbox = ObjectStoragePath(settings.manual_entry_inbox or (settings.state_dir / "inbox").as_uri())
            now = _clock(registry).now()
            asked = []
            for center, path in _workbooks(inbox, registry):
                keys = self._take(path, center, registry, settings, url, now)
                if keys:
                    with connect(url, "loader") as connection:
                        every = {entry.key: entry for entry in store.list_entries(connection, only_waiting=True)}
                    asked.append(_question(center, path.name, [every[key] for key in keys if key in every]))
        return asked

    def _take(
        self, path: ObjectStoragePath, center: str, registry: Registry, settings: Settings, url: str, now: Any
    ) -> list[str]:
        folder = path.parent

        def read(name: str) -> bytes | None:
            screenshot = folder / name
            if not screenshot.is_file() or screenshot.stat().st_size > 2 * screenshots.MAX_BYTES:
                return None
            return bytes(screenshot.read_bytes())

        content = bytes(path.read_bytes())
        try:
            result = ingest(
                path.name,
                content,
                registry=registry,
                warehouse_url=url,
                now=now,
                read_evidence=read,
                max_age_days=settings.manual_entry_max_age_days,
                center_code=center,
            )
        except FileRefused as refused:
            self.log.warning("%s was returned: %s", path, refused)
            _put(folder / RETURNED / f"{path.name}.txt", str(refused).encode())
            _move(path, folder / RETURNED)
            return []
        if result.faults:
            for fault in result.faults:
                self.log.warning("%s was returned: %s", path, fault.sentence)
            _put(folder / RETURNED / annotated_name(path.name), result.annotated or b"")
            _move(path, folder / RETURNED)
            return []
        self.log.info("%s: %d entries taken, %d unchanged", path, len(result.taken), len(result.unchanged))
        _move(path, folder / TAKEN)
        return result.taken


def _workbooks(inbox: ObjectStoragePath, registry: Registry) -> Iterator[tuple[str, ObjectStoragePath]]:
    """Center code and workbook, in a steady order."""
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
    """Copied first and removed then: a crash in between hands the file in twice, which changes nothing."""
    _put(folder / path.name, bytes(path.read_bytes()))
    path.unlink()


def _clock(registry: Registry) -> Clock:
    """The simulator's clock where the connections lead there, so that the demo is one day; else the machine's."""
    for platform in registry.platforms:
        try:
            return clock_of(platform_connection(platform))
        except UsageProblem:
            continue
    return SystemClock()


def _question(center: str, name: str, entries: list[StoredEntry]) -> dict[str, Any]:
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
        shown, posted = _plain(entry.followers_displayed), _plain(entry.last_post_url or entry.posts_looked_at)
        proof = f"{_plain(entry.evidence_file_name)} ({entry.evidence_sha256[:12]})"
        lines.append(f"| {entry.key} | {shown} | {count} | {posted} | {proof} |")
    return {
        "subject": f"Konfirmasi entri manual {center}: {len(entries)} baris dari {name}",
        "body": "\n".join(lines),
        "keys": [entry.key for entry in entries],
    }


def _plain(text: str) -> str:
    """Text of an officer inside a table: nothing of it is markup."""
    return "".join(character if character not in "|<>[]*_`\\\n" else " " for character in text)

"""Papers leave the house: into a folder or object store, and by e-mail to the offices of roles.csv."""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import BaseOperator, ObjectStoragePath
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException, AirflowSkipException

from social_metrics.audit.deliveries import (
    IssuedPaper,
    addresses,
    delivering,
    issued_papers,
    record_delivery,
    storage_path,
    was_delivered,
)
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.publish.page.formats import long_date
from social_metrics.registry.roles import load_roles
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect


class _DeliverOperator(BaseOperator):
    """Common to both ways: which papers.

    Args:
        papers: the sha256 of each paper, as the issuing task returned them.
    """

    template_fields: Sequence[str] = ("papers",)

    def __init__(self, *, papers: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.papers = papers


class StorePapersOperator(_DeliverOperator):
    """Put papers below SOCIAL_METRICS_PAPERS_DESTINATION; one that lies there already is left as it is."""

    def execute(self, context: Any) -> list[str]:
        """Return where each paper lies."""
        with plain_failure():
            settings = load_settings()
            root = ObjectStoragePath(settings.papers_destination or (settings.state_dir.resolve() / "papers").as_uri())
            places = []
            with connect(WarehouseHook().url(), "closer") as connection:
                papers = _found(issued_papers(connection, self.papers), self.papers)
                connection.commit()
                with delivering(connection):
                    for paper in papers:
                        place = root / storage_path(paper)
                        if not (was_delivered(connection, paper, "object_store", str(place)) and place.exists()):
                            place.parent.mkdir(parents=True, exist_ok=True)
                            place.write_bytes(paper.content)
                            record_delivery(connection, [paper], "object_store", str(place))
                        places.append(str(place))
        self.log.info("%d papers below %s", len(places), root)
        return places


class MailPapersOperator(_DeliverOperator):
    """Send each office its papers in one mail, once; a center's pack goes to that center's officers only.

    Args:
        smtp_conn_id: an Airflow connection of the type SMTP; its extra names the sender (`from_email`).
    """

    def __init__(self, *, papers: Any, smtp_conn_id: str = "smtp_default", **kwargs: Any) -> None:
        super().__init__(papers=papers, **kwargs)
        self.smtp_conn_id = smtp_conn_id

    def execute(self, context: Any) -> list[str]:
        """Return the addresses that were written to now.

        Raises:
            AirflowSkipException: roles.csv holds no address for any of the papers.
            AirflowFailException: there is no mail server's connection.
        """
        with plain_failure():
            roles = load_roles(load_settings().registry_dir)
            written = []
            with connect(WarehouseHook().url(), "closer") as connection:
                papers = _found(issued_papers(connection, self.papers), self.papers)
                connection.commit()
                by_address: dict[str, list[IssuedPaper]] = defaultdict(list)
                for paper in papers:
                    for address in addresses(paper, roles):
                        by_address[address].append(paper)
                if not by_address:
                    raise AirflowSkipException("No office in roles.csv has an e-mail address for these papers.")
                self._demand_connection()
                with delivering(connection):
                    for address, wanted in sorted(by_address.items()):
                        fresh = [paper for paper in wanted if not was_delivered(connection, paper, "email", address)]
                        if fresh:
                            # Noted once the server has taken it: a crash in between sends twice rather than never.
                            self._send(address, fresh)
                            record_delivery(connection, fresh, "email", address)
                            written.append(address)
        self.log.info(
            "Mails sent: %d; offices that had theirs already: %d", len(written), len(by_address) - len(written)
        )
        return written

    def _send(self, address: str, papers: list[IssuedPaper]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for paper in papers:
                file = Path(folder) / paper.file_name
                file.write_bytes(paper.content)
                files.append(str(file))
            with SmtpHook(self.smtp_conn_id) as hook:
                hook.send_email_smtp(to=address, subject=_subject(papers), html_content=_text(papers), files=files)

    def _demand_connection(self) -> None:
        try:
            SmtpHook.get_connection(self.smtp_conn_id)
        except AirflowNotFoundException:
            raise AirflowFailException(
                f"roles.csv names addresses, but Airflow has no connection {self.smtp_conn_id}: add one of the "
                "type SMTP, with from_email in its extra, and clear the task."
            ) from None


def _found(papers: list[IssuedPaper], wanted: Iterable[str]) -> list[IssuedPaper]:
    missing = set(wanted) - {paper.sha256 for paper in papers}
    if missing:
        raise AirflowFailException(f"These papers were never issued: {', '.join(sorted(missing))}.")
    return papers


def _subject(papers: list[IssuedPaper]) -> str:
    first = papers[0]
    if first.month_start is None:
        return f"ANGKA SEMENTARA: media sosial sentra per {long_date(first.as_of_date, 'id')}"
    return f"Media sosial sentra {first.month_start:%m-%Y}, tutup buku versi {first.version}"


def _text(papers: list[IssuedPaper]) -> str:
    lines = ["<p>Terlampir:</p><ul>"]
    lines += [f"<li>{escape(paper.file_name)}<br><small>sha256 {paper.sha256}</small></li>" for paper in papers]
    lines.append("</ul>")
    if papers[0].month_start is None:
        lines.append("<p><strong>ANGKA SEMENTARA.</strong> Angka bulan ini baru tetap setelah tutup buku.</p>")
    else:
        lines.append(
            "<p>Angka bulan ini sudah disahkan dan tidak berubah lagi. Pemeriksaan: "
            f"<code>social-metrics verify --month {papers[0].month_start:%Y-%m}</code></p>"
        )
    return "\n".join(lines)

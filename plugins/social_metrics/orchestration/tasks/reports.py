"""Tasks that issue reports and deliver them: to a folder or object store, and by e-mail to the offices of roles.csv."""

import logging
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from html import escape
from pathlib import Path
from typing import Any

import psycopg
from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import ObjectStoragePath, task
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException, AirflowSkipException

from social_metrics.audit.deliveries import (
    IssuedReport,
    addresses,
    delivering,
    issued_reports,
    record_delivery,
    storage_path,
    was_delivered,
)
from social_metrics.audit.log.publishing import prove_reports
from social_metrics.audit.log.report_proof import SUFFIX
from social_metrics.audit.record import status_of, steps_of
from social_metrics.clock import wib_date
from social_metrics.errors import UsageProblem
from social_metrics.orchestration.drafted_version import load_if_newest, month_of_version
from social_metrics.orchestration.failures import translate_errors
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.publish.page.formats import long_date
from social_metrics.registry.roles import load_roles
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect

log = logging.getLogger(__name__)


@task
@translate_errors()
def issue_month_reports(close: dict[str, Any]) -> list[str]:
    """Issue the reports of an approved version; return the sha256 of each. A second issue gives the same bytes.

    Args:
        close: the version, from `draft_month`.

    Raises:
        AirflowSkipException: the version was refused, or the month has a newer one.
    """
    from social_metrics.publish.reports.issue import issue_month

    month = month_of_version(close)
    url = WarehouseHook().url()
    with connect(url, "closer") as connection:
        version = load_if_newest(connection, close)
        status = status_of(steps_of(connection, version)) if version else "none"
    if status != "approved":
        raise AirflowSkipException(f"{month:%Y-%m} version {close['version']} is not approved: no reports were issued.")
    reports = issue_month(url, month)
    for report in reports:
        log.info("%s %s", report.file_name, report.sha256)
    return [report.sha256 for report in reports]


@task
@translate_errors()
def issue_provisional_page(params: Any = None, dag_run: Any = None) -> list[str]:
    """Issue the provisional page of the last Sunday, or of the parameter `as_of`; return its sha256."""
    from social_metrics.publish.reports.issue import issue_as_of

    page = issue_as_of(WarehouseHook().url(), as_of_date(params, dag_run), language="id")
    log.info("%s %s", page.file_name, page.sha256)
    return [page.sha256]


@task
@translate_errors()
def store_reports(digests: list[str]) -> list[str]:
    """Write reports below SOCIAL_METRICS_REPORTS_DESTINATION, each once; return where each is stored.

    Args:
        digests: the sha256 of each report, from the issuing task.
    """
    root = ObjectStoragePath(load_settings().reports)
    paths = []
    with connect(WarehouseHook().url(), "recorder") as connection:
        reports = _issued(connection, digests)
        proofs = prove_reports(connection, load_settings(), digests)
        with delivering(connection):
            for report in reports:
                path = root / storage_path(report)
                if not (was_delivered(connection, report, "object_store", str(path)) and path.exists()):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(report.content)
                    record_delivery(connection, [report], "object_store", str(path))
                if report.sha256 in proofs:
                    (path.parent / f"{path.name}{SUFFIX}").write_text(proofs[report.sha256])
                paths.append(str(path))
    log.info("%d reports below %s", len(paths), root)
    return paths


@task
@translate_errors()
def mail_reports(digests: list[str], smtp_conn_id: str = "smtp_default") -> list[str]:
    """Send each office its reports in one mail, once; return the addresses of this try.

    A center's report pack goes to that center's officers only.

    Args:
        digests: the sha256 of each report, from the issuing task.
        smtp_conn_id: an Airflow connection of the type SMTP; its extra names the sender (`from_email`).

    Raises:
        AirflowSkipException: roles.csv holds no address for any of the reports.
        AirflowFailException: Airflow has no such connection.
    """
    roles = load_roles(load_settings().registry_dir)
    sent = []
    with connect(WarehouseHook().url(), "recorder") as connection:
        reports = _issued(connection, digests)
        by_address: dict[str, list[IssuedReport]] = defaultdict(list)
        for report in reports:
            for address in addresses(report, roles):
                by_address[address].append(report)
        if not by_address:
            raise AirflowSkipException("No office in roles.csv has an e-mail address for these reports.")
        _require_connection(smtp_conn_id)
        proofs = prove_reports(connection, load_settings(), digests)
        with delivering(connection):
            for address, wanted in sorted(by_address.items()):
                unsent = [report for report in wanted if not was_delivered(connection, report, "email", address)]
                if unsent:
                    # Recorded after the server has accepted it: a crash in between sends twice rather than never.
                    _send(address, unsent, proofs, smtp_conn_id)
                    record_delivery(connection, unsent, "email", address)
                    sent.append(address)
    log.info("Mails sent: %d; offices that had theirs already: %d", len(sent), len(by_address) - len(sent))
    return sent


def as_of_date(params: Any, dag_run: Any) -> date:
    """The WIB date of a provisional page: the parameter `as_of`, or the last Sunday before the run's WIB date."""
    wanted = params.get("as_of")
    if wanted:
        try:
            return date.fromisoformat(wanted)
        except ValueError:
            raise UsageProblem(f"The parameter as_of is {wanted!r}; write e.g. 2026-11-22.") from None
    day = wib_date(dag_run.logical_date or dag_run.run_after)
    return day - timedelta(days=day.isoweekday())


def _issued(connection: psycopg.Connection, digests: Sequence[str]) -> list[IssuedReport]:
    """The reports with these digests, each rendered again and found to be what the record says."""
    from social_metrics.publish.reports.comparison import require_explained

    reports = issued_reports(connection, digests)
    connection.commit()
    missing = set(digests) - {report.sha256 for report in reports}
    if missing:
        raise AirflowFailException(f"These reports were never issued: {', '.join(sorted(missing))}.")
    require_explained(connection, digests)
    return reports


def _require_connection(smtp_conn_id: str) -> None:
    try:
        SmtpHook.get_connection(smtp_conn_id)
    except AirflowNotFoundException:
        raise AirflowFailException(
            f"roles.csv names addresses, but Airflow has no connection {smtp_conn_id}: add one of the "
            "type SMTP, with from_email in its extra, and clear the task."
        ) from None


def _send(address: str, reports: list[IssuedReport], proofs: dict[str, str], smtp_conn_id: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for report in reports:
            file = Path(folder) / report.file_name
            file.write_bytes(report.content)
            files.append(str(file))
            if report.sha256 in proofs:
                files.append(f"{file}{SUFFIX}")
                Path(files[-1]).write_text(proofs[report.sha256], encoding="utf-8")
        with SmtpHook(smtp_conn_id) as hook:
            hook.send_email_smtp(to=address, subject=_subject(reports), html_content=_text(reports), files=files)


def _subject(reports: list[IssuedReport]) -> str:
    first = reports[0]
    if first.month_start is None:
        return f"ANGKA SEMENTARA: media sosial sentra per {long_date(first.as_of_date, 'id')}"
    return f"Media sosial sentra {first.month_start:%m-%Y}, tutup buku versi {first.version}"


def _text(reports: list[IssuedReport]) -> str:
    lines = ["<p>Terlampir:</p><ul>"]
    lines += [f"<li>{escape(report.file_name)}<br><small>sha256 {report.sha256}</small></li>" for report in reports]
    lines.append("</ul>")
    if reports[0].month_start is None:
        lines.append("<p><strong>ANGKA SEMENTARA.</strong> Angka bulan ini baru tetap setelah tutup buku.</p>")
    else:
        lines.append(
            "<p>Angka bulan ini sudah disahkan dan tidak berubah lagi. Pemeriksaan: "
            f"<code>social-metrics verify --month {reports[0].month_start:%Y-%m}</code></p>"
        )
    return "\n".join(lines)

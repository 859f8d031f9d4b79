"""Tasks that let the head of the log of seals leave the warehouse: signed into a folder, and by e-mail."""

import logging
from html import escape

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import task
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException

from social_metrics.audit.log.checkpoint import parse_checkpoint
from social_metrics.audit.log.publishing import REQUEST, publish_head
from social_metrics.orchestration.failures import translate_errors
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.registry.roles import load_roles
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect

log = logging.getLogger(__name__)


@task
@translate_errors()
def sign_checkpoint() -> str:
    """Sign the head of the log and keep it in the folder of checkpoints; return it.

    Raises:
        AirflowSkipException: the log has no key.
        AirflowFailException: the seals do not continue the head signed last; nothing was signed.
    """
    with connect(WarehouseHook().url(), "closer") as connection:
        head = publish_head(connection, load_settings())
    if head is None:
        raise AirflowSkipException("SOCIAL_METRICS_LOG_KEY is not set: no checkpoint was signed (docs/audit.md).")
    log.info("Checkpoint %s", head.short)
    return str(head)


@task
@translate_errors()
def mail_checkpoint(checkpoint: str, smtp_conn_id: str = "smtp_default") -> list[str]:
    """Send the checkpoint and the request to the witness to the inspectorate; return its addresses.

    Args:
        checkpoint: from `sign_checkpoint`.
        smtp_conn_id: an Airflow connection of the type SMTP; its extra names the sender (`from_email`).

    Raises:
        AirflowSkipException: roles.csv has no address of an inspectorate, or Airflow no such connection.
    """
    settings = load_settings()
    head = parse_checkpoint(checkpoint)
    addresses = sorted(
        {one.email for one in load_roles(settings.registry_dir) if one.role == "inspectorate" and one.email}
    )
    if not addresses:
        raise AirflowSkipException("roles.csv has no e-mail address of an inspectorate.")
    try:
        SmtpHook.get_connection(smtp_conn_id)
    except AirflowNotFoundException:
        raise AirflowSkipException(f"Airflow has no connection {smtp_conn_id}: no checkpoint was sent.") from None
    files = [str(settings.checkpoints / name) for name in (f"checkpoint-{head.size}", REQUEST)]
    text = (
        "<p>Kepala log segel malam ini terlampir. Simpan di luar mesin gudang data; jalankan saksi dengan berkas "
        f"<code>{REQUEST}</code> (docs/audit.md, Checkpoints and witnesses).</p><pre>{escape(checkpoint)}</pre>"
    )
    with SmtpHook(smtp_conn_id) as hook:
        for address in addresses:
            hook.send_email_smtp(to=address, subject=f"Log segel {head.short}", html_content=text, files=files)
    return addresses

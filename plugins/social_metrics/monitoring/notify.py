"""Tells what was found: by e-mail and to a webhook, one message an evening, each trouble once while it lasts."""

import smtplib
import ssl
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import requests

from social_metrics.clock import wib_date, wib_instant
from social_metrics.errors import UsageProblem
from social_metrics.monitoring import store
from social_metrics.monitoring.kinds import SPEAKS_AT_ONCE, AlertKind, Trouble
from social_metrics.registry import roles
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect

SECONDS = 20


def tell(found: Sequence[Trouble], url: str, settings: Settings, now: datetime) -> list[str]:
    """Record what is found, and tell what is due and was not told.

    A failed credential speaks at once; everything else waits for the evening's message, which goes out at
    `SOCIAL_METRICS_ALERT_DEADLINE`. What could not be sent stays untold, and is tried again.

    Args:
        found: by `watch.find_troubles`.
        url: the warehouse.
        settings: where to send to.
        now: UTC instant of the captures' clock.

    Returns:
        the subjects of the messages sent.

    Raises:
        UsageProblem: a mail server or webhook did not take a message.
    """
    by_key = {(trouble.kind.value, trouble.subject): trouble for trouble in found}
    sent = []
    with connect(url, "loader") as warehouse:
        lasting = store.record(
            warehouse, [(kind, subject, trouble.message) for (kind, subject), trouble in by_key.items()], now
        )
        warehouse.commit()
        untold = [alert for alert in lasting if alert.told_at is None]
        urgent = [alert for alert in untold if AlertKind(alert.kind) in SPEAKS_AT_ONCE]
        rest = [alert for alert in untold if AlertKind(alert.kind) not in SPEAKS_AT_ONCE]
        deadline = wib_instant(wib_date(now), settings.alert_deadline)
        at_once = [kind.value for kind in SPEAKS_AT_ONCE]
        if now < deadline or store.was_any_told_since(warehouse, deadline, at_once):
            rest = []
        for group, subject in (
            (urgent, "Social metrics: a credential failed"),
            (rest, f"Social metrics, {wib_date(now)}: {len(rest)} to look at"),
        ):
            if group:
                _send(subject, [by_key[alert.kind, alert.subject] for alert in group], settings)
                store.mark_told(warehouse, group, now)
                warehouse.commit()
                sent.append(subject)
    return sent


def _send(subject: str, troubles: Sequence[Trouble], settings: Settings) -> None:
    """One message to the operators and the webhook, and each center's part to its own people."""
    holders = roles.load_roles(settings.registry_dir)
    text = _text(troubles)
    if settings.alert_webhook_url:
        _post(settings.alert_webhook_url, subject, text, troubles)
    if not settings.smtp_url:
        return
    letters = {_addresses(roles.holders_of(holders, "operator")): text}
    by_center: dict[str, list[Trouble]] = defaultdict(list)
    for trouble in troubles:
        if trouble.center_code:
            by_center[trouble.center_code].append(trouble)
    for center, of_center in by_center.items():
        letters[_addresses(roles.holders_of(holders, "center_officer", center))] = _text(of_center)
    _mail(settings.smtp_url, settings.alert_sender, subject, {to: body for to, body in letters.items() if to})


def _addresses(holders: Iterable[roles.RoleHolder]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(holder.email for holder in holders if holder.email))


def _text(troubles: Sequence[Trouble]) -> str:
    return "\n\n".join(f"[{trouble.kind}] {trouble.message}" for trouble in troubles) + (
        "\n\nWhat each of these means and how it is mended: docs/runbook.md\n"
    )


def _post(address: str, subject: str, text: str, troubles: Sequence[Trouble]) -> None:
    payload = {
        "text": f"{subject}\n\n{text}",
        "alerts": [
            {"kind": trouble.kind.value, "subject": trouble.subject, "says": trouble.says, "mend": trouble.mend}
            for trouble in troubles
        ],
    }
    try:
        requests.post(address, json=payload, timeout=SECONDS).raise_for_status()
    except requests.RequestException as error:
        raise UsageProblem(
            f"The webhook at {urlsplit(address).hostname} did not take the alert ({type(error).__name__}). "
            "Correct SOCIAL_METRICS_ALERT_WEBHOOK_URL; the alert is sent again at the next look."
        ) from None  # the address may carry a secret


def _mail(address: str, sender: str, subject: str, letters: dict[tuple[str, ...], str]) -> None:
    parts = urlsplit(address)
    try:
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                parts.hostname or "", parts.port or 465, timeout=SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(parts.hostname or "", parts.port or 587, timeout=SECONDS)
        with server:
            server.ehlo()
            is_secret = parts.scheme == "smtps"
            if not is_secret and server.has_extn("starttls"):
                server.starttls(context=context)
                is_secret = True
            if parts.username and not is_secret:
                raise UsageProblem(
                    f"The mail server {parts.hostname} offers no STARTTLS, and a password is not sent in the clear. "
                    "Write smtps:// or another server into SOCIAL_METRICS_SMTP_URL; the alert is sent again then."
                )
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            for to, text in letters.items():
                letter = EmailMessage()
                letter["From"], letter["To"], letter["Subject"] = sender, ", ".join(to), subject
                letter.set_content(text)
                server.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        raise UsageProblem(
            f"The mail server {parts.hostname} did not take the alert ({type(error).__name__}). "
            "Correct SOCIAL_METRICS_SMTP_URL; the alert is sent again at the next look."
        ) from None

"""Sends alerts by e-mail and to a webhook: one message a day, each alert once while it lasts."""

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
from social_metrics.monitoring import alert_log
from social_metrics.monitoring.findings import NOTIFY_IMMEDIATELY, Alert
from social_metrics.plain_text import printable
from social_metrics.registry import roles
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect

TIMEOUT_SECONDS = 20


def notify(found: Sequence[Alert], url: str, settings: Settings, now: datetime) -> list[str]:
    """Record the alerts found, and send those that are due and were not sent.

    A failed credential is sent immediately. All others wait for the day's message, which goes out at
    `SOCIAL_METRICS_ALERT_DEADLINE`. What could not be sent is tried again at the next run.

    Returns:
        the subjects of the messages sent.

    Raises:
        UsageProblem: a mail server or webhook did not take a message.
    """
    by_key = {(alert.kind, alert.subject): alert for alert in found}
    sent = []
    with connect(url, "loader") as warehouse:
        unsent = [alert for alert in alert_log.record(warehouse, found, now) if alert.notified_at is None]
        warehouse.commit()
        urgent = [alert for alert in unsent if alert.kind in NOTIFY_IMMEDIATELY]
        rest = [alert for alert in unsent if alert.kind not in NOTIFY_IMMEDIATELY]
        deadline = wib_instant(wib_date(now), settings.alert_deadline)
        if now < deadline or alert_log.was_daily_message_sent_since(warehouse, deadline):
            rest = []
        for group, subject in (
            (urgent, "Social metrics: a credential failed"),
            (rest, f"Social metrics, {wib_date(now)}: {len(rest)} to look at"),
        ):
            if group:
                send(subject, [by_key[alert.kind, alert.subject] for alert in group], settings)
                alert_log.mark_notified(warehouse, group, now)
                warehouse.commit()
                sent.append(subject)
    return sent


def send(subject: str, alerts: Sequence[Alert], settings: Settings) -> None:
    """Send one message to the operators and the webhook, and each center's part to its own officers.

    Raises:
        UsageProblem: a mail server or webhook did not take it.
    """
    holders = roles.load_roles(settings.registry_dir)
    text = _text(alerts)
    if settings.alert_webhook_url:
        _post(settings.alert_webhook_url, subject, text, alerts)
    if not settings.smtp_url:
        return
    letters = {_addresses(roles.holders_of(holders, "operator")): text}
    by_center: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        if alert.center_code:
            by_center[alert.center_code].append(alert)
    for center, of_center in by_center.items():
        letters[_addresses(roles.holders_of(holders, "center_officer", center))] = _text(of_center)
    _mail(settings.smtp_url, settings.alert_sender, subject, {to: body for to, body in letters.items() if to})


def _addresses(holders: Iterable[roles.RoleHolder]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(holder.email for holder in holders if holder.email))


def _text(alerts: Sequence[Alert]) -> str:
    texts = [f"[{alert.kind}] {alert.text}" for alert in alerts]
    return printable("\n\n".join([*texts, "What each of these means and how to fix it: docs/runbook.md\n"]))


def _post(address: str, subject: str, text: str, alerts: Sequence[Alert]) -> None:
    keys = ("kind", "subject", "message", "next_step")
    payload = {
        "text": f"{subject}\n\n{text}",
        "alerts": [{key: printable(getattr(alert, key)) for key in keys} for alert in alerts],
    }
    try:
        requests.post(address, json=payload, timeout=TIMEOUT_SECONDS).raise_for_status()
    except requests.RequestException as error:
        raise UsageProblem(
            f"The webhook at {urlsplit(address).hostname} did not take the alert ({type(error).__name__}). "
            "Correct SOCIAL_METRICS_ALERT_WEBHOOK_URL; the alert is sent again at the next run."
        ) from None  # the address may carry a secret


def _mail(address: str, sender: str, subject: str, letters: dict[tuple[str, ...], str]) -> None:
    parts = urlsplit(address)
    try:
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                parts.hostname or "", parts.port or 465, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(parts.hostname or "", parts.port or 587, timeout=TIMEOUT_SECONDS)
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
            "Correct SOCIAL_METRICS_SMTP_URL; the alert is sent again at the next run."
        ) from None

"""The alert of a warehouse that does not respond: it cannot be recorded there, so a file says that it was sent."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from social_metrics.monitoring.findings import Alert, AlertKind
from social_metrics.monitoring.notifications import send
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import WarehouseProblem, connect

SUBJECT = "Social metrics: the warehouse does not respond"


class WarehouseDown(WarehouseProblem):
    """The warehouse does not respond; `alert` was sent, now (`sent`) or at an earlier look."""

    def __init__(self, alert: Alert, sent: list[str]) -> None:
        """Takes the alert and the subjects of the messages sent now."""
        super().__init__(alert.text)
        self.alert = alert
        self.sent = sent


@contextmanager
def outage_reported(url: str, settings: Settings) -> Iterator[None]:
    """Send an alert when the warehouse does not respond, before the block or in it; once until it responds again.

    Args:
        url: the warehouse.
        settings: where to send to.

    Raises:
        WarehouseDown: it does not respond.
        UsageProblem: a mail server or webhook did not take the message; it is sent again at the next look.
    """
    mark = settings.state_dir / "warehouse_down"
    try:
        with connect(url, "loader"):
            pass
        yield
    except (WarehouseProblem, psycopg.OperationalError) as error:
        alert = Alert(
            AlertKind.WAREHOUSE_DOWN,
            "warehouse",
            str(error).strip(),
            "Start PostgreSQL, or correct the connection; then run `social-metrics doctor`.",
        )
        is_new = not mark.exists()
        if is_new:
            send(SUBJECT, [alert], settings)
            with suppress(OSError):  # a full disk must not keep the message back
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.touch()
        raise WarehouseDown(alert, [SUBJECT] if is_new else []) from error
    with suppress(OSError):
        mark.unlink(missing_ok=True)

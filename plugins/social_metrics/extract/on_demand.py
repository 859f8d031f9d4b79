"""Captures on demand: which platforms they read, and until when they may start."""

from collections.abc import Sequence
from datetime import datetime

from social_metrics.clock import WIB
from social_metrics.errors import UsageProblem
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings


def platforms_to_read(names: Sequence[str], registry: Registry, settings: Settings) -> list[str]:
    """Those of the platforms that have a verified account; the others need no connection.

    Raises:
        UsageProblem: a name is unknown, or none of the platforms has a verified account.
    """
    for name in names:
        if name not in registry.platforms:
            raise UsageProblem(f"{name!r} is not a platform of the registry; it has {', '.join(registry.platforms)}.")
    verified = {account.platform for account in registry.accounts if account.status == "verified"}
    found = [name for name in names if name in verified]
    if not found:
        raise UsageProblem(
            f"No account on {', '.join(names)} is verified, so there is nothing to read. "
            f"Fill in id and handle in {settings.registry_dir / 'center_accounts.csv'}."
        )
    return found


def is_past_cutoff(now: datetime, settings: Settings) -> bool:
    """Whether it is too late at the instant `now` to start a capture: it might end on another date."""
    return now.astimezone(WIB).time() > settings.capture_cutoff


def refuse_after_cutoff(now: datetime, settings: Settings) -> None:
    """Refuse to start a capture that might end on another date.

    Raises:
        UsageProblem: it is past the cutoff.
    """
    if is_past_cutoff(now, settings):
        raise UsageProblem(
            f"It is {now.astimezone(WIB):%H:%M} WIB, past {settings.capture_cutoff:%H:%M} "
            "(SOCIAL_METRICS_CAPTURE_CUTOFF): a capture started now could end on another date. "
            "What was not read today stays a visible gap."
        )

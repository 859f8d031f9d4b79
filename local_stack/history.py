"""The demo's history: the simulator's clock is set to each past day and the real extractors capture it.

Only the simulator can return past counts; a real platform returns the current count only.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import requests

from social_metrics.clock import WIB
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.token_store import cipher, store_first_token
from social_metrics.extract.platforms import rotates_tokens
from social_metrics.extract.run_all import capture_all
from social_metrics.extract.simulated_clock import SIMULATOR_HEADER
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect

EVENING = time(20, 0)


def load_history(
    simulator_url: str,
    first_day: date,
    last_day: date,
    *,
    registry: Registry,
    settings: Settings,
    warehouse_url: str,
    on_day: Callable[[date], None] = lambda _day: None,
) -> int:
    """Capture every day from `first_day` to `last_day` that the warehouse does not have yet.

    Args:
        simulator_url: its base address; its clock is left at 20:00 WIB of the last captured day.
        first_day: first WIB date.
        last_day: last WIB date, usually yesterday.
        registry: the demo's registry.
        settings: see `settings.Settings`; needs the credentials' key.
        warehouse_url: postgresql://… of the service login.
        on_day: called after each day.

    Returns:
        the number of days captured now.

    Raises:
        UsageProblem: the address is not the simulator's, or a connection or the warehouse cannot be used.
    """
    authorise_demo_accounts(registry, settings, warehouse_url)
    with connect(warehouse_url, "loader") as connection:
        present = {
            row[0]
            for row in connection.execute(
                "select distinct (attempted_at at time zone 'Asia/Jakarta')::date from raw.capture_outcomes"
            )
        }
    captured = 0
    for offset in range((last_day - first_day).days + 1):
        day = first_day + timedelta(days=offset)
        if day not in present:
            set_simulator_clock(simulator_url, datetime.combine(day, EVENING, WIB))
            capture_all(registry, settings, warehouse_url, run_id=f"history__{day}", day=day)
            captured += 1
        on_day(day)
    return captured


def set_simulator_clock(simulator_url: str, instant: datetime) -> None:
    """Set the simulator's clock.

    Raises:
        UsageProblem: no simulator answers at the address.
    """
    try:
        reply = requests.put(
            f"{simulator_url}/_simulator/clock",
            json={"now": instant.isoformat()},
            timeout=10,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise UsageProblem(f"No simulator answers at {simulator_url}. Start it with `make up`.") from error
    if SIMULATOR_HEADER not in reply.headers or reply.status_code != 200:
        raise UsageProblem(f"{simulator_url} is not the simulator; its clock was not touched.")


def authorise_demo_accounts(registry: Registry, settings: Settings, warehouse_url: str) -> None:
    """Store the simulator's first refresh token for every account with tokens of its own.

    An account with a chain of tokens keeps it.
    """
    keys = cipher(settings.credentials_key)
    with connect(warehouse_url, "loader") as connection:
        for account in registry.accounts:
            read_by_api = account.status == "verified" and account.capture_path == "api"
            if read_by_api and rotates_tokens(account.platform):
                store_first_token(
                    connection,
                    keys,
                    account.account_code,
                    account.platform,
                    f"demo-refresh-{account.account_code}-0",
                )

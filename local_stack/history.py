"""The demo's past: the simulator's clock is moved evening by evening and the real extractors read each one.

Only the simulator can be asked about its past; a real platform tells today's number and no other.
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
    """Capture every evening from `first_day` to `last_day` that the warehouse does not hold yet.

    Args:
        simulator_url: its base address; its clock is left at 20:00 WIB of the last evening captured.
        first_day: WIB date of the first evening.
        last_day: WIB date of the last one, usually yesterday.
        registry: the demo's registry.
        settings: see `settings.Settings`; needs the credentials' key.
        warehouse_url: postgresql://… of the service login.
        on_day: told about each evening as it is done.

    Returns:
        the number of evenings captured now.

    Raises:
        UsageProblem: the address is not the simulator's, or a connection or the warehouse cannot be used.
    """
    authorise_demo_accounts(registry, settings, warehouse_url)
    with connect(warehouse_url, "loader") as connection:
        held = {
            row[0]
            for row in connection.execute(
                "select distinct (attempted_at at time zone 'Asia/Jakarta')::date from raw.capture_outcomes"
            )
        }
    captured = 0
    for offset in range((last_day - first_day).days + 1):
        day = first_day + timedelta(days=offset)
        if day not in held:
            set_simulator_clock(simulator_url, datetime.combine(day, EVENING, WIB))
            capture_all(registry, settings, warehouse_url, run_id=f"history__{day}", day=day)
            captured += 1
        on_day(day)
    return captured


def set_simulator_clock(simulator_url: str, instant: datetime) -> None:
    """Set the simulator's clock.

    Raises:
        UsageProblem: nothing answers there, or what answers is not the simulator.
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
    """Store the simulator's first refresh token for every account whose platform gives each account its own.

    An account that has a chain of tokens already keeps it.
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

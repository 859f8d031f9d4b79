"""Which accounts an officer has to enter by hand."""

from datetime import date, timedelta

import psycopg

from social_metrics.clock import wib_day_start
from social_metrics.registry.account import Account
from social_metrics.registry.registry import Registry

NOT_READ_DAYS = 2  # neither yesterday nor today: today's run may still come


def accounts_to_enter(
    registry: Registry, loader: psycopg.Connection, day: date, center_code: str | None = None
) -> list[Account]:
    """The verified accounts without an API, and those that the API has not read lately, in the registry's order.

    Args:
        registry: the registry in force.
        loader: a connection of that role.
        day: the WIB date on which the template is made.
        center_code: only this center's.
    """
    rows = loader.execute(
        "select distinct account_code from raw.profile_snapshots where captured_at >= %s",
        (wib_day_start(day - timedelta(days=NOT_READ_DAYS - 1)),),
    )
    read_lately = {row[0] for row in rows}
    return [
        account
        for account in registry.verified_on(day)
        if (account.capture_path == "manual" or account.account_code not in read_lately)
        and center_code in (None, account.center_code)
    ]

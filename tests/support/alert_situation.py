"""The situation that the tests of alerts start from: both accounts were read, nothing is wrong."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg

from social_metrics.clock import WIB
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.monitoring.situation import Situation
from social_metrics.registry.account import Account

NIGHT = datetime(2026, 11, 20, 22, 0, tzinfo=WIB)
HOSTS = {"x": "https://api.x.com", "tiktok": "https://open.tiktokapis.com"}
ACCOUNTS = (
    Account("kartini-x", "kartini", "x", "1", "demo_kartini", None, "verified", None, None),
    Account("kartini-tiktok", "kartini", "tiktok", "open-id", "demo_kartini", None, "verified", None, None),
)
ROLES = """role_code,person,email,center_code
operator,Tim data,data@example.org,
center_officer,Humas,kartini@example.org,kartini
"""


def new_connection(platform: str) -> PlatformConnection:
    return PlatformConnection.from_parts(platform, HOSTS[platform], "login", "secret", {})


def run(situation: Situation, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(situation.url) as connection:
        cursor = connection.execute(query, parameters)
        return cursor.fetchall() if cursor.description else []


def attempt(situation: Situation, code: str, outcome: str, at: datetime) -> None:
    run(situation, "select ops.ensure_month_partitions(array[%s]::timestamptz[])", at)
    run(
        situation,
        "insert into raw.capture_outcomes (attempt_id, account_code, platform, attempted_at, outcome, detail,"
        " posts_read, source, run_id, try_number, loaded_at)"
        " values (%s, %s, %s, %s, %s, 'said so', 'not_tried', 'simulator', 'r', 1, %s)",
        uuid4(),
        code,
        code.rsplit("-", 1)[1],
        at,
        outcome,
        at - timedelta(days=400),
    )

"""A month in which everything happened: each of it stands in the record, with its account and its days."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from social_metrics.audit.answers import AskedException, exceptions_of
from social_metrics.audit.closing import draft_close
from social_metrics.clock import wib_date
from social_metrics.contract import AuthorizationMode
from social_metrics.stack.databases import Login
from social_metrics.stack.server import Server
from social_metrics.warehouse.connect import connect
from tests.dbt.evidence import Evidence, at
from tests.unit.audit.closable import MONTH, evidence
from tests.unit.audit.conftest import build_closable

pytestmark = pytest.mark.slow

CHANGED = date(2026, 10, 15)
RETENTION = timedelta(days=30)  # of counts read without the owner's authorization


@pytest.fixture(scope="module")
def told(
    postgres_server: Server,
    service_login: Login,
    warehouse_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[AskedException]:
    """The exceptions of the drafted month."""
    name = f"{warehouse_template}_eventful"
    closable = build_closable(postgres_server, service_login, warehouse_template, name, eventful(), tmp_path_factory)
    draft_close(closable.settings, closable.url, MONTH)
    with connect(closable.url, "closer") as connection:
        exceptions = exceptions_of(connection, MONTH, 1)
    postgres_server.drop_database(name)
    return exceptions


def eventful() -> Evidence:
    """The closable month with a closed account, a new handle, a break, a waiting entry and an unaccepted basis."""
    made = evidence()
    accounts = {account.account_code: account for account in made.accounts}
    kept = [account for code, account in accounts.items() if code not in ("kartini-x", "satria-x")]
    closed = accounts["satria-x"]
    renamed = accounts["kartini-x"]
    made.accounts[:] = [
        *kept,
        replace(closed, valid_to=date(2026, 10, 14)),
        replace(closed, status="closed", valid_from=CHANGED),
        replace(renamed, handle="kartini_lama", valid_to=date(2026, 10, 14)),
        replace(renamed, handle="kartini_baru", valid_from=CHANGED),
    ]
    made.snapshots[:] = [
        replace(
            one,
            metric_definition_id=(
                "x.followers_v2"
                if one.account_code == "insyaf-x" and wib_date(one.captured_at) >= CHANGED
                else one.metric_definition_id
            ),
            **(
                {"authorization_mode": AuthorizationMode.PUBLIC, "expires_at": one.captured_at + RETENTION}
                if one.account_code == "kartini-youtube"
                else {}
            ),
        )
        for one in made.snapshots
        if not (one.account_code == "satria-x" and wib_date(one.captured_at) >= CHANGED)
    ]
    made.outcomes[:] = [
        one for one in made.outcomes if not (one.account_code == "satria-x" and wib_date(one.attempted_at) >= CHANGED)
    ]
    confirmed, _ = made.entries[0]
    waiting = replace(
        confirmed,
        account_code="insyaf-youtube",
        observed_at=at(date(2026, 10, 25), 9),
        entered_at=at(date(2026, 10, 25), 10),
    )
    made.entries.append((waiting, False))
    return made


@pytest.mark.parametrize(
    ("kind", "account_code", "detail", "first_date"),
    [
        ("not_captured", "satria-x", "platform_unavailable", date(2026, 10, 10)),
        ("count_withheld", "insyaf-youtube", "hidden", date(2026, 10, 21)),
        ("account_closed", "satria-x", "closed", CHANGED),
        ("handle_changed", "kartini-x", "kartini_lama → kartini_baru", CHANGED),
        ("manual_waiting", "insyaf-youtube", None, date(2026, 10, 25)),
        ("definition_break", "insyaf-x", "x.followers_v2", CHANGED),
        ("count_withheld", "kartini-youtube", "retention_expired", date(2026, 10, 1)),
        ("entered_by_hand", "satria-youtube", None, date(2026, 10, 31)),
    ],
)
def test_it_stands_in_the_record(
    told: list[AskedException], kind: str, account_code: str, detail: str | None, first_date: date
) -> None:
    same = [one for one in told if (one.kind, one.account_code) == (kind, account_code)]
    found = [one for one in same if detail is None or one.detail == detail]
    assert [one.first_date for one in found] == [first_date], told

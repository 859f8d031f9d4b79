"""Airflow's connections: the form in the UI, the hooks, the test button."""

import json
from typing import Any

import pytest

from social_metrics.contract import AuthorizationMode
from social_metrics.extract.credentials.connections import PlatformConnection, platform_connection
from social_metrics.warehouse.connect import warehouse_url
from tests.support.airflow_dags import AirflowStack

VARIABLE = "AIRFLOW_CONN_SOCIAL_METRICS_"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    def give(platform: str, value: str | dict[str, Any]) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv(VARIABLE + platform.upper(), text)

    return give


@pytest.mark.usefixtures("airflow")
def test_ui_offers_the_connection_type_with_its_fields() -> None:
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    hook = manager.hooks["social_api"]
    assert hook is not None, "the class must be importable, and of that type"
    assert hook.hook_name == "Social media API"
    assert hook.connection_testable
    assert manager.field_behaviours["social_api"]["relabeling"]["host"] == "Address"
    fields = {name.removeprefix("extra__social_api__") for name in manager.connection_form_widgets}
    assert {"authorization_mode", "simulated_clock", "api_version", "platform"} <= fields


@pytest.mark.usefixtures("airflow")
@pytest.mark.parametrize(
    "value",
    [
        {"conn_type": "social_api", "host": "https://api.x.com", "password": "s", "extra": {"api_version": "2"}},
        {"conn_type": "social_api", "host": "api.x.com", "port": 8443, "password": "s/%", "login": "a"},
        {"conn_type": "social_api", "host": "api.x.com", "schema": "http", "extra": '{"authorization_mode": "owner"}'},
        "social-api://name:sec%2Fret@api.x.com:8443/https?authorization_mode=owner",
    ],
)
def test_social_api_hook_and_core_read_the_same_connection(given: Any, value: str | dict[str, Any]) -> None:
    from social_metrics.orchestration.hooks.social_api import SocialApiHook

    given("x", value)
    assert SocialApiHook.of("x").get_conn() == platform_connection("x")


@pytest.mark.usefixtures("airflow")
def test_warehouse_hook_and_core_read_the_same_url(monkeypatch: pytest.MonkeyPatch) -> None:
    from social_metrics.orchestration.hooks.warehouse import WarehouseHook

    monkeypatch.setenv(VARIABLE + "WAREHOUSE", "postgresql://lo%40gin:p%2Fw@localhost:5433/da%20ta")
    assert WarehouseHook().url() == warehouse_url() == "postgresql://lo%40gin:p%2Fw@localhost:5433/da%20ta"


@pytest.mark.usefixtures("airflow")
def test_platform_comes_from_the_field_or_the_connection_id(given: Any) -> None:
    from social_metrics.orchestration.hooks.social_api import SocialApiHook

    given("x", {"conn_type": "social_api", "host": "api.x.com"})
    assert SocialApiHook("social_metrics_x").get_conn() == PlatformConnection(
        "x", "https://api.x.com", None, None, AuthorizationMode.PUBLIC
    )
    given("second_x", {"conn_type": "social_api", "host": "api.x.com", "extra": {"platform": "x"}})
    assert SocialApiHook("social_metrics_second_x").get_conn().platform == "x"


def test_button_tests_the_credential_with_one_call(stack: AirflowStack, given: Any) -> None:
    from airflow.sdk import Connection

    def press(conn_id: str, **changes: Any) -> tuple[bool, str]:
        fields = {
            "conn_type": "social_api",
            "host": stack.simulator.base_url,
            "password": "demo-x-bearer",
            "extra": json.dumps({"simulated_clock": True, "platform": "x"}),
        }
        return Connection(conn_id=conn_id, **(fields | changes)).test_connection()

    works, message = press("typed_into_the_form")
    assert works, message
    assert message.startswith("X answered for ")
    assert message.endswith("(source: simulator).")

    works, message = press("typed_into_the_form", password="wrong")
    assert not works
    assert "token_expired" in message

    works, message = press("typed_into_the_form", extra=json.dumps({"simulated_clock": True}))
    assert not works
    assert "'typed_into_the_form' is not a platform of the registry" in message

    works, message = press("social_metrics_x", host="https://example.org", extra="{}")
    assert not works
    assert "neither the simulator nor one of its hosts (api.x.com, api.twitter.com)" in message

    works, message = press("social_metrics_tiktok", login="demo-tiktok-key", extra='{"simulated_clock": true}')
    assert works
    assert "no call was made" in message
    assert stack.calls().get("tiktok", 0) == 0

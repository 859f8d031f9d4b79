"""Tasks of `transform_social_metrics`: one dbt layer each, the boards page, and the lake."""

from datetime import date
from pathlib import Path
from typing import Any

from airflow.sdk import ObjectStoragePath, task
from airflow.sdk.exceptions import AirflowException

from social_metrics.errors import UsageProblem
from social_metrics.orchestration.assets import MARTS, RAW
from social_metrics.orchestration.clocks import current_time
from social_metrics.orchestration.failures import translate_errors
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.publish.page import boards
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings
from social_metrics.transform.run import LAYERS, TransformFailed, run_layer


@task(multiple_outputs=False)
@translate_errors()
def build_layer(layer: str, triggering_asset_events: Any = None, outlet_events: Any = None) -> dict[str, Any]:
    """Build one layer, run the data tests that it completes, and return the number of nodes by type and status.

    The facts end with the date of the capture that started the run; a run started by hand ends them with
    the last evidence in raw.

    Raises:
        AirflowFailException: a data test failed; another run would fail again.
        AirflowException: dbt could not build a node; the retries try once more.
    """
    url = WarehouseHook().url()
    try:
        report = run_layer(layer, load_settings(), url, through_date=_captured_date(triggering_asset_events))
    except TransformFailed as failure:
        if failure.is_finding:
            raise
        raise AirflowException(str(failure)) from None
    summary = {"layer": layer, "dbt_invocation_id": report.invocation_id, "nodes": report.counts()}
    if layer == [*LAYERS][-1]:
        outlet_events[MARTS].extra.update(summary)
    return summary


@task(multiple_outputs=False)
@translate_errors()
def publish_boards() -> dict[str, str]:
    """Replace the boards page in the folder or object store of the settings; return its WIB date and address.

    Raises:
        AirflowFailException: the destination cannot be written.
        AirflowException: the warehouse does not answer, or its marts hold no date.
    """
    settings = load_settings()
    page = ObjectStoragePath(settings.boards_page or (settings.state_dir / "boards.html").as_uri())
    if page.protocol == "file":
        # Replaced as a whole: a reader meanwhile gets the old page or the new one.
        Path(page.path).parent.mkdir(parents=True, exist_ok=True)
        day = boards.write(WarehouseHook().url(), Path(page.path))
    else:
        day, text = boards.page(WarehouseHook().url())
        page.write_text(text, encoding="utf-8")  # an object appears when it is complete
    return {"day": day.isoformat(), "page": str(page)}


@task(multiple_outputs=False)
@translate_errors()
def land_lake() -> dict[str, int]:
    """Update SOCIAL_METRICS_LAKE from raw; return the number of WIB dates written by table, and of rows.

    An object store's credentials come from an Airflow connection: `s3://connection@bucket/prefix`.

    Raises:
        AirflowFailException: no lake is set.
        AirflowException: the warehouse or the lake does not answer.
    """
    from social_metrics.transform.lake.landing import land

    settings = load_settings()
    if not settings.lake:
        raise UsageProblem("No lake is set: put its address into SOCIAL_METRICS_LAKE.")
    now = current_time(load_registry(settings.registry_dir).platforms)
    landing = land(WarehouseHook().url(), ObjectStoragePath(settings.lake), now)
    return {table: len(days) for table, days in landing.written.items()} | {"rows": landing.rows}


def _captured_date(triggering_asset_events: Any) -> date | None:
    """The latest WIB date among the captures that started this run."""
    events = triggering_asset_events.get(RAW, [])
    days = [date.fromisoformat(event.extra["day"]) for event in events if event.extra.get("day")]
    return max(days, default=None)

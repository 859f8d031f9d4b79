"""Imports the dashboards into a Superset server by its REST API; repeatable, and limited to our own objects."""

import json
from collections.abc import Sequence
from itertools import product
from typing import Any

from social_metrics.publish.bi.definitions import Dashboard
from social_metrics.publish.bi.import_changes import ImportChanges
from social_metrics.publish.bi.mart_query import MartQuery
from social_metrics.publish.bi.metadata import Metadata
from social_metrics.publish.bi.superset.access import set_access
from social_metrics.publish.bi.superset.bundle import (
    DATABASE_FILE,
    OURS,
    assets,
    bundle,
    chart_uuid,
    marts_of,
    password_of,
    slug,
)
from social_metrics.publish.bi.superset.charts import marks
from social_metrics.publish.bi.superset.session import SupersetSession
from social_metrics.publish.page.formats import LANGUAGES


def provision(
    session: SupersetSession,
    dashboards: list[Dashboard],
    metadata: Metadata,
    warehouse_url: str,
    centers: Sequence[str],
) -> ImportChanges:
    """Import the dashboards, remove our dashboards and charts that the definitions no longer have, and set access.

    Args:
        session: of a login that may import assets and set security (Admin).
        dashboards: definitions without errors (`metadata.definition_errors`).
        metadata: of the dbt project.
        warehouse_url: postgresql://… of leadership's login, as the server reaches the warehouse.
        centers: codes of the centers that get a role.

    Raises:
        UsageProblem: the server refuses; the message includes its reply. An import is atomic.
    """
    wanted_dashboards = {slug(dashboard, language) for dashboard in dashboards for language in LANGUAGES}
    wanted_charts = {
        chart_uuid(dashboard, chart, language): f"{slug(dashboard, language)}.{chart.key}"
        for dashboard in dashboards
        for chart in dashboard.charts
        for language in LANGUAGES
    }
    definitions = assets(dashboards, metadata)
    changes = ImportChanges()
    before_dashboards, before_charts = _ours(session, "dashboard"), _ours(session, "chart")
    session.ask(
        "POST",
        "/api/v1/assets/import/",
        files={"bundle": ("bundle.zip", bundle(definitions, warehouse_url), "application/zip")},
        data={"passwords": json.dumps({DATABASE_FILE: password_of(warehouse_url)})},
    )
    _set_marks(session, dashboards, metadata)
    for found in before_dashboards:
        if found["slug"] not in wanted_dashboards:
            session.ask("DELETE", f"/api/v1/dashboard/{found['id']}")
            changes.removed.append(str(found["slug"]))
    for found in before_charts:
        if found["uuid"] not in wanted_charts:
            session.ask("DELETE", f"/api/v1/chart/{found['id']}")
            changes.removed.append(str(found["slice_name"]))
    there = {found["slug"]: found.get("certification_details") for found in before_dashboards}
    there |= {wanted_charts.get(found["uuid"]): found.get("certification_details") for found in before_charts}
    wanted = {
        content.get("slug") or wanted_charts[content["uuid"]]: content["certification_details"]
        for content in definitions.values()
        if "certification_details" in content
    }
    changes.record(wanted, there, [name for name, fingerprint in wanted.items() if there.get(name) == fingerprint])
    set_access(session, marts_of(dashboards, metadata), centers, changes)
    return changes


def _set_marks(session: SupersetSession, dashboards: Sequence[Dashboard], metadata: Metadata) -> None:
    """Draw the rows of one chart as marks on others: layers need the server's ids, which an import does not have."""
    numbers = {found["uuid"]: int(found["id"]) for found in session.all("chart")}
    for dashboard in dashboards:
        marked = [chart for chart in dashboard.charts if chart.marks]
        for chart, language in product(marked, LANGUAGES):
            marking = dashboard.chart(str(chart.marks))
            query = MartQuery(metadata.marts[marking.mart], metadata, language)
            layer = marks(chart, marking, query, numbers[chart_uuid(dashboard, marking, language)])
            place = f"/api/v1/chart/{numbers[chart_uuid(dashboard, chart, language)]}"
            imported = session.ask("GET", place)["result"]
            params, context = json.loads(imported["params"]), json.loads(imported["query_context"])
            params["annotation_layers"] = [layer]
            for asked in context["queries"]:
                asked["annotation_layers"] = [layer]
            body = {"params": json.dumps(params), "query_context": json.dumps(context)}
            session.ask("PUT", place, json=body)


def _ours(session: SupersetSession, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in session.all(kind) if entry["certified_by"] == OURS]

"""Every chart of every dashboard in both languages, and its answers by the saved query."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from social_metrics.publish.bi.definitions import Chart, Dashboard
from social_metrics.publish.bi.superset.bundle import chart_uuid, slug
from social_metrics.publish.bi.superset.session import SupersetSession
from social_metrics.publish.page.formats import LANGUAGES, Language


@dataclass(frozen=True)
class Drawn:
    """A chart as it stands on one dashboard."""

    dashboard: Dashboard
    chart: Chart
    language: Language

    @property
    def uuid(self) -> str:
        """Its identity on every server."""
        return chart_uuid(self.dashboard, self.chart, self.language)

    def __str__(self) -> str:
        """Names it in a failure."""
        return f"{slug(self.dashboard, self.language)}.{self.chart.key}"


def all_charts(dashboards: list[Dashboard]) -> Iterator[Drawn]:
    """Each chart, in each language."""
    for dashboard in dashboards:
        for chart in dashboard.charts:
            for language in LANGUAGES:
                yield Drawn(dashboard, chart, language)


def chart_ids(session: SupersetSession) -> dict[str, int]:
    """UUID → the server's own number."""
    return {chart["uuid"]: int(chart["id"]) for chart in session.all("chart")}


def saved_answer(session: SupersetSession, number: int) -> dict[str, Any]:
    """What the saved query answers: `data`, `rowcount`, `error`."""
    answer: dict[str, Any] = session.ask("GET", f"/api/v1/chart/{number}/data/")["result"][0]
    return answer

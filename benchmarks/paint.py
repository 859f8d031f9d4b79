"""How soon a dashboard stands in Chromium: `make bench BENCH="--only paint"`, beside the Superset of `make up`.

Each dashboard is opened by a person who was not there before (nothing cached), and once more. A window of 1400 × 900
shows what such a person sees without scrolling; the charts below load when they come into view.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from playwright.sync_api import BrowserContext, ViewportSize

from benchmarks.progress import report
from local_stack.layout import Layout
from social_metrics.publish.bi.definitions import Dashboard, load_dashboards
from social_metrics.settings import REPOSITORY, load_settings
from tests.support.superset_pages import MILLISECONDS, chromium, log_in

WINDOW: ViewportSize = {"width": 1400, "height": 900}
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
CHART = ".dashboard-component-chart-holder .slice_container"
FIRST_CHART = f"document.querySelector('{CHART}') && performance.now()"
ALL_CHARTS = (
    f"document.querySelector('{CHART}') && !document.querySelector('.loading, [data-test=loading-indicator]')"
    " && performance.now()"
)


@dataclass(frozen=True)
class Painted:
    """Milliseconds since the address was typed: first words, first chart, every chart that is in view."""

    words: float
    first: float
    every: float


def measure(rounds: int) -> dict[str, tuple[Painted, Painted]] | None:
    """Dashboard → medians of the first opening and of the second; None where no Superset runs.

    Raises:
        playwright.sync_api.TimeoutError: a dashboard did not come.
    """
    layout = Layout(load_settings().state_dir)
    if not layout.port("superset").exists():
        return None
    url = f"http://127.0.0.1:{layout.port('superset').read_text(encoding='utf-8')}"
    password = layout.secret("superset-admin").read_text(encoding="utf-8")
    found: dict[str, tuple[list[Painted], list[Painted]]] = {}
    with chromium() as browser:
        for turn in range(rounds):
            report(f"turn {turn + 1} of {rounds}: every dashboard in a browser, twice")
            for dashboard in load_dashboards(REPOSITORY / "bi" / "dashboards"):
                context = log_in(browser, url, password, WINDOW)
                fresh, again = _twice(context, url, dashboard)
                first, second = found.setdefault(dashboard.slug, ([], []))
                first.append(fresh)
                second.append(again)
                context.close()
    return {slug: (_medians(first), _medians(second)) for slug, (first, second) in found.items()}


def _twice(context: BrowserContext, url: str, dashboard: Dashboard) -> Iterator[Painted]:
    for _ in range(2):
        page = context.new_page()
        page.goto(f"{url}/superset/dashboard/{dashboard.slug}/?standalone=2", wait_until="commit")
        first = page.wait_for_function(FIRST_CHART, timeout=MILLISECONDS).json_value()
        every = page.wait_for_function(ALL_CHARTS, timeout=MILLISECONDS).json_value()
        yield Painted(page.evaluate(FIRST_PAINT), first, every)
        page.close()


def _medians(many: list[Painted]) -> Painted:
    return Painted(*(median(getattr(one, name) for one in many) for name in ("words", "first", "every")))


def table(rounds: int) -> list[str]:
    """Markdown; a note where no Superset runs."""
    measured = measure(rounds)
    if measured is None:
        return ["No Superset runs in this folder: `make up` first."]
    lines = [
        "| dashboard | first words, s | first chart, s | every chart in view, s | opened again: every chart, s |",
        "|---|---|---|---|---|",
    ]
    for slug, (fresh, again) in measured.items():
        figures = (fresh.words, fresh.first, fresh.every, again.every)
        lines.append(f"| {slug} | " + " | ".join(f"{milliseconds / 1000:.1f}" for milliseconds in figures) + " |")
    return lines

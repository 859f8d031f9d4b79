"""The pictures of the guide to the dashboards: `python -m tests.e2e.superset.pictures`, beside `make up`."""

from local_stack.layout import Layout
from social_metrics.publish.bi.definitions import Dashboard, load_dashboards
from social_metrics.publish.bi.superset.bundle import slug
from social_metrics.publish.page.formats import Language
from social_metrics.settings import REPOSITORY, load_settings
from tests.support.superset_pages import TALL, chromium, log_in, open_dashboard

FOLDER = REPOSITORY / "docs" / "pictures"
ENGLISH = ("papan-utama",)
"""Dashboards of which the guide shows the English version as well."""

SCALE, QUALITY = 0.8, 60  # a picture of some 150 kB in which the small letters can be read
LOWEST = """Math.max(...[...document.querySelectorAll('.dashboard-component-chart-holder')]
    .map(holder => holder.getBoundingClientRect().bottom))"""
MARGIN = 16


def main() -> None:
    """Open each dashboard, wait until it is drawn, and write its picture."""
    layout = Layout(load_settings().state_dir)
    url = f"http://127.0.0.1:{layout.port('superset').read_text(encoding='utf-8')}"
    dashboards = load_dashboards(REPOSITORY / "bi" / "dashboards")
    wanted: list[tuple[Dashboard, Language]] = [(dashboard, "id") for dashboard in dashboards]
    wanted += [(dashboard, "en") for dashboard in dashboards if dashboard.slug in ENGLISH]
    with chromium() as browser:
        password = layout.secret("superset-admin").read_text(encoding="utf-8")
        context = log_in(browser, url, password, TALL, scale=SCALE)
        for dashboard, language in wanted:
            opened = open_dashboard(context, url, slug(dashboard, language), len(dashboard.charts))
            opened.page.wait_for_function("document.getAnimations().every(one => one.playState !== 'running')")
            height = opened.page.evaluate(LOWEST) + MARGIN
            opened.page.screenshot(
                path=FOLDER / f"bi-{slug(dashboard, language)}.jpg",
                type="jpeg",
                quality=QUALITY,
                clip={"x": 0, "y": 0, "width": TALL["width"], "height": height},
            )
            opened.page.close()


if __name__ == "__main__":
    main()

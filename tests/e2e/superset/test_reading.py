"""What a reader does and sees on a page: the drill from a center to a post, marks and areas that are really drawn."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from playwright.sync_api import BrowserContext, Locator, Page

from social_metrics.publish.bi.definitions import Dashboard
from tests.e2e.superset.charts import all_charts, chart_ids
from tests.e2e.superset.running import Running
from tests.support.superset_pages import MILLISECONDS, open_dashboard

COLORS_OF = """
    canvas => {
        const points = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
        const found = {}
        for (let i = 0; i < points.length; i += 4) {
            const color = [points[i], points[i + 1], points[i + 2], points[i + 3]].join(',')
            if (points[i + 3]) found[color] = (found[color] ?? 0) + 1
        }
        return found
    }
"""
"""Colour of a canvas → number of its points: a chart's marks and areas are drawn there, and not in the page."""

MARK = (107, 31, 20)  # of superset_charts._MARK_COLOR, as the canvas holds it
TOLERANCE = 24  # in each of the three colours: a thin line's points are mixed with what lies below
MARK_POINTS = 40  # a dashed line over the height of a chart has over a hundred
AREA_POINTS = 300  # an area over some days; thin lines have no colour that often


def held(page: Page, number: int) -> Locator:
    """A chart of the page by the server's number."""
    return page.locator(f"[data-test-chart-id='{number}']").first


def by_key(dashboards: list[Dashboard], slug: str, ids: dict[str, int]) -> dict[str, int]:
    """Key of the dashboard's Indonesian charts → the server's number."""
    (dashboard,) = [found for found in dashboards if found.slug == slug]
    charts = [drawn for drawn in all_charts([dashboard]) if drawn.language == "id"]
    return {drawn.chart.key: ids[drawn.uuid] for drawn in charts}


def click(page: Page, chart: int, word: str, filtered: int) -> dict[str, Any]:
    """Click a word of one table; what another chart is then answered."""
    with page.expect_response(
        lambda told: "/chart/data" in told.url and f"slice_id%22%3A{filtered}" in told.url, timeout=MILLISECONDS
    ) as asked:
        held(page, chart).get_by_text(word, exact=True).first.click()
    answer: dict[str, Any] = asked.value.json()["result"][0]
    return answer


def test_clicks_lead_from_a_center_to_its_account_to_a_post(
    running: Running, dashboards: list[Dashboard], logged_in: BrowserContext
) -> None:
    (board,) = [found for found in dashboards if found.slug == "kemutakhiran"]
    number = by_key(dashboards, board.slug, chart_ids(running.session()))
    opened = open_dashboard(logged_in, running.url, board.slug, len(board.charts))
    (start,) = running.rows(
        "select center_name, center_code from marts.fct_center_daily join marts.dim_centers using (center_code) "
        "where is_current and date_day = (select max(date_day) from marts.fct_center_daily) "
        "and recency_band in ('stale', 'recent', 'unknown') and center_code in (select center_code from "
        "marts.fct_posts group by 1 having count(distinct account_code) > 1) "
        "order by days_since_last_post desc nulls last limit 1"
    )
    posts = click(opened.page, number["about_to_be_silent"], start["center_name"], number["posts"])
    expected = "select account_code, url from marts.fct_posts where {} order by published_at desc limit 200"
    of_center = running.rows(expected.format(f"center_code = '{start['center_code']}'"))
    assert shown(posts) == told(of_center)
    assert len({row["account_code"] for row in of_center}) > 1, "Without a second account nothing is narrowed."
    account = of_center[0]["account_code"]
    posts = click(opened.page, number["accounts"], account, number["posts"])
    of_account = running.rows(expected.format(f"account_code = '{account}'"))
    assert shown(posts) == told(of_account)
    assert 0 < len(of_account) < len(of_center)
    links = held(opened.page, number["posts"]).locator("td a").evaluate_all("links => links.map(link => link.href)")
    assert links, "The posts have no link to click."
    assert set(links) <= {row["url"] for row in of_account}
    opened.page.close()


@pytest.mark.parametrize("slug", ["kemutakhiran", "kesehatan-data", "pertumbuhan", "program-dan-klaster"])
def test_a_past_period_leaves_the_title_and_what_stands_on_the_newest_day(
    running: Running, dashboards: list[Dashboard], logged_in: BrowserContext, slug: str
) -> None:
    (board,) = [found for found in dashboards if found.slug == slug]
    number = by_key(dashboards, slug, chart_ids(running.session()))
    (days,) = running.rows(
        "select max(date_day) - 20 as first, max(date_day) - 10 as after from marts.fct_center_daily"
    )
    span = f"{days['first']} : {days['after']}"
    chosen = f"(NATIVE_FILTER-period:(extraFormData:(time_range:'{span}'),filterState:(value:'{span}'),"
    chosen += "id:NATIVE_FILTER-period,ownState:()))"
    whole = open_dashboard(logged_in, running.url, slug, len(board.charts))
    before = {key: whole.answers()[chart]["rowcount"] for key, chart in number.items()}
    whole.page.close()
    opened = open_dashboard(logged_in, running.url, slug, len(board.charts), chosen)
    answers = opened.answers()
    opened.page.close()
    for chart in board.charts:
        answer = answers[number[chart.key]]
        if not chart.follows_period:
            assert answer["rowcount"] == before[chart.key], chart.key
        elif chart.x == "date_day":
            drawn = {row["date_day"] for row in answer["data"]}
            assert len(drawn) == (days["after"] - days["first"]).days, chart.key


def shown(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Account and link of the posts that a page was given."""
    return sorted((row["account_code"], row["url"]) for row in answer["data"])


def told(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The same of the marts' rows."""
    return sorted((row["account_code"], row["url"]) for row in rows)


BREAKS = (
    "update marts.fct_center_platform_daily set definition_breaks = %s where date_day = %s and platform = 'facebook'"
)


@pytest.fixture
def a_broken_day(running: Running) -> Iterator[None]:
    """A day on which Facebook changed its count's meaning, as the marts would tell it; then as before."""
    (newest,) = running.rows("select max(date_day) as day from marts.fct_center_platform_daily")
    day = newest["day"] - timedelta(days=10)
    counted = f"select sum(definition_breaks) as n from marts.fct_center_platform_daily where date_day = '{day}'"
    (before,) = running.rows(counted)
    assert before["n"] == 0, "A demo whose platforms change a definition that day needs another day here."
    with psycopg.connect(running.warehouse_url, autocommit=True) as connection:
        assert connection.execute(BREAKS, (1, day)).rowcount
        try:
            yield
        finally:
            connection.execute(BREAKS, (0, day))


def test_a_day_of_another_meaning_is_marked(
    running: Running, dashboards: list[Dashboard], logged_in: BrowserContext, request: pytest.FixtureRequest
) -> None:
    """On the canvas of each chart with marks, and only while there is such a day."""
    (board,) = [found for found in dashboards if found.slug == "pertumbuhan"]
    number = by_key(dashboards, board.slug, chart_ids(running.session()))
    marked = [chart.key for chart in board.charts if chart.marks]
    assert len(marked) == 3

    def points() -> dict[str, int]:
        opened = open_dashboard(logged_in, running.url, board.slug, len(board.charts))
        found = {key: colored(opened.page, number[key], MARK, range(64, 256)) for key in marked}
        opened.page.close()
        return found

    without = points()
    request.getfixturevalue("a_broken_day")
    drawn = points()
    assert {key for key in marked if drawn[key] < without[key] + MARK_POINTS} == set(), (without, drawn)


def test_the_area_between_the_bounds_is_drawn(
    running: Running, dashboards: list[Dashboard], logged_in: BrowserContext
) -> None:
    """Half-transparent points of one colour, where every other point of the line and its axes is solid."""
    (board,) = [found for found in dashboards if found.slug == "pertumbuhan"]
    number = by_key(dashboards, board.slug, chart_ids(running.session()))
    (banded,) = [chart.key for chart in board.charts if chart.band]
    (bounds,) = running.rows(
        "select count(*) as days from (select sum(change_30d_low) as low, sum(change_30d_high) as high "
        "from marts.fct_center_daily group by date_day) as daily where low < high"
    )
    assert bounds["days"] > 1, "Without bounds that differ nothing is tried."
    opened = open_dashboard(logged_in, running.url, board.slug, len(board.charts))
    drawn = {key: largest_tint(opened.page, number[key]) for key in (banded, "change_by_platform")}
    opened.page.close()
    assert drawn[banded] > AREA_POINTS > drawn["change_by_platform"], drawn


def canvas_colors(page: Page, chart: int) -> dict[tuple[int, ...], int]:
    """Red, green, blue and opacity of a chart's points → how many there are."""
    found: dict[str, int] = held(page, chart).locator("canvas").first.evaluate(COLORS_OF)
    return {tuple(map(int, color.split(","))): count for color, count in found.items()}


def colored(page: Page, chart: int, color: tuple[int, int, int], opacities: range) -> int:
    """Points of about this colour."""
    return sum(
        count
        for (*had, opacity), count in canvas_colors(page, chart).items()
        if opacity in opacities and max(abs(one - two) for one, two in zip(had, color, strict=True)) <= TOLERANCE
    )


def largest_tint(page: Page, chart: int) -> int:
    """How many points the most frequent colour that is neither solid nor grey has."""
    tints = [
        count
        for (*color, opacity), count in canvas_colors(page, chart).items()
        if 32 <= opacity < 192 and max(color) - min(color) > 2 * TOLERANCE
    ]
    return max(tints, default=0)

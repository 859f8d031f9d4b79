"""Each dashboard as a reader opens it: no chart fails or is empty, and the figures are those of the marts."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from local_stack.databases import BI_LOGIN
from social_metrics.publish.bi.definitions import Dashboard
from social_metrics.publish.bi.logins import reading_login
from social_metrics.publish.bi.mart_query import NOTHING, MartQuery
from social_metrics.publish.bi.metabase.cards import query, without_filters
from social_metrics.publish.bi.metadata import read_metadata
from social_metrics.publish.bi.superset.bundle import slug
from social_metrics.publish.bi.superset.provision import provision
from social_metrics.publish.page.formats import LANGUAGES
from social_metrics.settings import Settings
from tests.e2e.superset.charts import all_charts, chart_ids, saved_answer
from tests.e2e.superset.running import Running
from tests.support.superset_pages import open_dashboard

MILLISECONDS_OF_A_DATE = 10**12
CLOSED = (
    "platform",
    "outcome",
    "recency_band",
    "coverage_state",
    "credential_status",
    "synchrony_state",
    "severity",
    "tag",
)
"""Columns whose every code has a label."""

FAILED = ".ant-alert-error, [data-test='error-container'], .error-message"


def test_to_provision_again_changes_nothing(running: Running) -> None:
    for _ in range(2):
        done = running.provision()
        assert (done["created"], done["updated"], done["removed"]) == ([], [], [])
        assert len(done["unchanged"]) > 60


def test_what_git_no_longer_has_goes_and_comes_back(running: Running, dashboards: list[Dashboard]) -> None:
    gone = dashboards[0]
    kept = gone.model_copy(update={"charts": gone.charts[:-1]})
    url = reading_login(BI_LOGIN, running.login_key).url(running.warehouse_url)
    centers = [row["center_code"] for row in running.rows("select center_code from marts.dim_centers where is_current")]
    metadata = read_metadata(Settings(state_dir=running.state, registry_dir=running.layout.registry))
    try:
        done = provision(running.session(), [kept, *dashboards[2:]], metadata, url, centers)
        duplicates = [slug(dashboards[1], language) for language in LANGUAGES]
        assert set(duplicates) < set(done.removed)
        assert {gone.charts[-1].title.of(language) for language in LANGUAGES} < set(done.removed)
        assert done.created == []
        left = {board["slug"] for board in running.session().all("dashboard")}
        assert not left & set(duplicates)
        assert slug(gone, "id") in left
    finally:
        again = running.provision()
    assert set(duplicates) < set(again["created"])
    assert again["removed"] == []


def test_every_saved_query_answers(running: Running, dashboards: list[Dashboard]) -> None:
    session = running.session()
    ids = chart_ids(session)
    empty = []
    for drawn in all_charts(dashboards):
        answer = saved_answer(session, ids[drawn.uuid])
        assert not answer.get("error"), (str(drawn), answer["error"])
        if not answer["rowcount"] and not drawn.chart.may_be_empty:
            empty.append(str(drawn))
    assert empty == []
    assert len(ids) >= len(list(all_charts(dashboards)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", range(5))
def test_every_chart_is_drawn_and_asks_as_its_saved_query_does(
    running: Running, dashboards: list[Dashboard], logged_in: BrowserContext, number: int, language: str
) -> None:
    dashboard = dashboards[number]
    session = running.session()
    ids = chart_ids(session)
    opened = open_dashboard(logged_in, running.url, slug(dashboard, language), len(dashboard.charts))
    assert opened.page.locator(FAILED).all_inner_texts() == []
    without_rows = opened.page.locator(".ant-empty, .chart-container .no-results").all_inner_texts()
    assert len(without_rows) <= sum(chart.may_be_empty for chart in dashboard.charts), without_rows
    answers = opened.answers()
    for drawn in all_charts([dashboard]):
        if drawn.language != language:
            continue
        by_page = answers[ids[drawn.uuid]]
        assert not by_page.get("error"), (str(drawn), by_page["error"])
        by_api = saved_answer(session, ids[drawn.uuid])
        assert drawn.chart.may_be_empty or min(by_page["rowcount"], by_api["rowcount"]) > 0, str(drawn)
        told = figures if drawn.chart.x else rows
        assert told(by_page) == told(by_api), str(drawn)
    opened.page.close()


def rows(answer: dict[str, Any]) -> list[list[str]]:
    """The rows, whatever their columns are called and in whatever order they came."""
    return sorted(sorted(str(value) for value in row.values()) for row in answer["data"])


def figures(answer: dict[str, Any]) -> list[float]:
    """The figures alone: of a chart with axes the page has each series turned into a column, and cells ranked."""
    return sorted(
        round(float(value), 6)
        for row in answer["data"]
        for name, value in row.items()
        if name != "rank" and _is_figure(value)
    )


def test_metabase_would_show_the_same_figures(running: Running, dashboards: list[Dashboard]) -> None:
    """Its cards ask the warehouse itself: here as the server would, without a filter."""
    session = running.session()
    ids = chart_ids(session)
    metadata = read_metadata(Settings(state_dir=running.state, registry_dir=running.layout.registry))
    for drawn in all_charts(dashboards):
        found = running.rows(without_filters(query(drawn.dashboard, drawn.chart, metadata, drawn.language)))
        answer = saved_answer(session, ids[drawn.uuid])
        assert len(found) == answer["rowcount"], str(drawn)
        assert figures({"data": found}) == figures(answer), str(drawn)


def test_every_code_on_a_page_is_said_in_words(running: Running, dashboards: list[Dashboard]) -> None:
    """A code that nobody gave a label stands as it is, between the others' words."""
    metadata = read_metadata(Settings(state_dir=running.state, registry_dir=running.layout.registry))
    spoken = 0
    for drawn in all_charts(dashboards):
        named = {*drawn.chart.columns, *drawn.chart.by, *([drawn.chart.x] if drawn.chart.x else [])}
        found = running.rows(without_filters(query(drawn.dashboard, drawn.chart, metadata, drawn.language)))
        for name in named:
            words = {both.of(drawn.language) for both in metadata.codes_of(name).values()}
            codes = set(metadata.codes_of(name)) - words
            label = MartQuery(metadata.marts[drawn.chart.mart], metadata, drawn.language).label(name)
            shown = {str(row[label]) for row in found if row[label] is not None}
            assert not shown & codes, (str(drawn), name)
            if name in CLOSED:
                assert shown <= words | {NOTHING}, (str(drawn), name)
                spoken += len(shown)
    assert spoken > 100


def _is_figure(value: object) -> bool:
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return is_number and abs(value) < MILLISECONDS_OF_A_DATE  # type: ignore[operator]


def test_the_figures_on_the_page_are_those_of_the_marts(
    running: Running, dashboards: list[Dashboard], logged_in: BrowserContext
) -> None:
    main = next(dashboard for dashboard in dashboards if dashboard.slug == "papan-utama")
    opened = open_dashboard(logged_in, running.url, main.slug, len(main.charts))
    text = " ".join(opened.page.locator(".dashboard-content").inner_text().split())
    newest = "date_day = (select max(date_day) from marts.{mart})"
    (whole,) = running.rows(
        "select to_char(max(date_day), 'DD/MM/YYYY') as day, "
        "round(100.0 * count(*) filter (where is_captured) / count(*), 1) as share "
        f"from marts.fct_follower_growth_daily where {newest.format(mart='fct_follower_growth_daily')}"
    )
    assert f"Papan Utama · data tanggal {whole['day']} · DATA SIMULASI" in text
    assert f"{whole['share']}%".replace(".0%", ",0%").replace(".", ",") in text
    top = running.rows(
        "select best_rank, worst_rank, center_name, followers_count from marts.leaderboard_followers "
        "where best_rank <= 5 and is_ranked and scope = 'all_platforms' "
        f"and {newest.format(mart='leaderboard_followers')} order by display_order"
    )
    assert len(top) >= 5
    for row in top:
        ranks = f"{row['best_rank']} {row['worst_rank']}"
        assert f"{ranks} {row['center_name']} {row['followers_count']:,}".replace(",", ".") in text
    recent = running.rows(
        "select center_name, to_char(last_post_at_local, 'YYYY-MM-DD HH24.MI ') || time_zone_label as posted "
        "from marts.leaderboard_recency where best_rank <= 5 and is_ranked and scope = 'any_post' "
        f"and {newest.format(mart='leaderboard_recency')}"
    )
    assert len(recent) >= 5
    for row in recent:
        assert f"{row['center_name']} {row['posted']}" in text
    opened.page.close()


def test_a_download_holds_numbers_and_plain_addresses(running: Running, dashboards: list[Dashboard]) -> None:
    session = running.session()
    ids = chart_ids(session)
    changes = addresses = 0
    for drawn in all_charts(dashboards):
        if not drawn.chart.is_table:
            continue
        answer = session.raw("GET", f"/api/v1/chart/{ids[drawn.uuid]}/data/?format=csv")
        for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))):
            for name, cell in row.items():
                assert not cell.startswith("'"), (str(drawn), name, cell)
                assert "<" not in cell, (str(drawn), name, cell)
                if name.startswith(("Perubahan", "Change")) and not name.endswith(("catatan", "note")) and cell:
                    changes += float(cell) == float(cell)
                addresses += cell.startswith("https://")
    assert min(changes, addresses) > 50


def test_a_center_without_a_figure_does_not_lead_a_table(running: Running, dashboards: list[Dashboard]) -> None:
    """Sorted downwards PostgreSQL would begin with what is absent."""
    session = running.session()
    ids = chart_ids(session)
    (drawn,) = [drawn for drawn in all_charts(dashboards) if (drawn.chart.key, drawn.language) == ("movement", "id")]
    counts = [row["followers_count"] for row in saved_answer(session, ids[drawn.uuid])["data"]]
    known = [count for count in counts if count is not None]
    assert None in counts, "Without a center that has no figure nothing is tried."
    assert counts == [*sorted(known, reverse=True), *[None] * (len(counts) - len(known))]


def test_a_gap_is_no_point(running: Running, dashboards: list[Dashboard]) -> None:
    """A center without a number on a day has none in the chart: not the day before's, not zero."""
    session = running.session()
    ids = chart_ids(session)
    (drawn,) = [
        drawn for drawn in all_charts(dashboards) if (drawn.chart.key, drawn.language) == ("followers_by_center", "id")
    ]
    drawn_rows = saved_answer(session, ids[drawn.uuid])["data"]
    shown = {row["center_name"] for row in drawn_rows}
    gaps = running.rows(
        "select center_name, date_day from marts.fct_center_daily join marts.dim_centers using (center_code) "
        "where is_current and followers_count is null"
    )
    gaps = [row for row in gaps if row["center_name"] in shown]
    assert gaps, "Without a gap among the greatest centers nothing is tried."
    by_day = {(row["center_name"], str(row["date_day"])[:10]): row for row in drawn_rows}
    figure = next(name for name in drawn_rows[0] if name not in ("center_name", "date_day"))
    assert len({len(str(row["date_day"])) for row in drawn_rows}) == 1
    for gap in gaps:
        found = by_day.get((gap["center_name"], _as_superset(gap["date_day"])))
        assert found is None or found[figure] is None, gap


def _as_superset(day: Any) -> str:
    """A date as Superset's JSON gives it: milliseconds since 1970, cut as the keys above are."""
    return str(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000))[:10]

"""The boards page in a real browser: its figures are those of the marts, in both languages, on phone and paper."""

import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from psycopg.rows import dict_row

from social_metrics.publish.page import boards
from tests.dbt.reference.histories import evidence_of
from tests.support.example_marts import create_example_marts

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (320, 390, 768, 1280)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def example_page(warehouse_url: str, tmp_path: Path) -> Path:
    create_example_marts(warehouse_url)
    boards.write(warehouse_url, tmp_path / "boards.html")
    return tmp_path / "boards.html"


def opened(browser: Browser, path: Path, **context: Any) -> Page:
    """The page with everything unfolded."""
    page = browser.new_context(**context).new_page()
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    return page


def shown(page: Page, board: str) -> list[list[str]]:
    """Center, rank and bold figure of every row of a board, as a person sees them."""
    rows = page.locator(f"section[aria-labelledby={board}-title] tr[data-center]")
    return rows.evaluate_all(
        """rows => rows.map(row => [
            row.dataset.center,
            [...row.cells[0].childNodes].filter(n => !n.classList || !n.matches('.unseen, small'))
                .map(n => n.textContent).join('').trim(),
            row.querySelector('.value').innerText.trim(),
            [...row.querySelectorAll('td .under')].map(n => n.innerText.trim()).join(' | ')])"""
    )


FOLLOWERS = """
select center_code, case when best_rank = worst_rank then best_rank::text else best_rank || '–' || worst_rank end
        as rank, to_char(followers_count, 'FM999,999,999,990') as count
from marts.leaderboard_followers where date_day = %(day)s and is_ranked order by display_order
"""
RECENCY = """
select b.center_code, b.best_rank::text as rank, b.days_since_last_post as days,
    extract(day from l.local_time) || ' ' || d.month_name_id || ' ' || extract(year from l.local_time)
        || ', ' || to_char(l.local_time, 'HH24.MI') || ' ' || c.time_zone_label as local_time
from marts.leaderboard_recency as b
join marts.dim_centers as c on c.center_code = b.center_code
    and b.date_day between coalesce(c.valid_from, '-infinity') and coalesce(c.valid_to, 'infinity')
cross join lateral (select b.last_post_at at time zone b.time_zone as local_time) as l
join marts.dim_dates as d on d.date_day = l.local_time::date
where b.date_day = %(day)s and b.is_ranked order by b.display_order
"""
READ = """
select count(*) filter (where is_captured) as read, count(*) as expected
from marts.fct_capture_completeness where date_day = %(day)s and is_expected
"""
UNRANKED = """
select
    (select count(*) from marts.leaderboard_recency where date_day = %(day)s and recency_band = 'silent') as silent,
    (select count(*) from marts.leaderboard_followers where date_day = %(day)s and not is_ranked) as without_number,
    (select count(*) from marts.fct_capture_completeness
        where date_day = %(day)s and is_expected and not is_captured) as not_captured,
    (select count(*) from marts.fct_capture_completeness
        where date_day = %(day)s and not is_expected and outcome = 'not_yet_verified') as not_yet_verified,
    (select count(*) from marts.fct_capture_completeness
        where date_day = %(day)s and not is_expected and outcome <> 'not_yet_verified') as no_account
"""


@pytest.mark.slow
def test_its_figures_are_those_of_the_marts(browser: Browser, make_warehouse: Any, seed: int, tmp_path: Path) -> None:
    draws = random.Random(seed)
    warehouse = make_warehouse(evidence_of([draws.randrange(2**32) for _ in range(40)]))
    warehouse.build()
    path = tmp_path / "boards.html"
    day = boards.write(warehouse.url, path)
    with psycopg.connect(warehouse.url, row_factory=dict_row) as connection:
        connection.execute("set role social_metrics_bi_reader")

        def ask(query: Any) -> list[dict[str, Any]]:
            return connection.execute(query, {"day": day}).fetchall()

        followers, recency, (read,), (unranked,) = ask(FOLLOWERS), ask(RECENCY), ask(READ), ask(UNRANKED)
    assert followers, "a history in which nobody is ranked proves nothing"
    page = opened(browser, path)

    seen = shown(page, "followers")
    assert [row[:3] for row in seen] == [
        [row["center_code"], row["rank"], row["count"].replace(",", ".")] for row in followers
    ]
    ago = {0: "Hari ini", 1: "Kemarin"}
    seen = shown(page, "recency")
    assert [row[:3] for row in seen] == [
        [row["center_code"], row["rank"], ago.get(row["days"], f"{row['days']} hari lalu")] for row in recency
    ]
    assert all(row["local_time"] in told[3].replace("\u00a0", " ") for row, told in zip(recency, seen, strict=True))
    assert f"{read['read']} dari {read['expected']}" in page.locator(".facts").inner_text()
    for kind, number in unranked.items():
        heading = page.locator(f"#unranked-{kind} .count")
        assert (heading.inner_text() if heading.count() else "0") == str(number), kind

    page.click("#language")
    assert [row[:3] for row in shown(page, "followers")] == [
        [row["center_code"], row["rank"], row["count"]] for row in followers
    ]


def test_the_switch_changes_the_language_without_a_request(browser: Browser, example_page: Path) -> None:
    page = browser.new_context().new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(example_page.as_uri())
    assert page.locator("html").get_attribute("lang") == "id"
    assert page.title() == "Papan Media Sosial Sentra, 31 Januari 2024"
    assert "DATA SIMULASI" in page.inner_text("body")
    assert "31 Januari 2024, 20.00 WIT" in page.inner_text("main").replace("\u00a0", " ")

    page.click("#language")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title() == "Social Media Boards of the Centers, 31 January 2024"
    text = page.inner_text("body").replace("\u00a0", " ")
    assert "SIMULATED DATA" in text
    assert "31 January 2024, 20:00 WIT" in text
    assert not re.search(r"Januari|pengikut|hari lalu|terbaca", text)
    assert asked == [example_page.as_uri()]
    assert said == []


@pytest.mark.parametrize("language", ["", "#en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_off(browser: Browser, example_page: Path, width: int, language: str) -> None:
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
    page.goto(example_page.as_uri() + language)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    overflowing = page.evaluate(
        """() => [...document.querySelectorAll('td, th, dd, h1, h2, h3, li, figcaption')]
            .filter(e => e.offsetParent && !e.matches('.unseen') && !e.querySelector('.unseen'))
            .filter(e => e.scrollWidth > e.clientWidth + 1)
            .map(e => e.innerText)"""
    )
    assert overflowing == []
    left, right = (page.locator(f"section[aria-labelledby={name}-title]") for name in ("followers", "recency"))
    first, second = left.bounding_box(), right.bounding_box()
    assert first
    assert second
    side_by_side = first["y"] == second["y"]
    assert side_by_side == (width == 1280)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out(browser: Browser, example_page: Path, scheme: str) -> None:
    page = opened(browser, example_page, color_scheme=scheme)
    faint = page.evaluate(
        """() => {
            const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
            const light = colour => {
                const [r, g, b] = numbers(colour).slice(0, 3).map(v => v / 255)
                    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const ground = element => {
                for (let e = element; e; e = e.parentElement) {
                    const colour = getComputedStyle(e).backgroundColor;
                    if ((numbers(colour)[3] ?? 1) === 1) return colour;
                }
                return 'rgb(255, 255, 255)';
            };
            const found = [];
            for (const e of document.querySelectorAll('body *')) {
                const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
                if (!own || !e.getClientRects().length || e.closest('script, style')) continue;
                const style = getComputedStyle(e);
                const ink = e.closest('svg') ? style.fill : style.color;
                const [a, b] = [light(ink), light(ground(e))].sort((x, y) => y - x);
                if ((a + 0.05) / (b + 0.05) < 4.5) found.push(`${e.textContent.trim()} ${ink} on ${ground(e)}`);
            }
            return found;
        }"""
    )
    assert faint == []


def test_it_can_be_used_from_the_keyboard_and_read_aloud(browser: Browser, example_page: Path) -> None:
    page = browser.new_context().new_page()
    page.goto(example_page.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "language"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Enter")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("main").count() == 1
    assert page.locator("h1").count() == 1
    tables = page.locator("table")
    assert tables.count() == page.locator("table > caption").count()
    assert page.locator("thead th:not([scope=col]), tbody th:not([scope=row])").count() == 0
    assert page.locator("svg:not([role=img][aria-labelledby])").count() == 0
    assert page.get_by_role("row", name=re.compile("Soeharso")).first.inner_text()


def test_it_prints_on_a4_with_the_mark_on_every_sheet(browser: Browser, example_page: Path) -> None:
    page = browser.new_context(color_scheme="dark").new_page()
    page.goto(example_page.as_uri())
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    sizes = {tuple(map(round, map(float, box))) for box in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)}
    assert sizes == {(595, 842)}
    assert len(re.findall(rb"/Type /Page\b", pdf)) <= 4
    page.emulate_media(media="print")
    assert not page.locator("#language").is_visible()
    assert page.locator(".print-mark").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.print-mark')).position") == "fixed"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"

"""The page as a file: complete, self-contained, marked, escaped."""

import base64
import errno
import hashlib
import re
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import psycopg
import pytest

from social_metrics.errors import UsageProblem
from social_metrics.marts.leaderboards import NoSuchBoard
from social_metrics.publish.page import boards
from tests.support.example_marts import CENTERS, DAY, create_example_marts


class _Page(HTMLParser):
    """What a page asks a browser to fetch, the rows it shows, and tags that were opened and never closed."""

    VOID = ("meta", "br", "link", "img", "input")
    FETCHING = ("src", "srcset", "data", "poster", "action")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.centers: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.fetched += [
            value for name, value in found.items() if name in ("src", "srcset", "data", "poster", "action")
        ]
        if "href" in found:
            (self.links if tag == "a" else self.fetched).append(found["href"])
        if "data-center" in found:
            self.centers.append(found["data-center"])
        if "id" in found:
            self.ids.append(found["id"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def page(example_url: str, tmp_path: Path) -> str:
    path = tmp_path / "boards.html"
    assert boards.write(example_url, path) == DAY
    return path.read_text(encoding="utf-8")


def test_it_is_one_small_file_that_fetches_nothing(page: str) -> None:
    parsed = _Page(page)
    assert len(page.encode()) < 2_000_000
    assert parsed.fetched == []
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))


def test_only_its_own_script_may_run(page: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy"\s+content="([^"]*)"', page)
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    (script,) = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert rules["default-src"] == "'none'"
    assert not re.search(r"\son[a-z]+=|javascript:|<script [a-z]", page)


def test_a_full_disk_keeps_the_old_page_and_no_part_of_the_new_one(
    example_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "boards.html"
    path.write_text("the old page")

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", full)
        with pytest.raises(UsageProblem, match="No space left"):
            boards.write(example_url, path)
    with limited_files(1000), pytest.raises(UsageProblem, match="File too large"):
        boards.write(example_url, path)
    assert [file.name for file in tmp_path.iterdir()] == ["boards.html"]
    assert path.read_text() == "the old page"


@contextmanager
def limited_files(size: int) -> Iterator[None]:
    """A process in which the system refuses files of more bytes, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_every_center_is_on_it(page: str) -> None:
    ranked = _Page(page).centers
    assert ranked[:6] == ["kartini", "soeharso", "handayani", "mahatmiya", "wasana-bahagia", "darussaadah"]
    for _, name, *_ in CENTERS:
        assert name.replace("<b>", "&lt;b&gt;").replace("'", "&#39;") in page


def test_names_cannot_break_out(page: str) -> None:
    assert "Satria &lt;b&gt;" in page
    assert "<b></b>" not in page
    assert "Satria <b>" not in page


def test_simulated_data_is_marked_and_its_posts_are_not_linked(page: str) -> None:
    assert page.count("DATA SIMULASI") >= 2  # on the screen, and on every sheet of paper
    assert _Page(page).links == ["#boards"]


def test_real_data_is_not_marked_and_only_web_addresses_are_linked(warehouse_url: str, tmp_path: Path) -> None:
    create_example_marts(warehouse_url, source="api")
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "update marts.leaderboard_recency set last_post_url = 'javascript:alert(1)' where center_code = 'kartini'"
        )
    path = tmp_path / "boards.html"
    boards.write(warehouse_url, path)
    page = path.read_text(encoding="utf-8")
    assert "DATA SIMULASI" not in page
    assert "javascript:" not in page
    links = _Page(page).links
    assert "https://social.example/soeharso/1" in links
    assert len(links) == 1 + 5


def test_another_date_and_a_date_without_data(example_url: str, tmp_path: Path) -> None:
    assert boards.write(example_url, tmp_path / "boards.html", DAY) == DAY
    with pytest.raises(NoSuchBoard, match="the boards hold 2024-01-31 to 2024-01-31"):
        boards.write(example_url, tmp_path / "boards.html", DAY.replace(day=1))


def test_a_day_one_without_any_account_still_has_a_page(warehouse_url: str, tmp_path: Path) -> None:
    create_example_marts(warehouse_url, source="api")
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "update marts.leaderboard_followers set best_rank = null, worst_rank = null, is_ranked = false, "
            "followers_count = null, unranked_reason = 'no_verified_account', completeness = null, source = null"
        )
        connection.execute(
            "update marts.leaderboard_recency set best_rank = null, worst_rank = null, is_ranked = false, "
            "last_post_at = null, unranked_reason = 'no_verified_account', completeness = null, source = null"
        )
        connection.execute("delete from marts.fct_capture_completeness where is_expected")
        connection.execute("delete from marts.fct_follower_growth_daily")
    path = tmp_path / "boards.html"
    boards.write(warehouse_url, path)
    assert "tidak ada akun terverifikasi" in path.read_text(encoding="utf-8")


def test_not_told_not_known_and_without_an_account_are_three_things(page: str) -> None:
    bar = page[page.index('data-program="YAPI"') : page.index('data-program="PENA"')]
    assert re.findall(r'class="(\w+)" x="(\d+)" y="0" width="(\d+)"', bar) == [
        ("covered", "0", "3"),
        ("not_covered", "3", "3"),
        ("unknown", "6", "2"),
        ("no_verified_account", "8", "1"),
    ]
    assert "3 dari 9 sentra" in bar
    assert page.index('data-program="YAPI"') < page.index('data-program="PENA"'), "the least told first"
    assert "RASTRA" not in page, "a programme that has ended"


def test_findings_of_another_day_are_not_todays(page: str) -> None:
    health = page[page.index('id="health-title"') : page.index('id="reading-title"')]
    assert re.findall(r'class="finding (\w+)"', health) == ["stop", "warn"]
    assert "2 temuan, sejak 20 Januari 2024" in health
    assert "Pengikut turun tajam" not in health
    assert "US$ 12,75 bulan ini" in health
    assert "sisanya cukup 68 hari menurut laju ini" in health
    assert "2 token, yang pertama habis dalam 6 hari" in health


def test_an_evening_nobody_planned_is_neither_whole_nor_empty(page: str) -> None:
    health = page[page.index('id="health-title"') : page.index('id="reading-title"')]
    strip = health[health.index(">X</th>") :]
    states = re.findall(r'<rect class="(\w+)"', strip[: strip.index("</tr>")])
    assert states == ["unplanned"] * 13 + ["part"]

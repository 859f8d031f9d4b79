"""One figure has one value: marts, page, reports, workbook, dashboards and `top` show the same digits."""

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import psycopg
import pytest
from psycopg.rows import dict_row
from typer.testing import CliRunner

from local_stack.databases import Login
from local_stack.server import Server
from social_metrics.audit import closing
from social_metrics.cli import app
from social_metrics.contract import (
    AuthorizationMode,
    CaptureOutcome,
    FollowersState,
    Outcome,
    Post,
    PostsRead,
    Presence,
    ProfileSnapshot,
    Source,
)
from social_metrics.publish.bi.definitions import Dashboard, load_dashboards
from social_metrics.publish.bi.metabase.cards import query, without_filters
from social_metrics.publish.bi.metadata import Metadata, read_metadata
from social_metrics.publish.page import boards
from social_metrics.publish.reports.issue import issue_as_of, issue_month
from social_metrics.settings import REPOSITORY, Settings
from social_metrics.warehouse.connect import connect
from tests.support.audit_fixtures import build_closable
from tests.support.closable import Closable, sign_in_airflow
from tests.support.factories import Account, Center, Evidence, Platform, at
from tests.support.pdf import words_of

pytestmark = pytest.mark.slow

MONTH, FIRST_DAY = date(2026, 10, 1), date(2026, 10, 24)
MONTH_END, DAY = date(2026, 10, 31), date(2026, 11, 1)  # a month is closed when the next one has begun
ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
PLATFORMS = ("youtube", "x")
CENTERS = 89  # on two platforms: 178 accounts
FAILED = 4  # accounts on MONTH_END and on DAY, all of them on X
SILENT = range(70, 80)  # centers whose newest post is 40 days old
NEVER = range(80, 84)
UNKNOWN = range(85, 89)  # never posted, and one of their accounts cannot be read on DAY


def shown(part: int, whole: int) -> str:
    """A percentage as people read it: rounded half up to a tenth, and never 100 unless nothing is missing."""
    tenths = (2000 * part + whole) // (2 * whole)
    tenths = min(tenths, 999) if part < whole else tenths
    return "100%" if tenths == 1000 else f"{tenths // 10},{tenths % 10}%"


def evidence() -> Evidence:
    """Nine days of many accounts; YouTube rounds its counts."""
    made = Evidence(
        platforms=[Platform(name, name.title(), "pengikut", date(2024, 1, 1), None) for name in PLATFORMS],
        centers=[Center(f"c{n:02}", f"Sentra {n:02}", ZONES[n % 3], None, None) for n in range(CENTERS)],
        accounts=[
            Account(f"c{n:02}-{name}", f"c{n:02}", name, "verified", None, None)
            for n in range(CENTERS)
            for name in PLATFORMS
        ],
    )
    number = 0
    for place, account in enumerate(made.accounts):
        center, step = place // 2, 100 if account.platform == "youtube" else 1
        for day in (FIRST_DAY + timedelta(days=n) for n in range(9)):
            number += 1
            attempt, instant = UUID(int=number), at(day, 20, 5)
            is_failed = day >= MONTH_END and account.platform == "x" and center >= CENTERS - FAILED
            outcome = Outcome.PLATFORM_UNAVAILABLE if is_failed else Outcome.CAPTURED
            read = PostsRead.NOT_TRIED if is_failed else PostsRead.LISTED
            made.outcomes.append(
                CaptureOutcome(
                    attempt, account.account_code, account.platform, instant, outcome, None, None, read,
                    None if is_failed else 1, None, attempt, Source.SIMULATOR, f"run-{day}", 1,
                )
            )  # fmt: skip
            if is_failed:
                continue
            count = 20_000 + 977 * place + 3 * (day - FIRST_DAY).days * (center + 1)
            made.snapshots.append(
                ProfileSnapshot(
                    attempt, account.account_code, account.platform, instant, count // step * step, step,
                    FollowersState.REPORTED, None, None, None, f"demo_{place}", "id", f"{account.platform}.followers",
                    AuthorizationMode.OWNER, Source.SIMULATOR, attempt, f"run-{day}", 1, None,
                )
            )  # fmt: skip
            if day == FIRST_DAY and account.platform == "x" and center < NEVER.start:
                age = timedelta(days=33) if center in SILENT else timedelta(hours=center, minutes=7)
                made.posts.append(
                    Post(
                        account.account_code, "x", f"p{place}", instant, instant - age, f"https://x.com/i/{place}",
                        "photo", None, None, 1, 2, None, 3, Presence.SEEN, Source.SIMULATOR, attempt, f"run-{day}",
                    )
                )  # fmt: skip
    return made


@dataclass(frozen=True)
class Surfaces:
    """The same day everywhere: rows of the marts, text of the page and of the reports, the workbook, charts, `top`."""

    closable: Closable
    dashboards: list[Dashboard]
    metadata: Metadata
    page: str
    meeting: str
    full: str
    scorecard: list[dict[str, Any]]
    top: Callable[[str], dict[str, Any]]

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What the warehouse answers."""
        with psycopg.connect(self.closable.url, row_factory=dict_row, options="-c timezone=UTC") as connection:
            return connection.execute(sql.encode()).fetchall()

    def chart(self, slug: str, key: str) -> list[dict[str, Any]]:
        """The rows of a chart, by label."""
        (dashboard,) = [found for found in self.dashboards if found.slug == slug]
        return self.rows(without_filters(query(dashboard, dashboard.chart(key), self.metadata, "id")))


@pytest.fixture(scope="module")
def surfaces(
    postgres_server: Server,
    service_login: Login,
    warehouse_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Surfaces]:
    name = f"{warehouse_template}_figures"
    closable = build_closable(
        postgres_server, service_login, warehouse_template, name, evidence(), tmp_path_factory,
        marts=("path:models/marts",),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(closing, "unshipped", lambda *_: ("", []))  # the rules of this tree, released or not
        closing.draft_close(closable.settings, closable.url, MONTH)
    with connect(closable.url, "closer") as service:
        sign_in_airflow(service)
    reports = {report.kind: report.content for report in issue_month(closable.url, MONTH)}
    sheet = openpyxl.load_workbook(io.BytesIO(reports["workbook"])).worksheets[0]
    header, *rows = sheet.iter_rows(min_row=2, values_only=True)
    html = boards.page(closable.url, DAY)[1]
    html = re.sub(r'<span class="en".*?</span>', "", html, flags=re.DOTALL)

    def top(board: str) -> dict[str, Any]:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", closable.url)
            result = CliRunner().invoke(app, ["top", "--board", board, "--all", "--format", "json"])
        assert result.exit_code == 0, result.output
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    yield Surfaces(
        closable=closable,
        dashboards=load_dashboards(REPOSITORY / "bi" / "dashboards"),
        metadata=read_metadata(Settings(state_dir=closable.state, registry_dir=closable.registry)),
        page=" ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split()),
        meeting=words_of(issue_as_of(closable.url, DAY).content),
        full=words_of(reports["full"]),
        scorecard=[dict(zip(map(str, header), row, strict=True)) for row in rows],
        top=top,
    )
    postgres_server.drop_database(name)


def test_completeness_is_rounded_alike(surfaces: Surfaces) -> None:
    assert shown(174, 178) == "97,8%"
    assert "174 dari 178 97,8%" in surfaces.page
    (today,) = surfaces.chart("papan-utama", "completeness_today")
    assert f"{float(next(iter(today.values()))):.1%}".replace(".", ",") == "97,8%"
    days = 178 * 8
    assert f"{days - FAILED:,} dari {days:,} hari-akun ({shown(days - FAILED, days)})".replace(".0", "").replace(
        ",", "."
    ) in surfaces.full.replace(",", ".")


def test_almost_everything_is_not_called_the_whole(surfaces: Surfaces) -> None:
    """A share just below the whole is cut in every place, the whole itself is not."""
    x_read = CENTERS - FAILED
    lines = [
        (row["Platform"], f"{float(row['Kelengkapan']):.1%}".replace(".", ","))
        for row in surfaces.chart("kesehatan-data", "completeness_by_day")
        if row["Tanggal"] == DAY
    ]
    assert sorted(lines) == [("X", shown(x_read, CENTERS)), ("Youtube", "100,0%")]
    assert f"X {x_read} dari 89 ( {shown(x_read, CENTERS)} )" in surfaces.page
    (almost,) = surfaces.rows(
        "select " + surfaces.metadata.metrics["completeness"].expression + " as share "
        "from (values (9999, 10000)) as days (accounts_read, accounts_expected)"
    )
    assert f"{float(almost['share']):.1%}" == "99.9%"


def test_silent_is_one_number_and_unknown_is_another_list(surfaces: Surfaces) -> None:
    bands = {row["recency_band"]: row["n"] for row in surfaces.rows(
        "select recency_band, count(*) as n from marts.fct_center_daily "
        f"where date_day = '{DAY}' group by recency_band"
    )}  # fmt: skip
    silent, never, unknown = (bands[band] for band in ("silent", "never", "unknown"))
    assert (silent, never, unknown) == (len(SILENT), len(NEVER) + 1, len(UNKNOWN))
    assert f"Sentra sunyi lebih dari 30 hari {silent} " in surfaces.page
    assert f"Sunyi lebih dari 30 hari {silent} " in surfaces.page
    (number,) = surfaces.chart("papan-utama", "silent_today")
    assert list(number.values()) == [silent]
    assert len(surfaces.chart("papan-utama", "silent")) == silent
    assert len(surfaces.chart("papan-utama", "unknown")) == never + unknown
    for report in (surfaces.meeting,):
        assert f"Sunyi lebih dari 30 hari ({silent})" in report
        assert f"Belum pernah mengunggah ({never})" in report
        assert f"Kemutakhiran tidak diketahui ({unknown})" in report
    kinds = [entry["kind"] for entry in surfaces.top("recency")["unranked"]]
    assert [kinds.count(kind) for kind in ("silent", "never_posted", "recency_unknown")] == [silent, never, unknown]


def test_followers_and_their_change_are_the_same_digits(surfaces: Surfaces) -> None:
    (leader,) = surfaces.rows(
        "select board.center_code, board.center_name, board.followers_count, daily.change_7d, daily.change_7d_low, "
        "daily.change_7d_high from marts.leaderboard_followers as board join marts.fct_center_daily as daily "
        f"using (center_code, date_day) where date_day = '{DAY}' and scope = 'all_platforms' and display_order = 1"
    )
    count = f"{leader['followers_count']:,}".replace(",", ".")
    bounds = f"+{leader['change_7d']:,} ±\u00a0{leader['change_7d_high'] - leader['change_7d']}".replace(",", ".")
    assert leader["change_7d_low"] < leader["change_7d"] < leader["change_7d_high"]
    assert f"{leader['center_name']} " in surfaces.page
    assert f"{count} 7 hari : {bounds.replace(chr(160), ' ')}" in surfaces.page
    assert f"{leader['center_name']} {count} {bounds.replace(chr(160), ' ')}" in surfaces.meeting.replace("\u00a0", " ")
    (told,) = [row for row in surfaces.top("followers")["rows"] if row["center_code"] == leader["center_code"]]
    assert (told["value"], told["change_7d"], told["change_7d_low"], told["change_7d_high"]) == (
        *(leader[name] for name in ("followers_count", "change_7d", "change_7d_low", "change_7d_high")),
    )
    (drawn,) = [
        row for row in surfaces.chart("papan-utama", "movement") if row["Sentra"] == leader["center_name"]
    ]  # fmt: skip
    assert (drawn["Pengikut akun"], drawn["Perubahan 7 hari"]) == (leader["followers_count"], leader["change_7d"])
    assert drawn["Perubahan 7 hari, batas bawah"] == leader["change_7d_low"]
    assert drawn["Perubahan 7 hari, batas atas"] == leader["change_7d_high"]
    (row,) = [row for row in surfaces.scorecard if row["center_code"] == leader["center_code"]]
    (end,) = surfaces.rows(
        "select followers_count from marts.fct_center_daily "
        f"where date_day = '{MONTH_END}' and center_code = '{leader['center_code']}'"
    )
    assert row["end_followers_count"] == end["followers_count"] != leader["followers_count"]
    assert f"{leader['center_name']} {end['followers_count']:,}".replace(",", ".") in surfaces.full


def test_followers_by_platform_and_by_center_differ_only_as_the_dashboard_says(surfaces: Surfaces) -> None:
    by_platform = sum(row["Pengikut akun"] for row in surfaces.chart("pertumbuhan", "followers_by_platform"))
    by_center = sum(row["Pengikut akun"] or 0 for row in surfaces.chart("pertumbuhan", "growth_bounds"))
    (carried,) = surfaces.rows(
        "select sum(before.followers_count) as count from marts.fct_follower_growth_daily as today "
        "join marts.fct_follower_growth_daily as before using (account_code) "
        f"where today.date_day = '{DAY}' and not today.is_captured and before.date_day = '{DAY - timedelta(days=2)}'"
    )
    assert by_center - by_platform == carried["count"] > 0
    (dashboard,) = [found for found in surfaces.dashboards if found.slug == "pertumbuhan"]
    assert "terbaca hari itu" in dashboard.chart("followers_by_platform").title.id
    assert "kedua jumlah dapat berbeda" in dashboard.note.id


def test_a_chart_hands_out_numbers_plain_addresses_and_times_with_their_zone(surfaces: Surfaces) -> None:
    times = 0
    for dashboard in surfaces.dashboards:
        for chart in dashboard.charts:
            for row in surfaces.chart(dashboard.slug, chart.key):
                for label, value in row.items():
                    where = (dashboard.slug, chart.key, label, value)
                    assert not hasattr(value, "tzinfo"), where  # a date has none
                    if isinstance(value, str):
                        assert not re.match(r"[+−-]?\d[\d.,]* ?[(±]", value), where
                        assert "<" not in value, where
                        if re.search(r"\d[.:]\d\d\b", value) and chart.kind != "title":
                            assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d\.\d\d (WIB|WITA|WIT)", value), where
                            times += 1
    assert times > 50


def test_the_score_has_its_known_share_beside_it(surfaces: Surfaces) -> None:
    months = surfaces.rows(
        "select * from marts.fct_center_monthly join marts.dim_centers using (center_code, center_name)"
    )
    scores = [row for row in months if row["month_start"] == MONTH]
    by_code = {row["center_code"]: row for row in scores}
    for row in surfaces.scorecard:
        names = list(row)
        assert names.index("score_known_share") == names.index("score") + 1
        mart = by_code[row["center_code"]]
        expected = "belum dapat dinilai" if mart["score"] is None else float(mart["score"])
        assert row["score"] == expected
        assert row["score_known_share"] == float(mart["score_known_share"])
    for mart in scores:
        share = shown(round(10_000 * mart["score_known_share"]), 10_000)
        words = "belum dapat dinilai" if mart["score"] is None else f"{mart['score']:.1f}".replace(".", ",")
        assert f"{words} ({share})" in surfaces.full
    newest = [row for row in months if row["month_start"] > MONTH]
    charted = {row["Sentra"]: row for row in surfaces.chart("pertumbuhan", "scores")}
    assert len(charted) == len(newest) == CENTERS
    for mart in newest:
        row = charted[mart["center_name"]]
        assert row["Skor"] == mart["score"]
        assert row["Skor, catatan"] == ("belum dapat dinilai" if mart["score"] is None else "")
        share = f"{float(row['Bagian bobot yang diketahui']):.1%}".replace(".", ",").replace("100,0%", "100%")
        assert share == shown(round(10_000 * mart["score_known_share"]), 10_000)


def test_a_time_is_local_or_wib_with_its_letters(surfaces: Surfaces, tmp_path: Path) -> None:
    (newest,) = surfaces.rows(
        "select center_name, last_post_at, to_char(last_post_at_local, 'HH24.MI') as clock, time_zone_label "
        f"from marts.leaderboard_recency where date_day = '{DAY}' and scope = 'any_post' and display_order = 1"
    )
    assert f"{newest['clock']} {newest['time_zone_label']}" in surfaces.page.replace("\u00a0", " ")
    assert f"{newest['clock']} {newest['time_zone_label']}" in surfaces.meeting.replace("\u00a0", " ")
    drawn = surfaces.chart("papan-utama", "top_recency")[0]
    assert drawn["Unggahan terakhir (waktu setempat)"].endswith(f" {newest['clock']} {newest['time_zone_label']}")
    assert surfaces.top("recency")["rows"][0]["value"] == newest["last_post_at"].isoformat()

"""The pages of all centers: nothing is cut off, the page of the meeting stays one, and the bytes stay the same."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import psycopg
import pytest

from social_metrics.publish.page import chart
from social_metrics.publish.page.formats import Language
from social_metrics.publish.reports import typesetting
from social_metrics.publish.reports.charts import center_days
from social_metrics.publish.reports.packs import Packs
from social_metrics.publish.reports.phrases import Phrases
from social_metrics.publish.texts import TEXTS, text
from tests.integration.publish.reports.large_month import DRAFTED, MONTH, large_month
from tests.support.pdf import pages_of, qr_codes_of, words_of

LONG = "Sentra Terpadu Profesor Doktor Soeharso Penyandang Disabilitas Surakarta dan Sekitarnya"


def pages(report: typesetting.Block) -> list[str]:
    """The text of each page, on one line."""
    return pages_of(typesetting.pdf(report, DRAFTED))


@pytest.mark.parametrize("language", ["id", "en"])
def test_all_centers_fit(language: Language) -> None:
    record = large_month()
    packs = Packs(record, language)
    (meeting,) = pages(packs.leadership())
    full = pages(packs.full())
    assert len(record.centers) == 31
    assert all(row["center_name"] in full[0] for row in record.centers)  # the scorecard is one page
    assert all(packs._phrases.exception(one) in " ".join(full) for one in record.exceptions[:15])
    for row in record.centers[:5]:
        assert row["center_name"] in meeting
    assert "90.123" in meeting or "90,123" in meeting


def test_a_page_too_full_says_how_many_it_leaves_out() -> None:
    record = large_month()
    rows = {mart: [{**row, "center_name": LONG} for row in of_mart] for mart, of_mart in record.rows.items()}
    for row in rows["leaderboard_recency"]:
        row |= {"recency_band": "never"}
    (meeting,) = pages(Packs(replace(record, rows=rows), "id").leadership())
    assert "selengkapnya di berkas lengkap" in meeting
    assert "(31)" in meeting


def test_the_bytes_are_the_data_s(monkeypatch: pytest.MonkeyPatch) -> None:
    report = Packs(large_month(), "id").full()
    made = typesetting.pdf(report, DRAFTED)
    monkeypatch.setenv("TZ", "Asia/Jayapura")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert typesetting.pdf(Packs(large_month(), "id").full(), DRAFTED) == made
    assert typesetting.pdf(Packs(large_month(12), "id").full(), DRAFTED) != made


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_qr_code_holds_the_digest(language: Language) -> None:
    record = large_month()
    packs = Packs(record, language)
    for report in (packs.full(), packs.center("kartini")):
        made = typesetting.pdf(report, DRAFTED)
        assert qr_codes_of(made) == [record.close.sha256]
        assert f"--month 2026-10 --digest {record.close.sha256}" in words_of(made)


def test_the_full_pack_names_who_had_access_and_a_center_s_does_not() -> None:
    packs = Packs(large_month(), "id")
    full = words_of(typesetting.pdf(packs.full(), DRAFTED))
    assert "Siapa yang punya akses bulan itu (3)" in full
    assert "magang menulis bacaan, menghitung angka 1 Okt s.d. 15 Okt" in full
    assert "postgres mengelola server sejak 1 Okt" in full
    assert "magang" not in words_of(typesetting.pdf(packs.center("kartini"), DRAFTED))


@pytest.mark.parametrize(
    ("basis", "words"),
    [
        (
            {"count_retention_days": 30, "basis": "none"},
            "YouTube: tanpa izin pemilik, angka hanya boleh disimpan 30 hari",
        ),
        (
            {"count_retention_days": 30, "basis": "amendment"},
            "YouTube: angka disimpan lebih dari 30 hari karena platform",
        ),
        ({"count_retention_days": 30, "basis": "owner"}, "YouTube: angka disimpan dengan izin pemilik akun"),
        ({"count_retention_days": None, "basis": "none"}, "YouTube: tidak ada batas simpan untuk angka"),
    ],
)
def test_the_limits_say_on_what_basis_counts_are_kept(basis: dict[str, object], words: str) -> None:
    record = large_month()
    record = replace(record, close=replace(record.close, retention_basis={"youtube": basis}))
    assert words in words_of(typesetting.pdf(Packs(record, "id").center("kartini"), DRAFTED))


def test_a_growth_inside_the_rounding_has_no_percentage() -> None:
    record = large_month()
    (row,) = (one for one in record.rows["fct_center_monthly"] if one["center_code"] == "kartini")
    row |= {"growth": -1, "growth_pct": -0.0004, "growth_null_reason": None}
    said = {}
    for is_measurable in (True, False):
        row["growth_is_measurable"] = is_measurable
        said[is_measurable] = words_of(typesetting.pdf(Packs(record, "id").center("kartini"), DRAFTED))
    assert "Pertumbuhan (%) −0,00" in said[True]
    assert "Pertumbuhan sebulan tidak terukur (pembulatan) Pertumbuhan (%) –" in said[False]


def test_every_group_of_the_warehouse_has_words(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as owner:
        groups = owner.execute(
            r"select rolname from pg_roles where rolname like 'social\_metrics\_%' and not rolcanlogin"
        ).fetchall()
    assert [name for (name,) in groups if f"group_{name.removeprefix('social_metrics_')}" not in TEXTS] == []


def test_an_answer_after_the_approval_is_not_in_the_report() -> None:
    record = large_month()
    late = replace(
        record.exceptions[0], answer="terlambat", answered_by="sari", answered_at=datetime(2027, 1, 1, tzinfo=UTC)
    )
    in_time = replace(late, answer="tepat waktu", answered_at=DRAFTED)
    for one, is_told in ((late, False), (in_time, True)):
        told = " ".join(pages(Packs(replace(record, exceptions=[one]), "id").full()))
        assert (str(one.answer) in told) is is_told


def test_a_day_that_was_not_read_is_a_gap() -> None:
    def day(number: int, count: int | None) -> dict[str, object]:
        return {
            "center_code": "a", "date_day": f"2026-10-{number:02}", "followers_count": count,
            "followers_precision_step": None if count is None else 1, "is_captured": count is not None,
        }  # fmt: skip

    days = center_days([day(1, 10), day(2, 12), day(3, None), day(4, 15), day(5, 16)])["a"]
    assert [one.followers_count for one in days] == [10, 12, None, 15, 16]
    drawn = chart.draw(days, MONTH, date(2026, 10, 31))
    assert drawn is not None
    assert (len(drawn.lines), drawn.gap_days) == (2, 1)


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ((2, 2), (5, 5), lambda: text("up", "id", n=3)),
        ((5, 5), (2, 2), lambda: text("down", "id", n=3)),
        ((2, 3), (3, 4), lambda: text("same", "id")),  # the rounding cannot tell them apart
        ((2, 2), (None, None), lambda: text("new_rank", "id")),
    ],
)
def test_movement_is_what_the_rounding_leaves_certain(
    now: tuple[int, int], before: tuple[int | None, int | None], expected: Callable[[], str]
) -> None:
    phrases = Phrases("id", {}, {}, {})
    row = {"center_code": "a", "best_rank": now[0], "worst_rank": now[1]}
    was = [{"center_code": "a", "best_rank": before[0], "worst_rank": before[1]}]
    assert phrases.movement(row, was) == expected()
    assert phrases.movement(row, None) == text("no_close_before", "id")

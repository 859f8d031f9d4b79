"""A month with every kind of exception: each is in the record and in the reports, with its account and its dates."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest

from local_stack.databases import Login
from local_stack.server import Server
from social_metrics.audit import closing
from social_metrics.audit.answers import AskedException, exceptions_of
from social_metrics.audit.closing import draft_close
from social_metrics.audit.rules import rules_in_force
from social_metrics.clock import wib_date
from social_metrics.contract import AuthorizationMode
from social_metrics.publish.reports.issue import PDF, issue_month
from social_metrics.warehouse.connect import connect
from tests.support.audit_fixtures import build_closable
from tests.support.closable import CENTERS, DRAFTED_AT, MONTH, evidence, sign_in_airflow
from tests.support.factories import Evidence, at
from tests.support.pdf import words_of

pytestmark = pytest.mark.slow

MONTH_BEFORE = date(2026, 9, 1)
CHANGED = date(2026, 10, 15)
RETENTION = timedelta(days=30)  # of counts read without the owner's authorization


@dataclass(frozen=True)
class Eventful:
    """The exceptions of the month, and the words of its reports: (kind, center, language) → on one line.

    `ranks` are those of the followers board: (month, center) → rank, where the rounding leaves one only.
    """

    exceptions: list[AskedException]
    ranks: dict[tuple[date, str], int]
    reports: dict[tuple[str, str | None, str], str]


@pytest.fixture(scope="module")
def month(
    postgres_server: Server,
    service_login: Login,
    warehouse_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Eventful]:
    """The month and the one before, closed and approved."""
    name = f"{warehouse_template}_eventful"
    closable = build_closable(postgres_server, service_login, warehouse_template, name, eventful(), tmp_path_factory)
    rules = rules_in_force(closable.settings, closable.url)
    with pytest.MonkeyPatch.context() as once, connect(closable.url, "closer") as connection:
        once.setattr(closing, "rules_in_force", lambda *_: list(rules))
        for first in (MONTH_BEFORE, MONTH):
            draft_close(closable.settings, closable.url, first, retention_as_of=DRAFTED_AT)
            sign_in_airflow(connection, first)
        exceptions = exceptions_of(connection, MONTH, 1)
        boards = connection.execute(
            "select month_start, center_code, (figures ->> 'best_rank')::integer from audit.scorecard_rows "
            "where mart = 'leaderboard_followers' and figures ->> 'scope' = 'all_platforms' "
            "and figures ->> 'best_rank' = figures ->> 'worst_rank'"
        ).fetchall()
    reports = issue_month(closable.url, MONTH, languages=("id", "en"))
    yield Eventful(
        exceptions,
        {(first, center): rank for first, center, rank in boards},
        {(one.kind, one.center_code, one.language): words_of(one.content) for one in reports if one.media_type == PDF},
    )
    postgres_server.drop_database(name)


def eventful() -> Evidence:
    """The closable month with a closed account, a new handle, a break, a waiting entry and an unaccepted basis."""
    made = evidence()
    made.platforms[:] = [
        replace(platform, count_retention_days=str(RETENTION.days)) if platform.platform == "youtube" else platform
        for platform in made.platforms
    ]
    accounts = {account.account_code: account for account in made.accounts}
    kept = [account for code, account in accounts.items() if code not in ("kartini-x", "satria-x")]
    closed = accounts["satria-x"]
    renamed = accounts["kartini-x"]
    made.accounts[:] = [
        *kept,
        replace(closed, valid_to=date(2026, 10, 14)),
        replace(closed, status="closed", valid_from=CHANGED),
        replace(renamed, handle="kartini_lama", valid_to=date(2026, 10, 14)),
        replace(renamed, handle="kartini_baru", valid_from=CHANGED),
    ]
    made.snapshots[:] = [
        replace(
            one,
            metric_definition_id=(
                "x.followers_v2"
                if one.account_code == "insyaf-x" and wib_date(one.captured_at) >= CHANGED
                else one.metric_definition_id
            ),
            **(
                {"authorization_mode": AuthorizationMode.PUBLIC, "expires_at": one.captured_at + RETENTION}
                if one.account_code == "kartini-youtube"
                else {}
            ),
        )
        for one in made.snapshots
        if not (one.account_code == "satria-x" and wib_date(one.captured_at) >= CHANGED)
    ]
    made.outcomes[:] = [
        one for one in made.outcomes if not (one.account_code == "satria-x" and wib_date(one.attempted_at) >= CHANGED)
    ]
    confirmed, _ = made.entries[0]
    waiting = replace(
        confirmed,
        account_code="insyaf-youtube",
        observed_at=at(date(2026, 10, 25), 9),
        entered_at=at(date(2026, 10, 25), 10),
    )
    made.entries.append((waiting, False))
    return made


@pytest.mark.parametrize(
    ("kind", "account_code", "detail", "first_date"),
    [
        ("not_captured", "satria-x", "platform_unavailable", date(2026, 10, 10)),
        ("count_withheld", "insyaf-youtube", "hidden", date(2026, 10, 21)),
        ("account_closed", "satria-x", "closed", CHANGED),
        ("handle_changed", "kartini-x", "kartini_lama → kartini_baru", CHANGED),
        ("manual_waiting", "insyaf-youtube", None, date(2026, 10, 25)),
        ("definition_break", "insyaf-x", "x.followers_v2", CHANGED),
        ("count_withheld", "kartini-youtube", "retention_expired", date(2026, 10, 1)),
        ("entered_by_hand", "satria-youtube", None, date(2026, 10, 31)),
    ],
)
def test_it_stands_in_the_record(
    month: Eventful, kind: str, account_code: str, detail: str | None, first_date: date
) -> None:
    same = [one for one in month.exceptions if (one.kind, one.account_code) == (kind, account_code)]
    found = [one for one in same if detail is None or one.detail == detail]
    assert [one.first_date for one in found] == [first_date], month.exceptions


@pytest.mark.parametrize(
    ("account_code", "indonesian", "english"),
    [
        (
            "satria-x",
            "Tidak terbaca: Platform tidak tersedia 10 Okt s.d. 12 Okt (3 hari)",
            "Not read: Platform unavailable 10 Oct to 12 Oct (3 days)",
        ),
        (
            "insyaf-youtube",
            "Jumlah pengikut tidak ditampilkan: disembunyikan pemilik akun 21 Okt s.d. 31 Okt (11 hari)",
            "Follower count withheld: hidden by the owner 21 Oct to 31 Oct (11 days)",
        ),
        (
            "satria-x",
            "Akun ditutup dalam bulan ini: ditutup oleh sentra 15 Okt",
            "The account closed in the month: closed by the center 15 Oct",
        ),
        (
            "kartini-x",
            "Nama akun berganti: kartini_lama → kartini_baru 15 Okt",
            "The account was renamed: kartini_lama → kartini_baru 15 Oct",
        ),
        (
            "insyaf-youtube",
            "Isian petugas belum dikonfirmasi orang kedua, jadi belum dihitung: 12,3 rb 25 Okt",
            "An entry by hand waits for a second person and does not count yet: 12,3 rb 25 Oct",
        ),
        (
            "insyaf-x",
            "Cara platform menghitung pengikut berubah; angka sebelum dan sesudahnya tidak dibandingkan",
            "The platform now counts followers in another way; figures before and after are not compared",
        ),
        (
            "kartini-youtube",
            "Jumlah pengikut dihapus karena masa simpannya habis: pemilik akun belum memberi izin",
            "Follower count deleted because it may not be kept any longer: the account's owner has not authorised us",
        ),
        (
            "satria-youtube",
            "Diisi dari layar oleh petugas, dikonfirmasi orang kedua 31 Okt",
            "Read off a screen by an officer, confirmed by a second person 31 Oct",
        ),
    ],
)
def test_each_exception_is_printed(month: Eventful, account_code: str, indonesian: str, english: str) -> None:
    center = account_code.partition("-")[0]
    for language, words in (("id", indonesian), ("en", english)):
        for report in (month.reports["full", None, language], month.reports["center", center, language]):
            assert f"{account_code} {words}" in report


def test_the_meeting_s_page_tells_them_apart(month: Eventful) -> None:
    page = month.reports["leadership", None, "id"]
    assert "Sentra Insyaf jumlah tidak ditampilkan: YouTube" in page
    assert "Sentra Kartini masa simpan angka habis: YouTube" in page
    assert "Sentra Satria tidak punya akun: X; 3 hari-akun tidak terbaca" in page
    assert re.search(r"Sentra Insyaf [\d.]+ cara platform menghitung berubah", page)


def test_ranks_moved_since_the_month_before(month: Eventful) -> None:
    board = month.reports["leadership", None, "id"].partition("Lima besar: unggahan")[0]
    moves = {center: month.ranks[MONTH_BEFORE, center] - month.ranks[MONTH, center] for center in CENTERS}
    assert any(moves.values()), "nobody moved: the test would show nothing"
    for center, places in moves.items():
        told = "tetap" if not places else f"naik {places}" if places > 0 else f"turun {-places}"
        row = board.partition(f"Sentra {center.title()} ")[2].partition(" Sentra ")[0]
        assert re.search(rf"\D{told}( \d)?\s*$", row), (center, places, row)
    assert "tanpa pembanding" not in board


def test_the_limits_name_the_basis_on_which_counts_are_kept(month: Eventful) -> None:
    full = month.reports["full", None, "id"]
    assert "YouTube: tanpa izin pemilik, angka hanya boleh disimpan 30 hari" in full
    assert "X: tidak ada batas simpan untuk angka" in full


def test_a_drawing_does_not_join_what_is_not_the_same(month: Eventful) -> None:
    expected = "akun yang diketahui jumlahnya: 1, lalu 2; kedua angka tidak dibandingkan"
    assert expected in month.reports["center", "kartini", "id"]

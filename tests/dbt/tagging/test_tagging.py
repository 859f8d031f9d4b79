"""The tagger on real words: how often it is right, what it must not be fooled by, and what outlives the captions."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from social_metrics.settings import Settings
from social_metrics.transform.tagging.rules import TaggingProblem
from social_metrics.transform.tagging.tagger import tag_captions
from social_metrics.warehouse.connect import connect
from tests.dbt.reference.captions import CAMPAIGNS
from tests.dbt.reference.histories import PLATFORMS
from tests.dbt.tagging.scoring import HELD_OUT, TUNED, given_tags, labelled, scores, table, total, write_captions
from tests.support.dbt_runner import PROJECT, Warehouse, failures
from tests.support.factories import Account, Center, Evidence
from tests.support.warehouse import change_evidence

FLOORS = {TUNED: (0.97, 0.97), HELD_OUT: (0.93, 0.90)}
"""Precision and recall of all tags together; those of the held-out captions were never tuned on."""
TAG_FLOOR = 0.66
"""Of each single tag that the sample expects three times or more."""

FALSE_FRIENDS = [
    ("Lomba menulis dengan pena bulu, hadiahnya pena dan buku. #BantuanATENSI", "program:PENA"),
    ("Wartawan LintangPena meliput bantuan bagi KPM.", "program:PENA"),
    ("Kasus itu menjadi ATENSI Mabes Polri.", "program:ATENSI"),
    ("Mohon atensi: pelayanan tutup besok.", "program:ATENSI"),
    ("Selamat Hari Kartini dari Sentra Satria!", "cluster:perempuan-rentan"),
    ("Harga sembako di pasar naik, tips belanja hemat dari kemensos.", "program:BPNT"),
    ("Harga sembako di pasar naik, tips belanja hemat dari kemensos.", "program:FOOD"),
    ("Paket sembako bantuan ATENSI untuk korban banjir.", "program:BPNT"),
    ("Pasien dirujuk ke Rumah Sakit Tentara (RST) oleh kemensos.", "program:RST"),
    ("Kunjungan siswa SMP YAPI ke Sentra Handayani, terima kasih atas bantuan bukunya.", "program:YAPI"),
    ("Ditjen PKH ajak peternak vaksinasi, bantuan obat ternak.", "program:PKH"),
    ("Bunga aster di taman Sentra sedang mekar.", "program:ASTER"),
    ("Rehabilitasi rumah dinas dan rehabilitasi jalan sentra selesai.", "cluster:napza-hiv"),
    ("Sentra Bahagia dan Sentra Wasana Bahagia: layanan bahagia.", "cluster:lansia"),
    ("Suku Anak Dalam menerima bantuan kemensos.", "cluster:anak"),
    ("Kapten dan anak buah kapal ditolong, bantuan datang.", "cluster:anak"),
    ("Anak tangga gedung sentra diperbaiki, bantuan CSR.", "cluster:anak"),
    ("ODGJ mengamuk, polisi amankan; rujukan ke sentra.", "cluster:disabilitas"),
    ("Polda menangkap pengedar narkoba di dekat sentra.", "cluster:napza-hiv"),
    ("Mobil terlantar di parkiran sentra.", "cluster:masalah-sosial"),
    ("Prakiraan cuaca BMKG: waspadai banjir, kata Tagana? Bukan.", "outreach:outreach"),
    ("Harga terjangkau! Belanja karya penerima manfaat.", "outreach:outreach"),
    ("Jangkauan sinyal tak stabil di sentra.", "outreach:outreach"),
    ("Dulu sekolah rakyat hanya tiga tahun, cerita Opa.", "program:SEKOLAH_RAKYAT"),
]
FRIENDS = [
    ("𝐏𝐫𝐨𝐠𝐫𝐚𝐦 𝐏𝐄𝐍𝐀 di Pati", "program:PENA", "𝐏𝐫𝐨𝐠𝐫𝐚𝐦 𝐏𝐄𝐍𝐀"),
    ("Serah terima #BantuanATENSI", "program:ATENSI", "Bantuan ATENSI"),
    ("serah terima #bantuanatensi", "program:ATENSI", "bantuanatensi"),
    ("Bantuuuan atensi cair", "program:ATENSI", "Bantuuuan atensi"),
    ("lansia dijangkau peksos", "outreach:outreach", "dijangkau"),
    ("bansos permakanan", "program:PERMAKANAN", "permakanan"),
    ("bantuan utk disab\u200bilitas", "cluster:disabilitas", "disab\u200bilitas"),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Rules and campaigns in a folder that the test may change."""
    shutil.copytree(PROJECT / "seeds", tmp_path / "project" / "seeds")
    return Settings(
        dbt_project_dir=tmp_path / "project",
        registry_dir=tmp_path / "project" / "seeds" / "registry",
        state_dir=tmp_path / "state",
    )


@pytest.mark.parametrize("sample", [TUNED, HELD_OUT], ids=["tuned", "held out"])
def test_precision_and_recall_keep_their_floor(
    warehouse_url: str, settings: Settings, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    captions, expected = labelled(sample)
    assert len(captions) >= (100 if sample is HELD_OUT else 200)
    write_captions(warehouse_url, captions)
    tag_captions(settings, warehouse_url)
    by_tag = scores(expected, given_tags(warehouse_url))
    with capsys.disabled():
        print("\n" + table(sample.stem, by_tag))
    together = total(by_tag.values())
    precision, recall = FLOORS[sample]
    assert together.right > 80
    assert (together.precision, together.recall) >= (precision, 0)
    assert together.recall >= recall
    weak = [
        tag
        for tag, found in by_tag.items()
        if found.right + found.missed >= 3 and min(found.precision, found.recall) < TAG_FLOOR
    ]
    assert weak == []


def test_false_friends_and_friends(warehouse_url: str, settings: Settings) -> None:
    """Each sentence alone: what it must not be taken for; and disguises that must be seen through."""
    false = {f"false-{number}": caption for number, (caption, _) in enumerate(FALSE_FRIENDS)}
    true = {f"true-{number}": caption for number, (caption, _, _) in enumerate(FRIENDS)}
    write_captions(warehouse_url, false | true)
    tag_captions(settings, warehouse_url)
    given = given_tags(warehouse_url)
    fooled = [
        f"{caption} is not {tag}"
        for number, (caption, tag) in enumerate(FALSE_FRIENDS)
        if tag in given.get(f"false-{number}", ())
    ]
    assert fooled == []
    missed = [
        f"{caption} is {tag}"
        for number, (caption, tag, _) in enumerate(FRIENDS)
        if tag not in given.get(f"true-{number}", ())
    ]
    assert missed == []
    rows = _rows(
        warehouse_url,
        "select post_id, tag_kind || ':' || tag, matched_text, match_starts_at, match_ends_at from ops.post_tags",
    )
    assert {(f"true-{number}", tag, text) for number, (_, tag, text) in enumerate(FRIENDS)} <= {row[:3] for row in rows}
    for post_id, _, text, begin, end in rows:
        caption = (false | true)[post_id]
        assert "".join(text.split()) in "".join(caption[begin:end].split()), (
            "the offsets point into the caption as written"
        )


def test_a_caption_is_read_once_a_ruleset(warehouse_url: str, settings: Settings) -> None:
    write_captions(warehouse_url, {"p": "Program PENA", "q": "Selamat pagi"})
    first = tag_captions(settings, warehouse_url)
    assert first is not None
    assert (first.captions, first.tags) == (2, 1)
    again = tag_captions(settings, warehouse_url)
    assert again == replace(first, captions=0, tags=0)
    _change_rule(settings, "pena-name", terms="kata baru")
    with pytest.raises(TaggingProblem, match=r"its ruleset_version is still 1.*Raise the version on every line"):
        tag_captions(settings, warehouse_url)
    _raise_version(settings)
    anew = tag_captions(settings, warehouse_url)
    assert anew is not None
    assert (anew.ruleset_version, anew.captions, anew.tags) == (2, 2, 0)
    kept = _rows(warehouse_url, "select ruleset_version, rule_id from ops.post_tags")
    assert kept == [(1, "pena-name")], "what an earlier version found is never changed"


def test_a_new_campaign_reads_again_what_is_still_there(warehouse_url: str, settings: Settings) -> None:
    write_captions(warehouse_url, {"p": "Ayo #SentraUntukSemua", "expired": "Ayo #SentraUntukSemua lagi"})
    tag_captions(settings, warehouse_url)
    with psycopg.connect(warehouse_url) as connection:
        change_evidence(connection, "delete from raw.post_captions where post_id = 'expired'")
    _add_campaign(settings)
    tag_captions(settings, warehouse_url)
    found = _rows(warehouse_url, "select post_id, tag_kind, tag, matched_text from ops.post_tags")
    assert found == [("p", "campaign", "C1", "Sentra Untuk Semua")]
    known = _rows(warehouse_url, "select campaign_codes from ops.tag_rulesets order by ruleset_id")
    assert known == [([],), (["C1"],)]


@pytest.mark.parametrize("blank", ["program", "clusters"])
def test_a_campaign_without_a_category_is_refused(warehouse_url: str, settings: Settings, blank: str) -> None:
    _add_campaign(settings, **{blank: ""})
    with pytest.raises(
        TaggingProblem,
        match=rf"campaigns.csv, line 2, column campaign_code: 'C1' has no {blank}; a campaign is categorised before",
    ):
        tag_captions(settings, warehouse_url)


@pytest.mark.slow
def test_dbt_refuses_a_campaign_without_a_category_too(make_warehouse: Callable[[Evidence], Warehouse]) -> None:
    known = replace(CAMPAIGNS[1], campaign_code="GOOD")
    warehouse = make_warehouse(
        Evidence(
            platforms=list(PLATFORMS),
            campaigns=[
                known,
                replace(known, campaign_code="NO_CLUSTER", clusters=""),
                replace(known, campaign_code="NO_PROGRAM", program=""),
                replace(known, campaign_code="OLD_SCHEME", clusters="kelompok-rentan"),
            ],
        )
    )
    select = ("--select", "campaigns", "programs", "clusters", "stg_registry__campaigns")
    result = warehouse.dbt("build", "--exclude-resource-type", "unit_test", *select)
    assert not result.success
    assert "assert_campaigns_are_categorised: Got 3 results" in failures(result)


@pytest.mark.slow
def test_tags_outlive_captions_and_a_persons_word_outlives_rules(
    make_warehouse: Callable[[Evidence], Warehouse], settings: Settings
) -> None:
    evidence = Evidence(
        platforms=list(PLATFORMS),
        centers=[Center("kartini", "Sentra Terpadu Kartini", "Asia/Jakarta", None, None)],
        accounts=[Account("kartini-x", "kartini", "x", "verified", None, None)],
    )
    warehouse = make_warehouse(evidence)
    secret = "Mbah Sarinem dari Temanggung"
    captions = {
        "pena": f"Program PENA bagi {secret}",
        "no-outreach": f"Tim menjangkau {secret}",
        "greeting": f"Selamat pagi, {secret}",
    }
    write_captions(warehouse.url, captions)
    tag_captions(settings, warehouse.url)
    with connect(warehouse.url, "loader") as connection:
        connection.execute(
            "insert into ops.tag_overrides (account_code, post_id, tag_kind, tag, decision, decided_by, reason) values "
            "('kartini-x', 'no-outreach', 'outreach', 'outreach', 'remove', 'humas', 'arsip lama'), "
            "('kartini-x', 'greeting', 'program', 'RST', 'add', 'humas', 'foto rumah')"
        )
    warehouse.build()
    before = warehouse.rows("marts.fct_post_tags")
    states = {(row["post_id"], row["tag_kind"], row["tag"]): (row["tag_state"], row["overridden_by"]) for row in before}
    assert states["pena", "program", "PENA"] == ("tagged", None)
    assert states["no-outreach", "outreach", "outreach"] == ("removed", "humas")
    assert states["no-outreach", "outreach", "untagged"] == ("untagged", None)
    assert states["greeting", "program", "RST"] == ("tagged", "humas")

    with psycopg.connect(warehouse.url) as connection:
        change_evidence(connection, "delete from raw.post_captions")
    _raise_version(settings)
    report = tag_captions(settings, warehouse.url)
    assert report is not None
    assert report.captions == 0
    warehouse.build("--full-refresh")
    assert _ordered(warehouse.rows("marts.fct_post_tags")) == _ordered(before)

    write_captions(warehouse.url, {"late": "Program PENA lagi"})
    tag_captions(settings, warehouse.url)
    warehouse.build()
    after = {(row["post_id"], row["tag_kind"], row["tag"]): row for row in warehouse.rows("marts.fct_post_tags")}
    assert after["late", "program", "PENA"]["ruleset_version"] == 2
    assert after["pena", "program", "PENA"]["ruleset_version"] == 1, "what is gone keeps what was read of it"
    assert after["no-outreach", "outreach", "outreach"]["overridden_by"] == "humas"
    everything = "".join(
        str(warehouse.rows(f"marts.{name}"))
        for (name,) in _rows(warehouse.url, "select tablename from pg_tables where schemaname = 'marts'")
    )
    assert "Program PENA" in everything
    assert "Sarinem" not in everything, "captions never reach the marts"


def _ordered(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(str(row) for row in rows)


def _rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def _change_rule(settings: Settings, rule_id: str, **cells: str) -> None:
    _rewrite(
        settings.dbt_project_dir / "seeds/rules/tag_rules.csv",
        lambda row: row | cells if row["rule_id"] == rule_id else row,
    )


def _raise_version(settings: Settings) -> None:
    _rewrite(
        settings.dbt_project_dir / "seeds/rules/tag_rules.csv",
        lambda row: row | {"ruleset_version": str(int(row["ruleset_version"]) + 1)},
    )


def _rewrite(path: Path, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(change(row) for row in rows)


def _add_campaign(settings: Settings, **cells: str) -> None:
    path = settings.registry_dir / "campaigns.csv"
    with path.open(newline="", encoding="utf-8") as file:
        columns = next(csv.reader(file))
    row = {
        "campaign_code": "C1",
        "title": "Serentak",
        "starts_at": "2025-08-01T07:00+07:00",
        "ends_at": "2025-08-08T07:00+07:00",
        "terms": "#SentraUntukSemua",
        "program": "ATENSI",
        "clusters": "masalah-sosial",
    } | cells
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerow(row)

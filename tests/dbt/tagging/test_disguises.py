"""Words in disguise are tagged as the plain words, and a new normalisation reads captions again."""

from pathlib import Path

import psycopg
import pytest

from social_metrics.settings import Settings
from social_metrics.transform.tagging.rules import load_ruleset
from social_metrics.transform.tagging.tagger import tag_captions
from social_metrics.transform.tagging.words import NORMALISATION
from tests.dbt.tagging.scoring import given_tags, write_captions
from tests.support.dbt_runner import PROJECT

PENA, SCHOOL, ELDERLY, DISABILITY, ATENSI, FOOD = (
    "program:PENA", "program:SEKOLAH_RAKYAT", "cluster:lansia", "cluster:disabilitas", "program:ATENSI",
    "program:PERMAKANAN",
)  # fmt: skip
SMALL_CAPITALS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡxʏᴢ")
SMALL_CAPITALS_WITH_PLAIN_S = SMALL_CAPITALS | {ord("s"): "s", ord("q"): "ǫ"}


def shifted(text: str, first: int) -> str:
    """The letters of an alphabet that begins at this code point with A; small letters become capitals."""
    return "".join(chr(first + ord(letter) - ord("A")) if letter.isalpha() else letter for letter in text.upper())


DISGUISED = [
    *((f"{filler}{name}", tag) for filler in "\u3164\uffa0\u115f\u1160" for name, tag in (
        ("Program PENA", PENA), ("lansia", ELDERLY), ("permakanan", FOOD))),
    *((f"Kabar{filler}lansia{filler}Kudus", ELDERLY) for filler in "\u3164\uffa0\u115f\u1160\u200b"),
    *((f"Program{filler}PENA{filler}Kudus", PENA) for filler in "\u3164\uffa0\u115f\u1160\u200b"),
    ("per\u3164makanan", FOOD),
    ("program pena".translate(SMALL_CAPITALS), PENA),
    ("lansia".translate(SMALL_CAPITALS), ELDERLY),
    ("lansia sejahtera".translate(SMALL_CAPITALS_WITH_PLAIN_S), ELDERLY),
    ("P" + "rogram ".translate(SMALL_CAPITALS) + "P" + "ena".translate(SMALL_CAPITALS), PENA),
    ("#L" + "ansia".translate(SMALL_CAPITALS_WITH_PLAIN_S) + "B" + "ahagia".translate(SMALL_CAPITALS), ELDERLY),
    ("pena".translate(SMALL_CAPITALS) + " bagi KPM", PENA),
    (shifted("program pena", 0x1F150), PENA),
    (shifted("program pena", 0x1F170), PENA),
    (shifted("program pena", 0x1F130), PENA),
    (shifted("program pena", 0x24B6), PENA),
    (shifted("program pena", 0xFF21), PENA),
    (shifted("program pena", 0x1D5D4), PENA),
    ("ᵖʳᵒᵍʳᵃᵐ ᵖᵉⁿᵃ", PENA),
    ("lansia\u200bbahagia", ELDERLY),
    ("menerima\u200blansia\u200bdan\u200bkeluarga", ELDERLY),
    ("pendamping\u200b lansia", ELDERLY),
    ("l\u200ba\u200bn\u200bs\u200bi\u200ba", ELDERLY),
    ("per\u200bma\u200bkan\u200ban", FOOD),
    ("sekolah\u200brakyat", SCHOOL),
    ("Siswa Sekolah\nRakyat belajar", SCHOOL),
    ("Siswa Sekolah\r\nRakyat belajar", SCHOOL),
    ("Siswa Sekolah  \n   Rakyat belajar", SCHOOL),
    ("Siswa Sekolah\u2028Rakyat belajar", SCHOOL),
    ("Program 🌟\nPENA di Pati", PENA),
    ("Program\nKeluarga\nHarapan", "program:PKH"),
    ("bantuan permaka-\nnan hari ini", FOOD),
    *((f"lan{mark}sia", ELDERLY) for mark in "\u00ad\u200c\u200d\u200e\u200f\u202a\u2060\u2063\u2065\ufeff\u180e\u034f"
      "\ufe0f\u061c\u17b4\U000e0101\U000e0041\ufff0\u206a\u180b"),
    *(("".join(letter + mark for letter in "lansia"), ELDERLY) for mark in "\u0301\u0332\u0336\u0338\u20dd\u0308"),
    ("lánsïa", ELDERLY),
    ("#lansiabahagia", ELDERLY),
    ("#LANSIABAHAGIA", ELDERLY),
    ("#Lansiabahagia", ELDERLY),
    ("#salamlansia", ELDERLY),
    ("#ayolansiasehat", ELDERLY),
    ("#lansiabahagia2026", ELDERLY),
    ("#𝐥𝐚𝐧𝐬𝐢𝐚𝐛𝐚𝐡𝐚𝐠𝐢𝐚", ELDERLY),
    ("#temandisabilitas", DISABILITY),
    ("#difabelberkarya", DISABILITY),
    ("#permakananlansia", FOOD),
    ("#permakananlansia", ELDERLY),
    ("#sekolahrakyatmakassar", SCHOOL),
    ("#ikutprogrampena", PENA),
    ("#bantuanatensilansia", ATENSI),
    ("#bantuanatensilansia", ELDERLY),
    ("#kabarbpnt", "program:BPNT"),
    ("penyaluran bantuan #atensibersama", ATENSI),
    ("#bantukorbanbencanaalam", "program:BENCANA"),
]  # fmt: skip
NOT_TAGGED = [
    ("#programpenanaman bagi KPM", PENA),
    ("#programpenanggulangan di desa", PENA),
    ("#netralitasASN layanan disabel", DISABILITY),
    ("#hargaterjangkau", "outreach:outreach"),
    ("#bootcampkartini", "cluster:anak"),
    ("#latensitinggi kemensos bantuan", ATENSI),
    ("#atensikapolda bantuan", ATENSI),
    ("#mohonatensipublik bantuan", ATENSI),
    ("#pralansia", ELDERLY),
    ("Sekolah.\nRakyat menang", SCHOOL),
    ("Hari ini libur sekolah\n\nRakyat sehat", SCHOOL),
    ("Daftar sekolah\n- Rakyat sehat", SCHOOL),
    ("Daftar sekolah\n• Rakyat sehat", SCHOOL),
    ("Kunjungi program\n\nPena baru dan buku", PENA),
    ("Parkir 🅿️ dan flag 🇵🇪🇳🇦 bagi KPM", PENA),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The shipped rules."""
    return Settings(dbt_project_dir=PROJECT, registry_dir=PROJECT / "seeds" / "registry", state_dir=tmp_path / "state")


def test_words_in_disguise_are_tagged_as_the_plain_words(warehouse_url: str, settings: Settings) -> None:
    captions = {f"d{number}": caption for number, (caption, _) in enumerate(DISGUISED)}
    captions |= {f"n{number}": caption for number, (caption, _) in enumerate(NOT_TAGGED)}
    write_captions(warehouse_url, captions)
    tag_captions(settings, warehouse_url)
    given = given_tags(warehouse_url)
    missed = [ascii(text) + tag for n, (text, tag) in enumerate(DISGUISED) if tag not in given.get(f"d{n}", ())]
    assert missed == []
    false = [ascii(text) + tag for n, (text, tag) in enumerate(NOT_TAGGED) if tag in given.get(f"n{n}", ())]
    assert false == []
    with psycopg.connect(warehouse_url) as connection:
        found = connection.execute("select post_id, match_starts_at, match_ends_at from ops.post_tags").fetchall()
    for post_id, start, end in found:
        assert 0 <= start < end <= len(captions[post_id]), "the offsets point into the caption as written"


def test_a_new_normalisation_reads_captions_again_under_the_same_version(
    warehouse_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_captions(warehouse_url, {"p": "Program PENA"})
    first = tag_captions(settings, warehouse_url)
    assert first is not None
    monkeypatch.setattr(f"{load_ruleset.__module__}.NORMALISATION", NORMALISATION + 1)
    again = tag_captions(settings, warehouse_url)
    assert again is not None
    assert again.ruleset_id > first.ruleset_id
    assert (again.ruleset_version, again.captions, again.tags) == (first.ruleset_version, 1, 1)
    assert tag_captions(settings, warehouse_url) == type(again)(again.ruleset_id, again.ruleset_version, 0, 0)

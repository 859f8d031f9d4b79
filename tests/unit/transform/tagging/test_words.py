"""Captions as words: what centers write, and where each word stands in it."""

import time
from pathlib import Path

import pytest

from social_metrics.transform.tagging.rules import Ruleset, load_ruleset
from social_metrics.transform.tagging.words import affixed, words


@pytest.fixture
def ruleset(repository: Path) -> Ruleset:
    """The shipped rules."""
    seeds = repository / "dbt_project/seeds"
    return load_ruleset(seeds / "rules", seeds / "registry")


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("#BantuanATENSI", ["bantuan", "atensi"]),
        ("#HLUN2024 #AtensiYAPI", ["hlun", "2024", "atensi", "yapi"]),
        ("#bantuanatensi", ["bantuanatensi"]),
        ("LintangPena", ["lintangpena"]),  # a name outside a hashtag stays whole
        ("𝐁𝐚𝐧𝐭𝐮𝐚𝐧", ["bantuan"]),
        ("ban\u200btuan\ufe0f 👨‍👩‍👧‍👦 lansia", ["bantuan", "lansia"]),
        ("Darussa’adah Jum`at", ["darussa'adah", "jum'at"]),
        ("bansooos", ["bantuan", "sosial"]),
        ("utk disab", ["untuk", "disabilitas"]),
        ("anak2 anak-anak", ["anak", "anak", "anak"]),
        ("Rp200.000 saat 2000", ["rp200", "000", "saat", "2000"]),
        ("HIV/AIDS", ["hiv", "aids"]),
        ("السلام عليكم penyaluran", ["السلام", "عليكم", "penyaluran"]),
        ("👍🙏", []),
        ("", []),
    ],
)
def test_a_caption_becomes_words(caption: str, expected: list[str]) -> None:
    assert [word.word for word in words(caption)] == expected


def test_every_word_knows_its_place_as_written() -> None:
    caption = "🙏 𝐁𝐚𝐧𝐭𝐮𝐚𝐧 #AtensiYAPI, bansos!"
    assert [(word.word, caption[word.starts_at : word.ends_at]) for word in words(caption)] == [
        ("bantuan", "𝐁𝐚𝐧𝐭𝐮𝐚𝐧"),
        ("atensi", "Atensi"),
        ("yapi", "YAPI"),
        ("bantuan", "bansos"),
        ("sosial", "bansos"),
    ]


def test_no_phrase_reaches_across_the_end_of_a_sentence() -> None:
    assert [word.position for word in words("Kunjungi program. Pena baru (biru) dan")] == [0, 1, 3, 4, 5, 6]


def test_where_everything_is_shouted_case_says_nothing() -> None:
    assert [word.written for word in words("SELAMAT PAGI PENA")] == ["selamat", "pagi", "pena"]
    assert [word.written for word in words("Program PENA hari ini")][1] == "PENA"


@pytest.mark.parametrize(
    ("stem", "forms"),
    [
        ("jangkau", ["menjangkau", "dijangkau", "penjangkauan"]),
        ("salur", ["menyalurkan", "disalurkan", "penyaluran"]),
        ("daya", ["pemberdayaan", "diperdayakan"]),
        ("evakuasi", ["mengevakuasi", "dievakuasi"]),
        ("bantu", ["membantu", "dibantu", "pembantunya"]),
    ],
)
def test_affixes_of_a_stem(stem: str, forms: list[str]) -> None:
    assert set(forms) <= affixed(stem)


def test_a_price_within_reach_is_no_outreach() -> None:
    assert "terjangkau" not in affixed("jangkau")


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("ᴘᴇɴᴀ Pᴇɴᴀ #LᴀɴsɪᴀBᴀʜᴀɢɪᴀ", ["PENA", "Pena", "Lansia", "Bahagia"]),
        ("🅿🅴🅽🅰 🅿️", ["PENA"]),
        ("\u3164PENA\uffa0ini", ["PENA", "ini"]),
        ("lansia\u200bbahagia lan\u200bsia", ["lansia", "bahagia", "lansia"]),
        ("permaka-\r\nnan lansia-\nmuda", ["permakanan", "lansia", "muda"]),
        ("#lansiabahagia #ayolansia #lansianya #programpenanaman", ["lansia", "bahagia", "ayo", "lansia", "lansianya",
                                                                   "programpenanaman"]),
        ("𝐥áns̶ia", ["lansia"]),
        ("#ATENSIlansia #PENAkemensos #BANTUANlansia", ["ATENSI", "lansia", "PENA", "kemensos", "BANTUAN", "lansia"]),
        ("#AyoATENSIlansiabahagia #ATENSILansia", ["Ayo", "ATENSI", "lansia", "bahagia", "ATENSI", "Lansia"]),
        ("#\u200blansiabahagia #\u3164\u200bLansiaBahagia", ["lansia", "bahagia", "Lansia", "Bahagia"]),
        ("⒧⒜⒩⒮⒤⒜ 🄟🄔🄝🄐 ⓛⓐⓝⓢⓘⓐ ⒜", ["lansia", "PENA", "lansia", "a"]),
        ("lan\u00ad\nsia lan\u00ad\r\nsia lan\u00adsia muda\u00ad\nlansia",
         ["lansia", "lansia", "lansia", "muda", "lansia"]),
        ("lаnsiа РENА мама", ["lansia", "PENA", "мама"]),
    ],
)  # fmt: skip
def test_disguised_words_are_written_plainly(ruleset: Ruleset, caption: str, expected: list[str]) -> None:
    found = words(caption, ruleset.vocabulary)
    assert [word.written for word in found] == expected
    assert all(0 <= word.starts_at < word.ends_at <= len(caption) for word in found)


@pytest.mark.parametrize(
    ("between", "skipped"),
    [("\n", 0), ("\r\n", 0), ("\u2028", 0), (" \n  ", 0), ("\n\n", 1), ("\r\n\r\n", 1), ("\n- ", 1), ("\n• ", 1),
     *((f"\n{blank}\n", 1) for blank in ("\u2800", "\u3164", "\u200b", "\u2800 \u3164", "\u200b\u200b")),
     *((f"{blank}\n{blank}", 0) for blank in "\u2800\u3164\u200b"),
     ("\u2029", 1), (".\n", 1), ("\n.\n", 1)],
)  # fmt: skip
def test_one_line_break_ends_no_sentence(between: str, skipped: int) -> None:
    assert [word.position for word in words(f"Sekolah{between}Rakyat")] == [0, 1 + skipped]


@pytest.mark.parametrize(
    "caption",
    ["a" * 60_000 + "\u200b", "a\u200b" * 30_000, "a'" * 30_000 + "\u200b", "#" + "lansiabahagia" * 5_000,
     "a-\n" * 20_000, "ᴀ" * 60_000, "\n " * 30_000 + "a",
     "\n\u2800" * 30_000 + "a", "#\u200b" * 30_000 + "a", "#" + "ATENSIlansia" * 5_000, "аb" * 30_000,
     "lan\u00ad\n" * 15_000],
    ids=["long word", "broken everywhere", "apostrophes", "long hashtag", "hyphens", "small capitals", "blank lines",
         "blank characters", "hashtag signs", "capitals", "look-alikes", "soft hyphens"],
)  # fmt: skip
def test_a_hostile_caption_costs_no_more_than_its_length(ruleset: Ruleset, caption: str) -> None:
    started = time.process_time()
    assert words(caption, ruleset.vocabulary)
    assert time.process_time() - started < 3

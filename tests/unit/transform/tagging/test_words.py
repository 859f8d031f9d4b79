"""Captions as words: what centers write, and where each word stands in it."""

import pytest

from social_metrics.transform.tagging.words import affixed, words


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

"""Splits a caption into normalised words with their offsets in the original caption.

Normalisation: NFKC (captions use mathematical bold letters), lower case, no zero-width marks, one apostrophe, hashtags
split where their case changes, elongation collapsed, a short list of abbreviations expanded.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

ABBREVIATIONS = {
    "bansos": ("bantuan", "sosial"),
    "rehsos": ("rehabilitasi", "sosial"),
    "kemsos": ("kemensos",),
    "disab": ("disabilitas",),
    "ortu": ("orang", "tua"),
    "dgn": ("dengan",),
    "kpd": ("kepada",),
    "utk": ("untuk",),
    "yg": ("yang",),
}
"""Short form → words; all of them get the offsets of the short form."""

_APOSTROPHES = "'’ʼ‘`´ʻ"
_WORD = re.compile(r"#?[^\W_]+(?:'[^\W_]+)*")
_HASHTAG_PARTS = re.compile(r"[^\W\d_]*?[a-zà-ÿ](?=[A-ZÀ-Þ])|[A-ZÀ-Þ]+(?=[A-ZÀ-Þ][a-zà-ÿ])|[^\W\d_]+|\d+")
_ELONGATION = re.compile(r"([^\W\d_])\1{2,}")
_REDUPLICATION = re.compile(r"([^\W\d_]{3,})2")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)|\n")
_CAPITALS_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a caption.

    Attributes:
        position: 0 for the caption's first word; a number is skipped at the end of a sentence, so that no phrase
            spans two sentences.
        word: normalised.
        written: as written after NFKC; lower case where the whole caption is in capitals.
        starts_at: offset of its first character in the caption, in code points.
        ends_at: offset after its last character.
    """

    position: int
    word: str
    written: str
    starts_at: int
    ends_at: int


def words(caption: str) -> list[Word]:
    """The words of a caption in order."""
    text, offsets = _plain_text(caption)
    letters = [letter for letter in text if letter.isalpha()]
    is_capitals = sum(letter.isupper() for letter in letters) > _CAPITALS_SHARE * max(len(letters), 10)
    found: list[Word] = []
    position, last_end = 0, 0
    for start, end in _spans(text):
        position += bool(_SENTENCE_END.search(text, last_end, start)) and bool(found)
        last_end = end
        written = text[start:end]
        normal = _ELONGATION.sub(r"\1", written.lower())
        normal = _REDUPLICATION.sub(r"\1", normal) if _REDUPLICATION.fullmatch(normal) else normal
        for word in ABBREVIATIONS.get(normal, (normal,)):
            found.append(Word(position, word, word if is_capitals else written, offsets[start], offsets[end - 1] + 1))
            position += 1
    return found


def affixed(stem: str) -> frozenset[str]:
    """The words that Indonesian affixes form from a stem: `jangkau` → menjangkau, dijangkau, penjangkauan, …

    `ter-` is left out on purpose: *terjangkau* means affordable.
    """
    nasal = _nasal(stem)
    prefixed = {
        stem,
        f"me{nasal}",
        f"pe{nasal}",
        f"di{stem}",
        f"ber{stem}",
        f"pember{stem}",
        f"memper{stem}",
        f"diper{stem}",
    }
    return frozenset(form + suffix for form in prefixed for suffix in ("", "kan", "an", "i", "nya", "kannya", "annya"))


def _nasal(stem: str) -> str:
    """The stem with the nasal that me- and pe- require before its first letter."""
    first = stem[0]
    if first in "kpts":
        return {"k": "ng", "p": "m", "t": "n", "s": "ny"}[first] + stem[1:]
    if first in "aeiough":
        return "ng" + stem
    if first in "bfv":
        return "m" + stem
    if first in "dcjz":
        return "n" + stem
    return stem


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for match in _WORD.finditer(text):
        if match[0].startswith("#"):
            for part in _HASHTAG_PARTS.finditer(match[0]):
                yield match.start() + part.start(), match.start() + part.end()
        else:
            yield match.span()


def _plain_text(caption: str) -> tuple[str, list[int]]:
    """The caption in NFKC without invisible marks, and for each character its original offset."""
    if caption.isascii():
        return caption.replace("`", "'"), list(range(len(caption)))
    characters: list[str] = []
    offsets: list[int] = []
    for start, end in _clusters(caption):
        for letter in unicodedata.normalize("NFKC", caption[start:end]):
            category = unicodedata.category(letter)
            if category in ("Cf", "Mn", "Me"):
                continue
            characters.append("'" if letter in _APOSTROPHES else letter)
            offsets.append(start)
    return "".join(characters), offsets


def _clusters(caption: str) -> Iterator[tuple[int, int]]:
    """Start and end of each character with its combining marks."""
    start = 0
    for index in range(1, len(caption) + 1):
        if index == len(caption) or not unicodedata.combining(caption[index]):
            yield start, index
            start = index

"""A caption as words that rules can be held against, each with its place in the caption as it was written.

The normalisation is the one of the domain facts: NFKC (captions use mathematical bold letters), lower case, no
zero-width marks, one apostrophe, hashtags split where their case changes, elongation collapsed, a short list of
abbreviations expanded.
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
"""Short form → words; all of them stand at the short form's place."""

_APOSTROPHES = "'’ʼ‘`´ʻ"
_WORD = re.compile(r"#?[^\W_]+(?:'[^\W_]+)*")
_HASHTAG_PARTS = re.compile(r"[^\W\d_]*?[a-zà-ÿ](?=[A-ZÀ-Þ])|[A-ZÀ-Þ]+(?=[A-ZÀ-Þ][a-zà-ÿ])|[^\W\d_]+|\d+")
_ELONGATION = re.compile(r"([^\W\d_])\1{2,}")
_REDUPLICATION = re.compile(r"([^\W\d_]{3,})2")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)|\n")
_SHOUTING_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a caption.

    Attributes:
        position: 0 for the caption's first word; a number is left out where a sentence ends, so that no phrase
            reaches across.
        word: normalised.
        written: as written, but for NFKC; lower case where the whole caption shouts and case says nothing.
        starts_at: offset of its first character in the caption, in code points.
        ends_at: offset behind its last character.
    """

    position: int
    word: str
    written: str
    starts_at: int
    ends_at: int


def words(caption: str) -> list[Word]:
    """The words of a caption in their order."""
    text, offsets = _plain_text(caption)
    letters = [letter for letter in text if letter.isalpha()]
    shouts = sum(letter.isupper() for letter in letters) > _SHOUTING_SHARE * max(len(letters), 10)
    found: list[Word] = []
    position, last_end = 0, 0
    for start, end in _spans(text):
        position += bool(_SENTENCE_END.search(text, last_end, start)) and bool(found)
        last_end = end
        written = text[start:end]
        normal = _ELONGATION.sub(r"\1", written.lower())
        normal = _REDUPLICATION.sub(r"\1", normal) if _REDUPLICATION.fullmatch(normal) else normal
        for word in ABBREVIATIONS.get(normal, (normal,)):
            found.append(Word(position, word, word if shouts else written, offsets[start], offsets[end - 1] + 1))
            position += 1
    return found


def affixed(stem: str) -> frozenset[str]:
    """The words that Indonesian affixes make of a stem: `jangkau` → menjangkau, dijangkau, penjangkauan, …

    `ter-` is left out on purpose: *terjangkau* is a price.
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
    """What follows me- and pe-: the stem with the nasal that its first letter asks for."""
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
    """The caption in NFKC without marks that nobody sees, and for each character the offset it comes from."""
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
    """A character with the combining marks behind it: they make one letter."""
    start = 0
    for index in range(1, len(caption) + 1):
        if index == len(caption) or not unicodedata.combining(caption[index]):
            yield start, index
            start = index

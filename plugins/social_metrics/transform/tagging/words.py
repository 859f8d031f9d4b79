"""Splits a caption into normalised words with their offsets in the original caption.

Normalisation: NFKC (captions use mathematical bold letters), small capitals and boxed letters as letters, lower case,
no combining or invisible marks, one apostrophe, hashtags split where their case changes and around names of the rules,
words broken by invisible blanks or by a hyphen at a line's end joined or separated as the rules know them, elongation
collapsed, a short list of abbreviations expanded.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from social_metrics.registry.persons import LATIN, LOOK_ALIKES
from social_metrics.transform.tagging.vocabulary import Vocabulary

NORMALISATION = 3
"""Raise it with every change of what `words` returns: captions that still exist are tagged again."""

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
_WORD = re.compile("(?:#\u200b*)?[^\\W_]+(?:'[^\\W_]+)*")
_HASHTAG_PARTS = re.compile(r"[^\W\d_]*?[a-zà-ÿ](?=[A-ZÀ-Þ])|[A-ZÀ-Þ]+(?=[A-ZÀ-Þ][a-zà-ÿ])|[^\W\d_]+|\d+")
_CAPITALS_THEN_SMALL = re.compile(r"([A-ZÀ-Þ]{2,})([a-zà-ÿ]+)")  # ATENSIlansia
_ELONGATION = re.compile(r"([^\W\d_])\1{2,}")
_REDUPLICATION = re.compile(r"([^\W\d_]{3,})2")
_LINE_BREAK = r"(?:\r\n|\r(?!\n)|[\n\x0b\x0c\x85\u2028])"
# One line break may break a name; a blank line, a list item and a paragraph begin something else.
_SENTENCE_END = re.compile(
    rf"[.!?](?:\s|$)|\u2029|{_LINE_BREAK}[\s\u2800\u200b]*?(?:{_LINE_BREAK}|[-–—•*·▪▫●○◦‣✓✔✅☑➤►▶➡👉📌🔹🔸])"
)
_BLANK = "\u200b"
_BLANKS = "\u200b\u115f\u1160\u3164\uffa0"  # zero-width space and Hangul fillers: between words, or within one
_PIECE = r"[^\W_]+"
_BROKEN = re.compile(rf"(?<![^\W_]){_PIECE}(?:(?:{_BLANK}+|[-\u2010]{_LINE_BREAK}[ \t]*){_PIECE})+")
_PIECES = re.compile(_PIECE)
_LINE_END_HYPHEN = re.compile(rf"[-\u2010]{_LINE_BREAK}")
_SOFT_HYPHEN = re.compile(rf"\u00ad(?={_LINE_BREAK})")  # elsewhere nobody sees it
_UNASSIGNED_IGNORABLE = {"\u2065", *map(chr, range(0xFFF0, 0xFFF9)), *map(chr, range(0xE0000, 0xE1000))}
_CAPITALS_SHARE = 0.7


def _letters(pattern: str) -> dict[str, str]:
    """Characters whose Unicode name ends in a Latin letter, with that letter as a capital."""
    named = re.compile(pattern)
    names = ((chr(code), unicodedata.name(chr(code), "")) for code in (*range(0x250, 0x2000), *range(0x249C, 0x24B6),
             *range(0xA700, 0xAC00), *range(0x1F100, 0x1F200)))  # fmt: skip
    return {character: match[1] for character, name in names if (match := named.fullmatch(name))}


_SMALL_CAPITALS = _letters("LATIN LETTER SMALL CAPITAL ([A-Z])") | {"ǫ": "Q"}
_BOXED = _letters("(?:NEGATIVE CIRCLED|NEGATIVE SQUARED|PARENTHESIZED) LATIN CAPITAL LETTER ([A-Z])") | {
    boxed: letter.lower() for boxed, letter in _letters("PARENTHESIZED LATIN SMALL LETTER ([A-Z])").items()
}
_SMALL_CAPITALS_WORD = re.compile(rf"(?<![^\W\d_])[^\W\d_]*[{''.join(_SMALL_CAPITALS)}][^\W\d_]*")
_BOXED_WORD = re.compile(f"[{''.join(_BOXED)}]{{2,}}")  # a single one is an emoji: 🅿, or numbers a list: ⒜
_CYRILLIC = {
    ord(alike): letter for alike, letter in zip(LOOK_ALIKES, LATIN, strict=True) if "\u0400" <= alike < "\u0530"
}
_MIXED_WORD = re.compile(r"(?<![^\W\d_])(?=[^\W\d_]*[A-Za-z])(?=[^\W\d_]*[\u0400-\u052f])[^\W\d_]+")


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


def words(caption: str, vocabulary: Vocabulary | None = None) -> list[Word]:
    """The words of a caption in order.

    Args:
        caption: as the platform reported it.
        vocabulary: the rules' words, by which broken and glued words are recognised.
    """
    text, offsets = _repaired(*_plain_text(caption), vocabulary)
    letters = [letter for letter in text if letter.isalpha()]
    is_capitals = sum(letter.isupper() for letter in letters) > _CAPITALS_SHARE * max(len(letters), 10)
    found: list[Word] = []
    position, last_end = 0, 0
    for start, end in _spans(text, vocabulary):
        position += bool(_SENTENCE_END.search(text, last_end, start)) and bool(found)
        last_end = end
        written = text[start:end]
        normal = _normal(written)
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


def _normal(written: str) -> str:
    normal = _ELONGATION.sub(r"\1", written.lower())
    return _REDUPLICATION.sub(r"\1", normal) if _REDUPLICATION.fullmatch(normal) else normal


def _spans(text: str, vocabulary: Vocabulary | None) -> Iterator[tuple[int, int]]:
    for match in _WORD.finditer(text):
        if match[0].startswith("#"):
            for part in _hashtag_parts(match[0], vocabulary):
                begin = match.start() + part.start()
                glued = part[0].lower()
                if vocabulary is None or len(glued) != len(part[0]):  # lower case may take more letters
                    yield begin, begin + len(part[0])
                else:
                    yield from ((begin + start, begin + end) for start, end in vocabulary.split(glued))
        else:
            yield match.span()


def _hashtag_parts(hashtag: str, vocabulary: Vocabulary | None) -> Iterator[re.Match[str]]:
    """The parts at whose ends the case changes; capitals before small letters are a word when the rules know one."""
    forms: frozenset[str] = vocabulary.forms if vocabulary else frozenset()
    pairs = _CAPITALS_THEN_SMALL.finditer(hashtag)
    ends = [pair.end(1) for pair in pairs if pair[1].lower() in forms or pair[2] in forms]
    for start, end in pairwise([0, *ends, len(hashtag)]):
        yield from _HASHTAG_PARTS.finditer(hashtag, start, end)


def _plain_text(caption: str) -> tuple[str, list[int]]:
    """The caption in NFKC without marks, its blanks as one character, and for each character its original offset."""
    if caption.isascii():
        return caption.replace("`", "'"), list(range(len(caption)))
    caption = _SOFT_HYPHEN.sub("-", caption)
    caption = _SMALL_CAPITALS_WORD.sub(_from_small_capitals, caption)
    caption = _BOXED_WORD.sub(lambda match: "".join(map(_BOXED.__getitem__, match[0])), caption)
    characters: list[str] = []
    offsets: list[int] = []
    for start, end in _clusters(caption):
        if caption[start] in _BLANKS:
            characters.append(_BLANK)
            offsets.append(start)
            continue
        seen = "".join(filter(_is_seen, unicodedata.normalize("NFKD", caption[start:end])))
        for letter in unicodedata.normalize("NFC", seen):
            characters.append("'" if letter in _APOSTROPHES else letter)
            offsets.append(start)
    return _MIXED_WORD.sub(lambda match: match[0].translate(_CYRILLIC), "".join(characters)), offsets


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in ("Cf", "Mn", "Me") and character not in _UNASSIGNED_IGNORABLE


def _from_small_capitals(match: re.Match[str]) -> str:
    """A word of small capitals alone is in capitals (s and x have no usual ones); others are lower case."""
    is_capitals = all(letter in _SMALL_CAPITALS or letter in "sx" for letter in match[0])
    plain = "".join(letter if letter not in _SMALL_CAPITALS else _SMALL_CAPITALS[letter].lower() for letter in match[0])
    return plain.upper() if is_capitals else plain


def _repaired(text: str, offsets: list[int], vocabulary: Vocabulary | None) -> tuple[str, list[int]]:
    """The text in which each blank and each hyphen at a line's end separates two words or is gone."""
    if _BLANK not in text and not _LINE_END_HYPHEN.search(text):
        return text, offsets
    kept: list[int] = []
    spaces: set[int] = set()
    last = 0
    for match in _BROKEN.finditer(text):
        kept += range(last, match.start())
        last = match.end()
        spans = [(match.start() + piece.start(), match.start() + piece.end()) for piece in _PIECES.finditer(match[0])]
        normal = [_normal(text[start:end]) for start, end in spans]
        sizes = vocabulary.join(normal) if vocabulary else iter([len(spans)])
        first = 0
        for size in sizes:
            for start, end in spans[first : first + size]:
                kept += range(start, end)
            first += size
            if first < len(spans):
                gap = spans[first - 1][1]
                kept.append(gap)
                spaces.add(gap)
    kept += range(last, len(text))
    return "".join(" " if at in spaces else text[at] for at in kept), [offsets[at] for at in kept]


def _clusters(caption: str) -> Iterator[tuple[int, int]]:
    """Start and end of each character with its combining marks."""
    start = 0
    for index in range(1, len(caption) + 1):
        if index == len(caption) or not unicodedata.combining(caption[index]):
            yield start, index
            start = index

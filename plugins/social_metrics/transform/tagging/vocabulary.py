"""The words of the rules: which pieces of a broken word belong together, and which names stand in a glued hashtag."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

LEAST_LETTERS, LEAST_WEAK_LETTERS, LEAST_JOINED_LETTERS = 5, 6, 9
"""Shorter names may be part of another word: `netra` of netralitas."""
LEAST_LAST_LETTERS = 5
"""A last word shorter than this may go on as another one: `program pena` as program penanaman."""
LEAST_ACRONYM_LETTERS, MOST_ACRONYM_VOWELS = 4, 1
LEAST_REST_LETTERS = 3
MAX_PIECES = 20
_PREFIXES = {"ber", "mem", "men", "meng", "non", "pel", "pem", "pen", "peng", "per", "pra", "ter"}
_SUFFIXES = {"kah", "kan", "lah", "nya", "pun"}
_VOWELS = re.compile("[aeiou]")


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a programme or cluster, or a phrase that forbids its tag, as words in lower case."""

    words: tuple[str, ...]
    is_strong: bool

    @property
    def joined(self) -> str:
        """The name as a hashtag writes it."""
        return "".join(self.words)

    @property
    def is_recognisable(self) -> bool:
        """Whether it is found within a longer hashtag."""
        if len(self.words) > 1:
            return len(self.joined) >= LEAST_JOINED_LETTERS
        return len(self.joined) >= (LEAST_LETTERS if self.is_strong else LEAST_WEAK_LETTERS)

    @property
    def is_acronym(self) -> bool:
        """Whether it is found at the beginning or the end of a longer hashtag: no word is spelled like it."""
        vowels = len(_VOWELS.findall(self.joined))
        return self.is_strong and len(self.joined) >= LEAST_ACRONYM_LETTERS and vowels <= MOST_ACRONYM_VOWELS


@dataclass(frozen=True)
class Vocabulary:
    """The words and names of a ruleset.

    Args:
        forms: every word that a phrase of the rules can match, normalised.
        names: names that are found in glued hashtags.
    """

    forms: frozenset[str]
    names: Iterable[Name]
    _pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        anywhere, at_edge, at_end = set(), set(), set()
        for name in self.names:
            if name.is_recognisable and len(name.words[-1]) >= LEAST_LAST_LETTERS:
                anywhere.add(name.joined)
            elif name.is_recognisable:
                at_end.add(name.joined)
            elif name.is_acronym:
                at_edge.add(name.joined)
        parts = [rf"\A{_any(at_edge)}", _any(anywhere), rf"{_any(at_edge | at_end)}\Z"]
        object.__setattr__(self, "_pattern", re.compile("|".join(parts)))

    def join(self, pieces: list[str]) -> Iterator[int]:
        """How many pieces make each word, in order: several where only together they are a word of the rules."""
        first = 0
        while first < len(pieces):
            last = next(
                (
                    end
                    for end in range(min(len(pieces), first + MAX_PIECES), first + 1, -1)
                    if "".join(pieces[first:end]) in self.forms
                    and not all(piece in self.forms for piece in pieces[first:end])
                ),
                first + 1,
            )
            yield last - first
            first = last

    def split(self, glued: str) -> Iterator[tuple[int, int]]:
        """The words of a hashtag in lower case: names of the rules and what is between them."""
        end = 0
        if glued not in self.forms:
            for match in self._pattern.finditer(glued):
                before, behind = glued[end : match.start()], glued[match.end() :]
                if _is_word(before, _PREFIXES) and _is_word(behind, _SUFFIXES):
                    if before:
                        yield end, match.start()
                    yield match.span()
                    end = match.end()
        if end < len(glued):
            yield end, len(glued)


def _is_word(rest: str, affixes: set[str]) -> bool:
    """Whether the letters beside a name may be a word of their own, or are none."""
    return not rest or (len(rest) >= LEAST_REST_LETTERS and rest not in affixes)


def _any(names: set[str]) -> str:
    """Any of the names, the longest first; nothing matches where there is none."""
    return f"(?:{'|'.join(sorted(map(re.escape, names), key=lambda name: (-len(name), name)))})" if names else r"(?!)"

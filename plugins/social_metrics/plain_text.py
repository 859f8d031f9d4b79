"""Text from outside for a terminal, a form or a mail: what a person sees and nothing that steers the program."""

import unicodedata


def printable(text: str) -> str:
    """The text without control characters, direction marks and other characters that nobody sees.

    An escape sequence could rewrite a terminal, a direction mark could turn `gpj.exe` around. Line breaks and tabs
    stay, every other kind of space becomes a plain one.

    Args:
        text: a file name, a cell, a caption, a platform's message: anything that somebody else has written.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if unicodedata.category(mark) == "Zs" else mark for mark in text if _is_seen(mark))


def _is_seen(mark: str) -> bool:
    return mark.isprintable() or mark in "\n\t" or unicodedata.category(mark) == "Zs"

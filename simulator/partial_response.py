"""Google's `fields=` parameter: `items(id,statistics/viewCount),nextPageToken` keeps only the named parts."""

from functools import lru_cache
from typing import Any

Mask = dict[str, Any]


class MaskError(ValueError):
    """The mask is invalid."""


def apply_mask(value: Any, fields: str) -> Any:
    """The parts of a JSON value that the mask names. Raises MaskError for an invalid mask."""
    return _kept(value, _parsed(fields))


@lru_cache(maxsize=256)
def _parsed(fields: str) -> Mask:
    mask, end = _read(fields, 0)
    if end != len(fields):
        raise MaskError(fields)
    return mask


def _read(text: str, at: int) -> tuple[Mask, int]:
    mask: Mask = {}
    while True:
        start = at
        while at < len(text) and text[at] not in ",/()":
            at += 1
        name = text[start:at].strip()
        if not name:
            raise MaskError(text)
        inner: Mask = {}
        if at < len(text) and text[at] == "/":
            inner, at = _read_path(text, at + 1)
        elif at < len(text) and text[at] == "(":
            inner, at = _read(text, at + 1)
            if at >= len(text) or text[at] != ")":
                raise MaskError(text)
            at += 1
        mask.setdefault(name, {}).update(inner)
        if at >= len(text) or text[at] != ",":
            return mask, at
        at += 1


def _read_path(text: str, at: int) -> tuple[Mask, int]:
    start = at
    while at < len(text) and text[at] not in ",/()":
        at += 1
    name = text[start:at].strip()
    if not name:
        raise MaskError(text)
    if at < len(text) and text[at] == "/":
        inner, at = _read_path(text, at + 1)
        return {name: inner}, at
    if at < len(text) and text[at] == "(":
        inner, at = _read(text, at + 1)
        if at >= len(text) or text[at] != ")":
            raise MaskError(text)
        return {name: inner}, at + 1
    return {name: {}}, at


def _kept(value: Any, mask: Mask) -> Any:
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [_kept(child, mask) for child in value]
    if isinstance(value, dict):
        return {name: _kept(child, mask[name]) for name, child in value.items() if name in mask}
    return value

"""Every text that readers see on the page, in reports, on dashboards and in `top`: `texts.csv`, in both languages.

Braces take values, the same ones in both languages. Labels of outcomes, bands, platforms and programmes are rules, not
texts: they come from the seeds.
"""

import csv
import io
from importlib.resources import files
from typing import NamedTuple

from markupsafe import Markup, escape

from social_metrics.publish.page.formats import Language


class Both(NamedTuple):
    """A text in both languages; as HTML both forms, of which the page shows the one of its language."""

    id: str
    en: str

    def of(self, language: Language) -> str:
        """The text in one language."""
        return self.id if language == "id" else self.en

    def __html__(self) -> Markup:
        """Its markup; a text that is the same in both languages needs none."""
        if self.id == self.en:
            return escape(self.id)
        return Markup('<span class="id" lang="id">{}</span><span class="en" lang="en">{}</span>').format(*self)


def _read() -> dict[str, Both]:
    lines = io.StringIO(files("social_metrics.publish").joinpath("texts.csv").read_text(encoding="utf-8"))
    return {row["key"]: Both(row["id"], row["en"]) for row in csv.DictReader(lines)}


TEXTS = _read()


def text(key: str, language: Language, **values: object) -> str:
    """A text in one language with its values filled in; a value may differ by language."""
    shown = {name: value.of(language) if isinstance(value, Both) else value for name, value in values.items()}
    return TEXTS[key].of(language).format(**shown)


def reason(code: str, language: Language) -> str | None:
    """A mart's reason for a missing figure, in words; None for an unknown code."""
    found = TEXTS.get(f"reason_{code}")
    return found.of(language) if found else None

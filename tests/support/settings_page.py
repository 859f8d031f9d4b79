"""The table of settings in docs/configuration.md, generated from the settings.

`python -m tests.support.settings_page` rewrites it; a test fails when it is out of date.
"""

import re
from datetime import time
from pathlib import Path
from typing import Any

from social_metrics.settings import REPOSITORY, Settings

PAGE = REPOSITORY / "docs" / "configuration.md"
_TABLE = re.compile(
    r"(?<=<!-- settings: made by tests.support.settings_page -->\n).*?(?=<!-- /settings -->)", re.DOTALL
)


def settings_table() -> str:
    """One line per setting: variable, default, meaning."""
    prefix = Settings.model_config["env_prefix"]
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [
        f"| `{prefix}{name.upper()}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(lines) + "\n"


def page_with_table(page: str) -> str:
    """The page's text with the table as it should be."""
    return _TABLE.sub(lambda _old: settings_table(), page)


def _default(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, Path):
        return f"`{value.relative_to(REPOSITORY)}`"
    return f"`{value:%H:%M}`" if isinstance(value, time) else f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

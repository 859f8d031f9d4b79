"""What sqlfluff sees of dbt's `var()`: the real values of dbt_project.yml, since some of them are lists."""

from pathlib import Path
from typing import Any

import yaml

_VARS: dict[str, Any] = yaml.safe_load(
    (Path(__file__).resolve().parents[1] / "dbt_project.yml").read_text(encoding="utf-8")
)["vars"]


def var(name: str, default: Any = None) -> Any:
    """The value of a project variable, as dbt would give it."""
    return _VARS.get(name, default)

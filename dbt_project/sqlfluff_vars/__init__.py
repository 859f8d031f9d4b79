"""What sqlfluff sees of dbt: the real values of dbt_project.yml, since some of them are lists; and PostgreSQL's SQL."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from jinja2 import pass_context
from jinja2.runtime import Context

_VARS: dict[str, Any] = yaml.safe_load(
    (Path(__file__).resolve().parents[1] / "dbt_project.yml").read_text(encoding="utf-8")
)["vars"]


def var(name: str, default: Any = None) -> Any:
    """The value of a project variable, as dbt would give it."""
    return _VARS.get(name, default)


class _Postgres:
    """As much of dbt's `adapter` as macros of this project ask for."""

    @staticmethod
    @pass_context
    def dispatch(context: Context, name: str, package: str = "") -> Callable[..., Any]:
        """The macro of that name for PostgreSQL."""
        macro = context.resolve(f"postgres__{name}")
        if not callable(macro):
            raise LookupError(f"macros/ has no postgres__{name}")
        return macro


adapter = _Postgres()

"""Environment variables for dbt, set while it runs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from social_metrics.settings import Settings, environment_variables

_NOTHING: Mapping[str, str] = MappingProxyType({})


@contextmanager
def dbt_environment(settings: Settings, warehouse_url: str, more: Mapping[str, str] = _NOTHING) -> Iterator[None]:
    """Set the variables of dbt_project/profiles.yml and dbt_project.yml, and restore the environment afterwards."""
    parts = urlsplit(warehouse_url)
    variables = {
        "SOCIAL_METRICS_REGISTRY_DIR": str(settings.registry_dir.resolve()),
        "SOCIAL_METRICS_DBT_HOST": parts.hostname or "",
        "SOCIAL_METRICS_DBT_PORT": str(parts.port or 5432),
        "SOCIAL_METRICS_DBT_USER": unquote(parts.username or ""),
        "SOCIAL_METRICS_DBT_PASSWORD": unquote(parts.password or ""),
        "SOCIAL_METRICS_DBT_DBNAME": unquote(parts.path.lstrip("/")),
        "DO_NOT_TRACK": "1",
        **more,
    }
    with environment_variables(variables):
        yield

"""What bringing the dashboards to a server changed on it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Provisioned:
    """Names of dashboards, charts, roles and rules: what a server got, had already, and lost."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]

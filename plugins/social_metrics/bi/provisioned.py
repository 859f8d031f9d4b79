"""What bringing the dashboards to a server changed on it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Provisioned:
    """Names of dashboards, charts, roles and rules: what a server got, had otherwise, had as it is, and lost."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]

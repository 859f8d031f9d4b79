"""Changes that an import of the dashboards made on a server."""

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass
class ImportChanges:
    """Names of dashboards, charts, roles and rules by what the import did with them."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def record(self, wanted: Collection[str], before: Collection[str], unchanged: Collection[str]) -> None:
        """Record the wanted names, in alphabetical order.

        Args:
            wanted: names in the definitions.
            before: names that the server had.
            unchanged: wanted names whose definition the server had already.
        """
        self.created += sorted(name for name in wanted if name not in before)
        self.updated += sorted(name for name in wanted if name in before and name not in unchanged)
        self.unchanged += sorted(unchanged)

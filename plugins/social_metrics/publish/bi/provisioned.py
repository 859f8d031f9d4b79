"""What bringing the dashboards to a server changed on it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Provisioned:
    """Names of dashboards, charts, roles and rules: what a server got, had otherwise, had as it is, and lost."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]

    @classmethod
    def told_apart(
        cls, wanted: Collection[str], there: Collection[str], as_wanted: Collection[str], removed: Collection[str]
    ) -> Self:
        """What was done, in order of names; what was removed, in the order of its removal.

        Args:
            wanted: names that the definitions have.
            there: names that the server had.
            as_wanted: those of both that needed no change.
            removed: names that the server had and the definitions have no more.
        """
        return cls(
            created=tuple(sorted(name for name in wanted if name not in there)),
            updated=tuple(sorted(name for name in wanted if name in there and name not in as_wanted)),
            unchanged=tuple(sorted(as_wanted)),
            removed=tuple(removed),
        )

    def __add__(self, other: Self) -> Self:
        """Both, what `self` tells first."""
        return type(self)(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.removed + other.removed,
        )

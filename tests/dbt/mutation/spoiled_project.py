"""A copy of the dbt project in which one rule at a time is wrong, and a warehouse that is built by it."""

import shutil
from pathlib import Path

from tests.dbt.mutation.mutations import Mutation
from tests.dbt.reference.comparison import differences
from tests.dbt.reference.oracle import Rows
from tests.support.dbt_runner import PROJECT, Warehouse, failures


class SpoiledProject:
    """A copy of the project in which one rule at a time is wrong, and a warehouse that is built by it."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("target", "logs"))
        warehouse.project = folder
        warehouse.build()
        self.warehouse = warehouse
        self._to_rebuild: set[str] = set()

    def differences_with(self, mutation: Mutation, expected: dict[str, Rows]) -> list[str]:
        """Build what depends on the spoiled file, and on the one spoiled before; compare with the oracle."""
        file = self.warehouse.project / mutation.file
        right = file.read_text(encoding="utf-8")
        assert right.count(mutation.right) == 1, f"{mutation.file} no longer contains {mutation.right!r} exactly once"
        touched = f"{file.stem}+" if mutation.file.startswith("models/") else "path:models"
        file.write_text(right.replace(mutation.right, mutation.wrong), encoding="utf-8")
        try:
            result = self.warehouse.dbt("run", "--select", touched, *self._to_rebuild)
            if not result.success:  # a key of the model itself may see the mistake first
                seen = failures(result)
                assert "could not create unique index" in seen or "violates unique constraint" in seen, seen
                return [failures(result)]
            return differences(self.warehouse, expected)
        finally:
            file.write_text(right, encoding="utf-8")
            self._to_rebuild = {touched}

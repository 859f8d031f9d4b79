"""The layout of the tests: helpers are shared through tests/support, never through a test module or a conftest."""

import re
from pathlib import Path

IMPORT = re.compile(r"^\s*(?:from|import) (tests(?:\.\w+)*\.(?:test_\w+|conftest))\b", re.MULTILINE)


def test_no_module_imports_a_test_module_or_a_conftest(repository: Path) -> None:
    modules = [path for folder in ("tests", "benchmarks") for path in (repository / folder).rglob("*.py")]
    assert len(modules) > 200
    found = {
        path.relative_to(repository).as_posix(): imported
        for path in modules
        if (imported := IMPORT.findall(path.read_text(encoding="utf-8")))
    }
    assert found == {}

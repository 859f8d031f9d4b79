"""Every file, heading, module and decision that documents, docstrings, comments and messages name exists."""

import ast
import io
import os
import re
import tokenize
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.support.repository_files import ROOT, repository_files

TEXTS = {".md", ".py", ".sql", ".yml", ".toml", ".html", ".typ", ".css", ".sh", ".csv", ""}
NAMED = r"(?:py|md|sql|yml|csv|typ|toml|css|html|js)"
PATH = re.compile(
    rf"(?<![\w/.\-<>$}}*@])\.?[\w.*\-]+(?:/[\w.*\-]+)+/?|(?<![\w/.\-<>$}}*@])[\w\-]+\.{NAMED}\b(?![\w(]|\.\w)"
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
DECISION = re.compile(r"\bADR (\d+)")
MODEL = re.compile(r"\b(?:(?:int|stg)_\w+__\w+|(?:fct|dim|leaderboard)_[a-z_]*[a-z])\b(?!\.)")
MODULE = re.compile(r"python -m ([\w.]+)")
BASES = ("plugins/social_metrics", "dbt_project", "dbt_project/models", "dbt_project/seeds", "tests", "bi", "plugins")
"""Folders that a path may be relative to, besides the repository and the folders above the file that names it."""

EXCEPTIONS = {
    "INDEX.md": "stands in the recorded payloads beside the repository",
    "akun-resmi.csv": "written by `social-metrics account publish`",
    "dbt_project/logs": "written by dbt, removed by `make clean`",
    "dbt_project/target": "written by dbt, removed by `make clean`",
    "fct_recency_as_*": "the glossary names the mart before and after its renaming",
    "fct_x*": "stands for any model",
}
"""Pattern of a name that is no file of the repository -> why it is named."""


FILES = repository_files()
PATHS = {*FILES, *(parent.as_posix() for name in FILES for parent in Path(name).parents)}
NAMES = {Path(name).name for name in FILES}
TOP = {name.split("/")[0] for name in FILES if "/" in name}


def _prose(name: str) -> str:
    """What people read in a file: of Python the comments, docstrings and, outside tests, messages."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if not name.endswith(".py"):
        return text
    parts = [
        token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT
    ]
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            parts.append(ast.get_docstring(node) or "")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not name.startswith("tests/"):
            parts.append(node.value)
    return "\n".join(parts)


def _exists(path: str, named_in: str) -> bool:
    path = path.rstrip("/.")
    if path in TOP:
        return True
    bases = ["", *(parent.as_posix() for parent in Path(named_in).parents), *BASES]
    candidates = [Path(os.path.normpath(f"{base}/{path}" if base else path)).as_posix().lstrip("/") for base in bases]
    if "*" in path:
        return any(fnmatch(known, candidate) for candidate in candidates for known in PATHS)
    if "/" not in path:
        return path in NAMES
    if any(candidate in PATHS for candidate in candidates):
        return True
    return not re.search(rf"\.{NAMED}$", path) and any(known.startswith(path) for known in PATHS)


def _claims_to_exist(path: str) -> bool:
    """Whether a text with a slash or a suffix names a file of this repository, and not a ratio or a place elsewhere."""
    first, last = path.split("/")[0], path.rstrip("/.").split("/")[-1]
    if first.startswith(".") and first not in TOP:
        return False
    return first in TOP or last == "README" or bool(re.search(rf"\.{NAMED}$", last))


def missing_in(name: str, text: str) -> list[str]:
    """Names in a text that lead nowhere."""
    text = re.sub(r"\w+://\S+", " ", text)
    missing = [found for found in PATH.findall(text) if _claims_to_exist(found) and not _exists(found, name)]
    missing += [
        f"ADR {number}"
        for number in DECISION.findall(text)
        if not any(known.startswith(f"docs/adr/{int(number):04d}-") for known in FILES)
    ]
    if name.endswith(".md"):
        missing += [model for model in MODEL.findall(text) if f"{model}.sql" not in NAMES]
    for module in MODULE.findall(text):
        path = module.replace(".", "/").rstrip("/")
        if path.split("/")[0] in TOP and not {f"{path}.py", f"{path}/__main__.py"} & PATHS:
            missing.append(f"python -m {module}")
    return [found for found in missing if not any(fnmatch(found, pattern) for pattern in EXCEPTIONS)]


def _texts() -> Iterator[str]:
    for name in FILES:
        if (
            Path(name).suffix in TEXTS
            and name not in {"LICENSE", "CHANGELOG.md"}
            and not name.startswith("tests/fixtures/")
        ):
            yield name


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("folder", sorted({name.split("/")[0] for name in _texts()}))
def test_every_named_file_exists(folder: str) -> None:
    missing = {
        name: found
        for name in _texts()
        if name.split("/")[0] == folder and name != "tests/unit/test_documented_paths.py"
        if (found := missing_in(name, _prose(name)))
    }
    assert missing == {}


@pytest.mark.parametrize("page", [name for name in FILES if name.endswith(".md")])
def test_every_link_and_anchor_of_a_page_exists(page: str) -> None:
    for link in LINK.findall((ROOT / page).read_text(encoding="utf-8")):
        if "://" in link:
            continue
        if link.startswith("#!/"):  # a page of the dbt docs: #!/model/model.social_metrics.<name>
            assert f"{link.split('.')[-1]}.sql" in NAMES, f"{page}: {link}"
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), f"{page}: {link}"
        assert not anchor or anchor in _anchors(target), f"{page}: {link}"


@pytest.mark.parametrize(
    "text",
    [
        "see `docs/no-such-page.md`",
        "in apis/README 2.7",
        "`extract/no_such_module.py`",
        "ADR 9",
        "`http_pool.py`",
        "`fct_invented`",
    ],
)
def test_an_invented_name_is_found(text: str) -> None:
    assert missing_in("README.md", text) != []


@pytest.mark.parametrize(
    "text", ["`docs/adr/0010`", "read/write", "`models/marts/core/*.sql`", "`.demo/boards.html`", "ADR 3"]
)
def test_an_existing_name_and_ordinary_text_pass(text: str) -> None:
    assert missing_in("README.md", text) == []

"""The tree of errors drawn in `errors.py` against the classes of the package."""

import ast
from pathlib import Path

from social_metrics import errors

PACKAGE = Path(errors.__file__).parent


def drawn_tree() -> set[tuple[str, str, str]]:
    """(class, its base, module) of every line of the docstring's tree."""
    lines = (errors.__doc__ or "").partition("    UsageProblem ")[2].splitlines()[1:]
    bases, drawn = ["UsageProblem"], set()
    for line in filter(str.strip, lines):
        name, module = line.split()[:2]
        depth = (len(line) - len(line.lstrip())) // 4 - 1
        bases[depth:] = [name]
        drawn.add((name, bases[depth - 1], module.removesuffix(":")))
    return drawn


def real_tree() -> set[tuple[str, str, str]]:
    """(class, its base, module) of every subclass of UsageProblem, however deep, without importing anything."""
    classes = {
        (node.name, base.id, str(path.relative_to(PACKAGE)))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Name)
    }
    known, found = {"UsageProblem"}, set[tuple[str, str, str]]()
    while new := {one for one in classes if one[1] in known} - found:
        found |= new
        known |= {name for name, _, _ in new}
    return found


def test_the_drawn_tree_names_every_subclass_with_its_base_and_module() -> None:
    assert drawn_tree() == real_tree()

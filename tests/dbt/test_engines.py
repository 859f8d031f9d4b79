"""One project for two engines: where they differ stands in dispatched macros, once for each, and nowhere else.

That the two give the same rows is asked of a real Spark in tests/e2e/scale; this needs none.
"""

import re
from pathlib import Path

import pytest

from tests.support.dbt_runner import PROJECT

ENGINES = ("postgres", "spark")
MACRO = re.compile(r"{%-?\s*macro\s+(?P<name>\w+)\((?P<arguments>[^)]*)\)")
DISPATCHED = re.compile(r"adapter\.dispatch\('(\w+)'\)")
INCREMENT = re.compile(r"{%-?\s*if is_incremental\(\).*?{%-?\s*(?:else|endif)\s*-?%}", re.DOTALL)
COMMENT = re.compile(r"--[^\n]*|{#.*?#}", re.DOTALL)

SPOKEN_BY_POSTGRES_ALONE = (
    r"at time zone", r"distinct on", r"generate_series", r"array_agg", r"string_agg", r"unnest\(",
    r"array_to_string", r"string_to_array", r"regexp_split_to_array", r"= any\(", r"to_char\(", r"collate",
    r"isodow", r"extract\(epoch", r"'-?infinity'", r"substring\([^)]* from '", r"cardinality\(", r"jsonb",
    r" as (?:text|uuid|timestamptz|numeric)\)", r"lateral \(\s*values",
    r"\b\w*(?:date|date_day|_day|_from|_on) - \w*\.?\w*(?:date|day|_from|_on)\b", r"target\.type",
)  # fmt: skip
"""What Spark does not know, or takes for something else (a date less a date is an interval there)."""


def macros() -> dict[str, str]:
    """Macro of the project → its arguments as they are written."""
    return {
        found["name"]: found["arguments"]
        for path in (PROJECT / "macros").glob("*.sql")
        for found in MACRO.finditer(path.read_text(encoding="utf-8"))
    }


def dispatched() -> set[str]:
    return {name for path in (PROJECT / "macros").glob("*.sql") for name in DISPATCHED.findall(path.read_text("utf-8"))}


def test_each_difference_is_answered_for_both_engines_with_the_same_arguments() -> None:
    written = macros()
    assert len(dispatched()) > 15
    for name in sorted(dispatched()):
        for engine in ENGINES:
            assert f"{engine}__{name}" in written, f"{name} has no answer for {engine}"
            assert written[f"{engine}__{name}"] == written[name], f"{engine}__{name} takes other arguments"


def test_no_answer_is_left_of_a_difference_that_is_gone() -> None:
    # Dispatched by dbt, for its adapters.
    dbts_own = {"apply_grants", "create_csv_table", "get_columns_in_relation", "load_csv_rows"}
    answered = {name.split("__", 1)[1] for name in macros() if name.startswith(("postgres__", "spark__"))}
    assert answered - dbts_own == dispatched()


def spoken_of_both(path: Path) -> str:
    """A model as both engines are given it: without comments, settings, and what only builds of changes say."""
    text = COMMENT.sub("", INCREMENT.sub("", path.read_text(encoding="utf-8")))
    return re.sub(r"{{\s*config\(.*?\)\s*}}", "", text, count=1, flags=re.DOTALL)


@pytest.mark.parametrize("pattern", SPOKEN_BY_POSTGRES_ALONE)
def test_no_model_speaks_what_one_engine_alone_understands(pattern: str) -> None:
    # What a build of changes has to touch is not built on Spark (dbt_project.yml).
    files = [
        path
        for folder in ("models", "tests")
        for path in (PROJECT / folder).rglob("*.sql")
        if not path.stem.endswith("to_rebuild")
    ]
    assert len(files) > 70
    found = [
        f"{path.name}: {hit.group(0)!r}"
        for path in files
        for hit in re.finditer(pattern, spoken_of_both(path), re.IGNORECASE)
    ]
    assert found == [], "say it by a macro of dbt_project/macros, answered for both engines"

"""The transform: layers in their order, results kept, failures named; on small dbt projects and on the real one."""

import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest

from social_metrics.settings import Settings
from social_metrics.transform.run import TransformFailed, run_layer, run_transform
from social_metrics.warehouse.connect import WarehouseProblem
from social_metrics.warehouse.locks import MARTS_LOCK, marts_lock

MODELS = {
    "models/staging/stg_numbers.sql": "select generate_series(1, 3) as number",
    "models/intermediate/int_numbers__squared.sql": "select number * number as square from {{ ref('stg_numbers') }}",
    "models/marts/fct_squares.sql": "{{ config(materialized='table') }}\n"
    "select square, '{{ env_var('SOCIAL_METRICS_DBT_THROUGH_DATE') }}' as through_date"
    " from {{ ref('int_numbers__squared') }}",
    "tests/squares_are_few.sql": "select 1 from {{ ref('fct_squares') }} having count(*) > 3",
    "tests/numbers_below_squares.sql": "select 1 from {{ ref('stg_numbers') }}, {{ ref('int_numbers__squared') }} "
    "where square < 1",
    "models/marts/fct_squares.yml": """
unit_tests:
  - name: always_wrong
    model: fct_squares
    given: [{input: ref('int_numbers__squared'), rows: [{square: 4}]}]
    expect: {rows: [{square: 5}]}
""",
}


@pytest.fixture
def settings(tmp_path: Path, repository: Path) -> Settings:
    """Settings of a small dbt project that `project` fills."""
    return Settings(dbt_project_dir=tmp_path / "project", state_dir=tmp_path / "state")


@pytest.fixture
def project(settings: Settings, repository: Path) -> Callable[..., None]:
    """Write the small project, with other or more files than MODELS; None leaves one out."""

    def write(**changes: str | None) -> None:
        home = settings.dbt_project_dir
        home.mkdir(exist_ok=True)
        for name in ("profiles.yml", "selectors.yml"):
            (home / name).write_bytes((repository / "dbt_project" / name).read_bytes())
        macro = "generate_schema_name.sql"
        (home / "macros").mkdir(exist_ok=True)
        (home / "macros" / macro).write_bytes((repository / "dbt_project" / "macros" / macro).read_bytes())
        (home / "dbt_project.yml").write_text(
            "name: small\nprofile: social_metrics\nflags: {send_anonymous_usage_stats: false}\n"
        )
        for path, text in {**MODELS, **changes}.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                (home / path).unlink(missing_ok=True)
            else:
                (home / path).write_text(text)

    write()
    return write


def test_the_layers_of_a_small_project(settings: Settings, project: Callable[..., None], warehouse_url: str) -> None:
    before = dict(os.environ)
    told: list[str] = []
    reports = run_transform(
        settings, warehouse_url, through_date=date(2026, 11, 20), on_layer=lambda report: told.append(report.layer)
    )
    assert told == ["staging", "intermediate", "marts"]
    assert [sorted(node.unique_id for node in report.nodes) for report in reports] == [
        ["model.small.stg_numbers"],
        ["model.small.int_numbers__squared", "test.small.numbers_below_squares"],
        ["model.small.fct_squares", "test.small.squares_are_few"],  # not the unit test
    ]
    assert reports[2].counts() == {"model success": 1, "test pass": 1}
    assert _rows(warehouse_url, "select square, through_date from marts.fct_squares order by 1") == [
        (1, "2026-11-20"),
        (4, "2026-11-20"),
        (9, "2026-11-20"),
    ]
    kept = _rows(
        warehouse_url,
        "select unique_id, resource_type, status, rows_affected from ops.dbt_results "
        "where invocation_id = %s order by unique_id",
        reports[2].invocation_id,
    )
    assert kept == [
        ("model.small.fct_squares", "model", "success", 3),
        ("test.small.squares_are_few", "test", "pass", 0),
    ]
    assert dict(os.environ) == before, "the password does not stay behind"
    password = warehouse_url.split("@")[0].rsplit(":", 1)[1].encode()
    written = [path for path in settings.state_dir.rglob("*") if path.is_file()]
    assert {"dbt.log", "manifest.json", "partial_parse.msgpack"} <= {path.name for path in written}
    assert not [path for path in written if password in path.read_bytes()]


def test_a_data_test_that_objects_is_a_finding(
    settings: Settings, project: Callable[..., None], warehouse_url: str
) -> None:
    project(**{"tests/squares_are_few.sql": "select * from {{ ref('fct_squares') }}"})
    with pytest.raises(TransformFailed) as failure:
        run_transform(settings, warehouse_url)
    assert failure.value.layer == "marts"
    assert list(failure.value.nodes) == ["test.small.squares_are_few"]
    assert failure.value.is_finding
    assert "squares_are_few: Got 3 results, configured to fail if != 0" in str(failure.value)
    kept = "select status, rows_affected from ops.dbt_results where unique_id = 'test.small.squares_are_few'"
    assert _rows(warehouse_url, kept) == [("fail", 3)], "what failed is kept too"


def test_a_model_that_breaks_is_named_and_later_layers_are_left_alone(
    settings: Settings, project: Callable[..., None], warehouse_url: str
) -> None:
    project(
        **{
            "models/intermediate/int_numbers__squared.sql": "select 1 / 0 as square from {{ ref('stg_numbers') }}",
            "models/intermediate/int_numbers__squared.yml": (
                "models: [{name: int_numbers__squared, config: {materialized: table}}]"
            ),
        }
    )
    with pytest.raises(
        TransformFailed, match=r"(?s)layer intermediate.*int_numbers__squared: .*division by zero"
    ) as it:
        run_transform(settings, warehouse_url)
    assert not it.value.is_finding
    assert _rows(warehouse_url, "select to_regclass('marts.fct_squares')") == [(None,)]


def test_a_project_that_cannot_be_read_is_a_sentence(
    settings: Settings, project: Callable[..., None], warehouse_url: str
) -> None:
    run_layer("staging", settings, warehouse_url)  # leaves results that must not be taken for the next run's
    project(**{"models/marts/fct_squares.sql": "select * from {{ ref('nothing_of_this_name') }}"})
    with pytest.raises(TransformFailed, match="nothing_of_this_name"):
        run_layer("staging", settings, warehouse_url)


def test_an_empty_layer_is_red(settings: Settings, project: Callable[..., None], warehouse_url: str) -> None:
    project(**{path: None for path in MODELS if "marts" in path or "squares_are_few" in path})
    run_layer("staging", settings, warehouse_url)
    with pytest.raises(TransformFailed, match=r"layer marts.*\n.*the selector finds no node"):
        run_layer("marts", settings, warehouse_url)


def test_a_wrong_password_is_a_sentence(settings: Settings, project: Callable[..., None], warehouse_url: str) -> None:
    wrong = warehouse_url.replace("@", "x@")
    with pytest.raises(WarehouseProblem, match="refuses the password of social_metrics_service"):
        run_layer("staging", settings, wrong)


def test_the_marts_are_held_while_a_layer_is_built(
    settings: Settings, project: Callable[..., None], warehouse_url: str
) -> None:
    held = "(select count(*)::int from pg_locks where locktype = 'advisory' and objid = " + str(MARTS_LOCK) + ")"
    project(**{"models/marts/fct_squares.sql": f"{{{{ config(materialized='table') }}}} select {held} as holders"})
    run_transform(settings, warehouse_url)
    assert _rows(warehouse_url, "select holders from marts.fct_squares") == [(1,)]
    assert _rows(warehouse_url, f"select {held}") == [(0,)]


def test_the_second_holder_waits_for_the_first(warehouse_url: str) -> None:
    order: list[str] = []

    def close_a_month() -> None:
        with marts_lock(warehouse_url, "recorder"):
            order.append("close")

    with marts_lock(warehouse_url, "transformer"):
        other = threading.Thread(target=close_a_month)
        other.start()
        _wait_until(warehouse_url, "select 1 from pg_locks where locktype = 'advisory' and not granted")
        order.append("transform")
    other.join(timeout=30)
    assert order == ["transform", "close"]


def test_waiting_ends_with_a_sentence(warehouse_url: str) -> None:
    with (
        marts_lock(warehouse_url, "transformer"),
        pytest.raises(WarehouseProblem, match="locked the marts for more than 1 seconds"),
        marts_lock(warehouse_url, "recorder", wait_seconds=1),
    ):
        pytest.fail("two hold the marts at once")


@pytest.mark.slow
def test_every_node_of_the_real_project_belongs_to_one_layer(
    warehouse_url: str, tmp_path: Path, repository: Path
) -> None:
    """On an empty warehouse: every seed, model and data test runs, and runs once."""
    settings = Settings(
        dbt_project_dir=repository / "dbt_project",
        registry_dir=repository / "dbt_project" / "seeds" / "registry",
        state_dir=tmp_path,
    )
    ran = Counter(node.unique_id for report in run_transform(settings, warehouse_url) for node in report.nodes)
    manifest = json.loads((tmp_path / "dbt" / "target" / "manifest.json").read_text())
    expected = {name for name, node in manifest["nodes"].items() if node["resource_type"] in ("seed", "model", "test")}
    assert expected
    assert set(ran) == expected
    assert set(ran.values()) == {1}


def _rows(url: str, query: str, *parameters: object) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query, parameters).fetchall()


def _wait_until(url: str, query: str) -> None:
    for _ in range(600):
        if _rows(url, query):
            return
        threading.Event().wait(0.05)
    pytest.fail(f"never true: {query}")

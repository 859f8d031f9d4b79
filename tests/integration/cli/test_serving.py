"""`social-metrics serving` against a real PostgreSQL."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from social_metrics.cli import app
from social_metrics.warehouse.connect import connect

# As dbt makes them (tests/dbt holds the models to their rules): a regency that changed hands, a province, and both.
MARTS = """
create table marts.dim_service_areas as
select center_code, regency, province_iso, valid_from::date, null::date as valid_to, is_current, 'V' as source_mark
from (values ('before', 'Kab. Sijunjung', 'ID-SB', null, false), ('now', 'Kab. Sijunjung', 'ID-SB', '2026-01-02', true),
    ('whole', null, 'ID-SB', null, true), ('island', null, 'ID-SA', null, true))
    as given (center_code, regency, province_iso, valid_from, is_current);
create table marts.dim_centers as
select code as center_code, name as center_name, is_current
from (values ('before', 'Sentra Before', true), ('now', 'Sentra Old Name', false), ('now', 'Sentra Now', true),
    ('whole', 'Sentra Whole', true), ('island', 'Sentra Island', true)) as given (code, name, is_current);
grant select on all tables in schema marts to social_metrics_bi_reader
"""


@pytest.fixture
def ask(warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `social-metrics serving …` on a warehouse with four areas."""
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", warehouse_url)
    with connect(warehouse_url, "transformer") as connection:
        connection.execute(MARTS)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["serving", *arguments])

    return run


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["Kab. Sijunjung"], ["now"]),
        (["  kab.  SIJUNJUNG "], ["now"]),
        (["Kab. Sijunjung", "--province", "ID-SB"], ["now"]),
        (["Kota Padang", "--province", "id-sb"], ["whole"]),
        (["Kota Manado", "--province", "ID-SA"], ["island"]),
        (["ID-SA"], ["island"]),
    ],
)
def test_the_regencys_own_center_goes_before_the_provinces(ask: Any, asked: list[str], expected: list[str]) -> None:
    result = ask(*asked, "--format", "json")
    assert result.exit_code == 0, result.stderr
    assert [row["center_code"] for row in json.loads(result.stdout)["rows"]] == expected


def test_the_table_names_the_center_as_it_is_called_now(ask: Any) -> None:
    said = ask("Kab. Sijunjung").stdout
    assert "Sentra Now" in said
    assert "2026-01-02" in said
    assert "a source states it" in said
    assert "Old Name" not in said


@pytest.mark.parametrize("asked", [["Kota Padang"], ["Kota Padang", "--province", "ID-XX"]])
def test_what_no_source_says_is_not_guessed(ask: Any, asked: list[str]) -> None:
    result = ask(*asked)
    assert result.exit_code == 2
    assert result.stdout == ""
    said = " ".join(result.stderr.split())
    assert "No source says which center serves 'Kota Padang'" in said
    assert "sources name: all of ID-SA, Kab. Sijunjung, all of ID-SB." in said
    assert ("add --province" in said) is (len(asked) == 1)

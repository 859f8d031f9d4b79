"""The scheduler parses DAG files all the time: they import nothing heavy, and a wrong setting is an import error."""

from pathlib import Path

import pytest

from tests.support.airflow_dags import Airflow, load_dags
from tests.support.dag_parsing import DAG_FILES, parse


@pytest.mark.parametrize("file", DAG_FILES, ids=lambda file: file.stem)
def test_dag_file_imports_nothing_heavy(airflow: Airflow, file: Path) -> None:
    parsing = parse([file], airflow.home)
    print(f"{file.name}: {parsing.cpu_seconds:.2f} s of CPU beyond Airflow's own import")
    assert parsing.modules, "the file was run"
    assert parsing.heavy == set()
    assert parsing.cpu_seconds < 2


def test_heavy_import_is_detected(airflow: Airflow, tmp_path: Path) -> None:
    file = tmp_path / "heavy.py"
    file.write_text("import openpyxl\n")
    assert "openpyxl" in parse([file], airflow.home).heavy


def test_wrong_setting_is_an_import_error_with_its_name(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIAL_METRICS_AIRFLOW_KEEP_DAYS", "many")
    with pytest.raises(AssertionError, match="SOCIAL_METRICS_AIRFLOW_KEEP_DAYS"):
        load_dags()

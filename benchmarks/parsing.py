"""CPU of parsing the DAG files, beyond Airflow's own import: each file in its own interpreter, then all in one."""

import tempfile
from pathlib import Path
from statistics import median

from tests.support.dag_parsing import DAG_FILES, parse


def table(rounds: int) -> list[str]:
    """One row per DAG file: median CPU seconds and imported modules."""
    rows = ["| DAG file | CPU, s | modules imported |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        rows += [_row(file.stem, [file], Path(folder), rounds) for file in DAG_FILES]
        rows.append(_row("all in one process", DAG_FILES, Path(folder), rounds))
    return rows


def _row(name: str, files: list[Path], home: Path, rounds: int) -> str:
    parsed = [parse(files, home) for _ in range(rounds)]
    return f"| {name} | {median(one.cpu_seconds for one in parsed):.2f} | {len(parsed[0].modules)} |"

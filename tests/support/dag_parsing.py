"""Parses DAG files in a fresh interpreter: what that costs beyond Airflow's own import, and what is imported."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from social_metrics.settings import REPOSITORY

DAG_FILES = sorted((REPOSITORY / "dags").glob("*.py"))

HEAVY = ("altair", "dbt", "numpy", "openpyxl", "pandas", "pyarrow", "typst", "vl_convert")
"""Imported inside task functions only: the scheduler parses each file again and again, within a time limit."""

_PROGRAM = """
import json, runpy, sys, time
import airflow.sdk
from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, ObjectStoragePath, task
before, started = set(sys.modules), time.process_time()
for file in sys.argv[1:]:
    runpy.run_path(file)
seconds = time.process_time() - started
print(json.dumps({"cpu_seconds": seconds, "modules": sorted(set(sys.modules) - before)}))
"""


@dataclass(frozen=True)
class Parsing:
    """What parsing has cost and imported, beyond Airflow and its providers."""

    cpu_seconds: float
    modules: list[str]

    @property
    def heavy(self) -> set[str]:
        """The packages of `HEAVY` that were imported."""
        return {module.partition(".")[0] for module in self.modules} & set(HEAVY)


def parse(files: list[Path], airflow_home: Path) -> Parsing:
    """Run the files as the DAG processor does, in an interpreter of their own."""
    environment = {**os.environ, "AIRFLOW_HOME": str(airflow_home)}
    command = [sys.executable, "-c", _PROGRAM, *map(str, files)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return Parsing(**json.loads(done.stdout.splitlines()[-1]))

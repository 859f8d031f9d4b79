"""The version of the running code, recorded with each capture run, seal and close."""

import subprocess
from functools import cache
from importlib.metadata import version

from social_metrics.settings import REPOSITORY


@cache
def code_version() -> str:
    """The commit, with `+changed` when files differ from it; outside a checkout the package's version."""
    try:
        commit = _git("rev-parse", "HEAD")
        return f"{commit}+changed" if _git("status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.CalledProcessError):
        return f"social-metrics {version('social-metrics')}"


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", REPOSITORY, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()

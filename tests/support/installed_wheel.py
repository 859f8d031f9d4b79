"""Commands of an environment that holds the wheel, without the checkout's settings."""

import os
import subprocess
from pathlib import Path

SECONDS = 600


def run(program: Path, folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `social-metrics` in `folder` with these variables and none of this checkout."""
    ours = ("AIRFLOW", "SOCIAL_METRICS_", "PYTHONPATH")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=clean | variables,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

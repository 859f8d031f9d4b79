"""The repository's files, listed without git, so that unit tests start no process."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

WRITTEN_BY_TOOLS = {"__pycache__", "build", "dist", "target", "logs"}


def repository_files() -> list[str]:
    """Paths relative to the root, without environments, state and caches."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name == ".ci" or not (name.startswith(".") or name in WRITTEN_BY_TOOLS or name.endswith(".egg-info"))
        ]
        found += [(Path(folder) / name).relative_to(ROOT).as_posix() for name in files]
    return found

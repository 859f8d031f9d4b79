"""Files that others read: read with a plain message, replaced as a whole."""

import os
import tempfile
from pathlib import Path

from social_metrics.errors import UsageProblem


def read_text(file: Path) -> str:
    """The content of a file.

    Raises:
        UsageProblem: it cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{file} is not a text file of the log.") from error


def replace_text(file: Path, content: str) -> None:
    """Replace a text file; see `replace_bytes`."""
    replace_bytes(file, content.encode())


def replace_bytes(file: Path, content: bytes) -> None:
    """Replace a file: after a crash it holds the old content or the new one, and a full disk keeps no part of it.

    Raises:
        UsageProblem: it cannot be written.
    """
    part: Path | None = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("wb", dir=file.parent, delete=False) as made:
            part = Path(made.name)
            made.write(content)
            made.flush()
            os.fsync(made.fileno())
        part.chmod(0o644)
        part.replace(file)
    except OSError as error:
        raise UsageProblem(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)

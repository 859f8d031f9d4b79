"""`make test-dates`: the tests under a shifted clock, once per date.

The wall clock of pytest and of every process that it starts, PostgreSQL and Airflow included, is shifted by a constant
(shifted_clock.c), so that it runs on. A run that begins at 23:30 WIB on 31 December therefore crosses midnight.
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from social_metrics.clock import WIB, utc_now

REPOSITORY = Path(__file__).resolve().parents[2]
DATES = {
    "28-february": datetime(2027, 2, 28, 12, 0, tzinfo=WIB),
    "29-february": datetime(2028, 2, 29, 12, 0, tzinfo=WIB),
    "30-november": datetime(2027, 11, 30, 12, 0, tzinfo=WIB),
    "1-december": datetime(2027, 12, 1, 12, 0, tzinfo=WIB),
    "31-december-23-30": datetime(2027, 12, 31, 23, 30, tzinfo=WIB),
    "1-january-00-30": datetime(2028, 1, 1, 0, 30, tzinfo=WIB),
    "five-years-on": utc_now().astimezone(WIB) + timedelta(days=5 * 365 + 1),
}
EVERYTHING = ["tests", "-n", "2", "--dist", "loadfile"]


def main(
    arguments: Annotated[list[str] | None, typer.Argument(help="What pytest runs; everything by default.")] = None,
    date: Annotated[list[str] | None, typer.Option(help=f"A date: {', '.join(DATES)}; all by default.")] = None,
) -> None:
    """Run the tests once per date and print a line for each; exit code 1 when one run was red."""
    dates = date or list(DATES)
    if unknown := sorted(set(dates) - set(DATES)):
        raise typer.BadParameter(f"{', '.join(unknown)} is not a date of the list: {', '.join(DATES)}.")
    if not sys.platform.startswith("linux"):
        sys.exit("make test-dates needs Linux: the clock is shifted by LD_PRELOAD.")
    with tempfile.TemporaryDirectory() as folder:
        library = _compiled(Path(folder))
        results = {name: _run(library, DATES[name], name, arguments or EVERYTHING) for name in dates}
    print(
        "\n".join(
            f"{name:18} {'passed' if code == 0 else f'FAILED (exit code {code})'}" for name, code in results.items()
        )
    )
    sys.exit(any(results.values()))


def _compiled(folder: Path) -> Path:
    folder.chmod(0o755)  # PostgreSQL reads it as another user
    library = folder / "shifted_clock.so"
    source = Path(__file__).with_suffix(".c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"], check=True)
    return library


def _run(library: Path, instant: datetime, name: str, arguments: list[str]) -> int:
    shift = round((instant - utc_now()).total_seconds()) + int(os.environ.get("SHIFTED_CLOCK_SECONDS", "0"))
    print(f"\n== {name}: clock at {instant:%d %B %Y %H:%M} WIB", flush=True)
    started = time.monotonic()
    environment = os.environ | {"LD_PRELOAD": str(library), "SHIFTED_CLOCK_SECONDS": str(shift)}
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    code = subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode
    print(f"== {name}: exit code {code} after {(time.monotonic() - started) / 60:.1f} min", flush=True)
    return code


if __name__ == "__main__":
    typer.run(main)

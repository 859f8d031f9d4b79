"""`make test-dates`: the tests under a shifted clock, once per date, by Debian's `faketime`.

The clock of pytest and of every process that it starts, PostgreSQL and Airflow included, is shifted by a constant, so
that it runs on. A run that begins at 23:30 WIB on 31 December therefore crosses midnight.
"""

import shutil
import subprocess
import sys
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
    if shutil.which("faketime") is None:
        sys.exit("make test-dates needs faketime: apt-get install faketime")
    results = {name: _run(name, DATES[name], arguments or EVERYTHING) for name in dates}
    print(
        "\n".join(
            f"{name:18} {'passed' if code == 0 else f'FAILED (exit code {code})'}" for name, code in results.items()
        )
    )
    sys.exit(any(results.values()))


def _run(name: str, instant: datetime, arguments: list[str]) -> int:
    shift = round((instant - utc_now()).total_seconds())
    print(f"\n== {name}: clock at {instant:%d %B %Y %H:%M} WIB", flush=True)
    started = time.monotonic()
    command = ["faketime", "-f", f"{shift:+d}s", sys.executable, "-m", "pytest", "-q", *arguments]
    code = subprocess.run(command, cwd=REPOSITORY, check=False).returncode
    print(f"== {name}: exit code {code} after {(time.monotonic() - started) / 60:.1f} min", flush=True)
    return code


if __name__ == "__main__":
    typer.run(main)

"""The extraction of a run side by side: ours, the limit, the naive loop, dlt by option; the same API, rows and cap.

Each of them is a process of its own with a database of its own on the same server; they take turns, round after round.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import psycopg
import requests

from benchmarks.progress import report
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.ports import free_port
from local_stack.server import Server
from social_metrics.settings import REPOSITORY

OURS, LIMIT, SKIPPING, NAIVE, DLT = "ours", "limit", "limit, skipping", "naive loop", "dlt, tuned"
NAIVE_PART = 10  # the loop waits for one call after another: a tenth of its channels takes a tenth of its time
DAYS = ("2026-11-01", "2026-11-02")


@dataclass(frozen=True)
class Run:
    """One day of one peer: seconds on the clock and of the processor, peak memory, calls."""

    peer: str
    day: int
    wall: float
    cpu: float
    megabytes: float
    calls: int
    in_flight: int
    channel_days: int
    posts: int


@dataclass(frozen=True)
class Size:
    """How much is extracted.

    Args:
        channels, videos: so many channels with so many uploads each.
        milliseconds: what a call takes.
        rounds: the table has the medians of so many.
    """

    channels: int = 2000
    videos: int = 20
    milliseconds: int = 80
    rounds: int = 3


def measure(folder: Path, size: Size, peers: Sequence[str], dlt_python: str | None = None) -> list[Run]:
    """Run every peer on both days, in turns; the last run of a peer and day stands for all, with their medians.

    Raises:
        RuntimeError: a peer failed, or did not write the rows that it had to.
    """
    found: list[Run] = []
    embedded = EmbeddedPostgres(folder / "postgres")
    server = embedded.start()
    try:
        with _network(size) as api:
            for turn in range(size.rounds):
                for peer in peers:
                    if peer == NAIVE and turn:
                        continue  # it takes minutes and does not vary
                    report(f"turn {turn + 1} of {size.rounds}: {peer}, {size.channels:,} accounts on two days")
                    found += _two_days(folder, size, peer, turn, api, server, dlt_python)
    finally:
        embedded.stop()
    return _medians(found)


def _two_days(
    folder: Path, size: Size, peer: str, turn: int, api: str, server: Server, dlt_python: str | None
) -> Iterator[Run]:
    channels = size.channels // NAIVE_PART if peer == NAIVE else size.channels
    name = f"{peer.replace(', ', '_').replace(' ', '_')}_{turn}"
    server.ensure_database(name)
    work = folder / name
    work.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'plugins'}",
        "API": api,
        "DSN": server.url(name),
        "CHANNELS": str(channels),
        "WORK": str(work),
        "SKIP": "1" if peer == SKIPPING else "0",
    }
    module = {OURS: "capture", NAIVE: "peers.naive", DLT: "peers.dlt_tuned"}.get(peer, "peers.limit")
    command = [dlt_python if peer == DLT and dlt_python else sys.executable, "-m", f"benchmarks.{module}"]
    if peer == OURS:  # its registry and its migrated warehouse are there before a run begins
        _timed(command, {**environment, "PREPARE": "1", "DAY_DATE": DAYS[0]}, work)
    for day, date_day in enumerate(DAYS, start=1):
        _counted(api, day)
        wall, cpu, megabytes = _timed(command, {**environment, "DAY_DATE": date_day}, work)
        counted = _counted(api, day)
        channel_days, posts = _rows_of(peer, server.url(name))
        expected = (channels * day, channels * size.videos + (-(-channels // 4) if day > 1 else 0))
        if (channel_days, posts) != expected:
            raise RuntimeError(f"{peer} wrote {(channel_days, posts)} rows on day {day}, not {expected}")
        run = Run(peer, day, wall, cpu, megabytes, counted["calls"], counted["most_in_flight"], channel_days, posts)
        if peer == NAIVE:
            run = replace(run, wall=run.wall * NAIVE_PART, cpu=run.cpu * NAIVE_PART, calls=run.calls * NAIVE_PART)
            yield run
            return  # it would only do the same again
        yield run


def _timed(command: Sequence[str], environment: dict[str, str], folder: Path) -> tuple[float, float, float]:
    """Seconds on the clock, of the processor, and the peak of megabytes."""
    log = folder / "log"
    with log.open("wb") as file:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=file, stderr=file)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text(encoding='utf-8')[-2000:]}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _rows_of(peer: str, url: str) -> tuple[int, int]:
    schema = {OURS: "raw.", DLT: "raw."}.get(peer, "")
    table = "profile_snapshots" if peer == OURS else "channel_daily"
    with psycopg.connect(url) as connection:
        asked = f"select (select count(*) from {schema}{table}), (select count(*) from {schema}posts)"
        row = connection.execute(asked.encode()).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


@contextmanager
def _network(size: Size) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.stand_in", "--port", str(port)]
    command += ["--videos", str(size.videos), "--milliseconds", str(size.milliseconds)]
    process = subprocess.Popen(command, cwd=REPOSITORY)
    api = f"http://127.0.0.1:{port}"
    try:
        _until_it_answers(process, api)
        yield api
    finally:
        process.terminate()
        process.wait(30)


def _until_it_answers(process: subprocess.Popen[bytes], api: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            _counted(api, 1)
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _counted(api: str, day: int) -> dict[str, int]:
    counted: dict[str, int] = requests.get(f"{api}/_bench", params={"day": day}, timeout=10).json()
    return counted


def _medians(runs: Sequence[Run]) -> list[Run]:
    found = []
    for key in dict.fromkeys((run.peer, run.day) for run in runs):
        same = [run for run in runs if (run.peer, run.day) == key]
        found.append(
            replace(
                same[-1],
                wall=median(run.wall for run in same),
                cpu=median(run.cpu for run in same),
                megabytes=median(run.megabytes for run in same),
            )
        )
    return found


def table_of(runs: Sequence[Run]) -> list[str]:
    """Markdown: every peer with its ratios to the limit of the same day."""
    by_key = {(run.peer, run.day): run for run in runs}
    lines = [
        "| | day | wall, s | ÷ limit | CPU, s | ÷ limit | peak, MB | calls | most in flight |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (peer, day), run in sorted(by_key.items(), key=lambda one: (one[0][1], one[1].wall)):
        limit = by_key[(LIMIT, day)]
        lines.append(
            f"| {peer} | {day} | {run.wall:.1f} | {run.wall / limit.wall:.2f} | {run.cpu:.1f} | "
            f"{run.cpu / limit.cpu:.2f} | {run.megabytes:.0f} | {run.calls:,} | {run.in_flight} |"
        )
    return lines

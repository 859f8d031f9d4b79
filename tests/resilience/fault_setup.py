"""Two histories of the same runs: a reference without faults, and one into which faults are injected."""

import multiprocessing
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
import psycopg
from psycopg import sql

from local_stack.databases import SERVICE_LOGIN, Login, ensure_service_login
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.history import authorise_demo_accounts
from local_stack.server import Server
from social_metrics.clock import WIB
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.extract.credentials.oauth_flow import authorisation_of, exchange_code
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import Settings
from social_metrics.warehouse import migrate
from tests.resilience.capturing import Order, run
from tests.support.registry_file import rows_of
from tests.support.simulator import CREDENTIALS, REPOSITORY, SimulatorProcess, write_demo_registry

FIRST_DAY = date(2026, 11, 2)
BEGINS = time(20, 0)
WAIT_SECONDS = 120  # for something that comes at once or never
VOLUME_MEGABYTES = 600
CENTERS_READ = frozenset({"kartini", "satria", "efata", "nipotowe", "bahagia", "dharma-guna"})
IDENTITY = ("platform_account_id", "handle", "url", "verified_by", "verified_at", "evidence_ref", "review_due_at")

processes = multiprocessing.get_context("forkserver")
"""Capturing processes are forked from one that has imported everything and holds no thread and no connection."""


def run_start_of(day: date) -> datetime:
    """20:00 WIB."""
    return datetime.combine(day, BEGINS, WIB)


def forked_captures() -> None:
    """Start the process that capturing processes are forked from; it has imported all that they need."""
    with patch.dict(os.environ, PYTHONPATH=str(REPOSITORY)):
        processes.set_forkserver_preload(["tests.resilience.capturing"])
        forkserver.ensure_running()


def start_simulator(registry: Path) -> SimulatorProcess:
    """A simulator of this registry at 20:00 WIB of the first day, without rate limits."""
    first_post = FIRST_DAY - timedelta(days=120)
    return SimulatorProcess(
        registry, run_start_of(FIRST_DAY), "--no-rate-limits", "--start-date", first_post.isoformat()
    )


class Volume:
    """Where the warehouse's tables are: a small disk that can be full; without root, files that may not grow."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._is_mounted = os.geteuid() == 0
        self._ballast = folder / "ballast"
        folder.mkdir()
        if self._is_mounted:
            options = f"size={VOLUME_MEGABYTES}m"
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
        (folder / "tables").mkdir(mode=0o700)

    def fill(self, backends: list[int]) -> None:
        """Fill the disk: nothing more can be written to it."""
        if not self._is_mounted:
            for backend in backends:
                psutil.Process(backend).rlimit(psutil.RLIMIT_FSIZE, (0, 0))  # "File too large" in place of "No space"
            return
        with self._ballast.open("wb", buffering=0) as ballast, suppress(OSError):
            while ballast.write(bytes(1 << 16)):
                pass

    def free(self) -> None:
        """Free the disk; backends with a limit end with their sessions."""
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount."""
        if self._is_mounted:
            subprocess.run(["umount", "--lazy", self.folder], check=True)


@dataclass
class Capturing:
    """A capturing process as its parent sees it."""

    process: BaseProcess
    pipe: Connection

    def receive(self) -> tuple[Any, ...] | None:
        """Its next message; None when it died before."""
        if not self.pipe.poll(WAIT_SECONDS):
            raise AssertionError("a capture hangs")
        try:
            return self.pipe.recv()  # type: ignore[no-any-return]
        except (EOFError, ConnectionResetError):
            return None

    def go_on(self, clock_set_by: timedelta | None = None) -> tuple[Any, ...] | None:
        """Let it go on, its machine's clock set meanwhile or not, and wait for its end."""
        with suppress(BrokenPipeError):
            self.pipe.send(clock_set_by or "go")
        result = self.receive()
        self.process.join(WAIT_SECONDS)
        return result

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.join(WAIT_SECONDS)


@dataclass
class History:
    """A warehouse and the simulator that it is captured from."""

    name: str
    url: str = field(repr=False)
    simulator: SimulatorProcess
    registry: Registry
    settings: Settings

    def order(self, platform: str, day: date, **changes: Any) -> Order:
        """The order for an ordinary capture of a platform on a day."""
        connections = dict(self.simulator.at.connection_variable(each) for each in CREDENTIALS)
        ordered = Order(
            platform, day, f"run__{day}", 1, self.url, self.simulator.at.registry_dir, self.settings, connections
        )
        return replace(ordered, **changes)

    def start(self, order: Order) -> Capturing:
        """Start a capturing process."""
        here, there = processes.Pipe()
        process = processes.Process(target=run, args=(order, there), daemon=True)
        process.start()
        there.close()
        return Capturing(process, here)

    def capture(self, order: Order) -> tuple[Any, ...]:
        """Capture to the end; the last message of the process."""
        capturing = self.start(order)
        result = capturing.receive()
        capturing.process.join(WAIT_SECONDS)
        assert result is not None, "a capture died by itself"
        return result

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of the warehouse, with all rights."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def make_access_tokens_old(self) -> None:
        """Have every account's access token renewed before its next use."""
        with psycopg.connect(self.url) as connection:
            connection.execute("update ops.credentials set access_expires_at = updated_at")

    def log_in_again(self, day: date) -> list[str]:
        """Have the owners of accounts whose chain of tokens was lost authorise us once more."""
        lost = [
            code
            for (code,) in self.rows("select account_code from ops.credentials where refresh_started_at is not null")
        ]
        for code in lost:
            account = self.registry.account_on(code, day)
            assert account is not None
            grant = authorisation_of(account.platform).account
            assert grant is not None
            exchange_code(
                account,
                grant,
                f"demo-code-{code}",
                platform_connection(account.platform),
                self.registry,
                self.settings,
                self.url,
            )
        return lost


@dataclass
class FaultSetup:
    """PostgreSQL with durable settings on a small disk, and both histories."""

    postgres: EmbeddedPostgres
    server: Server
    volume: Volume
    reference: History
    faulty: History

    def kill_postgres(self) -> None:
        """kill -9 of the server and everything it began, then a start that recovers."""
        leader = self.postgres.pid
        assert leader is not None
        server = psutil.Process(leader)
        members = [server, *server.children(recursive=True)]
        for member in members:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(members)  # a signal is not the end: until then the server seems to run
        self.server = self.postgres.start()

    def backends(self) -> list[int]:
        """Process ids of the sessions in the faulty warehouse."""
        return [pid for (pid,) in self._sessions("select pid from pg_stat_activity where datname = %s")]

    def cut_connections(self) -> None:
        """End every session of the faulty warehouse, in the middle of its work."""
        self._sessions("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s")

    def waits_for_a_lock(self) -> bool:
        """Whether a session of the faulty warehouse stands before an advisory lock."""
        return bool(
            self._sessions(
                "select 1 from pg_locks join pg_database on oid = database "
                "where locktype = 'advisory' and not granted and datname = %s"
            )
        )

    def _sessions(self, query: str) -> list[tuple[Any, ...]]:
        name = self.faulty.url.rsplit("/", 1)[1]
        with self.server.admin() as connection:
            return connection.execute(query.encode(), (name,)).fetchall()


@contextmanager
def start_fault_setup(folder: Path, key: str) -> Iterator[FaultSetup]:
    """Start everything; stopped at the end."""
    registry = folder / "registry"
    write_demo_registry(registry, FIRST_DAY)
    few_accounts(registry)
    list_posts_in_every_run(registry)
    small_batches(registry)
    forked_captures()
    postgres = EmbeddedPostgres(folder / "postgres", durable=True)
    volume = Volume(folder / "volume")
    simulators: list[SimulatorProcess] = []
    try:
        server = postgres.start()
        login = Login(SERVICE_LOGIN, "a-password-of-the-tests")
        ensure_service_login(server, login)
        with server.admin() as connection:
            place = sql.Literal(str(volume.folder / "tables"))
            connection.execute(sql.SQL("create tablespace small_disk location {}").format(place))
        histories = []
        for name in ("reference", "faulty"):
            server.ensure_database(name, owner=login.name)
            if name == "faulty":
                with server.admin() as connection:
                    connection.execute("alter database faulty set tablespace small_disk")
            url = server.url(name, login.name, login.password)
            migrate.upgrade(url)
            simulators.append(start_simulator(registry))
            settings = Settings(
                credentials_key=key,
                http_attempts=1,
                http_max_wait_seconds=0,
                registry_dir=registry,
                state_dir=folder / name,
            )
            loaded = load_registry(registry)
            authorise_demo_accounts(loaded, settings, url)
            histories.append(History(name, url, simulators[-1], loaded, settings))
        yield FaultSetup(postgres, server, volume, *histories)
    finally:
        for simulator in simulators:
            simulator.kill()
        postgres.stop()
        volume.close()


def few_accounts(registry: Path) -> None:
    """Leave six accounts a platform to be read; the others become unknown. Odd ones are among them."""
    with rows_of(registry / "center_accounts.csv") as rows:
        for row in rows:
            if row["center_code"] not in CENTERS_READ:
                row.update(dict.fromkeys(IDENTITY, ""), status="placeholder")


def list_posts_in_every_run(registry: Path) -> None:
    """Without this a run in which no post count moved would make too few calls for a fault to strike between."""
    with rows_of(registry / "platforms.csv") as rows:
        for row in rows:
            row["full_listing_days"] = "1"


def small_batches(registry: Path) -> None:
    """Two batches a platform: while one is written, or a fault strikes, the other is being read."""
    with rows_of(registry / "platforms.csv") as rows:
        for row in rows:
            row["batch_size"] = "3"

"""The local stack as one thing: database, simulator, Airflow; started in order, stopped together."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex

from cryptography.fernet import Fernet

from local_stack import StackError
from local_stack.airflow_api import AirflowApi
from local_stack.celery_workers import REDIS, broker_url, redis_program, worker_programs
from local_stack.databases import (
    AIRFLOW,
    AIRFLOW_LOGIN,
    SERVICE_LOGIN,
    WAREHOUSE,
    Login,
    ensure_metadata,
    ensure_warehouse,
    set_aside,
    take_rights_from_all,
)
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.environment import ADMIN, StackAddresses, environment_lines, stack_environment, stack_users
from local_stack.layout import Layout
from local_stack.ports import LOOPBACK, demand_port, free_port
from local_stack.processes import ProcessStack, Program, Tell
from local_stack.secret_files import keep_secret, replace_secret
from local_stack.server import Server, server_at
from social_metrics.clock import utc_now, wib_date
from social_metrics.settings import REPOSITORY, Settings
from social_metrics.warehouse import migrate

SIMULATOR = "simulator"
API_SERVER = "api-server"
START_SECONDS = 180
HISTORY_DAYS = 120


class LocalStack:
    """One stack in one state folder.

    Args:
        layout: its folders.
        settings: what the environment says about ports and the database server.
        history_days: days before the first day on which this folder was used.
        workers: Celery workers that run Airflow's tasks; with none the scheduler runs them itself.
    """

    def __init__(self, layout: Layout, settings: Settings, history_days: int = HISTORY_DAYS, workers: int = 0) -> None:
        """Names the parts; nothing is started."""
        self.layout = layout
        self.processes = ProcessStack(layout.run, layout.logs)
        self._settings = settings
        self._history_days = history_days
        self._workers = workers
        self._embedded = EmbeddedPostgres(layout.postgres) if settings.postgres_url is None else None

    # ------------------------------------------------------------------ parts, in the order of starting

    def start_database(self, *, migrated: bool = True) -> StackAddresses:
        """Starts or finds PostgreSQL, with both databases there.

        Args:
            migrated: whether the warehouse is migrated; one to be restored stays empty.

        Raises:
            StackError: no server can be had, or it refuses us.
        """
        self.layout.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        server, mark = self.server(), self.mark()
        service = Login(SERVICE_LOGIN + mark, self._secret("warehouse-login"))
        airflow = Login(AIRFLOW_LOGIN + mark, self._secret("airflow-login"))
        warehouse = ensure_warehouse(server, service, WAREHOUSE + mark)
        metadata = ensure_metadata(server, airflow, AIRFLOW + mark)
        if migrated:
            take_rights_from_all(server, WAREHOUSE + mark)
            migrate.upgrade(warehouse)
        return StackAddresses(
            warehouse_url=warehouse,
            airflow_metadata_url=metadata,
            simulator_url=f"http://{LOOPBACK}:{self._noted_port(SIMULATOR) or 0}",
            airflow_port=self._noted_port(API_SERVER) or 0,
            jwt_secret=self._secret("airflow-jwt"),
            fernet_key=keep_secret(self.layout.secret("airflow-fernet"), _fernet_key),
            credentials_key=keep_secret(self.layout.secret("credentials-key"), _fernet_key),
        )

    def start_simulator(self, addresses: StackAddresses) -> StackAddresses:
        """Makes the demo's registry, once per state folder, and starts the simulator; returns where it is too.

        Raises:
            StackError: its port is taken, or it does not start.
        """
        source, out = str(self.layout.production_registry), str(self.layout.registry)
        if not self.layout.registry.exists():
            make_registry = [sys.executable, "-m", "simulator", "registry", "--source", source, "--out", out]
            self._run_to_end("registry", make_registry, self.environment(addresses))
        if SIMULATOR not in self.processes.running():
            self.layout.port(SIMULATOR).unlink(missing_ok=True)
            if self._settings.simulator_port:
                demand_port(self._settings.simulator_port, SIMULATOR, "SOCIAL_METRICS_SIMULATOR_PORT")
        program = self._simulator()
        self._start([program], addresses)
        self.processes.wait_until_ready([program], START_SECONDS)
        return replace(addresses, simulator_url=f"http://{LOOPBACK}:{self._noted_port(SIMULATOR)}")

    def start_airflow(self, addresses: StackAddresses) -> StackAddresses:
        """Migrates Airflow's metadata and starts its four processes; `wait_for_airflow` waits for them.

        Args:
            addresses: of the running database and simulator.

        Returns:
            The addresses with Airflow's port.

        Raises:
            StackError: the port is taken, or the metadata cannot be migrated.
        """
        addresses = replace(addresses, airflow_port=self._airflow_port())
        if self._workers:
            addresses = self._start_broker(addresses)
        self.layout.airflow_home.mkdir(mode=0o700, parents=True, exist_ok=True)
        passwords = {user: self._secret(f"airflow-{user}") for user in (ADMIN, *stack_users(self.layout))}
        replace_secret(self.layout.airflow_passwords, json.dumps(passwords))
        self._migrate_airflow(addresses)
        self._start(self._airflow_programs(addresses), addresses)
        return addresses

    def wait_for_airflow(self, addresses: StackAddresses, tell: Tell = lambda _: None) -> None:
        """Waits until Airflow's processes do their work.

        Raises:
            StackError: one ended or takes too long; with the end of its log.
        """
        self.processes.wait_until_ready(self._airflow_programs(addresses), START_SECONDS, tell)

    def is_complete(self) -> bool:
        """Whether every program runs already."""
        return set(self.processes.running()) >= {SIMULATOR, API_SERVER, *AIRFLOW_COMMANDS}

    def is_running(self) -> bool:
        """Whether anything of this folder runs."""
        return bool(self.processes.running()) or (self._embedded is not None and self._embedded.pid is not None)

    def stop(self) -> list[str]:
        """Stops everything that this folder started, the database last; returns the names of what ran."""
        stopped = self.stop_programs()
        self.layout.environment_file.unlink(missing_ok=True)
        if self._embedded is not None and self._embedded.pid is not None:
            self._embedded.stop()
            stopped.append("postgresql")
        return stopped

    # ------------------------------------------------------------------ what others ask for

    def server(self) -> Server:
        """The database server: the embedded one, started when it does not run, or the one that is set."""
        if self._embedded is not None:
            return self._embedded.start()
        return server_at(str(self._settings.postgres_url))

    def restore(self, source: Path, *, replace: bool) -> int:
        """Restore a backup into this stack by `social-metrics restore`; return its exit code.

        Args:
            source: the backup's folder.
            replace: whether the present warehouse and its files are set aside, under other names.

        Raises:
            StackError: something of the stack runs, a warehouse is there and is not replaced, or the restore fails;
                what was set aside is back then.
        """
        if self.processes.running():
            raise StackError("The stack is running: stop it first (make down).")
        try:
            server, database = self.server(), WAREHOUSE + self.mark()
            if not replace and server.has_database(database):
                raise StackError(f"The warehouse {database} exists: REPLACE=1 sets it and its files aside.")
            with set_aside(server, database, self.layout.kept):
                addresses = self.start_database(migrated=False)
                code = self.run_command(addresses, ["social-metrics", "restore", str(source)])
                if code > 1:  # 1: restored, and a month does not verify
                    raise StackError(f"`social-metrics restore` ended with exit code {code}, see above.")
                # After the restore: with the rights taken, the dump's own rights on a language would be refused.
                take_rights_from_all(server, database)
                migrate.grant_database_rights(addresses.warehouse_url)
            return code
        finally:
            self.stop()

    def mark(self) -> str:
        """What databases and logins end with, on a server that others use too; empty on the embedded one."""
        return "" if self._embedded else f"_{keep_secret(self.layout.secret('mark'), lambda: token_hex(4))}"

    def environment(self, addresses: StackAddresses) -> dict[str, str]:
        """The environment of every program of this stack, and of commands run against it."""
        return stack_environment(self.layout, addresses, simulated_credentials(self.layout.repository))

    def write_environment(self, addresses: StackAddresses) -> None:
        """Write what `social-metrics` needs to answer questions from a bare shell; `stop` removes it."""
        replace_secret(self.layout.environment_file, environment_lines(self.environment(addresses)))

    def stop_programs(self) -> list[str]:
        """Stop every program but the database, which answers questions afterwards; return the names of what ran."""
        return self.processes.stop()

    def first_day(self) -> date:
        """WIB date on which the demo's history begins: the same for as long as the state folder lives."""
        first = self.layout.state / "first-day"
        if not first.exists():
            self.layout.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            first.write_text((wib_date(utc_now()) - timedelta(days=self._history_days)).isoformat())
        return date.fromisoformat(first.read_text())

    def programs(self, addresses: StackAddresses) -> list[Program]:
        """Every program of the stack but the database."""
        return [self._simulator(), *self._airflow_programs(addresses)]

    def airflow_api(self, addresses: StackAddresses, user: str = ADMIN) -> AirflowApi:
        """A client of this stack's Airflow, logged in as one of its users."""
        return AirflowApi(addresses.airflow_url, user, lambda: self._secret(f"airflow-{user}"))

    def run_command(self, addresses: StackAddresses, command: list[str]) -> int:
        """Runs a command in the stack's environment, on this terminal; returns its exit code."""
        return subprocess.run(command, env=self.environment(addresses), check=False).returncode

    # ------------------------------------------------------------------ inner parts

    def _secret(self, name: str) -> str:
        return keep_secret(self.layout.secret(name))

    def _noted_port(self, program: str) -> int | None:
        noted = self.layout.port(program)
        return int(noted.read_text(encoding="utf-8")) if noted.exists() else None

    def _airflow_port(self) -> int:
        """The api-server's present port while it runs, else the one that is set, else the last one or a free one."""
        noted = self._noted_port(API_SERVER)
        if noted and API_SERVER in self.processes.running():
            return noted
        wanted = self._settings.airflow_port
        port = demand_port(wanted, API_SERVER, "SOCIAL_METRICS_AIRFLOW_PORT") if wanted else free_port(noted or 8080)
        self.layout.port(API_SERVER).write_text(str(port), encoding="utf-8")
        return port

    def _start(self, programs: list[Program], addresses: StackAddresses) -> None:
        environment = self.environment(addresses)
        for program in programs:
            self.processes.start(program, environment, self.layout.repository)

    def _start_broker(self, addresses: StackAddresses) -> StackAddresses:
        password = self._secret(REDIS)
        noted = self._noted_port(REDIS)
        port = noted if noted and REDIS in self.processes.running() else free_port(noted)
        self.layout.port(REDIS).write_text(str(port), encoding="utf-8")
        broker = redis_program(self.layout.secret("redis.conf"), port, password)
        self._start([broker], addresses)
        self.processes.wait_until_ready([broker], START_SECONDS)
        return replace(addresses, broker_url=broker_url(port, password))

    def _migrate_airflow(self, addresses: StackAddresses) -> None:
        """Migrates the metadata; seconds saved when this version has done it to this database before."""
        marker = self.layout.airflow_home / "migrated"
        database = addresses.airflow_metadata_url.rsplit("@", 1)[1]
        done = f"{version('apache-airflow')} {database}"
        if not marker.exists() or marker.read_text(encoding="utf-8") != done:
            command = [_installed("airflow"), "db", "migrate"]
            self._run_to_end("airflow-migrate", command, self.environment(addresses))
            marker.write_text(done, encoding="utf-8")

    def _simulator(self) -> Program:
        # It picks its port itself and notes it once it answers: nobody else's server can be taken for it.
        port = self._settings.simulator_port or 0
        port_file = self.layout.port(SIMULATOR)
        command = [sys.executable, "-m", "simulator", "serve", "--port", str(port), "--port-file", str(port_file)]
        command += ["--registry-dir", str(self.layout.registry), "--start-date", self.first_day().isoformat()]
        return Program(SIMULATOR, command, lambda _: port_file.exists())

    def _airflow_programs(self, addresses: StackAddresses) -> list[Program]:
        airflow = _installed("airflow")
        api = self.airflow_api(addresses)

        def beats(component: str) -> Callable[[float], bool]:
            return lambda started: api.beats_since(component, started)

        return [
            Program(API_SERVER, [airflow, "api-server"], lambda _: api.answers()),
            *(
                Program(name, [airflow, *arguments], beats(name.replace("-", "_")))
                for name, arguments in AIRFLOW_COMMANDS.items()
            ),
            *worker_programs(airflow, self._workers, self.processes.log),
        ]

    def _run_to_end(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        self.layout.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = self.processes.log(name)
        with log.open("wb") as output:
            result = subprocess.run(
                command,
                env=dict(environment),
                cwd=self.layout.repository,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if result.returncode:
            raise StackError(f"{name} failed (exit {result.returncode}).\n{self.processes.log_end(name)}")


AIRFLOW_COMMANDS = {
    "scheduler": ["scheduler", "--skip-serve-logs"],  # the api-server reads the logs from the same disk
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}


@cache
def simulated_credentials(repository: Path = REPOSITORY) -> Mapping[str, tuple[str | None, str]]:
    """Platform → (login, secret) that the simulator accepts, in its own words; they open nothing else.

    Raises:
        StackError: the simulator cannot be run.
    """
    command = [sys.executable, "-m", "simulator", "credentials"]
    result = subprocess.run(command, cwd=repository, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode:
        raise StackError(f"The simulator cannot be run from {repository}.\n{result.stderr.strip()}")
    return {platform: (given["login"], given["secret"]) for platform, given in json.loads(result.stdout).items()}


def _fernet_key() -> str:
    return Fernet.generate_key().decode()


def _installed(program: str) -> str:
    path = Path(sys.executable).with_name(program)
    if not os.access(path, os.X_OK):
        raise StackError(f"{program} is not installed beside {sys.executable}: run `make venv`.")
    return str(path)

"""Starts the server: reads the registry, binds the port, and writes the port file when the server is ready."""

import socket
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import uvicorn

from simulator import SimulatorError
from simulator.accounts import read_accounts, read_centers
from simulator.apis import platform_classes
from simulator.app import Simulator
from simulator.clock import Clock, date_of, wib_day
from simulator.habits import HISTORY_DAYS
from simulator.world import World


@dataclass(frozen=True)
class ServeOptions:
    """Options of the `serve` command. `clock` is a UTC instant in epoch seconds."""

    registry_dir: Path
    centers_file: Path
    seed: int
    clock: int
    host: str = "127.0.0.1"
    port: int = 0
    start_date: date | None = None
    ticking: bool = False
    port_file: Path | None = None
    rate_limits: bool = True
    x_names: str = "by-parameter"
    extra_apis: Path | None = None


def build(options: ServeOptions) -> Simulator:
    """The application for these options. Raises SimulatorError for a registry that cannot be served."""
    centers = read_centers(options.centers_file)
    accounts = read_accounts(options.registry_dir / "center_accounts.csv", centers)
    classes = platform_classes(options.extra_apis)
    served = [account for account in accounts if account.platform in classes]
    if not served:
        raise SimulatorError(
            f"{options.registry_dir / 'center_accounts.csv'} has no account with an id. "
            "Write a demo registry first: python -m simulator registry --source … --out …"
        )
    start_date = options.start_date or date_of(wib_day(options.clock) - HISTORY_DAYS)
    world = World(options.seed, start_date, served)
    return Simulator(world, Clock(options.clock, options.ticking), classes, options.rate_limits, options.x_names)


def serve(options: ServeOptions) -> None:
    """Serves until it is interrupted. Raises SimulatorError when the port is taken."""
    application = build(options)
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((options.host, options.port))
    except OSError as error:
        raise SimulatorError(
            f"Port {options.port} on {options.host} cannot be used ({error.strerror}). "
            "Choose another port, or 0 for a free one."
        ) from error
    config = uvicorn.Config(
        application,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        log_level="warning",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_keep_alive=75,  # clients keep a connection while they load a day
        timeout_graceful_shutdown=1,
    )
    _Server(config, listening.getsockname()[1], options.port_file).run(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, port: int, port_file: Path | None) -> None:
        super().__init__(config)
        self._port, self._port_file = port, port_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._port_file is not None:
            partial = self._port_file.with_suffix(".partial")
            partial.write_text(f"{self._port}\n")
            partial.replace(self._port_file)
        print(f"simulator listens on http://{self.config.host}:{self._port}", flush=True)  # noqa: T201

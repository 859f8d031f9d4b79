"""The simulator's command line: `python -m simulator serve …`, `… registry …` and `… credentials`."""

import argparse
import json
import sys
import time
from datetime import date
from pathlib import Path

from simulator import SimulatorError
from simulator.apis import platform_classes
from simulator.clock import date_of, parse_date, parse_instant, wib_day
from simulator.demo_registry import write_registry
from simulator.habits import HISTORY_DAYS
from simulator.serve import ServeOptions, serve

DEFAULT_SEED = 2024


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; returns 0, or 2 after a usage or configuration error."""
    given = _parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except SimulatorError as error:
        print(f"simulator: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    server = commands.add_parser("serve", help="serve the platforms' APIs on one local port")
    server.set_defaults(run=_serve)
    server.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    server.add_argument("--port", type=int, default=0, help="port; 0 takes a free port (default)")
    server.add_argument("--port-file", type=Path, help="file for the port, written when the server is ready")
    server.add_argument("--registry-dir", type=Path, required=True, help="folder with center_accounts.csv to serve")
    server.add_argument("--centers-file", type=Path, help="centers.csv (default: the one of --registry-dir)")
    server.add_argument("--seed", type=int, default=DEFAULT_SEED, help="seed of the world (default: %(default)s)")
    server.add_argument("--clock", help="start of the clock, e.g. 2026-11-24T20:00:00+07:00 (default: now)")
    server.add_argument(
        "--start-date", help=f"first day of the history (default: {HISTORY_DAYS} days before the clock's WIB date)"
    )
    server.add_argument("--ticking", action="store_true", help="let the clock run; by default it stands still")
    server.add_argument("--no-rate-limits", action="store_true", help="never refuse a call for its rate limit")
    server.add_argument(
        "--x-names",
        choices=("by-parameter", "tweet", "post", "both"),
        default="by-parameter",
        help="field names in X replies: by the request's parameters (default), or always one family or both",
    )
    server.add_argument("--extra-apis", type=Path, help="folder with more platform files, e.g. a test's own")

    registry = commands.add_parser("registry", help="write a registry folder with invented accounts")
    registry.set_defaults(run=_registry)
    registry.add_argument("--source", type=Path, required=True, help="folder of the real seeds (copied, not changed)")
    registry.add_argument("--out", type=Path, required=True, help="folder to write")
    registry.add_argument("--seed", type=int, default=DEFAULT_SEED, help="seed of the ids (default: %(default)s)")
    registry.add_argument("--as-of", help="reference date of the dated rows (default: today in WIB)")
    registry.add_argument("--multiply", type=int, default=1, help="write N times as many centers, for load tests")
    registry.add_argument("--extra-apis", type=Path, help="folder with more platform files, e.g. a test's own")

    credentials = commands.add_parser("credentials", help="print each platform's login and secret as JSON")
    credentials.set_defaults(run=_credentials)
    return parser


def _serve(given: argparse.Namespace) -> int:
    clock = parse_instant(given.clock) if given.clock else int(time.time())  # noqa: TID251
    serve(
        ServeOptions(
            registry_dir=given.registry_dir,
            centers_file=given.centers_file or given.registry_dir / "centers.csv",
            seed=given.seed,
            clock=clock,
            host=given.host,
            port=given.port,
            start_date=parse_date(given.start_date) if given.start_date else None,
            ticking=given.ticking,
            port_file=given.port_file,
            rate_limits=not given.no_rate_limits,
            x_names=given.x_names,
            extra_apis=given.extra_apis,
        )
    )
    return 0


def _registry(given: argparse.Namespace) -> int:
    as_of: date = parse_date(given.as_of) if given.as_of else date_of(wib_day(int(time.time())))  # noqa: TID251
    written = write_registry(given.source, given.out, given.seed, as_of, given.multiply, given.extra_apis)
    counts = ", ".join(f"{number} {status}" for status, number in sorted(written.rows.items()))
    print(f"{written.folder}: {counts}")  # noqa: T201
    return 0


def _credentials(_given: argparse.Namespace) -> int:
    classes = platform_classes()
    printed = {name: dict(zip(("login", "secret"), api.credentials, strict=True)) for name, api in classes.items()}
    print(json.dumps(printed, indent=2))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m local_stack simulate`: the simulator's history, clock and faults."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import requests
import typer
from rich.table import Table

from local_stack.history import load_history
from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import DAY_FORMATS, Format, FormatOption, new_group, output, print_json, progress
from social_metrics.clock import WIB, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.extract.simulated_clock import SIMULATOR_HEADER
from social_metrics.publish.page.formats import long_time
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings

simulate = new_group("The simulator's past, clock and faults. Only connections that point at the simulator are used.")
faults = new_group("What goes wrong on demand: list, add, clear, and the kinds there are.")
simulate.add_typer(faults, name="faults")

TIMEOUT_SECONDS = 10


@simulate.command()
def history(
    days: Annotated[int, typer.Option(min=1, help="How many days, the last of them yesterday.")] = 120,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="Last day instead of yesterday (WIB).")
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Capture past days of the simulator with the real extractors; captured days are not read again.

    The simulator's clock is set to each day and left at the last captured one.

    Examples:
    - `python -m local_stack simulate history --days 120`
    - `python -m local_stack simulate history --days 30 --until 2026-03-31`
    """
    with _simulator() as simulator:
        settings = load_settings()
        last = until.date() if until else wib_date(simulator.now()) - timedelta(days=1)
        first = last - timedelta(days=days - 1)
        with progress(f"Capturing {first} to {last}", days, "days") as advance:
            captured = load_history(
                simulator.address,
                first,
                last,
                registry=load_registry(settings.registry_dir),
                settings=settings,
                warehouse_url=simulator.warehouse_url,
                on_day=lambda _day: advance(),
            )
    if form is Format.JSON:
        print_json({"first": first, "last": last, "captured": captured, "held_before": days - captured})
    else:
        output().print(f"{captured} days captured, {days - captured} captured before ({first} to {last}).")


@simulate.command()
def clock(
    at: Annotated[str | None, typer.Option("--set", help="Instant with offset: 2026-11-24T20:00:00+07:00.")] = None,
    ticking: Annotated[bool | None, typer.Option("--tick/--stand", help="Let it run on, or stand still.")] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show the simulator's clock, or set it.

    Examples:
    - `python -m local_stack simulate clock`
    - `python -m local_stack simulate clock --set 2026-11-25T20:00:00+07:00 --stand`
    """
    change: dict[str, Any] = ({"now": at} if at else {}) | ({} if ticking is None else {"ticking": ticking})
    with _simulator() as simulator:
        if change:
            simulator.ask("PUT", "clock", change)
        now = simulator.now()
    if form is Format.JSON:
        print_json({"now": now})
    else:
        output().print(long_time(now, WIB, "WIB", "en"))


@faults.command("list")
def list_faults(form: FormatOption = Format.TABLE) -> None:
    """Show the active faults.

    Examples:
    - `python -m local_stack simulate faults list`
    """
    with _simulator() as simulator:
        _print_faults(simulator.ask("GET", "faults")["faults"], form)


@faults.command("kinds")
def show_kinds(form: FormatOption = Format.TABLE) -> None:
    """Show the kinds of faults: of an account, of a reply, and each platform's own errors with their variants.

    Examples:
    - `python -m local_stack simulate faults kinds`
    """
    with _simulator() as simulator:
        kinds = simulator.ask("GET", "faults/kinds")
    if form is Format.JSON:
        print_json(kinds)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Of")
    table.add_column("Kind", no_wrap=True)
    table.add_column("What it does")
    for of in ("account", "reply"):
        for kind, text in kinds[of].items():
            table.add_row(of, kind, text)
    for platform, errors in kinds["error"].items():
        for kind, variants in errors.items():
            table.add_row(platform, kind, f"variants: {', '.join(variants)}")
    output().print(table)


@faults.command("add")
def add_fault(
    kind: Annotated[str, typer.Argument(help="See `python -m local_stack simulate faults kinds`.")],
    platform: Annotated[str, typer.Option(help="A platform, or * for all.")] = "*",
    parameter: Annotated[
        list[str] | None,
        typer.Option("--with", help="name=value; account=, endpoint=, times=, until=, probability=, variant=, …"),
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Add a fault.

    Examples:
    - `python -m local_stack simulate faults add server_error --platform youtube --with times=2`
    - `python -m local_stack simulate faults add account_not_found --with account=kartini-youtube`
    """
    body = {"kind": kind, "platform": platform} | dict(_pair(text) for text in parameter or [])
    with _simulator() as simulator:
        _print_faults([simulator.ask("POST", "faults", body)], form)


@faults.command("clear")
def clear_faults(
    number: Annotated[int | None, typer.Argument(help="Only this fault; all of them by default.")] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """End a fault, or all of them.

    Examples:
    - `python -m local_stack simulate faults clear`
    - `python -m local_stack simulate faults clear 3`
    """
    with _simulator() as simulator:
        path = "faults" if number is None else f"faults/{number}"
        _print_faults(simulator.ask("DELETE", path)["faults"], form)


@dataclass(frozen=True)
class _Simulator:
    address: str
    warehouse_url: str

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer of an admin path.

        Raises:
            UsageProblem: nobody answers, it is not the simulator, or it refuses with its own sentence.
        """
        try:
            reply = requests.request(
                method,
                f"{self.address}/_simulator/{path}",
                json=body,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise UsageProblem(f"No simulator answers at {self.address}. Start it with `make up`.") from error
        if SIMULATOR_HEADER not in reply.headers:
            raise UsageProblem(f"{self.address} is not the simulator; nothing was changed.")
        answer: dict[str, Any] = reply.json()
        if not reply.ok:
            raise UsageProblem(f"The simulator refuses: {answer.get('error', reply.status_code)}")
        return answer

    def now(self) -> datetime:
        """The simulated UTC instant."""
        return datetime.fromisoformat(self.ask("GET", "clock")["now"])


@contextmanager
def _simulator() -> Iterator[_Simulator]:
    with warehouse() as url:
        for name in load_registry(load_settings().registry_dir).platforms:
            try:
                connection = platform_connection(name)
            except UsageProblem:
                continue  # a platform without accounts needs no connection
            if connection.simulated_clock:
                yield _Simulator(connection.base_url, url)
                return
        raise UsageProblem(
            "No connection points at the simulator. Start the local stack with `make up`; with a real platform "
            "there is no past to load, no clock to set and nothing to break."
        )


def _pair(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator:
        raise UsageProblem(f"--with {text!r} has no '='. Write name=value, e.g. --with times=2.")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value  # plain text needs no quotes


def _print_faults(found: list[dict[str, Any]], form: Format) -> None:
    if form is Format.JSON:
        print_json({"faults": found})
    elif not found:
        output().print("No fault is active.")
    else:
        for fault in found:
            number, platform, kind = fault.pop("fault_id"), fault.pop("platform"), fault.pop("kind")
            rest = ", ".join(f"{name}={value}" for name, value in fault.items())
            output().print(f"{number}  {platform}  {kind}  {rest}", markup=False)


if __name__ == "__main__":  # the demo image has no other part of the local stack's extra
    simulate(prog_name="python -m local_stack.simulate")

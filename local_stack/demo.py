"""`make demo` and `make up`: from nothing to both boards, through the parts that production uses."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from local_stack import StackError
from local_stack.airflow_api import AirflowApi
from local_stack.daily_run import RunProgress, run_daily
from local_stack.databases import ensure_notary
from local_stack.demo_entries import enter_by_hand, take_over_an_account
from local_stack.environment import ADMIN, StackAddresses
from local_stack.history import EVENING, load_history, set_simulator_clock
from local_stack.local_stack import LocalStack
from local_stack.month_close import CloseProgress, close_month, people_of
from social_metrics.audit.signatures import copy_answers
from social_metrics.clock import WIB, month_before, utc_now, wib_date
from social_metrics.registry.registry import load_registry
from social_metrics.registry.roles import SIGNING, load_roles
from social_metrics.settings import load_settings


def run_demo(stack: LocalStack, console: Console) -> None:
    """The whole demo; at the end only PostgreSQL runs on, for questions. After a failure nothing does.

    Raises:
        StackError: a step failed; the message says which, and shows the end of its log.
    """
    with _leaving_the_database(stack, console) as addresses:
        _show_boards(stack, addresses)


def run_demo_month(stack: LocalStack, console: Console) -> None:
    """Close the last whole month on the real scheduler, by three users; at the end only PostgreSQL runs on.

    Raises:
        StackError: a step failed, or the closed month does not hold.
    """
    with _leaving_the_database(stack, console) as addresses:
        month = last_month()
        _close_month(stack, addresses, month, console)
        with _step(console, "Copying the answers from Airflow's database, as proof of the signatures"):
            copy_answers(addresses.airflow_metadata_url, ensure_notary(stack.server(), addresses.warehouse_url))
        _cli(stack, addresses, "close", "--month", f"{month:%Y-%m}", "--action", "status")
        _cli(stack, addresses, "verify", "--month", f"{month:%Y-%m}")
        _list_reports(stack, month, console)


@contextmanager
def _leaving_the_database(stack: LocalStack, console: Console) -> Iterator[StackAddresses]:
    """Bring the stack up for the block; then stop everything but PostgreSQL, or everything when the block fails."""
    try:
        stack.stop()  # what a demo that was killed has left
        addresses = _bring_up(stack, console)
        yield addresses
    except BaseException:
        with _step(console, "Stopping"):
            stack.stop()
        raise
    with _step(console, "Stopping"):
        stack.stop_programs()
        stack.write_environment(addresses)
    console.print("PostgreSQL runs on for questions: .venv/bin/social-metrics top, doctor, … Stop it with: make down")


def bring_up(
    stack: LocalStack, console: Console, before_evening: Callable[[StackAddresses], None] = lambda _: None
) -> None:
    """The same stack, kept running; says where everything is.

    Args:
        stack: of a state folder.
        console: told each step.
        before_evening: called when all is there and this evening has not been captured yet.

    Raises:
        StackError: a step failed; what was started is stopped again.
    """
    if stack.is_complete():
        addresses = stack.start_database()
    else:
        try:
            addresses = _bring_up(stack, console, before_evening)
            _follow_real_time(addresses.simulator_url)
        except BaseException:
            stack.stop()
            raise
    console.print(
        f"Airflow    {addresses.airflow_url}  user {ADMIN}, password in {stack.layout.secret('airflow-admin')}",
        soft_wrap=True,
    )
    stack.write_environment(addresses)
    console.print(f"Simulator  {addresses.simulator_url}")
    console.print(f"Boards     {stack.layout.boards}")
    console.print("Stop it with: make down")


def _bring_up(
    stack: LocalStack, console: Console, before_evening: Callable[[StackAddresses], None] = lambda _: None
) -> StackAddresses:
    with _step(console, "PostgreSQL and migrations"):
        addresses = stack.start_database()
    with _step(console, "Simulator"):
        addresses = stack.start_simulator(addresses)
    with _step(console, "Airflow's metadata"):
        addresses = stack.start_airflow(addresses)
    # Airflow's processes get ready while the history is captured.
    _load_history(stack, addresses, console)
    with _step(console, "Airflow: api-server, scheduler, dag-processor, triggerer"):
        stack.wait_for_airflow(addresses)
    set_simulator_clock(addresses.simulator_url, this_evening())
    _enter_by_hand(stack, addresses, console)
    take_over_an_account(addresses.simulator_url)
    before_evening(addresses)
    _run_evening(stack.airflow_api(addresses), console)
    return addresses


def this_evening() -> datetime:
    """20:00 WIB of today's WIB date, whatever the hour: the demo's evening."""
    return datetime.combine(wib_date(utc_now()), EVENING, WIB)


def last_month() -> date:
    """First day of the last month that is over on the demo's evening."""
    return month_before(this_evening().date())


def _follow_real_time(simulator_url: str) -> None:
    """From now on the simulator's clock is the real one: the next runs come with the next days."""
    set_simulator_clock(simulator_url, utc_now().astimezone(WIB))
    requests.put(f"{simulator_url}/_simulator/clock", json={"ticking": True}, timeout=10).raise_for_status()


def _load_history(stack: LocalStack, addresses: StackAddresses, console: Console) -> None:
    """Captures the days before today through the real extractors; those that are there are not read again."""
    # The extractors read their connections from the environment, as in every program of the stack.
    os.environ.clear()
    os.environ.update(stack.environment(addresses))
    settings = load_settings()
    first, last = stack.first_day(), this_evening().date() - timedelta(days=1)
    started = time.monotonic()
    with _progress(console, "days") as progress:
        bar = progress.add_task("History", total=(last - first).days + 1)
        captured = load_history(
            addresses.simulator_url,
            first,
            last,
            registry=load_registry(settings.registry_dir),
            settings=settings,
            warehouse_url=addresses.warehouse_url,
            on_day=lambda day: progress.update(bar, advance=1, description=f"History {day}"),
        )
    _done(console, f"History: {captured} days captured, {first} to {last}", started)


def _enter_by_hand(stack: LocalStack, addresses: StackAddresses, console: Console) -> None:
    """What the centers without an API hand in: some days of their history, and this evening."""
    started = time.monotonic()
    settings = load_settings()
    counted = enter_by_hand(
        addresses.simulator_url,
        stack.layout.inbox,
        stack.first_day(),
        this_evening(),
        registry=load_registry(settings.registry_dir),
        settings=settings,
        warehouse_url=addresses.warehouse_url,
    )
    _done(console, f"Entered by hand and confirmed: {counted}; in {stack.layout.inbox}", started)


def _show_boards(stack: LocalStack, addresses: StackAddresses) -> None:
    _cli(stack, addresses, "top", "--board", "followers", "--no-unranked")
    _cli(stack, addresses, "top", "--board", "recency")


def _cli(stack: LocalStack, addresses: StackAddresses, *arguments: str) -> None:
    code = stack.run_command(addresses, ["social-metrics", *arguments])
    if code:
        raise StackError(f"`social-metrics {' '.join(arguments)}` ended with exit code {code}, see above.")


def _run_evening(api: AirflowApi, console: Console) -> None:
    started = time.monotonic()
    with _progress(console, "tasks") as progress:
        bars: dict[str, TaskID] = {}

        def watch(state: RunProgress) -> None:
            if state.dag_id not in bars:
                bars[state.dag_id] = progress.add_task(state.dag_id)
            progress.update(bars[state.dag_id], completed=state.ended, total=max(state.known, 1))

        runs = run_daily(api, watch)
    _done(console, f"This evening on the scheduler: {', '.join(f'{run.dag_id} {run.state}' for run in runs)}", started)


def _list_reports(stack: LocalStack, month: date, console: Console) -> None:
    reports = sorted(path for path in (stack.layout.reports / f"{month:%Y-%m}").rglob("*") if path.is_file())
    if not reports:
        raise StackError(f"The month is approved, but there is no report in {stack.layout.reports}.")
    console.print(f"Reports ({len(reports)}):")
    for report in reports:
        console.print(f"  {report}", highlight=False, soft_wrap=True)


def _close_month(stack: LocalStack, addresses: StackAddresses, month: date, console: Console) -> None:
    started = time.monotonic()
    people = people_of(load_roles(stack.layout.registry))
    with _progress(console, "tasks") as progress:
        bar = progress.add_task(f"Close of {month:%Y-%m}")

        def watch(state: CloseProgress) -> None:
            text = f"Close of {month:%Y-%m}: {state.latest}"
            progress.update(bar, completed=state.ended, total=max(state.known, 1), description=text)

        close_month(lambda user: stack.airflow_api(addresses, user), month, people, watch)
    signers = ", ".join(people[role] for role in SIGNING)
    _done(console, f"Close of {month:%Y-%m} on the scheduler, signed by {signers}", started)


def _progress(console: Console, unit: str) -> Progress:
    """A bar that a terminal shows while it runs; a log gets the finished step only."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(
        *columns,
        TextColumn(unit),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def _step(console: Console, name: str) -> Iterator[None]:
    started = time.monotonic()
    with console.status(name):
        yield
    _done(console, name, started)


def _done(console: Console, what: str, started: float) -> None:
    console.print(f"[green]✓[/green] {what} ({time.monotonic() - started:.1f} s)", highlight=False, soft_wrap=True)

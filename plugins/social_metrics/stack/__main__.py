"""`python -m social_metrics.stack demo | up | down | run`: what the Makefile calls."""

import fcntl
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import typer
from rich.console import Console

from social_metrics.connections import warehouse_url
from social_metrics.settings import UsageProblem, load_settings
from social_metrics.stack import StackError
from social_metrics.stack.demo import bring_up, run_demo
from social_metrics.stack.layout import Layout
from social_metrics.stack.local_stack import LocalStack
from social_metrics.stack.server import server_at
from social_metrics.warehouse.migrate import upgrade

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()

FAILED = 1
USAGE = 2
INTERRUPTED = 130


@app.command()
def demo() -> None:
    """Everything once: history, this evening on a real scheduler, both boards; then all of it stopped."""
    with _stack() as stack:
        run_demo(stack, console)


@app.command()
def up() -> None:
    """The same stack, kept running."""
    with _stack() as stack:
        bring_up(stack, console)


@app.command()
def down() -> None:
    """Stops what `up` started."""
    with _stack() as stack:
        stopped = stack.stop()
    console.print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


@app.command()
def migrate() -> None:
    """Brings the warehouse of AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE to the newest version."""
    with _sentences():
        url = warehouse_url()
        server_at(url)
        upgrade(url)
    console.print("The warehouse is up to date.")


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(command: list[str]) -> None:
    """Runs a command, such as `social-metrics top`, in the stack's environment."""
    with _stack() as stack:
        was_running = bool(stack.processes.running())
        try:
            code = stack.run_command(stack.start_database(), command)
        finally:
            if not was_running:
                stack.stop()
    raise typer.Exit(code)


@contextmanager
def _stack() -> Iterator[LocalStack]:
    with _sentences():
        settings = load_settings()
        layout = Layout(settings.state_dir.resolve())
        layout.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (layout.state / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StackError(f"Another command is at work in {layout.state}: wait for it.") from error
            yield LocalStack(layout, settings)


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except UsageProblem as problem:
        print(f"{problem}", file=sys.stderr)
        raise typer.Exit(FAILED) from problem
    except KeyboardInterrupt as interrupt:
        print("Interrupted; everything that was started is stopped.", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from interrupt


def _interrupt(signal_number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # A closed terminal and a polite kill clean up as Ctrl-C does.
    for caught in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(caught, _interrupt)
    app(prog_name="python -m social_metrics.stack")

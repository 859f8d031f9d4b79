"""`python -m local_stack demo | up | up-celery | down | superset | restore | …`: what the Makefile calls."""

import fcntl
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from local_stack import StackError
from local_stack.demo import bring_up, run_demo, run_demo_month
from local_stack.layout import Layout
from local_stack.local_stack import HISTORY_DAYS, LocalStack
from local_stack.simulate import simulate
from local_stack.superset import bring_up_superset
from social_metrics.errors import UsageProblem
from social_metrics.settings import load_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(simulate, name="simulate")
console = Console()

FAILED = 1
USAGE = 2
INTERRUPTED = 130
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


Days = Annotated[int, typer.Option(min=1, help="Days of history before the first day of this state folder.")]


@app.command()
def demo(days: Days = HISTORY_DAYS) -> None:
    """Everything once: history, this evening on a real scheduler, both boards; then only PostgreSQL runs on."""
    with _stack(days) as stack:
        run_demo(stack, console)


@app.command("demo-month")
def demo_month(days: Days = HISTORY_DAYS) -> None:
    """The demo, and the close of its last whole month by three users of Airflow; then only PostgreSQL runs on."""
    with _stack(days) as stack:
        run_demo_month(stack, console)


@app.command()
def up(days: Days = HISTORY_DAYS) -> None:
    """The same stack, kept running."""
    with _stack(days) as stack:
        bring_up(stack, console)


@app.command("up-celery")
def up_celery(
    days: Days = HISTORY_DAYS,
    workers: Annotated[int, typer.Option(min=1, help="Celery workers; each runs four tasks at once.")] = 2,
) -> None:
    """The same stack, kept running, with Redis and Celery workers that run Airflow's tasks."""
    with _stack(days, workers) as stack:
        bring_up(stack, console)


@app.command()
def superset() -> None:
    """Superset on the stack's warehouse, kept running, with every dashboard; `down` stops it too."""
    with _stack() as stack:
        bring_up_superset(stack, console)


@app.command()
def database() -> None:
    """The demo's PostgreSQL alone, kept running, so that `social-metrics` can answer questions from it."""
    with _stack() as stack:
        if not stack.layout.registry.exists():
            raise StackError(f"{stack.layout.state} holds no demo yet: run `make demo` first.")
        stack.write_environment(stack.start_database())
    console.print("PostgreSQL runs. Ask it: .venv/bin/social-metrics top. Stop it with: make down")


@app.command()
def down() -> None:
    """Stops what `up` started."""
    with _stack() as stack:
        stopped = stack.stop()
    console.print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A backup's folder.")],
    replace: Annotated[
        bool, typer.Option(help="Set the present warehouse and files aside, under other names.")
    ] = False,
) -> None:
    """Restores a backup into the stack's warehouse; one that is there is never overwritten."""
    with _stack() as stack:
        code = stack.restore(source.resolve(), replace=replace)
    raise typer.Exit(code)


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(command: list[str]) -> None:
    """Runs a command, such as `social-metrics top`, in the stack's environment."""
    with _stack() as stack:
        was_running = stack.is_running()
        try:
            code = stack.run_command(stack.start_database(), command)
        finally:
            if not was_running:
                stack.stop()
    raise typer.Exit(code)


@contextmanager
def _stack(history_days: int = HISTORY_DAYS, workers: int = 0) -> Iterator[LocalStack]:
    with _sentences():
        settings = load_settings()
        layout = Layout(settings.state_dir.resolve())
        layout.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (layout.state / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StackError(f"Another command is at work in {layout.state}: wait for it.") from error
            yield LocalStack(layout, settings, history_days, workers)


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except UsageProblem as problem:
        print(f"{problem}", file=sys.stderr)
        raise typer.Exit(FAILED if isinstance(problem, StackError) else USAGE) from problem
    except KeyboardInterrupt as interrupt:
        print("Interrupted; everything that was started is stopped.", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from interrupt


def _interrupt(signal_number: int, frame: FrameType | None) -> NoReturn:
    for caught in STOP_SIGNALS:
        signal.signal(caught, signal.SIG_IGN)  # once is enough: the clean-up is not to be broken off
    raise KeyboardInterrupt


if __name__ == "__main__":
    # A closed terminal and a polite kill clean up as Ctrl-C does.
    for caught in STOP_SIGNALS:
        signal.signal(caught, _interrupt)
    app(prog_name="python -m local_stack")

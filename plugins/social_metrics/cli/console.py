"""Output of all commands: data on standard output, notices on standard error, colours on a terminal only."""

import getpass
import json
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.table import Table
from typer.core import TyperGroup

from social_metrics.errors import UsageProblem
from social_metrics.plain_text import printable

PIPED_WIDTH = 120
EXTRA_OF_MODULE = {
    "typst": "reports",
    "pypdfium2": "reports",
    "segno": "reports",
    "pyarrow": "lake",
    "upath": "lake",
    "rfc3161_client": "audit",
}
"""The extra of pyproject.toml that installs a module; a plain install runs every other command without it."""


class ExitCode(IntEnum):
    """What a shell gets back."""

    GOOD = 0
    FINDING = 1
    USAGE = 2


class Format(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[
    Format, typer.Option("--format", help="`table` for people, `json` for programs (docs/command-line.md).")
]
PersonOption = Annotated[
    str | None, typer.Option("--by", help="Your user name; that of this machine's login by default.")
]
DAY_FORMATS = ["%Y-%m-%d"]
ThroughOption = Annotated[
    datetime | None,
    typer.Option(formats=DAY_FORMATS, help="Last WIB date of the facts; by default the last captured one."),
]


def output() -> Console:
    """Standard output; as wide as the terminal, or wide enough for the tables when there is none."""
    return _console(stderr=False)


def notices() -> Console:
    """Standard error: progress and notices, never data."""
    return _console(stderr=True)


def print_json(payload: Any) -> None:
    """Print data as JSON: dates and instants as ISO 8601 (instants in UTC), unseen characters escaped."""
    text = json.dumps(payload, default=_plain, ensure_ascii=False, indent=2)
    escaped = (mark if mark == printable(mark) else f"\\u{ord(mark):04x}" for mark in text)
    sys.stdout.write("".join(escaped) + "\n")


def user_name(by: str | None) -> str:
    """The acting person: the option `--by`, or the login of this machine."""
    return (by or getpass.getuser()).strip().lower()


def read_bytes(file: Path) -> bytes:
    """The content of a file named on the command line; see `read_opened`."""
    return read_opened(file)[0]


def read_opened(file: Path) -> tuple[bytes, os.stat_result]:
    """The content of a file named on the command line, and the status of what was read.

    Raises:
        UsageProblem: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return opened.read(), os.fstat(opened.fileno())
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error.strerror}.") from error


def members(row: object, *names: str, **renamed: str) -> dict[str, Any]:
    """Attributes of a row as members of JSON; `renamed` maps a member to an attribute of another name."""
    return {member: getattr(row, name) for member, name in {**dict(zip(names, names, strict=True)), **renamed}.items()}


def new_table(*headings: str, right: Collection[str] = (), title: str | None = None) -> Table:
    """A table without a frame; the columns named in `right` are aligned to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False, title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left")
    return table


@contextmanager
def progress(description: str, total: int, unit: str) -> Iterator[Callable[[], None]]:
    """Show a progress bar on standard error when it is a terminal; yields a function that advances it by one step."""
    console = notices()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(description, total=total)
        yield lambda: bar.advance(task)


class PlainErrorGroup(TyperGroup):
    """Commands whose problems end in one message and exit code 2, never in a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; print a `UsageProblem` or an error of the warehouse as one message."""
        try:
            return super().invoke(ctx)
        except UsageProblem as problem:
            print(f"social-metrics: {printable(str(problem))}", file=sys.stderr)
            raise typer.Exit(ExitCode.USAGE) from problem
        except ModuleNotFoundError as error:
            extra = EXTRA_OF_MODULE.get((error.name or "").partition(".")[0])
            if extra is None:
                raise
            print(
                f"social-metrics: This command needs {error.name}, which is not installed. "
                f"Install it: pip install 'social-metrics[{extra}]'.",
                file=sys.stderr,
            )
            raise typer.Exit(ExitCode.USAGE) from error
        except _warehouse_errors() as error:
            reason = printable(error.diag.message_primary or str(error).strip())
            print(
                f"social-metrics: The warehouse broke off the work: {reason}. Unfinished changes were rolled back.",
                file=sys.stderr,
            )
            raise typer.Exit(ExitCode.USAGE) from error


def new_group(help_text: str) -> typer.Typer:
    """A Typer application, or a group of commands within it."""
    return typer.Typer(
        cls=PlainErrorGroup,
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )


def _warehouse_errors() -> tuple[Any, ...]:
    """The errors of psycopg where it is loaded: commands that need no warehouse run without it."""
    psycopg = sys.modules.get("psycopg")
    return (psycopg.Error,) if psycopg else ()


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, soft_wrap=False)
    console.push_render_hook(_PrintableHook())
    if not console.is_terminal:
        console.width = max(console.width, PIPED_WIDTH)
    return console


class _Printable:
    """What rich renders, without characters that would steer the terminal; its own colours stay."""

    def __init__(self, renderable: ConsoleRenderable) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self._renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


class _PrintableHook(RenderHook):
    """The edge at which every text reaches a terminal."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """See `RenderHook`."""
        return [_Printable(renderable) for renderable in renderables]


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")

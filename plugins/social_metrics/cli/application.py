"""The commands of `social-metrics`: a table, and a group that imports a command's module when it is asked for."""

from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from social_metrics.cli.console import PlainErrorGroup

# Panel of the help → command → (module, function or group, first sentence of its help). A test holds the sentences to
# the docstrings: the list of commands imports no command.
COMMANDS: dict[str, dict[str, tuple[str, str, str]]] = {
    "Answers": {
        "top": ("top", "top", "Print one board and the unranked centers."),
        "campaign": (
            "campaign", "campaign",
            "Show how many centers carried a campaign within 24 and 48 hours, and which never did.",
        ),
        "serving": (
            "serving", "serving",
            "Show the centers that serve a regency: only what a source states, never the nearest one.",
        ),
        "report": ("report", "report", "The boards page, and reports of a closed month or of one date."),
    },
    "Every day": {
        "doctor": ("doctor", "doctor", "Report what is set up, what is missing, and the next step."),
        "watch": ("watch", "watch", "Find what is wrong and send what is due, by e-mail and webhook."),
        "capture": ("capture", "capture", "Read every official account that was not read yet today (WIB), now."),
        "transform": (
            "transform", "transform", "Build staging, intermediate and marts with dbt, and run the data tests.",
        ),
        "ingest": ("entry", "ingest", "Import a filled template completely or not at all."),
        "entry": (
            "entry", "entry",
            "Manual entries: the template, the entries that wait for a second person, and their confirmation.",
        ),
        "tag": ("tag", "tag", "Add a tag to a post or remove one, regardless of the rules."),
    },
    "Registry and platforms": {
        "account": (
            "account", "account",
            "The registry of official accounts: submitted by one person, verified by another, reviewed in time.",
        ),
        "center": (
            "center", "center", "The centers of the registry: closed or merged by decree, with their accounts.",
        ),
        "connect": ("connect", "connect", "Authorise us at a platform, step by step, and check what was granted."),
    },
    "Record": {
        "seal": ("seal", "seal", "Seal the evidence that no seal covers yet, day by day."),
        "close": (
            "close", "close",
            "Close a month: a draft, then maker (submit), checker (check) and approver (approve), three persons.",
        ),
        "copy-answers": (
            "copy_answers", "copy_answers",
            "Copy the answers to forms from Airflow's own database, as proof of the signatures.",
        ),
        "verify": (
            "verify", "verify", "Check the chain of seals and the record, and recompute the month from raw.",
        ),
        "trace": (
            "verify", "trace",
            "Trace a closed figure back to the bytes that the platform sent, or to the screenshot and two persons.",
        ),
        "verify-report": (
            "offline", "verify_report",
            "Check an issued report by its proof, without the warehouse and without a network.",
        ),
        "witness": ("offline", "witness", "Cosign a checkpoint if the log was only added to since the last one."),
        "checkpoint": (
            "checkpoint", "checkpoint",
            "Checkpoints: the signed heads of the log of seals (docs/audit.md, Checkpoints and witnesses).",
        ),
        "keys": ("offline", "keys", "Keys that sign checkpoints (Ed25519)."),
    },
    "Warehouse": {
        "init": (
            "init", "init",
            "Lay out a site: the registry to fill in, settings, connections, and where Airflow finds the DAG files.",
        ),
        "migrate": (
            "migrate", "migrate",
            "Bring the warehouse's schemas, tables and roles to the newest version; harmless when they are.",
        ),
        "backup": (
            "backup", "backup",
            "Write the warehouse, the registry, workbooks and issued reports into a folder, with a digest of every "
            "table.",
        ),
        "restore": (
            "backup", "restore",
            "Restore a backup into an empty database, compare every table, and verify the newest closed month.",
        ),
        "retention": (
            "retention", "retention",
            "Show or purge what the platforms' terms and personal data do not let us keep; each purge is recorded.",
        ),
        "bi": (
            "bi", "bi",
            "Dashboards for Superset and Metabase: checked against the dbt project, and imported into a server.",
        ),
        "lake": (
            "lake", "lake", "The lake: evidence as Parquet by WIB date, and the marts that Spark builds from it.",
        ),
    },
}  # fmt: skip
_BY_NAME = {name: (panel, *entry) for panel, commands in COMMANDS.items() for name, entry in commands.items()}


class LazyGroup(PlainErrorGroup):
    """Imports a command's module when the command runs; its list of commands comes from the table alone."""

    _lists_only = False

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the table."""
        return list(_BY_NAME)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command or group of this name; in the list of commands one that only has its sentence."""
        if cmd_name not in _BY_NAME:
            return None
        panel, module, attribute, sentence = _BY_NAME[cmd_name]
        if self._lists_only:
            return TyperCommand(cmd_name, help=sentence, rich_help_panel=panel, rich_markup_mode="markdown")
        found = getattr(import_module(f"social_metrics.cli.{module}"), attribute)
        command: Any
        if isinstance(found, typer.Typer):
            command = typer.main.get_group(found)
        else:
            alone = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)
            alone.command()(found)
            command = typer.main.get_command(alone)
        command.name = cmd_name
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help of the program."""
        self._lists_only = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._lists_only = False


app = typer.Typer(
    cls=LazyGroup,
    help="Follower growth and posting recency of the rehabilitation centers' official accounts.\n\n"
    "Exit codes: 0 good, 1 a finding, 2 usage or configuration.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("social-metrics"))
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass

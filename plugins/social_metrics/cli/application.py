"""The commands of `social-metrics`."""

from importlib.metadata import version
from typing import Annotated

import typer

from social_metrics.cli.account import account
from social_metrics.cli.backup import backup, restore
from social_metrics.cli.bi import bi
from social_metrics.cli.campaign import campaign
from social_metrics.cli.capture import capture
from social_metrics.cli.center import center
from social_metrics.cli.checkpoint import checkpoint
from social_metrics.cli.close import close
from social_metrics.cli.connect import connect
from social_metrics.cli.console import new_group
from social_metrics.cli.copy_answers import copy_answers
from social_metrics.cli.doctor import doctor
from social_metrics.cli.entry import entry, ingest
from social_metrics.cli.init import init
from social_metrics.cli.lake import lake
from social_metrics.cli.migrate import migrate
from social_metrics.cli.offline import keys, verify_report, witness
from social_metrics.cli.report import report
from social_metrics.cli.retention import retention
from social_metrics.cli.seal import seal
from social_metrics.cli.serving import serving
from social_metrics.cli.tag import tag
from social_metrics.cli.top import top
from social_metrics.cli.transform import transform
from social_metrics.cli.verify import trace, verify
from social_metrics.cli.watch import watch

app = new_group(
    "Follower growth and posting recency of the rehabilitation centers' official accounts.\n\n"
    "Exit codes: 0 good, 1 a finding, 2 usage or configuration."
)
for command in (
    init, top, campaign, serving, tag, doctor, watch, capture, connect, transform, ingest, migrate, backup, restore,
    seal, retention, close, copy_answers, verify, trace, verify_report, witness,
):  # fmt: skip
    app.command()(command)
for name, group in {
    "report": report,
    "account": account,
    "center": center,
    "entry": entry,
    "bi": bi,
    "lake": lake,
    "checkpoint": checkpoint,
    "keys": keys,
}.items():
    app.add_typer(group, name=name)


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

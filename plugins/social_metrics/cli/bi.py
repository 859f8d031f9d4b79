"""`social-metrics bi`: the dashboards of bi/dashboards/, checked, and brought to a BI server."""

from enum import StrEnum
from typing import Annotated

import typer

from social_metrics.cli.console import ExitCode, Format, FormatOption, new_group, notices, output, print_json
from social_metrics.settings import REPOSITORY, UsageProblem, load_settings

DASHBOARDS = REPOSITORY / "bi" / "dashboards"

bi = new_group("Dashboards for Superset: checked against the dbt project, and brought to a server.")


class Target(StrEnum):
    """Which tool the server runs."""

    SUPERSET = "superset"


@bi.command()
def check(form: FormatOption = Format.TABLE) -> None:
    """Say what the dashboards name and the marts do not have; exit code 1 when there is any.

    Examples:
    - `social-metrics bi check`
    """
    from social_metrics.bi.definitions import load_dashboards
    from social_metrics.bi.metadata import faults, read_metadata

    dashboards = load_dashboards(DASHBOARDS)
    found = faults(dashboards, read_metadata(load_settings()))
    if form is Format.JSON:
        print_json({"dashboards": len(dashboards), "faults": found})
    else:
        charts = sum(len(dashboard.charts) for dashboard in dashboards)
        said = found or [f"{len(dashboards)} dashboards, {charts} charts: everything they name exists."]
        output().print("\n".join(said), markup=False)
    raise typer.Exit(ExitCode.FINDING if found else ExitCode.GOOD)


@bi.command()
def provision(
    url: Annotated[str, typer.Option(help="Address of the server, such as http://127.0.0.1:8088.")],
    target: Annotated[Target, typer.Option(help="Which tool the server runs.")] = Target.SUPERSET,
    user: Annotated[str, typer.Option(help="A login of it that may import (Admin).")] = "admin",
    form: FormatOption = Format.TABLE,
) -> None:
    """Bring every dashboard to the server, and remove those that it once brought and git no longer has.

    May be repeated. SOCIAL_METRICS_BI_PASSWORD holds the login's password, SOCIAL_METRICS_BI_WAREHOUSE_URL the
    address by which the server reads the marts (a login of the role social_metrics_bi_reader).

    Examples:
    - `social-metrics bi provision --url http://127.0.0.1:8088`
    - `social-metrics bi provision --target superset --url https://bi.example.org --user admin --format json`
    """
    from social_metrics.bi.definitions import load_dashboards
    from social_metrics.bi.metadata import faults, read_metadata
    from social_metrics.bi.superset import Superset

    settings = load_settings()
    if settings.bi_password is None or settings.bi_warehouse_url is None:
        missing = "PASSWORD" if settings.bi_password is None else "WAREHOUSE_URL"
        raise UsageProblem(f"SOCIAL_METRICS_BI_{missing} is not set: see docs/configuration.md.")
    dashboards = load_dashboards(DASHBOARDS)
    with notices().status("Reading the dbt project"):
        metadata = read_metadata(settings)
    if found := faults(dashboards, metadata):
        raise UsageProblem("The dashboards name what the marts do not have:\n" + "\n".join(found))
    with notices().status(f"Bringing {len(dashboards)} dashboards to {target}"):
        done = Superset(url, user, settings.bi_password).provision(dashboards, metadata, settings.bi_warehouse_url)
    if form is Format.JSON:
        print_json({"created": done.created, "updated": done.updated, "removed": done.removed})
        return
    console = output()
    console.print(f"{len(done.created)} created, {len(done.updated)} updated, {len(done.removed)} removed.")
    for name in done.created:
        console.print(f"  + {name}", markup=False)
    for name in done.removed:
        console.print(f"  - {name}", markup=False)

"""`social-metrics bi`: checks the dashboards of bi/dashboards/ and imports them into a BI server."""

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import ExitCode, Format, FormatOption, new_group, notices, output, print_json, progress
from social_metrics.clock import utc_now, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.registry.registry import load_registry
from social_metrics.settings import SITE, Settings, load_settings
from social_metrics.warehouse.connect import warehouse_url

if TYPE_CHECKING:
    from social_metrics.publish.bi.definitions import Dashboard
    from social_metrics.publish.bi.import_changes import ImportChanges
    from social_metrics.publish.bi.metadata import Metadata

DASHBOARDS = SITE / "bi" / "dashboards"

bi = new_group("Dashboards for Superset and Metabase: checked against the dbt project, and imported into a server.")


class Target(StrEnum):
    """Which tool the server runs."""

    SUPERSET = "superset"
    METABASE = "metabase"


@bi.command()
def check(output_format: FormatOption = Format.TABLE) -> None:
    """List what the dashboards name and the marts lack; exit code 1 when there is any.

    Examples:
    - `social-metrics bi check`
    """
    from social_metrics.publish.bi.definitions import load_dashboards
    from social_metrics.publish.bi.metadata import definition_errors, read_metadata

    dashboards = load_dashboards(DASHBOARDS)
    found = definition_errors(dashboards, read_metadata(load_settings()))
    if output_format is Format.JSON:
        print_json({"dashboards": len(dashboards), "faults": found})
    else:
        charts = sum(len(dashboard.charts) for dashboard in dashboards)
        lines = found or [f"{len(dashboards)} dashboards, {charts} charts: everything they name exists."]
        output().print("\n".join(lines), markup=False)
    raise typer.Exit(ExitCode.FINDING if found else ExitCode.GOOD)


@bi.command()
def logins(
    address: Annotated[
        str | None,
        typer.Option(help="Print only the address, with its password, of this center's login; `all` is leadership's."),
    ] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Create the warehouse's logins for BI tools: one that reads all rows, one for each center that reads its own.

    May be repeated: new centers get a login, those of former centers read nothing any more, and with another
    SOCIAL_METRICS_BI_LOGIN_KEY every password is new. Passwords are derived from that key, and printed only when
    an address is asked for.

    Examples:
    - `social-metrics bi logins`
    - `social-metrics bi logins --address kartini`
    """
    from social_metrics.publish.bi.logins import ensure_reading_logins

    with warehouse() as url:
        settings = load_settings()
        key = _needed(settings.bi_login_key, "LOGIN_KEY")
        made = ensure_reading_logins(url, _centers(settings), settings.bi_login, key)
        place = settings.bi_warehouse_url or url
    if address is not None:
        asked = next((login for login in made if (login.center_code or "all") == address), None)
        if asked is None:
            raise UsageProblem(f"There is no center {address} today: `social-metrics bi logins` lists them.")
        output().print(asked.url(place), markup=False, soft_wrap=True)
        return
    if output_format is Format.JSON:
        print_json([{"login": login.name, "center_code": login.center_code} for login in made])
        return
    table = Table("Login", "Sees the rows of")
    for login in made:
        table.add_row(login.name, login.center_code or "every center")
    output().print(table)


@bi.command()
def provision(
    url: Annotated[str, typer.Option(help="Address of the server, such as http://127.0.0.1:8088.")],
    target: Annotated[Target, typer.Option(help="Which tool the server runs.")] = Target.SUPERSET,
    user: Annotated[str, typer.Option(help="An administrator's login; Metabase's is an e-mail address.")] = "admin",
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Import every dashboard into the server, and remove imported ones that git no longer has.

    May be repeated. Superset gets a role and a rule for each center's rows, Metabase a connection, a group and a
    collection for each center. SOCIAL_METRICS_BI_PASSWORD holds the login's password; the server reads the marts by
    the logins of `social-metrics bi logins`, at SOCIAL_METRICS_BI_WAREHOUSE_URL where it reaches the warehouse by
    another address than this machine.

    Examples:
    - `social-metrics bi provision --url http://127.0.0.1:8088`
    - `social-metrics bi provision --target metabase --url https://bi.example.org --user data@example.org`
    """
    from social_metrics.publish.bi.definitions import load_dashboards
    from social_metrics.publish.bi.metadata import definition_errors, read_metadata

    settings = load_settings()
    password = _needed(settings.bi_password, "PASSWORD")
    _needed(settings.bi_login_key, "LOGIN_KEY")
    place = settings.bi_warehouse_url or warehouse_url()
    dashboards = load_dashboards(DASHBOARDS)
    with notices().status("Reading the dbt project"):
        metadata = read_metadata(settings)
    if found := definition_errors(dashboards, metadata):
        raise UsageProblem("The dashboards name what the marts lack:\n" + "\n".join(found))
    notices().print(f"Importing {len(dashboards)} dashboards to {target} at {url}.", style="dim")
    done = _import(target, url, user, password, dashboards, metadata, place, settings)
    if output_format is Format.JSON:
        print_json(asdict(done))
        return
    console = output()
    console.print(
        f"{len(done.created)} created, {len(done.updated)} updated, {len(done.removed)} removed, "
        f"{len(done.unchanged)} as they were."
    )
    for mark, names in (("+", done.created), ("~", done.updated), ("-", done.removed)):
        for name in names:
            console.print(f"  {mark} {name}", markup=False)


def _import(
    target: Target,
    url: str,
    user: str,
    password: str,
    dashboards: "list[Dashboard]",
    metadata: "Metadata",
    place: str,
    settings: Settings,
) -> "ImportChanges":
    from social_metrics.publish.bi.logins import reading_login
    from social_metrics.publish.bi.metabase import provision as metabase
    from social_metrics.publish.bi.metabase.session import MetabaseSession
    from social_metrics.publish.bi.superset import provision as superset
    from social_metrics.publish.bi.superset.session import SupersetSession

    centers = _centers(settings)
    key = _needed(settings.bi_login_key, "LOGIN_KEY")
    readers = [reading_login(settings.bi_login, key, center) for center in (None, *centers)]
    if target is Target.SUPERSET:
        session = SupersetSession(url, user, password)
        return superset.provision(session, dashboards, metadata, readers[0].url(place), centers)
    with progress("Importing dashboards to Metabase", len(readers), "readers") as step:
        return metabase.provision(MetabaseSession(url, user, password), dashboards, metadata, place, readers, step)


def _centers(settings: Settings) -> list[str]:
    """Codes of the centers that are valid today."""
    today = wib_date(utc_now())
    centers = load_registry(settings.registry_dir).centers
    return sorted({center.center_code for center in centers if center.is_valid_on(today)})


def _needed(value: str | None, name: str) -> str:
    if value is None:
        raise UsageProblem(f"SOCIAL_METRICS_BI_{name} is not set: see docs/configuration.md.")
    return value

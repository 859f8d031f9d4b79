"""`social-metrics lake`: raw as Parquet, and the marts built from it by Spark; the same as the DAGs' `land_lake`."""

from upath import UPath

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import Format, FormatOption, ThroughOption, new_group, new_table, output, print_json
from social_metrics.clock import utc_now
from social_metrics.errors import UsageProblem
from social_metrics.settings import Settings, load_settings
from social_metrics.transform.lake.landing import Landing, land
from social_metrics.transform.lake.publishing import publish_marts
from social_metrics.transform.lake.spark import build_on_spark, discard, without_connection
from social_metrics.warehouse.locks import lake_lock

lake = new_group("The lake: evidence as Parquet by WIB date, and the marts that Spark builds from it.")


@lake.command("land")
def land_now(output_format: FormatOption = Format.TABLE) -> None:
    """Write raw to the lake. Unchanged dates are skipped, so it may be repeated.

    The lake has no counts past their retention, no captions and no tokens.

    Examples:
    - `SOCIAL_METRICS_LAKE=s3://bucket/lake social-metrics lake land`
    """
    with warehouse() as url:
        landing = land(url, _lake(load_settings()), utc_now())
    if output_format is Format.JSON:
        print_json(
            {
                "rows": landing.rows,
                "tables": {
                    table: {"written": days, "removed": landing.removed[table]}
                    for table, days in landing.written.items()
                },
            }
        )
        return
    _print(landing)


@lake.command()
def build(
    through: ThroughOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Land, build every mart on Spark, and publish them to PostgreSQL in one transaction.

    The cluster is SOCIAL_METRICS_SPARK_MASTER; without it Spark runs on this machine.

    Examples:
    - `social-metrics lake build`
    """
    with warehouse() as url:
        settings = load_settings()
        place, now = _lake(settings), utc_now()
        land(url, place, now)
        with lake_lock(url, with_others=True):
            built = build_on_spark(settings, place, as_of=now, through_date=through.date() if through else None)
            try:
                counts = publish_marts(url, built)
            finally:
                discard(built)
    if output_format is Format.JSON:
        print_json({"models": built.models, "published": counts})
        return
    table = new_table("Mart", "Rows", right=("Rows",))
    for mart, number in counts.items():
        table.add_row(mart, f"{number:,}")
    output().print(table)


def _lake(settings: Settings) -> UPath:
    if not settings.lake:
        raise UsageProblem("SOCIAL_METRICS_LAKE names no lake: set it to a folder or an object store's address.")
    return UPath(without_connection(settings.lake))


def _print(landing: Landing) -> None:
    table = new_table("Table", "Dates written", "Dates removed", right=("Dates written", "Dates removed"))
    for name, days in landing.written.items():
        table.add_row(name, str(len(days)), str(len(landing.removed[name])))
    output().print(table)

"""`social-metrics transform`: build the marts from raw, without Airflow."""

from typing import Annotated

import typer

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import (
    ExitCode,
    Format,
    FormatOption,
    ThroughOption,
    new_table,
    output,
    print_json,
    progress,
)
from social_metrics.settings import load_settings
from social_metrics.transform.run import LAYERS, LayerReport, TransformFailed, run_transform


def transform(
    through: ThroughOption = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Build everything again; by default only what has changed.")
    ] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Build staging, intermediate and marts with dbt, and run the data tests. Exit code 1 when only tests fail.

    Dates with late-arriving data are built; everything, where the registry, the rules or the models have changed.

    Examples:
    - `social-metrics transform`
    - `social-metrics transform --everything`
    - `social-metrics transform --format json`
    """
    reports: list[LayerReport] = []
    failure: TransformFailed | None = None
    with warehouse() as url, progress("Building", len(LAYERS), "layers") as advance:

        def keep(report: LayerReport) -> None:
            reports.append(report)
            advance()

        try:
            run_transform(
                load_settings(),
                url,
                through_date=through.date() if through else None,
                everything=everything,
                on_layer=keep,
            )
        except TransformFailed as failed:
            if not failed.is_finding:
                raise
            failure = failed
    if output_format is Format.JSON:
        layers = [{"layer": r.layer, "invocation_id": r.invocation_id, "nodes": r.counts()} for r in reports]
        print_json({"layers": layers, "findings": failure.nodes if failure else {}})
    else:
        _print(reports, failure)
    if failure:
        raise typer.Exit(ExitCode.FINDING)


def _print(reports: list[LayerReport], failure: TransformFailed | None) -> None:
    table = new_table("Layer", "Nodes")
    for report in reports:
        table.add_row(report.layer, ", ".join(f"{number} {kind}" for kind, number in report.counts().items()))
    output().print(table)
    if failure:
        output().print(str(failure), markup=False)

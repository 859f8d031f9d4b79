"""`social-metrics serving`: which center serves a regency."""

from typing import Annotated

import typer
from rich.markup import escape

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import Format, FormatOption, new_table, output, print_json
from social_metrics.marts.service_areas import read_serving_centers

_MARKS = {
    "V": "a source states it",
    "P": "a source supports part of it",
    "U": "not confirmed",
    "GK": "general knowledge",
}


def serving(
    area: Annotated[
        str, typer.Argument(metavar="REGENCY", help="Regency or city as in service_areas.csv, or a province's code.")
    ],
    province: Annotated[
        str | None, typer.Option(help="ISO 3166-2 code of the regency's province, where a source names all of it.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show the centers that serve a regency: only what a source states, never the nearest one.

    Examples:
    - `social-metrics serving "Kab. Sijunjung"`
    - `social-metrics serving "Kota Manado" --province ID-SA`
    - `social-metrics serving ID-GO --format json`
    """
    with warehouse() as url:
        centers = read_serving_centers(url, area, province)
    if output_format is Format.JSON:
        print_json({"area": area, "province_iso": province, "rows": centers})
        return
    table = new_table("Center", "Serves", "How sure", "Since")
    for center in centers:
        table.add_row(
            escape(center.center_name),
            escape(f"{center.regency}, {center.province_iso}" if center.regency else f"all of {center.province_iso}"),
            _MARKS.get(center.source_mark, center.source_mark),
            "–" if center.valid_from is None else center.valid_from.isoformat(),
        )
    output().print(table)

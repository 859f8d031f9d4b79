"""Read which center serves a regency, as `bi_reader`; only what a source says stands in marts.dim_service_areas."""

from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg.rows import class_row

from social_metrics.warehouse.connect import WarehouseProblem, connect


class NoSuchArea(WarehouseProblem):
    """No source names a center for that area; the text says which areas are known."""


@dataclass(frozen=True, slots=True)
class ServingCenter:
    """One center and the area that a source gives it.

    Attributes:
        regency: regency or city as the source writes it; None when the source names the whole province.
        province_iso: ISO 3166-2 code of the province.
        source_mark: how sure the source is, as in service_areas.csv.
        valid_from: first WIB date of the service; None when no source says.
    """

    center_code: str
    center_name: str
    regency: str | None
    province_iso: str
    source_mark: str
    valid_from: date | None


def read_serving_centers(url: str, area: str, province_iso: str | None = None) -> list[ServingCenter]:
    """The centers that serve an area now: those named for the regency, else those of its whole province.

    Args:
        url: postgresql://… of the service login.
        area: name of a regency or city, or ISO 3166-2 code of a province, in any case.
        province_iso: the regency's province; without it a source about the whole province cannot be used.

    Raises:
        NoSuchArea: no source names a center for it.
        WarehouseProblem: the warehouse cannot be used, or its marts were never built.
    """
    with connect(url, "bi_reader") as connection, connection.cursor(row_factory=class_row(ServingCenter)) as cursor:
        try:
            areas = cursor.execute(AREAS).fetchall()
        except psycopg.errors.UndefinedTable as error:
            raise WarehouseProblem("The marts were never built: run `social-metrics transform` first.") from error
    asked, province = _folded(area), _folded(province_iso or area)
    in_province = [found for found in areas if not province_iso or _folded(found.province_iso) == province]
    named = [found for found in in_province if found.regency and _folded(found.regency) == asked]
    whole = [found for found in areas if not found.regency and _folded(found.province_iso) == province]
    if named or whole:
        return named or whole
    known = ", ".join(dict.fromkeys(found.regency or f"all of {found.province_iso}" for found in areas))
    raise NoSuchArea(
        f"No source says which center serves {area!r}"
        + (f" in {province_iso}" if province_iso else "")
        + (f"; sources name: {known}." if known else "; service_areas.csv is empty.")
        + ("" if province_iso else " Where a source names a whole province, add --province.")
    )


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


AREAS = """
select areas.center_code, centers.center_name, areas.regency, areas.province_iso, areas.source_mark, areas.valid_from
from marts.dim_service_areas as areas
inner join marts.dim_centers as centers on areas.center_code = centers.center_code and centers.is_current
where areas.is_current
order by areas.province_iso, areas.regency, centers.center_name
"""

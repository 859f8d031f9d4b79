"""Reads the centers that serve a regency, as `bi_reader`; marts.dim_service_areas has only sourced areas."""

from dataclasses import dataclass
from datetime import date

from social_metrics.marts.leaderboards import read_marts
from social_metrics.warehouse.connect import WarehouseProblem


class NoSuchArea(WarehouseProblem):
    """No source names a center for that area; the message lists the known areas."""


@dataclass(frozen=True, slots=True)
class ServingCenter:
    """One center and an area that it serves according to a source.

    Attributes:
        regency: regency or city as the source writes it; None when the source names the whole province.
        province_iso: ISO 3166-2 code of the province.
        source_mark: reliability of the source, as in service_areas.csv.
        valid_from: first WIB date of the service; None when unknown.
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
    with read_marts(url) as marts:
        areas = marts.rows(ServingCenter, AREAS)
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

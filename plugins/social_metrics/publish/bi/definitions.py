"""Reads the definitions of the dashboards in bi/dashboards/: charts, their marts and their form.

A definition names marts, columns and metrics; their labels and descriptions are in the dbt project.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from social_metrics.errors import UsageProblem
from social_metrics.publish.page.formats import Language
from social_metrics.publish.texts import Both

Kind = Literal["title", "table", "links", "number", "line", "bar", "heatmap"]
Aggregate = Literal["max", "sum"]
Operator = Literal["==", "IN", "<=", ">="]
Value = bool | str | int
ROWS = "rows"
"""The metric that counts a mart's rows."""

COLUMNS = 12
"""Columns of a dashboard's grid."""

IS_LATEST = "is_latest"
"""True in rows of the mart's newest date: a figure of one day is never summed over several days."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Chart(_Strict):
    """One chart of a dashboard. A `title` is the dashboard's name with the date of the mart's newest row.

    `links` is a table whose addresses can be clicked; clicks in a `table` filter the dashboard, its addresses are text.

    Attributes:
        key: its name within the dashboard; key and slug together identify the chart for ever.
        mart: the dbt model that it queries.
        columns: of a table, in order.
        x: column on the first axis of a line, a bar or a heat map.
        metrics: metrics of the dbt project, `rows` (the number of rows), or columns.
        aggregate: aggregate function for columns among the metrics.
        band: of a line, the columns of the lower and the upper bound of its one figure, drawn as an area.
        marks: key of a table of the same dashboard; each of its rows is a mark on the time axis, at the date in the
            first column and with the label in the second.
        cap: greater values are drawn as this one, so that a few do not use up the colour scale.
        by: columns that split the figure.
        where: column → value, or list of values, that a row must have.
        last_days: of a chart over time, its period while the reader chooses none.
        at_most: column → the greatest number that a row may have.
        at_least: column → the smallest number that a row may have.
        always: the reader's period does not apply.
        may_be_empty: no row is an ordinary state.
        order: columns to sort by; `-` before a name sorts in descending order.
        limit: most rows of the query.
        stack: bars are stacked.
        horizontal: bars are horizontal, so that long labels are readable.
        series_limit: most lines drawn, the greatest first.
        series_order: column whose greatest value ranks the lines; a figure that may not be summed over dates has no
            total to rank by.
        format: number format in d3's notation; by default whole numbers.
        colors: colour scheme of a heat map, by Superset's name.
        width: columns of the grid.
        height: units of 8 pixels.
    """

    key: str
    title: Both
    mart: str
    kind: Kind
    columns: tuple[str, ...] = ()
    x: str | None = None
    metrics: tuple[str, ...] = ()
    aggregate: Aggregate = "max"
    band: tuple[str, str] | None = None
    marks: str | None = None
    cap: int | None = None
    by: tuple[str, ...] = ()
    where: Mapping[str, Value | tuple[Value, ...]] = {}
    last_days: Annotated[int, Field(ge=1)] | None = None
    at_most: Mapping[str, int] = {}
    at_least: Mapping[str, int] = {}
    always: bool = False
    may_be_empty: bool = False
    order: tuple[str, ...] = ()
    limit: Annotated[int, Field(ge=1)] = 10_000
    stack: bool = False
    horizontal: bool = False
    series_limit: int | None = None
    series_order: str | None = None
    format: str = ",.0f"
    colors: str = "schemeYlOrRd"
    width: Annotated[int, Field(ge=1, le=COLUMNS)] = 6
    height: int = 50

    @property
    def is_filtered(self) -> bool:
        """Whether the reader's filters apply."""
        return self.kind != "title"

    @property
    def is_table(self) -> bool:
        """Whether it shows rows or counts in columns."""
        return self.kind in ("table", "links")

    @property
    def follows_period(self) -> bool:
        """Whether the reader's period applies; a chart of the newest day would be empty in an earlier period."""
        return self.is_filtered and not self.always and IS_LATEST not in self.where

    def conditions(self) -> Iterator[tuple[str, Operator, Any]]:
        """Column, operator and value of each condition that a row must meet."""
        for name, value in self.where.items():
            yield (name, "IN", list(value)) if isinstance(value, tuple) else (name, "==", value)
        for name, most in self.at_most.items():
            yield name, "<=", most
        for name, least in self.at_least.items():
            yield name, ">=", least

    def named_columns(self) -> set[str]:
        """All columns that the chart names; metrics are not among them."""
        ordered = {name.removeprefix("-") for name in self.order}
        single = {name for name in (self.x, self.series_order) if name}
        limited = {*self.at_most, *self.at_least, *(self.band or ())}
        return {*self.columns, *self.by, *self.where, *limited, *ordered, *single}


class Dashboard(_Strict):
    """One dashboard: a question and the charts that answer it.

    Attributes:
        slug: the end of its address; the English version's ends with `-en`.
        question: the question that it answers.
        note: explanation of its figures.
        filters: columns that the reader may filter by.
        period: whether the reader may choose a period.
    """

    slug: Annotated[str, Field(pattern="^[a-z-]+$")]
    title: Both
    question: Both
    note: Both
    filters: tuple[str, ...] = ()
    period: bool = False
    charts: Annotated[tuple[Chart, ...], Field(min_length=1)]

    def chart(self, key: str) -> Chart:
        """The chart of that key."""
        return next(chart for chart in self.charts if chart.key == key)

    def rows(self) -> list[list[Chart]]:
        """The charts by rows of the grid, as many in a row as fit."""
        rows: list[list[Chart]] = []
        for chart in self.charts:
            if not rows or sum(before.width for before in rows[-1]) + chart.width > COLUMNS:
                rows.append([])
            rows[-1].append(chart)
        return rows

    def marts(self) -> list[str]:
        """Names of its marts, each once, in order."""
        return sorted({chart.mart for chart in self.charts})

    def introduction(self, language: Language) -> str:
        """Question and note as Markdown."""
        return f"**{self.question.of(language)}**\n\n{self.note.of(language)}"


def load_dashboards(folder: Path) -> list[Dashboard]:
    """All definitions of the folder, by file name.

    Raises:
        UsageProblem: there is none, or one is invalid; the message lists the file and all validation errors.
    """
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise UsageProblem(f"{folder} contains no dashboard (*.yml).")
    dashboards = [_load(file) for file in files]
    _refuse_duplicates([dashboard.slug for dashboard in dashboards], f"{folder}: slug")
    return dashboards


def _load(file: Path) -> Dashboard:
    try:
        dashboard = Dashboard.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageProblem(f"{file} cannot be read: {error}") from error
    except ValidationError as error:
        errors = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'file'}: {each['msg']}" for each in error.errors())
        raise UsageProblem(f"{file}: invalid dashboard definition: {errors}.") from error
    _refuse_duplicates([chart.key for chart in dashboard.charts], f"{file}: key")
    tables = {chart.key for chart in dashboard.charts if chart.kind == "table" and len(chart.columns) > 1}
    if unknown := sorted({chart.marks for chart in dashboard.charts if chart.marks} - tables):
        raise UsageProblem(f"{file}: marks {', '.join(unknown)}: no table of this dashboard with two columns.")
    return dashboard


def _refuse_duplicates(names: Sequence[str], what: str) -> None:
    if duplicates := sorted({name for name in names if names.count(name) > 1}):
        raise UsageProblem(f"{what} {', '.join(duplicates)} is given more than once.")

"""Read the dashboards' definitions in bi/dashboards/: what is asked, of which mart, and how it is drawn.

A definition names marts, columns and metrics only; what these are called and mean stands in the dbt project.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from social_metrics.errors import UsageProblem

Language = Literal["id", "en"]
LANGUAGES: tuple[Language, ...] = ("id", "en")

Kind = Literal["title", "table", "number", "line", "bar", "heatmap"]
Aggregate = Literal["max", "sum"]
Operator = Literal["==", "IN", "<=", ">="]
Value = bool | str | int
ROWS = "rows"
"""The metric that counts a mart's rows."""

IS_LATEST = "is_latest"
"""True on rows of the mart's newest date: a figure of one day is never summed over several."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Both(_Strict):
    """A text in both languages."""

    id: str
    en: str

    def of(self, language: Language) -> str:
        """The text in one of them."""
        return self.id if language == "id" else self.en


class Chart(_Strict):
    """One chart of a dashboard. A `title` is the dashboard's name with the date of the mart's newest row.

    Attributes:
        key: its name within the dashboard; with the dashboard's slug it is the chart's identity for ever.
        mart: the dbt model it asks.
        columns: of a table, in their order.
        x: column on the first axis of a line, a bar or a heat map.
        metrics: metrics of the dbt project, `rows` (their number), or columns.
        aggregate: how columns among the metrics are taken together.
        band: of a line, the columns of the lower and the upper bound of its one figure, drawn as an area about it.
        marks: key of a table of the same dashboard, whose first column is a date: each of its rows is a mark on the
            axis of time, worded by its second column.
        cap: greater values are drawn as this one: a few must not take the colours of all others.
        by: columns that split the figure.
        where: column → value, or list of values, that a row must have.
        last_days: how far back it looks while the reader chooses no period; a chart over time.
        at_most: column → the greatest number that a row may have.
        at_least: column → the smallest.
        always: it tells what holds now, whatever period the reader chooses.
        may_be_empty: that it has no row is an ordinary state: nothing of the kind happened.
        order: columns to sort by; `-` before a name sorts downwards.
        limit: most rows asked for.
        stack: bars stand on one another.
        lying: bars lie, so that long names beside them can be read.
        series_limit: most lines drawn, the greatest first.
        series_order: column whose greatest value says which these are; a figure that is not to be summed over dates
            has no value over all of them.
        format: the figures' form in d3's notation; by default whole numbers.
        colors: of a heat map, by Superset's name.
        width: columns of the dashboard's twelve.
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
    lying: bool = False
    series_limit: int | None = None
    series_order: str | None = None
    format: str = ",.0f"
    colors: str = "schemeYlOrRd"
    width: Annotated[int, Field(ge=1, le=12)] = 6
    height: int = 50

    @property
    def is_filtered(self) -> bool:
        """Whether the reader's filters reach it; the title tells of the data as it is."""
        return self.kind != "title"

    @property
    def follows_period(self) -> bool:
        """Whether the reader's period reaches it: what stands on the newest day would be empty in any earlier one."""
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
        """Every column that the chart names, whatever for; metrics are not among them."""
        ordered = {name.removeprefix("-") for name in self.order}
        single = {name for name in (self.x, self.series_order) if name}
        limited = {*self.at_most, *self.at_least, *(self.band or ())}
        return {*self.columns, *self.by, *self.where, *limited, *ordered, *single}


class Dashboard(_Strict):
    """One dashboard: a question and the charts that answer it.

    Attributes:
        slug: the end of its address; the English twin's has `-en` after it.
        question: what it answers.
        note: what its figures mean, and what they do not.
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

    def marts(self) -> list[str]:
        """Marts that it asks, each once, by name."""
        return sorted({chart.mart for chart in self.charts})


def load_dashboards(folder: Path) -> list[Dashboard]:
    """Every definition of the folder, by file name.

    Raises:
        UsageProblem: there is none, or one cannot be read; with the file and every fault in it.
    """
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise UsageProblem(f"{folder} holds no dashboard (*.yml).")
    dashboards = [_load(file) for file in files]
    _refuse_twins([dashboard.slug for dashboard in dashboards], f"{folder}: slug")
    return dashboards


def _load(file: Path) -> Dashboard:
    try:
        dashboard = Dashboard.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageProblem(f"{file} cannot be read: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in error.errors())
        raise UsageProblem(f"{file} is no dashboard: {faults}.") from error
    _refuse_twins([chart.key for chart in dashboard.charts], f"{file}: key")
    tables = {chart.key for chart in dashboard.charts if chart.kind == "table" and len(chart.columns) > 1}
    if lost := sorted({chart.marks for chart in dashboard.charts if chart.marks} - tables):
        raise UsageProblem(f"{file}: marks {', '.join(lost)}: no table of this dashboard with two columns.")
    return dashboard


def _refuse_twins(names: Sequence[str], what: str) -> None:
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise UsageProblem(f"{what} {', '.join(twins)} is given more than once.")

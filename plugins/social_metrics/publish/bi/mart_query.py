"""The query under every chart of a mart: its columns, center names, and readable forms of codes, shares and times.

Every tool queries the marts through it, so that labels and figures are the same everywhere. Numbers stay numbers and
addresses stay addresses, because a table can be downloaded.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from social_metrics.publish.bi.definitions import IS_LATEST, ROWS, Chart
from social_metrics.publish.bi.metadata import Mart, Metadata, is_share, rounded_share
from social_metrics.publish.page.formats import Language
from social_metrics.publish.texts import text

SCHEMA = "marts"
SHOWN = "_shown"
"""Suffix of a column with the readable form of another column."""

NOTE_OF = "_note"
"""Suffix of a column that says why another column has no figure."""

ABSENT = "_is_absent"
"""Suffix of a column that is true where another column is null; sorts such rows last."""

NOTHING = "–"
"""Shown in place of a missing text."""

_TITLE_DATE = {"id": "DD/MM/YYYY", "en": "FMDD Mon YYYY"}
_TIME = "YYYY-MM-DD HH24.MI"  # as text it sorts in the order of time
_LISTED = {"platforms_posted": "platform"}
"""Text columns that list codes, separated by a comma and a space → column of these codes.

In monthly marts a column of this name is a number."""


@dataclass(frozen=True)
class Shown:
    """A column of the query: its SQL, its type, the mart's column that it shows, and its title."""

    expression: str
    data_type: str
    of: str
    label: str

    @property
    def is_address(self) -> bool:
        """Whether it is the address of a post."""
        return self.of.endswith("url")


@dataclass(frozen=True)
class MartQuery:
    """The query of one mart in one language."""

    mart: Mart
    metadata: Metadata
    language: Language

    @cached_property
    def columns(self) -> dict[str, Shown]:
        """All columns of the query by name, in order."""
        mart = self.mart
        columns = {}
        for name, column in mart.columns.items():
            zone = " (UTC)" if column.data_type == "timestamptz" else ""
            columns[name] = Shown(f"facts.{name}", column.data_type, name, self._label(name) + zone)
        columns |= {name: Shown(f"centers.{name}", "text", name, self._label(name)) for name in mart.center_columns}
        if mart.date_column:
            newest = f"(select max({mart.date_column}) from {SCHEMA}.{mart.name})"  # noqa: S608 - names of dbt models
            columns[IS_LATEST] = Shown(f"facts.{mart.date_column} = {newest}", "boolean", IS_LATEST, IS_LATEST)
        for name in mart.columns:
            if readable := self._readable(name):
                sql, data_type = readable
                columns[f"{name}{SHOWN}"] = Shown(sql, data_type, name, self._label(name))
            if note := self._note(name):
                columns[f"{name}{NOTE_OF}"] = Shown(
                    note, "text", name, self.text("chart_note_of", label=self._label(name))
                )
        return columns

    def shown(self, column: str) -> str:
        """Name of the column that people see: of a pair the language's own, and its readable form where it has one."""
        own = self.mart.in_language(column, self.language)
        return f"{own}{SHOWN}" if f"{own}{SHOWN}" in self.columns else own

    def label(self, column: str) -> str:
        """Title of the column that people see."""
        return self.columns[self.shown(column)].label

    def table(self, chart: Chart) -> dict[str, Shown]:
        """Columns of a table: a change stands with its bounds, a score with its known share, and both with a note."""
        names: list[str] = []
        for name in chart.columns:
            names.append(self.shown(name))
            if f"{name}{NOTE_OF}" in self.columns:
                beside = (f"{name}_low", f"{name}_high", self.shown(f"{name}_known_share"), f"{name}{NOTE_OF}")
                names += [more for more in beside if more in self.columns]
        return {name: self.columns[name] for name in names}

    def figures(self, chart: Chart) -> dict[str, str]:
        """Label → aggregating SQL of each figure of a chart."""
        found = {}
        for name in (*chart.metrics, *(chart.band or ())):
            if metric := self.metadata.metric(name, self.mart):
                found[metric.title(self.language)] = metric.expression
            elif name == ROWS:
                found[self.text("chart_rows")] = "count(*)"
            elif chart.cap is not None:
                label = self.text("chart_up_to", label=self._label(name), cap=chart.cap)
                found[label] = f"least({chart.aggregate}({name}), {chart.cap})"
            else:
                found[self._label(name)] = f"{chart.aggregate}({name})"
        return found

    @property
    def newest_date(self) -> str:
        """SQL of the date that its title shows."""
        return f"to_char(max({self.mart.known_column}), '{_TITLE_DATE[self.language]}')"

    @property
    def simulated_mark(self) -> str:
        """SQL of the mark of simulated data."""
        return f"case when bool_or(source = 'simulator') then ' · {self.text('simulated')}' else '' end"

    def sql(self, absences: Collection[str] = ()) -> str:
        """The query.

        Args:
            absences: columns with a column of their own that is true where they are null, for tools without NULLS LAST.
        """
        listed = ",\n    ".join(
            shown.expression if shown.expression == f"facts.{name}" else f"{shown.expression} as {name}"
            for name, shown in (self.columns | self.absence_columns(absences)).items()
        )
        joined = ""
        if self.mart.center_columns:
            # Distinct by the join key: PostgreSQL drops such a join from queries that use none of its columns.
            named = ", ".join(("center_code", *self.mart.center_columns))
            joined = (
                f"\nleft join (\n    select distinct on (center_code) {named}"  # noqa: S608 - names of dbt models
                f"\n    from {SCHEMA}.dim_centers\n    where is_current"
                "\n) as centers on facts.center_code = centers.center_code"
            )
        return f"select\n    {listed}\nfrom {SCHEMA}.{self.mart.name} as facts{joined}"

    def absence_columns(self, absences: Collection[str]) -> dict[str, Shown]:
        """Columns that are true where the given columns are null, by name."""
        return {
            f"{name}{ABSENT}": Shown(f"(facts.{name} is null)", "boolean", name, self._label(name)) for name in absences
        }

    def text(self, key: str, **values: object) -> str:
        """A text in the language of the query."""
        return text(key, self.language, **values)

    def _label(self, column: str) -> str:
        return self.metadata.label(column, self.language)

    def _codes(self, column: str) -> dict[str, str]:
        return {code: both.of(self.language) for code, both in self.metadata.codes_of(column).items()}

    def _readable(self, name: str) -> tuple[str, str] | None:
        """SQL and type of a column's readable form; None where the column needs none."""
        column, fact = self.mart.columns[name], f"facts.{name}"
        if f"{name}_is_measurable" in self.mart.columns:
            return f"case when facts.{name}_is_measurable then {fact} end", column.data_type
        if is_share(name):
            return rounded_share(fact), "numeric"
        if column.data_type == "timestamptz":
            return f"to_char({fact} at time zone 'Asia/Jakarta', '{_TIME} \"WIB\"')", "text"
        if column.data_type == "timestamp":
            zone = "facts" if "time_zone_label" in self.mart.columns else "centers"
            return f"to_char({fact}, '{_TIME} ') || {zone}.time_zone_label", "text"
        if name.endswith("url"):
            return None
        if name in _LISTED and column.data_type == "text":
            label = _labelled("code", self._codes(_LISTED[name]))
            each = f"array(select {label} from unnest(string_to_array({fact}, ', ')) as code)"  # noqa: S608 - names of dbt models
            return f"coalesce(nullif(array_to_string({each}, ', '), ''), '{NOTHING}')", "text"
        if codes := self._codes(name):
            return _labelled(fact, codes), "text"
        if column.data_type == "text" and not column.is_required:
            return f"coalesce({fact}, '{NOTHING}')", "text"
        return None

    def _note(self, name: str) -> str | None:
        """SQL of the reason why a change or a score has no figure; None where the column needs none."""
        if name == "score":
            return f"case when facts.score is null then '{self.text('score_not_assessable')}' else '' end"
        if f"{name}_is_measurable" not in self.mart.columns:
            return None
        absent = f"'{NOTHING}'"
        if f"{name}_null_reason" in self.mart.columns:
            absent = _labelled(f"facts.{name}_null_reason", self._codes(f"{name}_null_reason"))
        return (
            f"case when facts.{name} is null then {absent} "
            f"when not facts.{name}_is_measurable then '{self.text('chart_not_measurable')}' else '' end"
        )


def _labelled(column: str, labels: Mapping[str, str]) -> str:
    cases = " ".join(f"when {_quoted(code)} then {_quoted(label)}" for code, label in labels.items())
    return f"case {column} {cases} else coalesce({column}, '{NOTHING}') end"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

"""What the dashboards name exists: every mart is public and has the columns, every dashboard is an exposure."""

import re
from pathlib import Path

from social_metrics.publish.bi.definitions import load_dashboards
from social_metrics.publish.bi.mart_query import MartQuery
from social_metrics.publish.bi.metadata import definition_errors, read_metadata
from social_metrics.publish.page.formats import LANGUAGES
from social_metrics.settings import REPOSITORY, Settings


def test_everything_that_a_dashboard_names_exists(tmp_path: Path) -> None:
    dashboards = load_dashboards(REPOSITORY / "bi" / "dashboards")
    assert len(dashboards) == 5
    assert definition_errors(dashboards, read_metadata(Settings(state_dir=tmp_path))) == []


def test_a_table_shows_times_with_their_zone_and_each_title_once(tmp_path: Path) -> None:
    metadata = read_metadata(Settings(state_dir=tmp_path))
    times = 0
    for dashboard in load_dashboards(REPOSITORY / "bi" / "dashboards"):
        for chart in dashboard.charts:
            for language in LANGUAGES:
                columns = MartQuery(metadata.marts[chart.mart], metadata, language).table(chart).values()
                assert not [column for column in columns if column.data_type.startswith("timestamp")], chart.key
                times += sum(column.of.endswith(("_at", "_at_local")) for column in columns)
                assert len({column.label for column in columns}) == len(columns), chart.key
    assert times >= 10


def test_what_an_exposure_reads_is_public(tmp_path: Path) -> None:
    """The page and the command line stand on the contract as the dashboards do."""
    text = (REPOSITORY / "dbt_project" / "models" / "_exposures.yml").read_text(encoding="utf-8")
    public = read_metadata(Settings(state_dir=tmp_path)).exposures
    for part in text.split("  - name: ")[1:]:
        assert public[part.split()[0]] == set(re.findall(r"ref\('(\w+)'\)", part)), part

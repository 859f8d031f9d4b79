"""What the dashboards name exists: every mart is public and has the columns, every dashboard is an exposure."""

from pathlib import Path

from social_metrics.bi.definitions import load_dashboards
from social_metrics.bi.metadata import faults, read_metadata
from social_metrics.settings import REPOSITORY, Settings


def test_everything_that_a_dashboard_names_exists(tmp_path: Path) -> None:
    dashboards = load_dashboards(REPOSITORY / "bi" / "dashboards")
    assert len(dashboards) == 5
    assert faults(dashboards, read_metadata(Settings(state_dir=tmp_path))) == []

"""The public list as CSV: every cell is the value itself, whatever it begins with."""

import csv
from datetime import date
from pathlib import Path

from social_metrics.publish.page.official_accounts import OfficialAccount, publish


def test_cells_are_values_without_an_apostrophe(tmp_path: Path) -> None:
    url = "https://www.youtube.com/@-sentra"
    account = OfficialAccount("c", "Sentra Darussa'adah", "YouTube", "-sentra", url, date(2026, 1, 2), False)
    publish([account], date(2026, 12, 1), tmp_path)
    with (tmp_path / "akun-resmi.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert list(row.values()) == ["c", "Sentra Darussa'adah", "YouTube", "-sentra", url, "2026-01-02", "False"]

"""Working days of the ministry, by the seed of public holidays."""

import csv
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from social_metrics.clock import WIB, wib_date
from social_metrics.errors import UsageProblem

_SATURDAY = 5


def load_holidays(dbt_project_dir: Path) -> frozenset[date]:
    """The public holidays of seeds/rules/holidays.csv.

    Raises:
        UsageProblem: the file is missing, or holds a value that is no date.
    """
    path = dbt_project_dir / "seeds" / "rules" / "holidays.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return frozenset(date.fromisoformat(row["date_day"]) for row in csv.DictReader(file))
    except (OSError, KeyError, ValueError) as error:
        raise UsageProblem(f"{path} cannot be read as the list of holidays: {error}.") from error


def end_of_working_days(start: datetime, days: int, holidays: frozenset[date]) -> datetime:
    """The end (UTC) of the n-th working day after the WIB date of `start`; `start` itself for none.

    Args:
        start: an aware instant.
        days: how many working days.
        holidays: see `load_holidays`; Saturdays and Sundays are free as well.
    """
    if days == 0:
        return start
    day = wib_date(start)
    while days:
        day += timedelta(days=1)
        if day.weekday() < _SATURDAY and day not in holidays:
            days -= 1
    return datetime.combine(day + timedelta(days=1), time(0), WIB).astimezone(UTC)

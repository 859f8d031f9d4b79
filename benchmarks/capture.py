"""One run's capture of the benchmark's channels by the product's own path, for a harness to time.

From the environment: API, DSN (an administrator's, of an empty database on day 1), DAY, DAY_DATE, CHANNELS, WORK, and
PREPARE=1 to make the registry and the warehouse only: `make bench` does not time them, since no run makes them.
"""

import json
import os
from datetime import date, datetime, time
from pathlib import Path
from unittest import mock

import social_metrics.extract.platforms
from social_metrics.clock import WIB, utc_now
from social_metrics.contract import Source
from social_metrics.extract.run_all import capture_all
from social_metrics.registry.registry import load_registry
from social_metrics.settings import DEFAULT_REGISTRY, Settings
from tests.support.registry_file import rows_of

PLATFORM = {
    "platform": "channels",
    "platform_label": "Channels",
    "followers_label_id": "pelanggan",
    "url_hosts": "channels.example",
    "url_path_pattern": "^/(?P<handle>[a-z0-9]+)",
    "platform_account_id_pattern": "^UC[0-9]{22}$",
    "handle_pattern": "^[a-z0-9]+$",
    "allowed_api_hosts": "channels.example",
    "batch_size": os.environ.get("BATCH", "100"),
    "max_in_flight": os.environ.get("CONC", "32"),
    "lookback_days": "7",
    "full_listing_days": "7",
    "quota_day_zone": "America/Los_Angeles",
}
ACCOUNT = {
    "center_code": "kartini",
    "platform": "channels",
    "owner_unit": "bench",
    "contact_role": "humas",
    "status": "verified",
    "verified_by": "bench",
    "verified_at": "2024-05-01",
    "evidence_ref": "bench",
    "review_due_at": "2027-05-01",
    "valid_from": "2024-01-01",
}


class EveningClock:
    """20:00 WIB of the bench's day, carried on by the time that passes."""

    def __init__(self, day: date) -> None:
        self._offset = datetime.combine(day, time(20, 0), WIB) - utc_now()

    def now(self) -> datetime:
        """The instant, UTC."""
        return utc_now() + self._offset


def write_registry(folder: Path, channels: int) -> None:
    """A registry of one platform with so many channels."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in DEFAULT_REGISTRY.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with rows_of(folder / "platforms.csv") as platforms:
        platforms[:] = [PLATFORM]
    with rows_of(folder / "center_accounts.csv") as accounts:
        accounts[:] = [
            {
                **ACCOUNT,
                "account_code": f"kartini-channels-{n}",
                "platform_account_id": f"UC{n:022d}",
                "handle": f"channel{n}",
                "url": f"https://channels.example/channel{n}",
            }
            for n in range(channels)
        ]
    with rows_of(folder / "account_changes.csv") as changes:
        changes.clear()


def main() -> None:
    """Prepare on day 1, capture unless only preparing."""
    social_metrics.extract.platforms.__path__.append(str(Path(__file__).parent / "platforms"))
    folder, dsn, day = (
        Path(os.environ["WORK"]) / "registry",
        os.environ["DSN"],
        date.fromisoformat(os.environ["DAY_DATE"]),
    )
    if not folder.exists():
        from social_metrics.warehouse import migrate  # a run does not load it

        write_registry(folder, int(os.environ["CHANNELS"]))
        migrate.upgrade(dsn)
    if os.environ.get("PREPARE"):
        return
    os.environ["AIRFLOW_CONN_SOCIAL_METRICS_CHANNELS"] = json.dumps(
        {"host": os.environ["API"], "extra": {"simulated_clock": True}}
    )
    with (
        mock.patch("social_metrics.extract.credentials.endpoint.clock_of", return_value=EveningClock(day)),
        mock.patch("social_metrics.extract.platform_run.source_of", return_value=Source.SIMULATOR),
    ):
        reports = capture_all(
            load_registry(folder), Settings(registry_dir=folder), dsn, run_id=f"bench__{day}", day=day
        )
    print(f"{sum(report.calls for report in reports)} calls, {len(reports)} batches")


if __name__ == "__main__":
    main()

"""Writes the registry folder of the demo: the source's seeds with invented accounts."""

import csv
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b
from pathlib import Path
from random import Random

from simulator import SimulatorError
from simulator.accounts import Center, read_centers, read_rows
from simulator.api import PlatformApi
from simulator.apis import platform_classes
from simulator.captions import CAMPAIGNS
from simulator.habits import HISTORY_DAYS, NEW_ACCOUNT_DAY

ACCOUNTS_FILE = "center_accounts.csv"
CAMPAIGNS_FILE = "campaigns.csv"
ROLES_FILE = "roles.csv"
# Users of the demo's Airflow who sign its months; one officer answers for all centers.
SIGNERS = {"maker": "ani.data", "checker": "rina.humas", "approver": "sekretaris"}
OFFICER = "siti.humas"
CAMPAIGN_HASHTAG = "#SentraUntukSemua"
CAMPAIGN_DAYS = 3
PLACEHOLDERS = {"ciungwanara-x", "ciungwanara-tiktok", "wasana-bahagia-x", "efata-tiktok", "galih-pakuan-tiktok"}
MISSING = {"wirajaya-x", "budi-luhur-tiktok", "nipotowe-tiktok"}
# Centers without API access, in three time zones, and one account of a center that has access otherwise.
MANUAL_CENTERS = {"pangudi-luhur", "budi-perkasa", "margo-laras", "meohai"}
MANUAL_ACCOUNTS = {"wirajaya-facebook"}
UNDER_REVIEW = "paramita-facebook"
RENAMED = "bahagia-instagram"
RENAMED_ON = 15  # of the month before, so that the last complete month has a change of handle
REVIEW_DAYS = 180  # validity of a verification
VERIFIED_DAYS_AGO = 130  # before the start of the history
OPENED_LATE = {"alyatama-tiktok"}
VALID_FROM = "2024-01-01"
HANDLE_PREFIX = "demo_"
HANDLE_LENGTH = 15  # the limit of X, the shortest
NEW_HANDLE_ENDING = "_id"


@dataclass(frozen=True)
class Written:
    """Folder and number of rows by status."""

    folder: Path
    rows: dict[str, int]


def write_registry(
    source: Path, out: Path, seed: int, as_of: date, multiply: int = 1, extra_apis: Path | None = None
) -> Written:
    """Copies the source folder and writes demo accounts, for `multiply` times as many centers.

    Raises SimulatorError when the source is not a registry folder, or is the target.
    """
    for name in ("centers.csv", "platforms.csv", ACCOUNTS_FILE):
        if not (source / name).is_file():
            raise SimulatorError(f"{source} has no {name}. Name the folder of the registry seeds.")
    if source.resolve() == out.resolve():
        raise SimulatorError(f"{out} is the source; the demo must not replace the real registry.")
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*")):
        if path.is_file() and path.name != ACCOUNTS_FILE:
            shutil.copyfile(path, out / path.name)
    if multiply > 1:
        _multiply_centers(out / "centers.csv", multiply)
    if (out / CAMPAIGNS_FILE).exists():
        _add_campaigns(out / CAMPAIGNS_FILE, as_of)
    if (out / ROLES_FILE).exists():
        _name_people(out / ROLES_FILE, [center.center_code for center in read_centers(out / "centers.csv")])
    classes = platform_classes(extra_apis)
    platforms = [row["platform"] for row in read_rows(source / "platforms.csv") if row["platform"] in classes]
    rows: list[dict[str, str]] = []
    centers = read_centers(out / "centers.csv")
    handles = demo_handles([center.center_code for center in centers])
    for center in centers:
        for platform in platforms:
            rows += _account_rows(seed, center, handles[center.center_code], platform, classes[platform], as_of)
    with (out / ACCOUNTS_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _columns(source / ACCOUNTS_FILE), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["status"]] = counts.get(row["status"], 0) + 1
    return Written(out, counts)


def _add_campaigns(path: Path, as_of: date) -> None:
    """Adds the campaigns of the last year, on the days on which the simulated centers post about them."""
    orders = [day for day, caption in CAMPAIGNS.items() if CAMPAIGN_HASHTAG in caption]
    days = sorted(
        day
        for year in (as_of.year - 1, as_of.year)
        for month, number in orders
        if as_of - timedelta(days=365) < (day := date(year, month, number)) <= as_of
    )
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _columns(path), restval="", lineterminator="\n")
        writer.writerows(
            {
                "campaign_code": f"DEMO-{day:%Y-%m}",
                "title": f"Serentak {day:%d-%m-%Y} (simulasi)",
                "starts_at": f"{day.isoformat()}T00:00+07:00",
                "ends_at": f"{(day + timedelta(days=CAMPAIGN_DAYS)).isoformat()}T00:00+07:00",
                "terms": CAMPAIGN_HASHTAG,
                "program": "ATENSI",
                "clusters": "lansia;anak",  # clusters of every scheme
                "source_refs": "simulasi",
            }
            for day in days
        )


def _name_people(path: Path, center_codes: list[str]) -> None:
    """Writes the demo's people without addresses, so that no message leaves the machine."""
    rows = [{"role_code": role, "person": person} for role, person in SIGNERS.items()]
    officers = [
        {"role_code": "center_officer", "center_code": code, "person": OFFICER} for code in sorted(set(center_codes))
    ]
    columns = _columns(path)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows + officers)


def demo_handles(center_codes: list[str]) -> dict[str, str]:
    """A handle for each center: `demo_` and at most ten letters and digits, valid on every platform."""
    handles: dict[str, str] = {}
    taken: set[str] = set()
    for code in center_codes:
        name, _, copy = code.rpartition("-") if code[-1].isdigit() else (code, "", "")
        name = name.replace("-", "")
        handle = f"{HANDLE_PREFIX}{name[: HANDLE_LENGTH - len(HANDLE_PREFIX) - len(copy)]}{copy}"
        if handle in taken:
            handle = HANDLE_PREFIX + blake2b(code.encode(), digest_size=5).hexdigest()
        handles[code] = handle
        taken.add(handle)
    return handles


def _columns(path: Path) -> list[str]:
    """The columns of a CSV file; the demo leaves columns without a value blank."""
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file), [])


def _account_rows(
    seed: int, center: Center, handle: str, platform: str, api: type[PlatformApi], as_of: date
) -> list[dict[str, str]]:
    code = f"{center.center_code}-{platform}"
    unknown = {
        "account_code": code,
        "center_code": center.center_code,
        "platform": platform,
        "owner_unit": center.center_name,
        "contact_role": "humas",
        "status": "placeholder",
        "valid_from": VALID_FROM,
    }
    if code in PLACEHOLDERS:
        return [unknown]
    evidence = {
        "verified_by": "tim data (simulasi)",
        "verified_at": (as_of - timedelta(days=VERIFIED_DAYS_AGO)).isoformat(),
        "evidence_ref": f"simulasi/{code}",
        "review_due_at": (as_of + timedelta(days=REVIEW_DAYS - VERIFIED_DAYS_AGO)).isoformat(),
    }
    if code == UNDER_REVIEW:
        evidence |= {
            "verified_at": (as_of - timedelta(days=REVIEW_DAYS + 5)).isoformat(),
            "review_due_at": (as_of - timedelta(days=5)).isoformat(),
        }
    if code in MISSING:
        return [unknown | evidence | {"status": "missing"}]
    verified = {
        **unknown,
        **evidence,
        "platform_account_id": api.invent_id(Random(f"{seed}:id:{code}")),
        "handle": handle,
        "url": api.profile_url(handle),
        "status": "verified",
    }
    if center.center_code in MANUAL_CENTERS or code in MANUAL_ACCOUNTS:
        verified["capture_path"] = "manual"
    if code in OPENED_LATE:
        opened = as_of - timedelta(days=HISTORY_DAYS - NEW_ACCOUNT_DAY)
        return [verified | {"valid_from": opened.isoformat(), "verified_at": opened.isoformat()}]
    if code != RENAMED:
        return [verified]
    changed = (as_of.replace(day=1) - timedelta(days=1)).replace(day=RENAMED_ON)
    new_handle = handle + NEW_HANDLE_ENDING
    before = verified | {"valid_to": (changed - timedelta(days=1)).isoformat()}
    after = verified | {
        "handle": new_handle,
        "url": api.profile_url(new_handle),
        "valid_from": changed.isoformat(),
    }
    return [before, after]


def _multiply_centers(path: Path, times: int) -> None:
    rows = read_rows(path)
    copies = [
        row | {"center_code": f"{row['center_code']}-{copy:03d}", "center_name": f"{row['center_name']} {copy:03d}"}
        for copy in range(2, times + 1)
        for row in rows
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows + copies)

"""The public list of official accounts, for a website and for other programs."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, fields
from datetime import date
from pathlib import Path

from social_metrics.publish.page import formats
from social_metrics.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class OfficialAccount:
    """One verified account without any personal data."""

    center_code: str
    center: str
    platform: str
    handle: str | None
    url: str | None
    verified_since: date | None  # start of the row's validity
    is_under_review: bool  # its verification has expired


def official_accounts(registry: Registry, day: date) -> list[OfficialAccount]:
    """The accounts verified on a WIB date, by center and platform."""
    found = []
    for account in registry.verified_on(day):
        center = registry.center_on(account.center_code, day)
        if center is None:
            continue
        found.append(
            OfficialAccount(
                center_code=center.center_code,
                center=center.center_name,
                platform=registry.platforms[account.platform].platform_label,
                handle=account.handle,
                url=account.url,
                verified_since=account.valid_from,
                is_under_review=account.is_under_review_on(day),
            )
        )
    return sorted(found, key=lambda account: (account.center_code, account.platform))


def publish(accounts: Sequence[OfficialAccount], day: date, folder: Path) -> list[Path]:
    """Write the list as akun-resmi.csv, .json and .html and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"csv": _csv(accounts), "json": _json(accounts, day), "html": _html(accounts, day)}
    paths = []
    for suffix, text in texts.items():
        path = folder / f"akun-resmi.{suffix}"
        path.write_text(text, encoding="utf-8", newline="")
        paths.append(path)
    return paths


def _csv(accounts: Sequence[OfficialAccount]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(column.name for column in fields(OfficialAccount))
    writer.writerows(map(astuple, accounts))
    return stream.getvalue()


def _json(accounts: Sequence[OfficialAccount], day: date) -> str:
    rows = [asdict(account) for account in accounts]
    return json.dumps({"as_of": day, "accounts": rows}, default=str, ensure_ascii=False, indent=2) + "\n"


def _html(accounts: Sequence[OfficialAccount], day: date) -> str:
    from social_metrics.publish.page.templating import environment  # only this needs Jinja

    template = environment().get_template("official_accounts.html")
    return template.render(accounts=accounts, day=formats.long_date(day, "id"))

"""The public list of official accounts, for a website and for other programs."""

import csv
import html
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
    def link(account: OfficialAccount) -> str:
        shown = html.escape(account.handle or account.url or "–")
        if not (account.url or "").startswith("https://"):
            return shown
        return f'<a href="{html.escape(account.url or "", quote=True)}" rel="noopener">{shown}</a>'

    rows = "\n".join(
        f"<tr><td>{html.escape(account.center)}</td><td>{html.escape(account.platform)}</td><td>{link(account)}</td>"
        f"<td>{'Sedang ditinjau ulang' if account.is_under_review else 'Terverifikasi'}</td></tr>"
        for account in accounts
    )
    return f"""<!doctype html>
<html lang="id">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Akun resmi sentra rehabilitasi sosial</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1d2733; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #d5dbe3; overflow-wrap: anywhere; }}
th {{ background: #1f3a5f; color: #fff; }}
</style>
<h1>Akun resmi sentra rehabilitasi sosial</h1>
<p>Keadaan {formats.long_date(day, "id")}: {len(accounts)} akun terverifikasi. Akun lain yang memakai nama sentra tidak
dikelola oleh sentra.</p>
<table>
<thead><tr><th scope="col">Sentra</th><th scope="col">Platform</th><th scope="col">Akun</th>
<th scope="col">Status</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</html>
"""

"""Calls to the simulated platforms, as their clients make them."""

import csv
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.support.simulator import REPOSITORY, RunningSimulator, SimulatorProcess, write_demo_registry

NOW = "2026-11-24T13:00:00Z"
AS_OF = "2026-11-24"
SEED = 2024
IG_USER = "17841400000000000"
X_HEADERS = {"Authorization": "Bearer demo-x-bearer"}
FORM = {"client_key": "demo-tiktok-key", "client_secret": "demo-tiktok-secret"}


def shared_file(*parts: str) -> Path:
    """A file of the shared folder beside the repository; it may not be there."""
    folder = os.environ.get("SOCIAL_METRICS_SHARED_DIR")
    return (Path(folder) if folder else REPOSITORY.parent / "shared").joinpath("apis", *parts)


@dataclass(frozen=True)
class SimulatorClient(RunningSimulator):
    """A simulator, and the calls that the platforms' clients make to it."""

    session: requests.Session = field(default_factory=requests.Session)

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.base_url).netloc

    def rows(self, platform: str | None = None) -> list[dict[str, str]]:
        """The registry's account rows that have an id."""
        with (self.registry_dir / "center_accounts.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["platform_account_id"]]
        return [row for row in rows if platform in (None, row["platform"])]

    def id_of(self, account_code: str) -> str:
        """An account's platform id."""
        return next(row["platform_account_id"] for row in self.rows() if row["account_code"] == account_code)

    def handle_of(self, account_code: str) -> str:
        """An account's present handle."""
        return [row["handle"] for row in self.rows() if row["account_code"] == account_code][-1]

    def truth_of(self, account_code: str, at: str = NOW) -> dict[str, Any]:
        """Exact followers and visible posts of an account."""
        return dict(self.admin("GET", "truth", at=at, account=account_code)["accounts"][0])

    def youtube(self, path: str, **query: str) -> requests.Response:
        """A call to YouTube with the demo's key."""
        query = {"key": "demo-youtube-key"} | query
        return self.session.get(f"{self.base_url}/youtube/v3/{path}", params=query, timeout=30)

    def facebook(self, path: str = "", **query: str) -> requests.Response:
        """A call to the Graph API with the demo's Facebook token."""
        query = {"access_token": "demo-facebook-token"} | query
        return self.session.get(f"{self.base_url}/v26.0/{path}", params=query, timeout=30)

    def instagram(self, handle: str, selection: str, **query: str) -> requests.Response:
        """A business discovery of a handle."""
        fields = f"business_discovery.username({handle}){{{selection}}}"
        query = {"access_token": "demo-instagram-token", "fields": fields} | query
        return self.session.get(f"{self.base_url}/v26.0/{IG_USER}", params=query, timeout=30)

    def x(self, path: str, **query: str) -> requests.Response:
        """A call to X; `tweet__fields` stands for `tweet.fields`."""
        named = {name.replace("__", "."): value for name, value in query.items()}
        return self.session.get(f"{self.base_url}/2/{path}", params=named, headers=X_HEADERS, timeout=30)

    def threads(self, path: str, **query: str) -> requests.Response:
        """A call to Threads with the demo's token."""
        query = {"access_token": "demo-threads-token"} | query
        return self.session.get(f"{self.base_url}/v1.0/{path}", params=query, timeout=30)

    def tiktok_refresh(self, refresh_token: str) -> requests.Response:
        """A refresh of a TikTok token."""
        form = FORM | {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.session.post(f"{self.base_url}/v2/oauth/token/", data=form, timeout=30)

    def tiktok(self, path: str, access_token: str, body: Any = None, **query: str) -> requests.Response:
        """A call to TikTok: GET without a body, POST with one."""
        method = "GET" if body is None else "POST"
        headers = {"Authorization": f"Bearer {access_token}"}
        address = f"{self.base_url}/v2/{path}/"
        return self.session.request(method, address, params=query, json=body, headers=headers, timeout=30)


def write_registry(folder: Path) -> Path:
    """A demo registry of the seed that these tests expect."""
    write_demo_registry(folder, date.fromisoformat(AS_OF), "--seed", str(SEED))
    return folder


@contextmanager
def running(registry: Path, *options: str) -> Iterator[SimulatorClient]:
    """A simulator of this registry at 20:00 WIB on 24 November 2026; stopped at the end."""
    now = datetime.fromisoformat(NOW)
    process = SimulatorProcess(registry, now, "--seed", str(SEED), "--start-date", "2026-07-27", *options)
    try:
        yield SimulatorClient(process.at.base_url, registry, now)
    finally:
        process.stop()


def calls_of_everything(simulator: SimulatorClient) -> dict[str, bytes]:
    """One call of each kind, by name: what two servers must answer alike."""
    account = "kartini"
    access = simulator.tiktok_refresh(f"demo-refresh-{account}-tiktok-0").json()["access_token"]
    x_id = simulator.id_of(f"{account}-x")
    youtube_id = simulator.id_of(f"{account}-youtube")
    replies = {
        "channels": simulator.youtube("channels", part="snippet,statistics,contentDetails,status", id=youtube_id),
        "playlist": simulator.youtube("playlistItems", part="snippet,contentDetails", playlistId=f"UU{youtube_id[2:]}"),
        "page": simulator.facebook(simulator.id_of(f"{account}-facebook"), fields="id,name,followers_count,posts"),
        "discovery": simulator.instagram(
            simulator.handle_of(f"{account}-instagram"), "id,followers_count,media{id,caption,like_count}"
        ),
        "users": simulator.x("users", ids=x_id, user__fields="public_metrics"),
        "timeline": simulator.x(f"users/{x_id}/tweets", max_results="50", tweet__fields="public_metrics,created_at"),
        "user_info": simulator.tiktok("user/info", access, fields="open_id,follower_count,likes_count"),
        "videos": simulator.tiktok("video/list", access, {"max_count": 20}, fields="id,title,view_count"),
        "refused": simulator.x("users/by", usernames="this_name_is_too_long"),
    }
    return {name: reply.content.replace(simulator.host.encode(), b"host") for name, reply in replies.items()} | {
        "truth": json.dumps(simulator.admin("GET", "truth", platform="tiktok"), sort_keys=True).encode()
    }

"""The logins of BI tools: as Superset's settings pick them, so the warehouse made them."""

import runpy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from social_metrics.errors import UsageProblem
from social_metrics.publish.bi.logins import ensure_reading_logins, reading_login
from social_metrics.publish.bi.superset.access import LEADERSHIP_ROLE, center_role

KEY = "a key of the tests, long enough"


@dataclass(frozen=True)
class Url:
    """What the mutator asks of SQLAlchemy's URL."""

    username: str
    password: str

    def set(self, username: str, password: str) -> "Url":
        return Url(username, password)


@dataclass(frozen=True)
class Role:
    name: str


class SecurityManager:
    """Superset's, as far as the mutator asks it."""

    def __init__(self, roles: dict[str, list[str]]) -> None:
        self.roles = roles

    def find_user(self, username: str) -> str | None:
        return username if username in self.roles else None

    def get_user_roles(self, user: str) -> list[Role]:
        return [Role(name) for name in self.roles[user]]


Pick = Callable[..., tuple[Url, dict[str, Any]]]


@pytest.fixture
def pick(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Pick:
    for name, value in {
        "SUPERSET_SECRET_KEY": "s",
        "SUPERSET_DATABASE_URI": "postgresql://s@localhost/s",
        "SOCIAL_METRICS_BI_LOGIN": "bi",
        "SOCIAL_METRICS_BI_LOGIN_KEY": KEY,
    }.items():
        monkeypatch.setenv(name, value)
    config = runpy.run_path(str(repository / "bi" / "superset" / "superset_config.py"))
    mutate = config["DB_CONNECTION_MUTATOR"]
    roles = {
        "kepala": ["Gamma", LEADERSHIP_ROLE],
        "petugas": ["Gamma", center_role("prof-dr-x")],
        "dua": [center_role("a"), center_role("b")],
        "tamu": ["Gamma"],
        "admin": ["Admin"],
    }

    def picked(username: str | None, login: str = "bi") -> tuple[Url, dict[str, Any]]:
        found: tuple[Url, dict[str, Any]] = mutate(Url(login, "kept"), {}, username, SecurityManager(roles), None)
        return found

    return picked


def test_a_center_gets_the_login_that_the_warehouse_made_for_it(pick: Pick) -> None:
    login = reading_login("bi", KEY, "prof-dr-x")
    assert pick("petugas")[0] == Url(login.name, login.password)
    assert login.name == "bi_prof_dr_x"


@pytest.mark.parametrize("username", ["kepala", "admin"])
def test_leadership_and_the_administrator_keep_the_login_that_sees_all(pick: Pick, username: str) -> None:
    assert pick(username)[0] == Url("bi", "kept")


@pytest.mark.parametrize("username", ["tamu", "dua", "nobody-knows", None])
def test_a_user_without_a_role_gets_no_connection(pick: Pick, username: str | None) -> None:
    with pytest.raises(PermissionError, match="no role of leadership"):
        pick(username)


def test_other_databases_of_the_server_are_left_alone(pick: Pick) -> None:
    assert pick("tamu", login="somebody")[0] == Url("somebody", "kept")


def test_a_password_shows_nowhere() -> None:
    login = reading_login("bi", KEY)
    assert login.password not in repr(login)
    assert login.url("postgresql://s:p@h:1/d") == f"postgresql://bi:{login.password}@h:1/d"


def test_a_login_that_postgresql_would_cut_is_refused(warehouse_url: str) -> None:
    with pytest.raises(UsageProblem, match="Logins longer than 63"):
        ensure_reading_logins(warehouse_url, ["c" * 60], "social_metrics_bi", KEY)

"""A running stack with Superset, as the tests use it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from local_stack.databases import BI_LOGIN
from local_stack.layout import Layout
from social_metrics.publish.bi.logins import reading_login
from social_metrics.publish.bi.superset.session import SupersetSession

MINUTES_SECONDS = 1200


@dataclass(frozen=True)
class Running:
    """A stack with Superset, and how to ask it."""

    state: Path
    url: str
    warehouse_url: str = field(repr=False)

    @property
    def layout(self) -> Layout:
        """Its folders."""
        return Layout(self.state)

    def session(self, user: str = "admin", password: str | None = None) -> SupersetSession:
        """Superset's API as one user."""
        return SupersetSession(self.url, user, password or self.admin_password)

    @property
    def admin_password(self) -> str:
        """Of Superset's administrator."""
        return self.layout.secret("superset-admin").read_text(encoding="utf-8")

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What the warehouse answers leadership."""
        login = reading_login(BI_LOGIN, self.login_key)
        with psycopg.connect(login.url(self.warehouse_url), row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()

    @property
    def login_key(self) -> str:
        """From which the logins' passwords come."""
        return self.layout.secret("bi-login-key").read_text(encoding="utf-8")

    def provision(self) -> dict[str, list[str]]:
        """`social-metrics bi provision`, once more; what it says of itself."""
        environment = stack_environment(self.state) | {
            "SOCIAL_METRICS_REGISTRY_DIR": str(self.layout.registry),
            "SOCIAL_METRICS_BI_PASSWORD": self.admin_password,
            "SOCIAL_METRICS_BI_WAREHOUSE_URL": self.warehouse_url,
            "SOCIAL_METRICS_BI_LOGIN_KEY": self.login_key,
        }
        program = str(Path(sys.executable).with_name("social-metrics"))
        command = [program, "bi", "provision", "--url", self.url, "--format", "json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=MINUTES_SECONDS)
        assert done.returncode == 0, done.stderr
        said: dict[str, list[str]] = json.loads(done.stdout)
        return said


def stack_environment(state: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SOCIAL_METRICS_"))}
    return kept | {"SOCIAL_METRICS_STATE_DIR": str(state)}

"""Where the local stack keeps what: everything below one state folder, which `make clean` removes."""

from dataclasses import dataclass
from pathlib import Path

from social_metrics.settings import REPOSITORY


@dataclass(frozen=True)
class Layout:
    """The folders and files of one local stack.

    Attributes:
        state: the state folder, `.demo/` unless SOCIAL_METRICS_STATE_DIR says otherwise.
        repository: the checkout that holds dags/, dbt_project/, plugins/ and simulator/.
    """

    state: Path
    repository: Path = REPOSITORY

    @property
    def postgres(self) -> Path:
        """The embedded PostgreSQL's folder."""
        return self.state / "postgres"

    @property
    def airflow_home(self) -> Path:
        """AIRFLOW_HOME: nothing of the user's own Airflow is read or written."""
        return self.state / "airflow"

    @property
    def airflow_passwords(self) -> Path:
        """The simple auth manager's file; `admin` and the people of the demo."""
        return self.airflow_home / "passwords.json"

    @property
    def logs(self) -> Path:
        """One log per program."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """Records of the running programs."""
        return self.state / "run"

    @property
    def registry(self) -> Path:
        """The demo's own registry: `demo_…` handles, never the production seeds."""
        return self.state / "registry"

    @property
    def production_registry(self) -> Path:
        """The seeds that the demo's registry is made from."""
        return self.repository / "dbt_project" / "seeds" / "registry"

    @property
    def dbt(self) -> Path:
        """dbt's target folder and logs."""
        return self.state / "dbt"

    @property
    def inbox(self) -> Path:
        """Workbooks and screenshots that the demo's officers have handed in, a folder per center."""
        return self.state / "inbox"

    @property
    def superset_home(self) -> Path:
        """Superset's own files; its tables are in PostgreSQL."""
        return self.state / "superset"

    @property
    def superset_program(self) -> Path:
        """Superset's command, in an environment of its own: `make superset` installs it."""
        return self.repository / ".venv-superset" / "bin" / "superset"

    @property
    def reports(self) -> Path:
        """Issued reports, by month and version."""
        return self.state / "reports"

    @property
    def environment_file(self) -> Path:
        """The environment of the stack's programs (mode 0600): `social-metrics` reads it where no connection is set."""
        return self.state / "env"

    @property
    def boards(self) -> Path:
        """The page with both boards and the unranked centers."""
        return self.state / "boards.html"

    @property
    def kept(self) -> tuple[Path, ...]:
        """Folders that belong to the warehouse: a backup holds them."""
        return self.registry, self.inbox, self.reports, self.state / "checkpoints"

    def port(self, program: str) -> Path:
        """The file that notes a program's port, so that commands find it and a restart keeps it."""
        return self.state / f"{program}.port"

    def secret(self, name: str) -> Path:
        """The file of a generated secret (mode 0600)."""
        return self.state / "secrets" / name

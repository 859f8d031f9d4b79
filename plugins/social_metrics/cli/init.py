"""`social-metrics init`: the folder of a site, laid out for an Airflow that is there already."""

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from social_metrics.cli.console import output
from social_metrics.errors import UsageProblem
from social_metrics.settings import DEFAULT_REGISTRY, SITE

LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"
CONNECTIONS = SITE / "docker" / "connections.env.example"
CONNECTIONS_HEAD = """\
# The platforms that you have access to: take the # away and fill in, here or in Airflow's connections (same names).
# A platform without a connection is not captured; its accounts say so in their outcomes.
"""

SETTINGS = """\
# The settings of this site, for Airflow's services and for `social-metrics` alike: set -a; . FILE; set +a
# docs/configuration.md lists the others. A shell, systemd and Compose read such lines.

# The warehouse: a PostgreSQL database (15 to 18) and the login that owns it; special letters of a password as %XX
# AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE='postgresql://social_metrics_service:PASSWORD@HOST:5432/social_metrics'
# Airflow's own database, for the DAG `maintain` alone
# AIRFLOW_CONN_SOCIAL_METRICS_AIRFLOW='postgresql://LOGIN:PASSWORD@HOST:5432/airflow'

SOCIAL_METRICS_REGISTRY_DIR='{site}/registry'
SOCIAL_METRICS_STATE_DIR='{site}/state'
# Encrypts rotating tokens in ops.credentials; losing it means authorising TikTok anew
SOCIAL_METRICS_CREDENTIALS_KEY='{key}'

# Airflow reads the DAG files of the installed package, beside its own DAG folder
AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST='{bundles}'
"""


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new folder; one with files in it is refused.")],
) -> None:
    """Lay out a site: the registry to fill in, settings, connections, and where Airflow finds the DAG files.

    Examples:
    - `social-metrics init /srv/social-metrics`
    """
    site = folder.resolve()
    if site.exists() and (not site.is_dir() or any(site.iterdir())):
        raise UsageProblem(f"{site} is not empty, so nothing was written. Name a new folder.")
    try:
        _lay_out(site)
    except OSError as error:
        raise UsageProblem(f"{site} cannot be written: {error.strerror}. Nothing was left behind.") from error
    output().print(NEXT_STEPS.format(site=site), markup=False, soft_wrap=True)


NEXT_STEPS = """\
{site} is laid out: registry/ (the centers, their accounts as placeholders), state/, settings.env, connections.env.

Next:
1. Fill in the warehouse in settings.env, and the platforms in connections.env.
2. set -a; . {site}/settings.env; . {site}/connections.env; set +a
3. social-metrics migrate      creates tables and roles
4. social-metrics account add  (`account import` for many), then `account verify` by a second person
5. Start Airflow's services with the same two files, and enable the DAGs.
6. social-metrics doctor       says what is missing"""


def _lay_out(site: Path) -> None:
    """Write the site beside its place, then move it there: whole or not at all."""
    from cryptography.fernet import Fernet

    site.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{site.name}.", dir=site.parent))
    try:
        shutil.copytree(DEFAULT_REGISTRY, work / "registry")
        (work / "state").mkdir()
        bundles = [
            {"name": "dags-folder", "classpath": LOCAL_BUNDLE, "kwargs": {}},
            {"name": "social-metrics", "classpath": LOCAL_BUNDLE, "kwargs": {"path": str(SITE / "dags")}},
        ]
        settings = SETTINGS.format(site=site, key=Fernet.generate_key().decode(), bundles=json.dumps(bundles))
        connections = CONNECTIONS.read_text(encoding="utf-8").partition("# AIRFLOW_CONN_")
        quoted = re.sub(r"(\{.*\})$", r"'\1'", "".join(connections[1:]), flags=re.MULTILINE)
        for name, text in (("settings.env", settings), ("connections.env", CONNECTIONS_HEAD + quoted)):
            (work / name).write_text(text, encoding="utf-8")
            (work / name).chmod(0o600)
        work.chmod(0o755)
        work.replace(site)  # also over an empty folder
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise

"""docker-compose.yml, read by a real compose parser (no engine is needed) and held against the native stack."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import yaml

from local_stack.celery_workers import WORKER_COMMAND
from local_stack.embedded_postgres import EmbeddedPostgres, program_of_the_wheel
from local_stack.environment import StackAddresses, stack_environment
from local_stack.layout import Layout
from local_stack.local_stack import LocalStack, simulated_credentials
from local_stack.server import Server
from local_stack.superset import superset_environment, superset_program
from social_metrics.settings import load_settings
from tests.support.compose_file import SECRETS, Services, config, filled, written_env

BI = {"superset", "prepare-superset", "prepare-dashboards"}
PREPARING = {
    "prepare-warehouse",
    "prepare-airflow",
    "prepare-registry",
    "prepare-superset",
    "prepare-dashboards",
    "history",
}
DOCKERFILES = ("Dockerfile", "superset.Dockerfile")
WITH_CELERY = {"redis", "worker"}
AFTER_API_SERVER = ["docker/after_api_server"]
OF_TASKS = {
    "AIRFLOW_CONN_SOCIAL_METRICS_AIRFLOW",
    "AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE",
    "SOCIAL_METRICS_CREDENTIALS_KEY",
}
PROGRAMS = {"api-server", "scheduler", "dag-processor", "triggerer"}
ADDRESSES = StackAddresses("postgresql://a:b@c/d", "postgresql://a:b@c/d", "http://127.0.0.1:1", 8080, "j", "f", "k")


def test_the_parts_are_there(services: Services) -> None:
    assert services.keys() == {"postgres", *PROGRAMS, "prepare-warehouse", "prepare-airflow", *BI}


def test_the_simulator_comes_with_the_demo_profile_only(services: Services, demo_services: Services) -> None:
    # An older parser names the services of every profile.
    assert demo_services.keys() - services.keys() - WITH_CELERY - {"history"} == {"simulator", "prepare-registry"}
    assert "ports" not in demo_services["simulator"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_without_a_secret_nothing_starts(
    compose: list[str], repository: Path, tmp_path: Path, secret: str, how: str
) -> None:
    variables = filled() if how == "absent" else filled(**{secret: ""})
    if how == "absent":
        del variables[secret]
    result = config(compose, repository, tmp_path, variables)
    assert result.returncode != 0
    assert secret in result.stderr
    assert "is not set. See .env.example" in result.stderr


def test_no_secret_has_a_default(repository: Path) -> None:
    text = (repository / "docker-compose.yml").read_text()
    variables = re.findall(r"\$\{(\w+)(?::?([-?])([^}]*))?\}", text)
    assert {name for name, kind, _ in variables if kind == "?"} == set(SECRETS)
    for name, kind, default in variables:
        if re.search(r"PASSWORD|SECRET|KEY|TOKEN", name):
            assert (kind, default) == ("?", "is not set. See .env.example"), name


def test_the_example_names_every_secret_and_gives_none(repository: Path) -> None:
    lines = (repository / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert {name for name in SECRETS if name in example} == set(SECRETS)
    assert [name for name in SECRETS if example[name]] == []


def test_the_demo_opens_the_simulator_only(repository: Path) -> None:
    lines = (repository / "docker" / "demo.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert not set(SECRETS) & given.keys()
    connections = {name: yaml.safe_load(value) for name, value in given.items() if name.startswith("AIRFLOW_CONN_")}
    assert connections.keys() == {
        f"AIRFLOW_CONN_SOCIAL_METRICS_{platform.upper()}" for platform in simulated_credentials()
    }
    for name, connection in connections.items():
        login, secret = simulated_credentials()[name.rsplit("_", 1)[1].lower()]
        assert connection["host"] == "http://simulator:8900"
        assert (connection.get("login"), connection["password"]) == (login, secret)


def test_the_demo_profile_gets_the_demos_connections(compose: list[str], repository: Path, tmp_path: Path) -> None:
    written = written_env(repository, tmp_path / "site", "demo")
    result = config(compose, repository, tmp_path, written, "--profile", "demo")
    assert result.returncode == 0, result.stderr
    environment = yaml.safe_load(result.stdout)["services"]["scheduler"]["environment"]
    youtube = yaml.safe_load(environment["AIRFLOW_CONN_SOCIAL_METRICS_YOUTUBE"])
    assert youtube["host"] == "http://simulator:8900"
    assert environment["SOCIAL_METRICS_REGISTRY_DIR"] == "/var/lib/social-metrics/registry"


def test_every_platform_has_its_line_in_the_example(repository: Path) -> None:
    lines = (repository / "docker" / "connections.env.example").read_text().splitlines()
    examples = dict(line.removeprefix("# ").split("=", 1) for line in lines if line.startswith("# AIRFLOW_CONN_"))
    for name, example in examples.items():
        connection = yaml.safe_load(example)
        assert connection["conn_type"] == "social_api", name
        assert connection["host"].startswith("https://"), name
        assert "simulated_clock" not in example, name
    assert len(examples) >= 5


def test_the_production_image_holds_no_demo(services: Services, repository: Path) -> None:
    stages = (repository / "docker" / "Dockerfile").read_text().split("\nFROM ")
    production = next(stage for stage in stages if "AS production" in stage)
    assert "COPY plugins" in production
    assert not re.search(r"COPY.*(simulator|local_stack)", production)
    built = {
        name: service["build"]["target"] for name, service in services.items() if "social-metrics:" in service["image"]
    }
    assert set(built.values()) == {"production"}
    assert len(built) >= len(PROGRAMS)


def test_images_are_pinned_by_version(repository: Path) -> None:
    """Those of every profile, to the last number: a version that moves is no version."""
    dockerfiles = "".join((repository / "docker" / name).read_text() for name in DOCKERFILES)
    compose_file = (repository / "docker-compose.yml").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", dockerfiles, re.M))
    bases = set(re.findall(r"^FROM (\S+)", dockerfiles, re.M)) - stages
    images = set(re.findall(r"^ +image: (\S+)", compose_file, re.M)) | bases
    assert len(images) == 6
    for image in images:
        # PostgreSQL counts by two numbers, everything else by three.
        assert re.fullmatch(r"(postgres:\d+\.\d+|[\w./-]+:\d+\.\d+\.\d+)(-[\w.-]+)?", image), image


def test_our_containers_run_without_root_or_privileges(repository: Path, demo_services: Services) -> None:
    for name, service in demo_services.items():
        assert service["user"].split(":")[0] not in {"", "0", "root"}, name
        assert service["cap_drop"] == ["ALL"], name
        assert service.get("read_only") is True or name == "postgres", name
        assert "privileged" not in service, name
    for dockerfile in DOCKERFILES:
        assert re.search(r"^USER (?!0|root)\S+", (repository / "docker" / dockerfile).read_text(), re.M)


def test_every_lasting_service_is_watched_and_restarted(demo_services: Services) -> None:
    for name, service in demo_services.items():
        if name in PREPARING:
            assert service["restart"] == "no"
        else:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"], name


def test_programs_wait_for_a_prepared_database(services: Services) -> None:
    for name in PROGRAMS:
        conditions = {other: want["condition"] for other, want in services[name]["depends_on"].items()}
        assert conditions == {
            "postgres": "service_healthy",
            "prepare-warehouse": "service_completed_successfully",
            "prepare-airflow": "service_completed_successfully",
        }, name


def test_workers_come_with_the_celery_profile_only_and_run_as_they_do_natively(
    compose: list[str], repository: Path, tmp_path: Path, services: Services
) -> None:
    given = filled(SOCIAL_METRICS_EXECUTOR="CeleryExecutor", AIRFLOW_BROKER_PASSWORD="of-the-broker")
    result = config(compose, repository, tmp_path, given, "--profile", "celery")
    assert result.returncode == 0, result.stderr
    with_workers: Services = yaml.safe_load(result.stdout)["services"]
    assert {name for name, service in with_workers.items() if service.get("profiles") == ["celery"]} == WITH_CELERY
    assert not services.keys() & WITH_CELERY
    worker, broker = with_workers["worker"], with_workers["redis"]
    assert worker["command"] == [*AFTER_API_SERVER, "airflow", *WORKER_COMMAND]
    assert worker["deploy"]["replicas"] == 2
    for name in ("worker", *PROGRAMS):
        environment = with_workers[name]["environment"]
        assert environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
        assert environment["AIRFLOW__CELERY__BROKER_URL"] == "redis://:of-the-broker@redis:6379/0"
    assert (list(broker["networks"]), broker.get("ports")) == (["inside"], None)
    for name in WITH_CELERY:
        assert with_workers[name]["user"].split(":")[0] not in {"", "0", "root"}, name
        assert (with_workers[name]["cap_drop"], with_workers[name]["read_only"]) == (["ALL"], True), name
    assert "of-the-broker" not in str(broker["command"])


def test_the_database_is_not_reachable_from_outside(repository: Path, services: Services) -> None:
    assert "ports" not in services["postgres"]
    assert list(services["postgres"]["networks"]) == ["inside"]
    for name, service in services.items():
        for port in service.get("ports", []):
            text = port if isinstance(port, str) else f"{port.get('host_ip')}:{port['published']}"
            assert text.startswith("127.0.0.1:"), name


def test_pages_are_behind_users_and_roles(services: Services) -> None:
    for name in PROGRAMS:
        assert services[name]["environment"]["AIRFLOW__CORE__AUTH_MANAGER"].endswith("FabAuthManager")
        assert services[name]["environment"]["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"


def test_warehouse_and_metadata_are_apart(services: Services) -> None:
    environment = services["scheduler"]["environment"]
    warehouse = psycopg.conninfo.conninfo_to_dict(environment["AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE"])
    metadata = psycopg.conninfo.conninfo_to_dict(
        environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    )
    for part in ("user", "password", "dbname"):
        assert warehouse[part] != metadata[part], part


def test_containers_run_the_native_commands(services: Services, tmp_path: Path) -> None:
    native = {
        program.name: [Path(program.command[0]).name, *program.command[1:]]
        for program in LocalStack(Layout(tmp_path), load_settings()).programs(ADDRESSES)
    }
    for name in PROGRAMS:
        waits = AFTER_API_SERVER if name == "scheduler" else []
        assert services[name]["command"] == waits + native[name]


def test_containers_get_the_native_environment(services: Services, tmp_path: Path) -> None:
    prefixes = ("AIRFLOW", "SOCIAL_METRICS_", "DBT_", "DO_NOT_TRACK")
    native = {name for name in stack_environment(Layout(tmp_path), ADDRESSES, simulated_credentials())
              if name.startswith(prefixes)}  # fmt: skip
    of_the_demo = {name for name in native if "SIMPLE_AUTH_MANAGER" in name} | {"SOCIAL_METRICS_POSTGRES_PROGRAMS"}
    of_the_demo |= {f"AIRFLOW_CONN_SOCIAL_METRICS_{platform.upper()}" for platform in simulated_credentials()}
    with_workers = replace(ADDRESSES, broker_url="redis://:k@127.0.0.1:6379/0")
    of_celery = {
        name
        for name in stack_environment(Layout(tmp_path), with_workers, simulated_credentials())
        if name.startswith("AIRFLOW__CELERY__")
    }
    assert of_celery
    in_containers_only = {"AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK"} | of_celery
    for name in PROGRAMS:
        given = (native - of_the_demo) | in_containers_only
        assert set(services[name]["environment"]) == (given if name == "scheduler" else given - OF_TASKS), name
    assert native >= OF_TASKS


def test_services_get_only_the_secrets_that_they_need(demo_services: Services) -> None:
    """By the values, so that a secret inside an address counts as well."""
    secrets = {f"given{number}": name for number, name in enumerate(SECRETS)}
    airflow = {"AIRFLOW_METADATA_PASSWORD", "AIRFLOW_JWT_SECRET", "AIRFLOW_FERNET_KEY", "AIRFLOW_BROKER_PASSWORD"}
    tasks = airflow | {"SOCIAL_METRICS_WAREHOUSE_PASSWORD", "SOCIAL_METRICS_CREDENTIALS_KEY"}
    superset = {"SUPERSET_SECRET_KEY", "SUPERSET_METADATA_PASSWORD", "SOCIAL_METRICS_BI_LOGIN_KEY"}
    needed = {
        "postgres": {"POSTGRES_PASSWORD", "SOCIAL_METRICS_WAREHOUSE_PASSWORD", "AIRFLOW_METADATA_PASSWORD"}
        | {"SUPERSET_METADATA_PASSWORD"},
        "prepare-warehouse": {"SOCIAL_METRICS_WAREHOUSE_PASSWORD"},
        "prepare-airflow": airflow | {"AIRFLOW_ADMIN_PASSWORD"},
        **dict.fromkeys(("api-server", "dag-processor", "triggerer"), airflow),
        "scheduler": tasks,
        "worker": tasks,
        "redis": {"AIRFLOW_BROKER_PASSWORD"},
        "prepare-superset": superset | {"SUPERSET_ADMIN_PASSWORD"},
        "superset": superset,
        "prepare-dashboards": {
            "SOCIAL_METRICS_WAREHOUSE_PASSWORD",
            "SUPERSET_ADMIN_PASSWORD",
            "SOCIAL_METRICS_BI_LOGIN_KEY",
        },
        "prepare-registry": set(),
        "simulator": set(),
        "history": {"SOCIAL_METRICS_WAREHOUSE_PASSWORD", "SOCIAL_METRICS_CREDENTIALS_KEY"},
    }
    for name, service in demo_services.items():
        words = re.split(r"\W", " ".join(str(value) for value in service.get("environment", {}).values()))
        assert {secrets[word] for word in words if word in secrets} == needed[name], name


def test_postgres_initialises_with_the_arguments_given(services: Services, tmp_path: Path) -> None:
    """The embedded server's own initdb, in the image's locale: a wrong argument restarts the container for ever."""
    arguments = services["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    initdb = [*program_of_the_wheel("initdb"), "--username=postgres", *arguments, "--pgdata", str(tmp_path / "data")]
    pwfile = tmp_path / "password"
    pwfile.write_text("p\n")
    result = subprocess.run(
        [*initdb, f"--pwfile={pwfile}"],
        env={"LANG": "C", "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_nothing_but_what_the_images_copy_reaches_the_engine(repository: Path) -> None:
    ignored = (repository / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    copied = {
        source.split("/")[0]
        for name in DOCKERFILES
        for line in (repository / "docker" / name).read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    assert {f"!{name}" for name in copied} == {line for line in ignored if line.startswith("!")}


def test_a_broker_ends_with_its_container_and_leaves_no_volume(demo_services: Services) -> None:
    if "redis" in demo_services:  # a newer parser leaves out the services of other profiles
        assert "exec redis-server" in demo_services["redis"]["command"][-1]
        assert demo_services["redis"]["tmpfs"] == ["/data"]


def test_superset_runs_as_it_does_natively_and_never_sees_the_service_login(services: Services, tmp_path: Path) -> None:
    native = superset_program(Path("gunicorn"), 8088, "http://127.0.0.1:8088").command
    told = {"--workers": "2", "--bind": "0.0.0.0:8088"}
    here = [told.get(before, word) for before, word in zip(["", *native], native, strict=False)]
    assert services["superset"]["command"] == here
    for name in ("superset", "prepare-superset"):
        environment = services[name]["environment"]
        assert "given1" not in re.split(r"\W", " ".join(map(str, environment.values()))), "the warehouse's password"
        assert not [variable for variable in environment if variable.startswith("AIRFLOW")]
    stack = LocalStack(Layout(tmp_path), load_settings())
    own = {name for name in superset_environment(stack, "postgresql://s") if name.startswith(("SUPERSET", "SOCIAL_"))}
    assert own == {name for name in services["superset"]["environment"] if name.startswith(("SUPERSET", "SOCIAL_"))}


@pytest.fixture
def fresh_server(repository: Path, tmp_path: Path) -> Iterator[Server]:
    """A server on which docker/databases.sql was run as the postgres image would run it."""
    postgres = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    try:
        server = postgres.start()
        result = subprocess.run(
            [
                *program_of_the_wheel("psql"),
                server.url("postgres"),
                "--file",
                str(repository / "docker" / "databases.sql"),
            ],
            env=os.environ
            | {"SOCIAL_METRICS_WAREHOUSE_PASSWORD": "w'1", "AIRFLOW_METADATA_PASSWORD": "m2"}
            | {"SUPERSET_METADATA_PASSWORD": "s3"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        yield server
    finally:
        postgres.stop()


def test_the_databases_script_gives_each_login_its_own(fresh_server: Server) -> None:
    own = {
        ("social_metrics_service", "w'1"): "social_metrics",
        ("social_metrics_airflow", "m2"): "social_metrics_airflow",
        ("social_metrics_superset", "s3"): "social_metrics_superset",
    }
    for (login, password), database in own.items():
        for other in own.values():
            url = fresh_server.url(other, login, password)
            if other == database:
                with psycopg.connect(url) as connection:
                    connection.execute("create schema mine")
            else:
                with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                    psycopg.connect(url)


def test_the_warehouse_is_prepared_by_its_own_login(fresh_server: Server) -> None:
    url = fresh_server.url("social_metrics", "social_metrics_service", "w'1")
    command = [Path(sys.executable).with_name("social-metrics"), "migrate"]
    for _ in range(2):
        result = subprocess.run(
            command,
            env=os.environ | {"AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE": url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
    with psycopg.connect(url) as connection:
        assert connection.execute("select to_regclass('raw.posts') is not null").fetchone() == (True,)

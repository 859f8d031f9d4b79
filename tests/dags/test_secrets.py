"""No secret in anything that a run writes: logs, XCom, rendered templates, rows, files, process lists."""

from urllib.parse import unquote, urlsplit

import psycopg
import pytest

from social_metrics.extract.credentials.token_store import cipher
from social_metrics.extract.http.client import ApiClient
from social_metrics.extract.platforms import threads, tiktok
from social_metrics.settings import load_settings
from tests.support.airflow_dags import AirflowStack
from tests.support.secret_search import in_database, in_files, in_text, process_lists
from tests.support.simulator import CREDENTIALS, RUN_START
from tests.support.warehouse import refuse_outcomes


def planted(stack: AirflowStack) -> dict[str, str]:
    """Every secret that the run uses."""
    settings = load_settings()
    secrets = {f"secret of {platform}": secret for platform, (_, secret) in CREDENTIALS.items()}
    secrets["key of the tokens"] = settings.credentials_key or ""
    for name, url in (("warehouse", stack.warehouse_url), ("metadata", stack.airflow.metadata_url)):
        secrets[f"password of the {name}"] = unquote(urlsplit(url).password or "")
    keys = cipher(settings.credentials_key)
    with psycopg.connect(stack.warehouse_url) as connection:
        rows = connection.execute("select account_code, access_token, refresh_token from ops.credentials").fetchall()
    assert rows
    for account, *tokens in rows:
        for kind, token in zip(("access", "refresh"), tokens, strict=True):
            if token:
                secrets[f"{kind} token of {account}"] = keys.decrypt(bytes(token)).decode()
    assert all(len(secret) >= 8 for secret in secrets.values()), "a short word would be found by chance"
    return secrets


def test_run_with_refusals_and_crashes_writes_no_secret(
    stack: AirflowStack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A refused credential, a platform that breaks off (its address has the key in it), one whose file fails with all
    that it was given in its hands, and a warehouse that refuses a batch: tracebacks of each are in the logs."""

    def fail(client: ApiClient, *given: object) -> None:
        raise RuntimeError("an error that names everything", client.connection, client.tokens, given)

    stack.simulator.fault("facebook", "token_expired")
    stack.simulator.fault("x", "unavailable")
    stack.simulator.fault("youtube", "cut_off_transfer", endpoint="playlistItems")
    for module in (threads, tiktok):
        monkeypatch.setattr(module, "read_posts", fail)
    refuse_outcomes(stack.warehouse_url, "new.platform = 'instagram'")
    with process_lists() as seen:
        run = stack.run("extract_social_metrics", logical_date=RUN_START)
    assert run.tasks["instagram.extract_batch"] == ["failed"], run.output
    secrets = planted(stack)
    # Airflow takes hold of the root logger once in a process: after another DAG's test only pytest hears the rest.
    logged = run.output + caplog.text
    assert "facebook" in logged
    assert logged.count("an error that names everything") >= 2, "exceptions are among what is searched"
    assert "refused by a test" in logged
    assert in_text(logged, secrets) == []

    found, rows = in_database(stack.warehouse_url, secrets)
    assert found == []
    assert rows > 500
    found, rows = in_database(stack.airflow.metadata_url, secrets)
    assert found == []
    assert rows > 50, "XCom, rendered fields, logs and asset events are among them"
    assert stack.metadata("select count(*) from xcom")[0][0] > 0
    assert stack.metadata("select count(*) from rendered_task_instance_fields")[0][0] > 0

    found, files = in_files(stack.airflow.home, secrets)
    assert found == []
    assert files >= 1
    assert len(seen) >= 2, "this program and the simulator at least"
    assert [line[:80] for line in seen if in_text(line, secrets)] == []


def test_search_finds_a_planted_secret(stack: AirflowStack) -> None:
    secret = {"planted": "pl4nted-s3cret_%"}
    with psycopg.connect(stack.warehouse_url) as connection:
        connection.execute("create table raw.text_of_it (it text)")
        connection.execute("insert into raw.text_of_it values ('x pl4nted-s3cret_% y')")
        connection.execute("create table raw.bytes_of_it (it bytea)")
        connection.execute("insert into raw.bytes_of_it values (convert_to('x pl4nted-s3cret_% y', 'UTF8'))")
    assert in_database(stack.warehouse_url, secret)[0] == ["raw.bytes_of_it: planted", "raw.text_of_it: planted"]
    (stack.airflow.home / "a.log").write_text("x pl4nted-s3cret_% y")
    assert in_files(stack.airflow.home, secret)[0] == ["a.log: planted"]
    (stack.airflow.home / "a.log").unlink()

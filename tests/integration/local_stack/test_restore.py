"""`make restore`: the present warehouse and its files are set aside, and come back when the restore fails."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local_stack import StackError
from local_stack.databases import WAREHOUSE
from local_stack.layout import Layout
from local_stack.local_stack import LocalStack
from social_metrics.settings import Settings

pytestmark = pytest.mark.slow

ATTACHMENT = "insert into raw.evidence_files values (encode(sha256(%s), 'hex'), %s, 'image/png', length(%s), %s, now())"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    layout = Layout(tmp_path / "state")
    shutil.copytree(layout.production_registry, layout.registry)
    made = LocalStack(layout, Settings(postgres_url=os.environ.get("SOCIAL_METRICS_POSTGRES_URL")))
    yield made
    made.stop()


def attach(stack: LocalStack, name: str) -> None:
    with psycopg.connect(stack.start_database().warehouse_url) as owner:
        owner.execute(ATTACHMENT, (name.encode(), name, name.encode(), name.encode()))


def attachments(stack: LocalStack) -> list[str]:
    with psycopg.connect(stack.start_database().warehouse_url) as owner:
        return [name for (name,) in owner.execute("select file_name from raw.evidence_files order by 1")]


def test_a_restore_replaces_warehouse_and_files_and_a_failed_one_changes_nothing(
    stack: LocalStack, tmp_path: Path
) -> None:
    backup, centers = tmp_path / "backup", stack.layout.registry / "centers.csv"
    attach(stack, "before")
    saved = centers.read_bytes()
    assert stack.run_command(stack.start_database(), ["social-metrics", "backup", str(backup)]) == 0
    attach(stack, "later")
    centers.write_bytes(saved + b"\n")

    with pytest.raises(StackError, match="REPLACE=1"):
        stack.restore(backup, replace=False)
    assert stack.restore(backup, replace=True) == 0
    assert attachments(stack) == ["before"]
    assert centers.read_bytes() == saved
    (aside,) = stack.layout.state.glob("registry_before_*")
    assert (aside / "centers.csv").read_bytes() == saved + b"\n"
    with stack.server().admin() as admin:
        assert admin.execute(
            "select count(*) from pg_database where datname like %s", (f"{WAREHOUSE}%before%",)
        ).fetchone() == (1,)

    attach(stack, "again")
    (backup / "warehouse.dump").write_bytes(b"damaged")
    with pytest.raises(StackError, match="exit code 2"):
        stack.restore(backup, replace=True)
    assert attachments(stack) == ["again", "before"]
    assert centers.read_bytes() == saved

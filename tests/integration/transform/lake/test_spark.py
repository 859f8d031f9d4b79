"""What the command line and the log are told of a build on Spark; a script stands in for dbt."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from upath import UPath

from social_metrics.errors import UsageProblem
from social_metrics.settings import Settings
from social_metrics.transform.lake.spark import SparkBuildFailed, build_on_spark, spark_address, without_connection

AS_OF = datetime(2026, 11, 20, 13, tzinfo=UTC)
FOUND = [
    {"unique_id": "model.social_metrics.fct_posts", "status": "success", "message": "OK"},
    {"unique_id": "test.social_metrics.is_key_fct_posts", "status": "pass", "message": None},
]
BROKEN = {"unique_id": "model.social_metrics.dim_dates", "status": "error", "message": "[UNRESOLVED_ROUTINE] isodow"}


def settings_with(program: Path, folder: Path) -> Settings:
    return Settings(spark_dbt=program, state_dir=folder / "state", spark_master="spark://example.invalid:7077")


def dbt_that_says(folder: Path, results: list[dict[str, str | None]], exit_code: int) -> Path:
    """A program that notes its environment and leaves these results."""
    target = folder / "state" / "dbt-spark" / "target"
    target.mkdir(parents=True)
    answer = folder / "answer.json"
    answer.write_text(json.dumps({"results": results}), encoding="utf-8")
    program = folder / "dbt"
    program.write_text(
        f'#!/bin/sh\nenv > {folder}/environment\necho "$@" > {folder}/arguments\n'
        f"cp {answer} {target}/run_results.json\necho said something\nexit {exit_code}\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return program


def test_dbt_is_told_where_the_lake_the_cluster_and_the_build_are(tmp_path: Path) -> None:
    settings = settings_with(dbt_that_says(tmp_path, FOUND, 0), tmp_path)
    build = build_on_spark(settings, UPath(tmp_path / "lake"), as_of=AS_OF, through_date=AS_OF.date())
    assert build.models == 1
    told = dict(
        line.split("=", 1) for line in (tmp_path / "environment").read_text().splitlines() if line.startswith("SOCIAL_")
    )
    assert told["SOCIAL_METRICS_LAKE"] == (tmp_path / "lake").as_uri()
    assert told["SOCIAL_METRICS_SPARK_WAREHOUSE"].startswith(
        (tmp_path / "lake" / "builds" / "20261120T130000-").as_uri()
    )
    assert told["SOCIAL_METRICS_SPARK_MASTER"] == "spark://example.invalid:7077"
    assert told["SOCIAL_METRICS_DBT_RETENTION_AS_OF"] == AS_OF.isoformat()
    assert told["SOCIAL_METRICS_DBT_THROUGH_DATE"] == "2026-11-20"
    assert "build --target spark" in (tmp_path / "arguments").read_text()


@pytest.mark.parametrize(("results", "exit_code", "words"), [
    ([*FOUND, BROKEN], 1, "model.social_metrics.dim_dates: .*isodow"),
    ([*FOUND, BROKEN], 0, "dim_dates"),
    (FOUND, 2, "said something"),
    ([], 0, "said something"),
])  # fmt: skip
def test_a_build_that_is_not_whole_is_none(
    tmp_path: Path, results: list[dict[str, str | None]], exit_code: int, words: str
) -> None:
    settings = settings_with(dbt_that_says(tmp_path, results, exit_code), tmp_path)
    with pytest.raises(SparkBuildFailed, match=words):
        build_on_spark(settings, UPath(tmp_path / "lake"), as_of=AS_OF)
    assert list((tmp_path / "lake" / "builds").iterdir()) == []


def test_without_spark_it_says_what_installs_it(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="make venv-spark"):
        build_on_spark(settings_with(tmp_path / "nowhere", tmp_path), UPath(tmp_path / "lake"), as_of=AS_OF)


class S3Path:
    """As much of a path in S3 as its address; the client is no part of this project's environment."""

    protocol = "s3"

    def __str__(self) -> str:
        return "s3://lake_keys@bucket/prefix"


def test_each_reads_the_lakes_address_in_its_own_way() -> None:
    assert spark_address(UPath("/srv/lake")) == "file:///srv/lake"
    assert spark_address(S3Path()) == "s3a://bucket/prefix"  # type: ignore[arg-type]
    assert without_connection("s3://lake_keys@bucket/prefix") == "s3://bucket/prefix"
    assert without_connection("/srv/a@b/lake") == "/srv/a@b/lake"

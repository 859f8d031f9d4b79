"""One setting names the lake, and each who works on it has its own way of writing that."""

import re
from pathlib import Path

from upath import UPath

_CONNECTION = re.compile(r"^(\w+://)[^/@]+@")


def without_connection(address: str) -> str:
    """`s3://connection@bucket` without the Airflow connection: elsewhere credentials are the environment's."""
    return _CONNECTION.sub(r"\1", address)


def spark_address(path: UPath) -> str:
    """A lake's address as Spark reads it: absolute, and S3 by the name of Hadoop's client."""
    if path.protocol in {"", "file"}:
        return Path(path.path).resolve().as_uri()
    return without_connection(str(path)).replace("s3://", "s3a://", 1)

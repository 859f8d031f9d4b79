"""Forms of the lake's address for the programs that use it."""

import re
from pathlib import Path

from upath import UPath

_CONNECTION = re.compile(r"^(\w+://)[^/@]+@")


def without_connection(address: str) -> str:
    """`s3://connection@bucket` without the Airflow connection; other programs take credentials from the environment."""
    return _CONNECTION.sub(r"\1", address)


def spark_address(path: UPath) -> str:
    """A lake's address for Spark: absolute, and S3 with the scheme of Hadoop's client."""
    if path.protocol in {"", "file"}:
        return Path(path.path).resolve().as_uri()
    return without_connection(str(path)).replace("s3://", "s3a://", 1)

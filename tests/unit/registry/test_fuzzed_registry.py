"""Fuzzed registry files: read right, or refused in sentences that name the file; no traceback, no guess.

`make test-fuzz` runs 10,000 cases a target; `make test` a small sample.
"""

import csv
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simulator.demo_registry import write_registry
from social_metrics.errors import UsageProblem
from social_metrics.registry.center_names import CenterNames
from social_metrics.registry.change_log import read_changes
from social_metrics.registry.registry import load_registry
from social_metrics.registry.roles import load_roles
from social_metrics.transform.tagging.rules import load_ruleset

CASES = int(os.environ.get("SOCIAL_METRICS_TEST_FUZZED_REGISTRIES", "40"))  # a target; in full 10000
DAY = date(2026, 11, 20)
ROWS = 12  # of each file: enough for a wrong cell to meet another row
EXTREME = "9999-12-31"

Load = Callable[[Path, Path], Any]
LOADS: dict[str, tuple[tuple[str, ...], Load]] = {
    "platforms": (("platforms.csv",), lambda folder, _: load_registry(folder)),
    "centers": (("centers.csv",), lambda folder, _: load_registry(folder)),
    "accounts": (("center_accounts.csv",), lambda folder, _: load_registry(folder)),
    "roles": (("roles.csv",), lambda folder, _: load_roles(folder)),
    "aliases": (("center_aliases.csv",), lambda folder, _: CenterNames(folder, load_registry(folder), DAY)),
    "changes": (("account_changes.csv",), lambda folder, _: read_changes(folder)),
    "campaigns": (("campaigns.csv",), lambda folder, rules: load_ruleset(rules, folder)),
    "rules": (
        ("tag_rules.csv", "programs.csv", "clusters.csv"),
        lambda folder, rules: load_ruleset(folder, folder),
    ),
}

CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "-", "0", "-1", "1.5", "1e5", "10²", "٣", "null", "None", "NaN", "TRUE", '"', ";", ",", "=A1"]
    ),
    st.sampled_from(["2026-02-30", "0000-01-01", "0001-01-01", EXTREME, "31/12/2026", "46350", "2026-1-1", "20261120"]),
    st.sampled_from(
        ["youtube", "x", "kartini", "kartini-x", "KARTINI", "verified", "missing", "manual", "Asia/Jakarta"]
    ),
    st.sampled_from(
        ["^(?P<handle>", "(a+)+$", "[", "(?P<id>x)", "*", "UC" + "a" * 22, "1.23457E+17", "@kartini", "x/y"]
    ),
    st.sampled_from(
        ["99999999999999999999", "9" * 5000, "Infinity", "-0", "1;2;x", "~", "~ ~", "\ufeff", "\u202e", "a" * 9000]
    ),
    st.text(max_size=12),
)
JUNK = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.sampled_from([b'"', b"\n", b"\r", b"\r\n", b",", b";", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b'"\n"']),
)
"""Where on a file, as a share of it, and what is done there."""
EDITS = st.one_of(
    st.tuples(st.just("cell"), st.floats(0, 1), CELLS),
    st.tuples(st.just("cell"), st.floats(0, 1), CELLS),
    st.tuples(st.sampled_from(["copy", "drop", "swap"]), st.floats(0, 1), st.floats(0, 1)),
    st.tuples(st.sampled_from(["column", "rename", "shift"]), st.floats(0, 1), CELLS),
    st.tuples(st.sampled_from(["insert", "cut"]), st.floats(0, 1), JUNK),
)


@dataclass(frozen=True)
class Source:
    """Good files, short ones, and a folder to spoil them in."""

    files: dict[str, bytes]
    folder: Path
    rules: Path


@pytest.fixture(scope="module")
def source(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    home = tmp_path_factory.mktemp("fuzz")
    registry, rules = home / "registry", repository / "dbt_project/seeds/rules"
    write_registry(repository / "dbt_project/seeds/registry", registry, 2024, DAY)
    (registry / "account_changes.csv").write_text(
        "changed_at,account_code,status,changed_by,evidence_ref,note\n"
        "2026-11-01T08:00:00+00:00,kartini-x,submitted,ani,surat-1,\n"
        "2026-11-02T08:00:00+00:00,kartini-x,verified,budi,surat-2,catatan\n",
    )
    for name in LOADS["rules"][0]:
        shutil.copy(rules / name, registry / name)
    whole = {"programs.csv", "clusters.csv", "platforms.csv", "centers.csv"}
    files = {
        path.name: path.read_bytes() if path.name in whole else _first_rows(path.read_text(encoding="utf-8"))
        for path in registry.glob("*.csv")
    }
    return Source(files, registry, rules)


def _first_rows(text: str) -> bytes:
    return _written(list(csv.reader(io.StringIO(text)))[: ROWS + 1])


def _written(rows: list[list[str]]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode("utf-8", errors="surrogatepass")


def spoil(content: bytes, edits: list[tuple[str, float, Any]]) -> bytes:
    """The file after what a person, a spreadsheet or a bad disk did to it."""
    for how, share, given_value in edits:
        if how in ("insert", "cut"):
            place = int(share * len(content))
            content = content[:place] + given_value + content[place:] if how == "insert" else content[:place]
            continue
        try:
            rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
        except (csv.Error, UnicodeDecodeError):
            return content
        if len(rows) < 2 or not rows[0]:
            return content
        number = 1 + min(int(share * (len(rows) - 1)), len(rows) - 2)
        place = min(int(share * 7919) % len(rows[0]), len(rows[0]) - 1)
        _EDIT[how](rows, number, place, given_value)
        content = _written(rows)
    return content


def _other(rows: list[list[str]], share: float) -> int:
    return 1 + min(int(share * (len(rows) - 1)), len(rows) - 2)


_EDIT: dict[str, Callable[[list[list[str]], int, int, Any], None]] = {
    "cell": lambda rows, number, place, value: rows[number].__setitem__(slice(place, place + 1), [value]),
    "copy": lambda rows, number, _place, share: rows.insert(_other(rows, share), list(rows[number])),
    "drop": lambda rows, number, _place, _share: rows.pop(number),
    "swap": lambda rows, number, _place, share: rows.__setitem__(number, rows[_other(rows, share)]),
    "column": lambda rows, _number, place, _value: [row.pop(place) for row in rows if place < len(row)],
    "rename": lambda rows, _number, place, value: rows[0].__setitem__(place, value),
    "shift": lambda rows, number, place, value: rows[number].insert(place, value),
}


@pytest.mark.slow
@pytest.mark.parametrize("target", sorted(LOADS))
def test_a_spoilt_file_is_read_right_or_refused_in_sentences(source: Source, target: str) -> None:
    names, load = LOADS[target]
    became = {"read": 0, "refused": 0}

    @settings(max_examples=CASES, suppress_health_check=list(HealthCheck), database=None)
    @example(name=names[0], edits=[])  # an untouched file is read, whatever chance spoils
    @given(name=st.sampled_from(names), edits=st.lists(EDITS, min_size=1, max_size=3))
    def check(name: str, edits: list[tuple[str, float, Any]]) -> None:
        for known, content in source.files.items():
            if known in (name, *names):
                (source.folder / known).write_bytes(content)
        content = spoil(source.files[name], edits)
        (source.folder / name).write_bytes(content)
        try:
            loaded = load(source.folder, source.rules)
        except UsageProblem as problem:
            became["refused"] += 1
            _check_sentences(str(problem))
        else:
            became["read"] += 1
            if name in RIGHT:
                RIGHT[name](loaded, _rows(content))
        finally:
            (source.folder / name).write_bytes(source.files[name])

    check()
    print(f"{target}: {became}")
    assert min(became.values()) > 0, f"a run of {became} proves little"


def _check_sentences(said: str) -> None:
    first, *sentences = said.splitlines()
    for sentence in sentences or [first]:
        assert re.search(r"[a-z_]+\.csv", sentence), f"which file? {sentence}"
    assert len(said) < 400_000


def _rows(content: bytes) -> list[dict[str, str]]:
    """The file's rows, as a spreadsheet program would show them."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [{name: (cell or "").strip() for name, cell in row.items()} for row in rows if any(row.values())]


def _accounts_are_right(registry: Any, rows: list[dict[str, str]]) -> None:
    said = [
        (row["account_code"], row["platform"], row["platform_account_id"], row["handle"], row["status"],
         row["valid_from"], row["valid_to"], row.get("capture_path") or "api")
        for row in rows
    ]  # fmt: skip
    assert [
        (one.account_code, one.platform, one.platform_account_id or "", one.handle or "", one.status,
         one.valid_from.isoformat() if one.valid_from else "", one.valid_to.isoformat() if one.valid_to else "",
         one.capture_path)
        for one in registry.accounts
    ] == said  # fmt: skip
    for platform in registry.platforms:
        codes = [code for batch in registry.batches(platform, DAY) for code in batch]
        assert len(set(codes)) == len(codes), "an account is read once"


def _platforms_are_right(registry: Any, rows: list[dict[str, str]]) -> None:
    assert list(registry.platforms) == [row["platform"] for row in rows]
    for row in rows:
        line = registry.platforms[row["platform"]]
        assert str(line.batch_size) == row["batch_size"].lstrip("0")
        assert ";".join(line.allowed_api_hosts) == ";".join(
            part.strip() for part in row["allowed_api_hosts"].split(";")
        )
        assert (line.daily_usd_limit is None) == (not row["daily_usd_limit"])


def _centers_are_right(registry: Any, rows: list[dict[str, str]]) -> None:
    said = [(row["center_code"], row["center_name"], row["time_zone"]) for row in rows]
    assert [(one.center_code, one.center_name, one.time_zone) for one in registry.centers] == said


def _roles_are_right(roles: Any, rows: list[dict[str, str]]) -> None:
    said = [(row["role_code"], row["person"] or None, row["center_code"] or None) for row in rows]
    assert [(one.role, one.person, one.center_code) for one in roles] == said


RIGHT: dict[str, Callable[[Any, list[dict[str, str]]], None]] = {
    "center_accounts.csv": _accounts_are_right,
    "platforms.csv": _platforms_are_right,
    "centers.csv": _centers_are_right,
    "roles.csv": _roles_are_right,
}

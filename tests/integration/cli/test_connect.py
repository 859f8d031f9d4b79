"""`connect`: an owner's authorisation against the simulator, saved only when it is the right one and whole."""

import json
from datetime import timedelta

import psycopg
import pytest
from typer.testing import CliRunner, Result

from social_metrics.cli import app
from social_metrics.extract.platforms import tiktok
from tests.support.simulator import CREDENTIALS, RunningSimulator


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=typed)


def tokens(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("select account_code from ops.credentials order by 1")]


def test_an_owner_authorises_an_account_which_is_then_read(simulator: RunningSimulator, warehouse_url: str) -> None:
    before = run("capture", "--platform", "tiktok")
    assert "kartini-tiktok: permission missing" in before.stdout
    done = run("connect", "tiktok", "kartini-tiktok", typed="demo-code-kartini-tiktok\n")
    assert done.exit_code == 0, done.output
    assert "https://www.tiktok.com/v2/auth/authorize/?client_key=demo-tiktok-key" in done.stdout
    assert "kartini-tiktok is authorised with everything that is needed. It holds until 23 May 2027." in done.stdout
    assert "demo-refresh" not in done.output
    assert "demo-access" not in done.output
    assert tokens(warehouse_url) == ["kartini-tiktok"]
    after = run("capture", "--platform", "tiktok")
    assert "kartini-tiktok" not in after.stdout

    simulator.set_clock(simulator.started_at + timedelta(minutes=20))
    given_back = run("connect", "tiktok", "kartini-tiktok", "--revoke")
    assert "The tokens of kartini-tiktok are deleted." in given_back.stdout
    assert "did not confirm" not in given_back.stdout
    assert tokens(warehouse_url) == []

    # What was read with it goes with the next run of retention, and a plan says so beforehand.
    simulator.set_clock(simulator.started_at + timedelta(minutes=40))
    planned = run("retention", "--format", "json")
    revoked = {(due["table"], due["account_code"]) for due in json.loads(planned.stdout)["due"]}
    assert ("raw.profile_snapshots", "kartini-tiktok") in revoked
    assert ("raw.response_bodies", "kartini-tiktok") in revoked
    taken = run("retention", "--action", "enforce")
    assert taken.exit_code == 0, taken.output
    assert "revoked kartini-tiktok" in taken.stdout
    assert "Nothing is past its retention period." in run("retention").stdout
    with psycopg.connect(warehouse_url) as connection:
        left = connection.execute(
            "select count(followers_count), count(handle_seen), count(*) > 0 from raw.profile_snapshots "
            "where account_code = 'kartini-tiktok'"
        ).fetchone()
    assert left == (0, 0, True)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("demo-code-insyaf-tiktok", "Log in as the center's account"), ("nonsense", "tiktok refused the code")],
)
def test_what_is_not_ours_is_not_saved(
    simulator: RunningSimulator, warehouse_url: str, code: str, expected: str
) -> None:
    refused = run("connect", "tiktok", "kartini-tiktok", typed=f"{code}\n")
    assert refused.exit_code == 2
    assert expected in refused.stderr
    assert "Traceback" not in refused.output
    assert tokens(warehouse_url) == []


def test_a_box_left_unticked_is_named(
    simulator: RunningSimulator, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    grant = tiktok.AUTHORISATION.account
    assert grant is not None
    asks_more = replace(tiktok.AUTHORISATION, account=replace(grant, scopes=grant.scopes | {"video.upload"}))
    monkeypatch.setattr(tiktok, "AUTHORISATION", asks_more)
    refused = run("connect", "tiktok", "kartini-tiktok", typed="demo-code-kartini-tiktok\n")
    assert refused.exit_code == 2
    assert "was authorised without video.upload" in refused.stderr
    assert tokens(warehouse_url) == []


def test_a_platforms_secret_is_tried_before_it_is_praised(simulator: RunningSimulator) -> None:
    good = run("connect", "youtube", typed=f"{CREDENTIALS['youtube'][1]}\n")
    assert good.exit_code == 0, good.output
    assert "YouTube answered for" in good.stdout
    assert str(CREDENTIALS["youtube"][1]) not in good.output
    bad = run("connect", "youtube", typed="wrong\n")
    assert bad.exit_code == 2
    assert "token_expired" in bad.stderr


@pytest.mark.parametrize("arguments", [("tiktok",), ("tiktok", "kartini-x"), ("x", "kartini-x"), ("myspace",)])
def test_what_cannot_be_connected_says_what_can(simulator: RunningSimulator, arguments: tuple[str, ...]) -> None:
    refused = run("connect", *arguments)
    assert refused.exit_code == 2
    assert "Traceback" not in refused.output

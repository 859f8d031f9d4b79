"""Clock, limits, calls, tokens, options and the command line of the simulator."""

import csv
import json
import shutil
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.simulator.platform_calls import SimulatorClient, running
from tests.support.simulator import REPOSITORY, SEEDS, simulator_command


def test_every_reply_says_that_it_is_simulated_and_when(simulator: SimulatorClient) -> None:
    simulator.set_clock("2026-10-01T00:30:00+07:00")
    for path in (
        "/_simulator/clock",
        "/youtube/v3/channels",
        "/2/users",
        "/v26.0/1",
        "/v2/user/info/",
        "/nothing/here",
    ):
        reply = simulator.session.get(simulator.base_url + path, timeout=30)
        assert reply.headers["X-Simulator"] == "sentra-social-metrics"
        assert parsedate_to_datetime(reply.headers["Date"]).isoformat() == "2026-09-30T17:30:00+00:00"
    assert reply.status_code == 404


def test_clock_is_stopped_until_it_is_set(simulator: SimulatorClient) -> None:
    assert simulator.admin("GET", "clock") == {"now": "2026-11-24T13:00:00Z"}
    assert simulator.admin("PUT", "clock", {"advance_seconds": 86_400}) == {"now": "2026-11-25T13:00:00Z"}
    assert simulator.admin("PUT", "clock", {"now": "2026-01-31T23:59:59+07:00"}) == {"now": "2026-01-31T16:59:59Z"}
    assert simulator.admin("GET", "clock") == {"now": "2026-01-31T16:59:59Z"}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"now": "2026-11-24T20:00:00"}, "has no offset"),
        ({"now": "evening"}, "is not an instant"),
        ({"advance_seconds": "1"}, "whole number"),
        ({"day": 1}, "Unknown: day"),
    ],
)
def test_an_invalid_clock_gets_one_sentence(simulator: SimulatorClient, body: object, sentence: str) -> None:
    reply = simulator.session.put(f"{simulator.base_url}/_simulator/clock", json=body, timeout=30)
    assert reply.status_code == 400
    assert sentence in reply.json()["error"]


def test_calls_are_counted_by_platform_and_endpoint(simulator: SimulatorClient) -> None:
    simulator.youtube("channels", part="id", id="x")
    simulator.youtube("channels", part="id", id="x")
    simulator.x("users", ids="1")
    simulator.x("users/1/tweets")
    simulator.facebook(ids="1,2")
    simulator.instagram("nobody", "id")
    counted = simulator.admin("GET", "calls")
    assert counted["total"] == 6
    assert counted["calls"] == {
        "facebook": {"ids": 1},
        "instagram": {"business_discovery": 1},
        "x": {"users": 1, "users/{id}/tweets": 1},
        "youtube": {"channels": 2},
    }
    assert simulator.admin("DELETE", "calls")["total"] == 0


def test_limits_refuse_as_the_platforms_do_and_end_with_their_window(simulator: SimulatorClient) -> None:
    buckets = {"x:users": 2, "youtube:quota": 2, "tiktok:user/info": 2, "facebook:app": 2}
    simulator.admin("PUT", "rate-limits", {"enabled": True, "overrides": buckets})
    access = simulator.tiktok_refresh("demo-refresh-kartini-tiktok-0").json()["access_token"]
    for status in (200, 200, 429):
        reply = simulator.x("users", ids="1")
        assert reply.status_code == status
    assert (reply.headers["x-rate-limit-limit"], reply.headers["x-rate-limit-remaining"]) == ("2", "0")
    assert int(reply.headers["x-rate-limit-reset"]) % 900 == 0
    assert [simulator.youtube("channels", part="id", id="x").status_code for _ in range(3)] == [200, 200, 403]
    infos = [simulator.tiktok("user/info", access, fields="open_id").status_code for _ in range(3)]
    assert infos == [200, 200, 429]
    page = simulator.id_of("kartini-facebook")
    replies = [simulator.facebook(page) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 403]
    assert [json.loads(reply.headers["X-App-Usage"])["call_count"] for reply in replies] == [50, 100, 100]
    simulator.admin("PUT", "clock", {"advance_seconds": 900})
    assert simulator.x("users", ids="1").status_code == 200
    assert simulator.tiktok("user/info", access, fields="open_id").status_code == 200
    assert simulator.youtube("channels", part="id", id="x").status_code == 403, "the quota day is Pacific"
    simulator.set_clock("2026-11-25T08:00:00Z")
    assert simulator.youtube("channels", part="id", id="x").status_code == 200
    simulator.admin("PUT", "rate-limits", {"enabled": False})
    assert {simulator.youtube("channels", part="id", id="x").status_code for _ in range(5)} == {200}


def test_refresh_tokens_work_once(simulator: SimulatorClient) -> None:
    first = simulator.tiktok_refresh("demo-refresh-kartini-tiktok-0").json()
    assert (first["expires_in"], first["refresh_expires_in"]) == (7200, 180 * 86_400)
    second = simulator.tiktok_refresh(first["refresh_token"]).json()
    lost = simulator.tiktok_refresh(first["refresh_token"])
    assert (lost.status_code, lost.json()["error"]) == (400, "invalid_grant")
    old = simulator.tiktok("user/info", first["access_token"], fields="open_id")
    assert old.json()["error"]["code"] == "access_token_invalid"
    new = simulator.tiktok("user/info", second["access_token"], fields="open_id")
    assert new.json()["data"]["user"]["open_id"] == simulator.id_of("kartini-tiktok")
    simulator.admin("PUT", "clock", {"advance_seconds": 7200})
    assert simulator.tiktok("user/info", second["access_token"], fields="open_id").status_code == 401
    simulator.admin("PUT", "clock", {"advance_seconds": 180 * 86_400})
    assert simulator.tiktok_refresh(second["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_lost_reply_loses_the_chain_and_a_new_login_begins_one(simulator: SimulatorClient) -> None:
    simulator.fault("tiktok", "cut_off_json", endpoint="oauth/token", times=1)
    with pytest.raises(ValueError):
        simulator.tiktok_refresh("demo-refresh-kartini-tiktok-0").json()
    assert simulator.tiktok_refresh("demo-refresh-kartini-tiktok-0").json()["error"] == "invalid_grant"
    form = {"client_key": "demo-tiktok-key", "client_secret": "demo-tiktok-secret"}
    form |= {"grant_type": "authorization_code", "code": "demo-code-kartini-tiktok"}
    login = simulator.session.post(f"{simulator.base_url}/v2/oauth/token/", data=form, timeout=30).json()
    assert simulator.tiktok("user/info", login["access_token"], fields="open_id").status_code == 200


def test_a_restarted_server_takes_up_the_chain_where_it_is_told(simulator: SimulatorClient) -> None:
    assert simulator.tiktok_refresh("demo-refresh-kartini-tiktok-57").json()["refresh_token"].endswith("-58")
    assert simulator.tiktok_refresh("demo-refresh-kartini-tiktok-57").status_code == 400


def test_names_of_x_follow_the_option(simulator: SimulatorClient) -> None:
    user = simulator.id_of("kartini-x")

    def names(**query: str) -> set[str]:
        body = simulator.x(f"users/{user}/tweets", max_results="5", **query).json()
        return {name for name in body["data"][0] if name.startswith("edit_history")}

    assert names(tweet__fields="public_metrics") == names() == {"edit_history_tweet_ids"}
    assert names(post__fields="public_metrics") == {"edit_history_post_ids"}
    simulator.admin("PUT", "options", {"x_names": "tweet"})
    assert names(post__fields="public_metrics") == {"edit_history_tweet_ids"}
    simulator.admin("PUT", "options", {"x_names": "post"})
    assert names() == {"edit_history_post_ids"}
    simulator.admin("PUT", "options", {"x_names": "both"})
    assert names() == names(post__fields="id") == {"edit_history_tweet_ids", "edit_history_post_ids"}
    metrics = simulator.x("users", ids=user, user__fields="public_metrics").json()["data"][0]["public_metrics"]
    assert metrics["tweet_count"] == metrics["post_count"] == len(simulator.truth_of("kartini-x")["posts"])


def test_demo_registry_leaves_the_other_seeds_alone(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    shutil.copytree(SEEDS, source)
    simulator_command("registry", "--source", str(source), "--out", str(out), "--as-of", "2026-11-24")
    seeds = sorted(path.name for path in source.glob("*.csv"))
    assert len(seeds) >= 4
    same = [name for name in seeds if (out / name).read_bytes() == (source / name).read_bytes()]
    assert same == [name for name in seeds if name not in ("center_accounts.csv", "campaigns.csv", "roles.csv")]
    with (out / "campaigns.csv").open(newline="", encoding="utf-8") as file:
        campaigns = list(csv.DictReader(file))
    assert [row["starts_at"] for row in campaigns] == ["2026-09-05T00:00+07:00", "2026-10-20T00:00+07:00"]


def test_demo_registry_is_invented(demo_registry: Path, simulator: SimulatorClient) -> None:
    rows = simulator.rows()
    assert {row["handle"][:5] for row in rows} == {"demo_"}
    assert max(len(row["handle"]) for row in rows) <= 15
    assert len({(row["platform"], row["platform_account_id"]) for row in rows}) == len(
        {row["account_code"] for row in rows}
    )
    changed = [row for row in rows if row["account_code"] == "bahagia-instagram"]
    assert [(row["valid_from"], row["valid_to"]) for row in changed] == [
        ("2024-01-01", "2026-10-14"),
        ("2026-10-15", ""),
    ]
    assert len({row["platform_account_id"] for row in changed}) == 1
    statuses = [line.split(",")[8] for line in (demo_registry / "center_accounts.csv").read_text().splitlines()[1:]]
    platforms = {row["platform"] for row in rows}
    assert platforms >= {"youtube", "facebook", "instagram", "x", "tiktok"}
    assert (statuses.count("missing"), statuses.count("placeholder")) == (3, 5)
    assert len(statuses) == 31 * len(platforms) + 1, "the changed handle has two rows"


def test_registry_multiplies(tmp_path: Path) -> None:
    simulator_command(
        "registry", "--source", str(SEEDS), "--out", str(tmp_path), "--as-of", "2026-11-24", "--multiply", "9"
    )
    rows = (tmp_path / "center_accounts.csv").read_text().splitlines()[1:]
    assert len((tmp_path / "centers.csv").read_text().splitlines()) == 1 + 9 * 31
    assert len({row.split(",")[0] for row in rows}) == 9 * 31 * len({row.split(",")[2] for row in rows})
    handles = {(row.split(",")[2], row.split(",")[4]) for row in rows if row.split(",")[4]}
    assert len(handles) == len([row for row in rows if row.split(",")[4]]), "handles are unique on a platform"


SEVENTH = '''
from simulator.apis.x import X


class Seventh(X):
    """An invented platform."""

    platform = "seventh"

    def claims(self, request):
        return request.path.startswith("/seventh/")

    def endpoint(self, request):
        return "profile"

    def answer(self, request, endpoint):
        from simulator.exchange import Reply
        return Reply({"followers": self.world.followers(self.accounts[0], request.now)})
'''


def test_another_platform_is_one_file(tmp_path: Path) -> None:
    apis, source, out = tmp_path / "apis", tmp_path / "source", tmp_path / "out"
    apis.mkdir()
    (apis / "seventh.py").write_text(SEVENTH)
    shutil.copytree(SEEDS, source)
    header, *lines = (SEEDS / "platforms.csv").read_text().splitlines()
    invented = lines[0].replace("youtube", "seventh", 1)
    unknown = lines[0].replace("youtube", "unknown", 1)
    (source / "platforms.csv").write_text("\n".join([header, *lines, invented, unknown]) + "\n")
    simulator_command(
        "registry", "--source", str(source), "--out", str(out), "--as-of", "2026-11-24", "--extra-apis", str(apis)
    )
    with running(out, "--extra-apis", str(apis)) as simulator:
        assert len(simulator.rows("seventh")) == 31
        assert simulator.rows("unknown") == []
        reply = simulator.session.get(f"{simulator.base_url}/seventh/profile", timeout=30)
        assert reply.json() == {"followers": simulator.truth_of("darussaadah-seventh")["followers"]}


def test_port_file_holds_the_bound_port(demo_registry: Path, tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    with running(demo_registry, "--port-file", str(port_file)) as simulator:
        assert simulator.admin("GET", "health")["status"] == "ok"
        assert simulator.host == f"127.0.0.1:{port_file.read_text().strip()}"
        taken = simulator_command(
            "serve", "--registry-dir", str(demo_registry), "--port", simulator.host.split(":")[1], check=False
        )
    assert (taken.returncode, taken.stdout) == (2, "")
    assert "cannot be used" in taken.stderr
    assert "Traceback" not in taken.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["serve", "--registry-dir", "/nowhere"], "/nowhere/centers.csv cannot be read"),
        (["serve", "--registry-dir", str(SEEDS)], "has no account with an id"),
        (["serve", "--registry-dir", str(SEEDS), "--clock", "noon"], "'noon' is not an instant"),
        (["registry", "--source", str(REPOSITORY), "--out", "/tmp/never"], "has no centers.csv"),
        (["registry", "--source", str(SEEDS), "--out", str(SEEDS)], "must not replace the real registry"),
        (["registry", "--source", str(SEEDS), "--out", "/tmp/never", "--as-of", "31-12-2026"], "is not a date"),
    ],
)
def test_invalid_arguments_end_with_one_sentence(arguments: list[str], sentence: str) -> None:
    ended = simulator_command(*arguments, check=False)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1

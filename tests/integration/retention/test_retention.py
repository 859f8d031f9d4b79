"""Retention deletes expired values and nothing else, and records each loss with its hash and its rule."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from social_metrics.audit.chain import walk_chain
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.revocations import record_revocation
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.registry.retention_rules import load_retention_rules
from social_metrics.retention.enforce import enforce_retention, plan_retention
from social_metrics.retention.revocation import unanswered_refusals
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect
from tests.support.random_evidence import RandomEvidence
from tests.support.warehouse import change_evidence

DAY = date(2026, 10, 28)
SOON, LATER = datetime(2026, 11, 5, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings()


@pytest.fixture(scope="module")
def registry(settings: Settings) -> Registry:
    return load_registry(settings.registry_dir)


@pytest.fixture
def owner(warehouse_url: str) -> Iterator[psycopg.Connection]:
    """One evening of kartini on YouTube and X and of satria on TikTok; what has a time has a month of it."""
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        RandomEvidence(connection, 5).write_run(DAY)
        month = "expires_at = '2026-11-27 13:00+00'"
        change_evidence(connection, f"update raw.response_bodies set {month}")
        change_evidence(connection, f"update raw.post_captions set {month}")
        change_evidence(connection, "update raw.profile_snapshots set expires_at = null, followers_count = 900, "
                           "followers_precision_step = 1, followers_state = 'reported'")  # fmt: skip
        change_evidence(
            connection,
            f"update raw.profile_snapshots set authorization_mode = 'public', {month} where platform = 'youtube'",
        )
        change_evidence(
            connection, "update raw.posts set like_count = 5, url = 'https://example.org', expires_at = null"
        )
        change_evidence(connection, f"update raw.posts set {month} where platform = 'youtube'")
        yield connection


def rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def everything(connection: psycopg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    tables = ("profile_snapshots", "posts", "post_captions", "response_bodies", "api_responses", "capture_outcomes")
    found = {table: rows(connection, f"select * from raw.{table} order by 1, 2, 3") for table in tables}
    return found | {table: rows(connection, f"select * from ops.{table}") for table in ("purges", "purged_rows")}


def test_nothing_is_taken_before_its_time(
    warehouse_url: str, owner: psycopg.Connection, settings: Settings, registry: Registry
) -> None:
    before = everything(owner)
    assert enforce_retention(settings, registry, warehouse_url, SOON).items == ()
    assert everything(owner) == before


def test_a_dry_run_shows_what_would_go_and_takes_nothing(
    warehouse_url: str, owner: psycopg.Connection, settings: Settings, registry: Registry
) -> None:
    before = everything(owner)
    planned = plan_retention(settings, registry, warehouse_url, LATER)
    assert everything(owner) == before
    assert {(due.table, due.platform, due.authorization_mode, due.reason, due.row_count) for due in planned.items} == {
        ("raw.profile_snapshots", "youtube", "public", "expired", 1),
        ("raw.posts", "youtube", None, "expired", 1),
        *(("raw.post_captions", platform, None, "expired", 1) for platform in ("youtube", "x", "tiktok")),
        *(("raw.response_bodies", platform, None, "expired", 1) for platform in ("youtube", "x", "tiktok")),
    }
    assert "III.E.4" in next(due.rule for due in planned.items if due.table == "raw.profile_snapshots")
    assert enforce_retention(settings, registry, warehouse_url, LATER).items == planned.items


def test_counts_are_emptied_by_basis_words_and_bytes_go_and_the_chain_holds(
    warehouse_url: str, owner: psycopg.Connection, settings: Settings, registry: Registry
) -> None:
    enforce_retention(settings, registry, warehouse_url, LATER)
    snapshots = dict(
        rows(owner, "select platform, (followers_count, followers_state, following_count) from raw.profile_snapshots")
    )
    assert snapshots["youtube"] == (None, "retention_expired", None)
    assert snapshots["x"][:2] == snapshots["tiktok"][:2] == ("900", "reported")
    posts = dict(rows(owner, "select platform, (like_count, view_count, presence, url is not null) from raw.posts"))
    assert posts["youtube"] == (None, None, "seen", "t"), "the observation stays, with its place"
    assert posts["x"] == ("5", "9", "seen", "t")
    assert rows(owner, "select count(*) from raw.post_captions") == [(0,)]
    assert rows(owner, "select count(*) from raw.response_bodies") == [(0,)]
    assert rows(owner, "select count(*) from raw.api_responses") == [(3,)]
    tagged = "select count(distinct (account_code, post_id)) from ops.tagged_captions"
    assert rows(owner, tagged) == [(3,)], "the captions were read before they went"
    with connect(warehouse_url, "closer") as closer:
        walk = walk_chain(closer, LATER)
        assert walk.findings == ()
        assert walk.purged == {
            "raw.profile_snapshots": 1, "raw.posts": 1, "raw.post_captions": 3, "raw.response_bodies": 3,
        }  # fmt: skip
        early = walk_chain(closer, SOON)
    assert len(early.findings) == 8, "what was taken before its time was not retention's to take"
    again = everything(owner)
    assert enforce_retention(settings, registry, warehouse_url, LATER).items == ()
    assert everything(owner) == again


def test_each_loss_is_recorded_for_good(
    warehouse_url: str, owner: psycopg.Connection, settings: Settings, registry: Registry
) -> None:
    enforce_retention(settings, registry, warehouse_url, LATER)
    assert rows(owner, "select sum(row_count) from ops.purges") == rows(owner, "select count(*) from ops.purged_rows")
    leaves = rows(
        owner,
        "select count(*) from ops.purged_rows join audit.sealed_rows as sealed using (table_name, row_key) "
        "where sealed.row_sha256 = purged_rows.row_sha256",
    )
    assert leaves == [(8,)], "each hash that a purge names stands under a seal"
    assert rows(owner, "select distinct purged_by is not null, source <> '' from ops.purges") == [(True, True)]
    for table, column in (("purges", "source"), ("purged_rows", "row_key"), ("revocations", "reason")):
        for statement in (f"update ops.{table} set {column} = ''", f"delete from ops.{table}", f"truncate ops.{table}"):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported)):
                owner.execute(statement)


def test_a_forged_record_covers_no_loss(
    warehouse_url: str, owner: psycopg.Connection, settings: Settings, registry: Registry
) -> None:
    """The retention role cannot delete a row before its time by recording that it had expired."""
    enforce_retention(settings, registry, warehouse_url, SOON)  # seals
    owner.execute(
        "with forged as (insert into ops.purges (as_of, table_name, field, platform, reason, source, row_count) "
        "values (%s, 'raw.response_bodies', 'bodies', 'x', 'expired', 'none', 3) returning purge_no) "
        "insert into ops.purged_rows (purge_no, table_name, row_key, row_sha256) "
        "select purge_no, table_name, row_key, row_sha256 from forged, audit.sealed_rows "
        "where table_name = 'raw.response_bodies'",
        (LATER,),
    )
    change_evidence(owner, "delete from raw.response_bodies")
    with connect(warehouse_url, "closer") as closer:
        gone = [found for found in walk_chain(closer, SOON).findings if "response_bodies" in found.place]
        assert len(gone) == 3
        revoked = "update ops.purges set reason = 'revoked', account_code = 'kartini-x'"
    with psycopg.connect(warehouse_url) as again, pytest.raises(psycopg.errors.InsufficientPrivilege):
        again.execute(revoked)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("update raw.profile_snapshots set followers_count = 7", "may only empty"),
        ("update raw.profile_snapshots set expires_at = '2099-01-01'", "may not lengthen"),
        ("update raw.posts set url = 'https://example.org/other'", "may only empty"),
        ("update raw.profile_snapshots set account_code = 'other'", "permission denied"),
        ("delete from raw.profile_snapshots", "permission denied"),
        ("delete from raw.posts", "permission denied"),
        ("delete from raw.api_responses", "permission denied"),
        ("delete from ops.purged_rows", "permission denied"),
        ("insert into raw.post_captions select * from raw.post_captions", "permission denied"),
        ("select * from ops.credentials", "permission denied"),
    ],
)
def test_who_purges_can_only_take_away(
    warehouse_url: str, owner: psycopg.Connection, statement: str, says: str
) -> None:
    change_evidence(owner, "update raw.profile_snapshots set expires_at = '2026-11-27' where expires_at is null")
    with connect(warehouse_url, "retention") as retention, pytest.raises(psycopg.Error, match=says):
        retention.execute(statement)  # type: ignore[call-overload]


def test_a_period_that_was_shortened_takes_what_it_now_forbids(
    warehouse_url: str, owner: psycopg.Connection, settings: Settings, registry: Registry
) -> None:
    change_evidence(owner, "update raw.profile_snapshots set expires_at = null where platform = 'youtube'")
    report = enforce_retention(settings, registry, warehouse_url, LATER)
    assert ("raw.profile_snapshots", "rule_shortened") in {(due.table, due.reason) for due in report.items}
    assert rows(owner, "select expires_at from raw.profile_snapshots where platform = 'youtube'") == [(LATER,)]
    to_rebuild = rows(owner, "select account_code, as_of_date, cause from ops.reopened_days where cause = 'retention'")
    assert set(to_rebuild) == {("kartini-youtube", DAY, "retention")}
    with connect(warehouse_url, "closer") as closer:
        assert walk_chain(closer, LATER).findings == ()


def test_the_words_of_a_removed_post_go_at_once(
    warehouse_url: str, owner: psycopg.Connection, settings: Settings, registry: Registry
) -> None:
    change_evidence(owner, "update raw.posts set presence = 'absent' where platform = 'x'")
    report = enforce_retention(settings, registry, warehouse_url, SOON)
    assert [(due.table, due.platform, due.reason) for due in report.items] == [
        ("raw.post_captions", "x", "post_removed")
    ]
    assert rows(owner, "select platform from raw.post_captions order by 1") == [("tiktok",), ("youtube",)]
    with connect(warehouse_url, "closer") as closer:
        assert walk_chain(closer, SOON).findings == ()


def test_a_revocation_takes_what_the_owner_had_allowed_and_the_outcomes_stay(
    warehouse_url: str, owner: psycopg.Connection, settings: Settings, registry: Registry
) -> None:
    # The bytes that tell of satria also tell of another account: one answer, two of them.
    response = rows(owner, "select response_id from raw.profile_snapshots where account_code = 'satria-tiktok'")[0][0]
    change_evidence(
        owner, "update raw.profile_snapshots set response_id = %s where account_code = 'kartini-x'", (response,)
    )
    with connect(warehouse_url, "loader") as loader:
        with pytest.raises(UsageProblem, match="name its evidence"):
            record_revocation(loader, "satria-tiktok", "tiktok", SOON, " ")
        record_revocation(loader, "satria-tiktok", "tiktok", SOON - timedelta(hours=1), "a letter of the center")
    report = enforce_retention(settings, registry, warehouse_url, SOON)
    assert {(due.table, due.reason, due.account_code, due.row_count) for due in report.items} == {
        (f"raw.{table}", "revoked", "satria-tiktok", 1)
        for table in ("profile_snapshots", "posts", "post_captions", "response_bodies")
    }
    left = "select followers_count, followers_state, handle_seen, platform_account_id_seen from raw.profile_snapshots "
    assert rows(owner, left + "where platform = 'tiktok'") == [(None, "retention_expired", None, None)]
    assert rows(owner, left + "where platform = 'x'")[0][:2] == (900, "reported")
    assert rows(owner, "select url, like_count, post_type from raw.posts where platform = 'tiktok'") == [
        (None, None, "video")
    ]
    assert rows(owner, "select count(*) from raw.response_bodies") == [(2,)]
    assert rows(owner, "select count(*) from raw.capture_outcomes where platform = 'tiktok'") == [(1,)]
    with connect(warehouse_url, "closer") as closer:
        assert walk_chain(closer, SOON).findings == ()
    # What is captured after a new authorisation is not touched by the old revocation.
    RandomEvidence(owner, 6).write_run(DAY + timedelta(days=14))
    later = SOON + timedelta(days=10)
    assert not [due for due in enforce_retention(settings, registry, warehouse_url, later).items if due.account_code]


def test_a_platforms_word_alone_deletes_nothing_and_is_asked_about(
    warehouse_url: str, owner: psycopg.Connection, settings: Settings, registry: Registry
) -> None:
    RandomEvidence(owner, 7).write_run(DAY + timedelta(days=1))
    change_evidence(
        owner,
        "update raw.capture_outcomes set outcome = 'consent_revoked' where platform = 'tiktok' and attempted_at > %s",
        (datetime(2026, 10, 29, tzinfo=UTC),),
    )
    assert not [due for due in enforce_retention(settings, registry, warehouse_url, SOON).items if due.account_code]
    with connect(warehouse_url, "retention") as retention:
        assert [refused.account_code for refused in unanswered_refusals(retention)] == ["satria-tiktok"]
        retention.commit()
        with connect(warehouse_url, "loader") as loader:
            record_revocation(loader, "satria-tiktok", "tiktok", SOON, "a letter of the center")
        assert unanswered_refusals(retention) == []


def test_captions_that_cannot_be_read_wait_and_it_is_said(
    warehouse_url: str, owner: psycopg.Connection, settings: Settings, registry: Registry, monkeypatch: Any
) -> None:
    def refuse(*_: object) -> None:
        raise UsageProblem("tag_rules.csv, line 3: …")

    monkeypatch.setattr("social_metrics.retention.enforce.tag_captions", refuse)
    report = enforce_retention(settings, registry, warehouse_url, LATER)
    assert report.unread == "tag_rules.csv, line 3: …"
    assert rows(owner, "select count(*) from raw.post_captions") == [(3,)]
    assert rows(owner, "select count(*) from raw.response_bodies") == [(0,)]


def test_a_crash_takes_nothing(
    warehouse_url: str, owner: psycopg.Connection, settings: Settings, registry: Registry, monkeypatch: Any
) -> None:
    enforce_retention(settings, registry, warehouse_url, SOON)
    before = everything(owner)
    monkeypatch.setattr("social_metrics.retention.enforce._RECORD", "select 1 / 0 {table} {remaining} {before} {join}")
    with pytest.raises(psycopg.Error):
        enforce_retention(settings, registry, warehouse_url, LATER)
    assert everything(owner) == before


def test_every_platform_of_the_registry_has_a_rule_with_its_source(settings: Settings, registry: Registry) -> None:
    rules = load_retention_rules(settings)
    for name, platform in registry.platforms.items():
        for field in ("bodies", "captions"):
            assert rules.rule(name, field).lifetime(platform), "no bytes and no words are kept for ever"
    youtube = registry.platforms["youtube"]
    days = {
        mode: rules.rule("youtube", "counts", mode).lifetime(youtube)
        for mode in ("public", "amendment", "owner")  # type: ignore[arg-type]
    }
    assert days == {"public": timedelta(days=30), "amendment": timedelta(days=1095), "owner": None}


def test_the_faults_of_the_rules_are_named(tmp_path: Any) -> None:
    folder = tmp_path / "seeds" / "rules"
    folder.mkdir(parents=True)
    (folder / "retention_rules.csv").write_text(
        "platform,authorization_mode,field,keep,revoked_within_days,source\n"
        ",,captions,30,30,a source\n"
        ",,captions,30,30,a source\n"
        ",,faces,30,30,a source\n"
        ",public,counts,a while,30,\n"
    )
    with pytest.raises(UsageProblem) as caught:
        load_retention_rules(Settings(dbt_project_dir=tmp_path))
    said = str(caught.value)
    for part in ("line 3: this platform", "'faces' is not allowed", "'a while' is neither", "column source"):
        assert part in said

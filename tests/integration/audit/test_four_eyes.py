"""Nobody signs twice by writing a name differently, and nobody dates or signs for another."""

import os
import random
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from local_stack.databases import Login
from local_stack.secret_files import new_password
from local_stack.server import Server
from social_metrics.registry.persons import LOOK_ALIKES, canonical_person, is_latin
from social_metrics.warehouse.connect import connect

SPELLINGS = ("ani{}", "Ani{}", "ANI{}", "\u0430ni{}", "ani{} ", "\uff41\uff4e\uff49{}", "a\u200bni{}", "an\u0456{}")
OTHERS = ("budi", "sekretaris", "\u0628\u0648\u062f\u064a", "\ua9a7\ua9a4\ua9b6")  # the last two in other scripts
PAST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def spelled(postgres_server: Server) -> Iterator[list[Login]]:
    """Logins in the group closer whose names are one name, each written in another way."""
    logins = [Login(spelling.format(os.getpid()), new_password()) for spelling in SPELLINGS]
    for login in logins:
        postgres_server.ensure_login(login.name, login.password)
        with postgres_server.admin() as admin:
            admin.execute(sql.SQL("grant social_metrics_closer to {}").format(sql.Identifier(login.name)))
    yield logins
    for login in logins:
        with postgres_server.admin() as admin:
            admin.execute(sql.SQL("drop role {}").format(sql.Identifier(login.name)))


@pytest.fixture
def draft(warehouse_url: str) -> str:
    """The address of a warehouse with a drafted month."""
    with psycopg.connect(warehouse_url) as owner:
        owner.execute(
            "insert into audit.seals values (1, '2026-11-01', now(), repeat('0', 64), 'x', 'x', repeat('1', 64))"
        )
        owner.execute(
            "insert into audit.closes values ('2026-10-01', 1, now(), 'x', 1, repeat('1', 64), repeat('0', 64), 'x', "
            "now(), null, null, 1, 1, '{}', '[]', null, '1', '{}', '', '', '', repeat('2', 64))"
        )
    return warehouse_url


def sign(url: str, action: str, person: str, *, maker: str, checker: str | None = None, channel: str = "command_line",
         **more: object) -> None:  # fmt: skip
    """Insert a step directly, as a person with an SQL client would."""
    row: dict[str, object] = {
        "month_start": "2026-10-01", "version": 1, "action": action, "person": person, "maker": maker,
        "checker": checker, "approver": person if action == "approved" else None, "channel": channel,
        "login": "x", "reason": "x", **more,
    }  # fmt: skip
    with connect(url, "closer") as connection:
        connection.execute(
            sql.SQL("insert into audit.approvals ({}) values ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join([sql.Placeholder()] * len(row))
            ),
            list(row.values()),
        )


def as_person(url: str, login: Login) -> str:
    """The warehouse's address with a login whose name needs quoting."""
    return f"postgresql://{quote(login.name, safe='')}:{login.password}@{url.split('@', 1)[1]}"


def names(seed: int) -> list[str]:
    """Names of letters of many scripts, spaces, marks and look-alikes."""
    draw = random.Random(seed)
    letters = [chr(code) for code in range(1, 0x3000) if unicodedata.category(chr(code)) != "Cn"] + list(LOOK_ALIKES)
    letters += list("aniANIbudi 019.-_@\u0430\u0391\u200b\u202e\ufeff\u3164\uff21\u0301")
    return ["".join(draw.choices(letters, k=draw.randrange(1, 12))) for _ in range(5000)]


def test_python_and_the_database_have_one_canonical_form(warehouse_url: str) -> None:
    written = [*names(20261201), *SPELLINGS, *OTHERS, *LOOK_ALIKES, "I", "l", "Stra\u00dfe", "Jos\u00e9"]
    with psycopg.connect(warehouse_url) as connection:
        computed = connection.execute(
            "select name, audit.canonical_person(name) from unnest(%s::text[]) as name", (written,)
        ).fetchall()
    assert len(computed) == len(written)
    assert [(name, found) for name, found in computed if found != canonical_person(name)] == []


def test_spellings_of_one_name_are_one_person_and_other_scripts_are_none() -> None:
    assert {canonical_person(spelling) for spelling in SPELLINGS} == {"ani{}"}
    assert canonical_person("Budi") != canonical_person("ani")
    assert [is_latin(name) for name in OTHERS] == [True, True, False, False]
    assert not is_latin(" \u200b")


@pytest.mark.parametrize("channel", ["command_line", "airflow"])
def test_one_person_under_many_spellings_signs_once(draft: str, spelled: list[Login], channel: str) -> None:
    first, *others = spelled

    def as_login(login: Login) -> str:
        return draft if channel == "airflow" else as_person(draft, login)

    sign(as_login(first), "submitted", first.name, maker=first.name, channel=channel)
    for login in others:
        with pytest.raises(psycopg.errors.CheckViolation):
            sign(as_login(login), "checked", login.name, maker=first.name, checker=login.name, channel=channel)
        with pytest.raises(psycopg.errors.CheckViolation):
            sign(as_login(login), "refused", login.name, maker=first.name, channel=channel)
    sign(draft, "checked", "budi", maker=first.name, checker="budi", channel="airflow")
    for login in others:
        with pytest.raises(psycopg.errors.CheckViolation):
            sign(as_login(login), "approved", login.name, maker=first.name, checker="budi", channel=channel)
    with pytest.raises(psycopg.errors.CheckViolation):
        sign(draft, "approved", "Bud\u0456", maker=first.name, checker="budi", channel="airflow")


def test_a_name_in_another_script_signs_nothing(draft: str) -> None:
    for name in OTHERS[2:]:
        with pytest.raises(psycopg.errors.CheckViolation):
            sign(draft, "submitted", name, maker=name, channel="airflow")


def test_person_and_time_of_an_act_are_those_of_the_database(
    draft: str, service_login: Login, spelled: list[Login]
) -> None:
    person = spelled[0]
    sign(as_person(draft, person), "submitted", person.name, maker=person.name, acted_at=PAST)
    with psycopg.connect(draft) as service:
        service.execute(
            "insert into audit.issued_papers (kind, as_of_date, is_provisional, language, file_name, media_type, "
            "content, sha256, issued_by, issued_at) values ('leadership', '2026-10-31', true, 'id', "
            "'2026-10-31-sementara-id.pdf', 'application/pdf', 'x', encode(sha256('x'), 'hex'), 'sekretaris', %s)",
            (PAST,),
        )
        service.execute(
            "insert into audit.deliveries (paper_no, channel, recipient, delivered_by, delivered_at) "
            "select paper_no, 'email', 'x@example.go.id', 'sekretaris', %s from audit.issued_papers",
            (PAST,),
        )
        service.execute(
            "insert into audit.seals values (2, '2026-11-02', %s, repeat('1', 64), 'x', 'sekretaris', repeat('3', 64))",
            (PAST,),
        )
        service.execute(
            "insert into audit.closes values ('2026-09-01', 1, %s, 'sekretaris', 1, repeat('1', 64), repeat('0', 64), "
            "'x', now(), null, null, 1, 1, '{}', '[]', null, '1', '{}', '', '', '', repeat('4', 64))",
            (PAST,),
        )
        acts = service.execute(
            "select login, acted_at from audit.approvals "
            "union all select issued_by, issued_at from audit.issued_papers "
            "union all select delivered_by, delivered_at from audit.deliveries "
            "union all select sealed_by, sealed_at from audit.seals where seal_no = 2 "
            "union all select drafted_by, drafted_at from audit.closes where month_start = '2026-09-01'"
        ).fetchall()
        (now,) = service.execute("select clock_timestamp()").fetchone() or (None,)
    assert sorted(who for who, _ in acts) == sorted([person.name, *[service_login.name] * 4])
    assert all(now - timedelta(minutes=1) < at <= now for _, at in acts)

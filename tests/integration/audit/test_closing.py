"""A month is closed once, by three persons, from sealed evidence; a crash leaves the step before."""

import threading
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from local_stack.databases import Login
from local_stack.server import Server
from social_metrics.audit import closing
from social_metrics.audit.access import access_of_month
from social_metrics.audit.chain import walk_chain
from social_metrics.audit.closing import act, draft_close
from social_metrics.audit.record import closes_of, status_of, steps_of
from social_metrics.audit.rules import Rule
from social_metrics.clock import utc_now, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.locks import marts_lock
from tests.support.audit_fixtures import seal
from tests.support.closable import MONTH, Closable, step

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _compiled_once(monkeypatch: pytest.MonkeyPatch, compiled: list[Rule]) -> None:
    monkeypatch.setattr(closing, "rules_in_force", lambda *_: list(compiled))


def test_who_had_access_is_told_of_the_whole_month(
    closable: Closable, postgres_server: Server, people: dict[str, Login]
) -> None:
    guest = f"guest_{closable.url.rpartition('/')[2]}"
    with postgres_server.admin() as admin, connect(closable.url, "recorder") as closer:
        admin.execute(sql.SQL("create role {} login in role social_metrics_loader").format(sql.Identifier(guest)))
        seal(closer)
        admin.execute(sql.SQL("drop role {}").format(sql.Identifier(guest)))
        seal(closer)
        seal(closer)
        assert closer.execute("select count(*) from audit.access_lists").fetchone() == (2,), "noted when it changes"
    draft = draft_close(closable.settings, closable.url, MONTH)
    spans = {span["login"]: span for span in draft.access_list}
    assert spans[guest]["groups"] == ["social_metrics_loader"]
    assert spans[guest]["noted_from"] < spans[guest]["noted_until"]
    assert spans[people["maker"].name]["groups"] == ["social_metrics_closer"]
    assert spans[people["maker"].name]["noted_until"] is None
    assert any(span["is_superuser"] for span in spans.values())
    with connect(closable.url, "closer") as closer:
        assert walk_chain(closer, utc_now()).findings == ()
        next_month = access_of_month(closer, wib_date(utc_now() + timedelta(days=1)))
    assert guest not in {span["login"] for span in next_month}


def test_a_month_goes_from_draft_to_approved_by_three_persons(closable: Closable, people: dict[str, Login]) -> None:
    close = draft_close(closable.settings, closable.url, MONTH)
    assert close.version == 1
    assert close.account_days_expected == 6 * 31
    assert close.account_days_captured == 6 * 31 - 3
    assert close.sources == ["simulator"]
    assert close.retention_basis["youtube"]["basis"] == "owner"
    with pytest.raises(UsageProblem, match="it cannot be checked now"):
        step(closable, people["checker"], "checked")
    step(closable, people["maker"], "submitted")
    with pytest.raises(UsageProblem, match="three persons"):
        step(closable, people["maker"], "checked")
    with pytest.raises(UsageProblem, match="waits for the next person"):
        draft_close(closable.settings, closable.url, MONTH)
    step(closable, people["checker"], "checked")
    for signed in ("maker", "checker"):
        with pytest.raises(UsageProblem, match="three persons"):
            step(closable, people[signed], "approved")
    step(closable, people["approver"], "approved")
    with connect(closable.url, "closer") as connection:
        steps = steps_of(connection, close)
        assert [(taken.action, taken.person) for taken in steps] == [
            ("submitted", people["maker"].name),
            ("checked", people["checker"].name),
            ("approved", people["approver"].name),
        ]
        walk = walk_chain(connection, utc_now())
        assert walk.findings == ()
        assert walk.unsealed == {}
    # A second close of the unchanged month is the same close.
    again = draft_close(closable.settings, closable.url, MONTH)
    assert again == close


def test_a_refusal_returns_the_month_to_draft_and_keeps_the_reason(
    closable: Closable, people: dict[str, Login]
) -> None:
    first = draft_close(closable.settings, closable.url, MONTH)
    step(closable, people["maker"], "submitted")
    with pytest.raises(UsageProblem, match="reason"):
        step(closable, people["checker"], "refused")
    with pytest.raises(UsageProblem, match="checker or approver refuse"):
        step(closable, people["maker"], "refused", reason="mistake")
    step(closable, people["checker"], "refused", reason="Sentra Satria belum menjawab")
    second = draft_close(closable.settings, closable.url, MONTH)
    assert second.version == 2
    assert second.content == first.content
    assert second.previous_close_sha256 == first.sha256
    with connect(closable.url, "closer") as connection:
        assert [close.version for close in closes_of(connection, MONTH)] == [1, 2]
        assert steps_of(connection, first)[-1].reason == "Sentra Satria belum menjawab"
        assert status_of(steps_of(connection, second)) == "draft"


def test_nobody_speaks_for_another_person(closable: Closable, people: dict[str, Login]) -> None:
    draft_close(closable.settings, closable.url, MONTH)
    with pytest.raises(UsageProblem, match="does not take this step"):
        step(closable, people["maker"], "submitted", person="sekretaris")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="cannot speak for"):
        step(closable, people["maker"], "submitted", person="sekretaris", channel="airflow")
    with connect(closable.url, "closer") as service:  # Airflow authenticated the person; the service writes it down
        act(service, MONTH, "submitted", person="ani", channel="airflow")


def test_late_evidence_makes_a_new_version_of_a_draft_and_never_of_an_approved_month(
    closable: Closable, people: dict[str, Login]
) -> None:
    first = draft_close(closable.settings, closable.url, MONTH)
    with psycopg.connect(closable.url) as owner:
        owner.execute(
            "insert into raw.capture_outcomes select gen_random_uuid(), account_code, platform, "
            "attempted_at + interval '1 hour', 'captured', detail, next_step, 'listed', 0, retry_at, response_id, "
            "source, run_id, 2 from raw.capture_outcomes where outcome = 'platform_unavailable' limit 1"
        )
    with pytest.raises(UsageProblem, match="the marts are older"):
        draft_close(closable.settings, closable.url, MONTH)
    assert first.version == 1
    with connect(closable.url, "closer") as connection:
        assert len(closes_of(connection, MONTH)) == 1


def test_two_closes_at_once_give_one_and_a_transform_meanwhile_waits(
    closable: Closable, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = closing.rules_in_force(closable.settings, closable.url)
    at_work, may_go_on = threading.Event(), threading.Event()

    def compiled(*_: object) -> list[object]:
        at_work.set()
        may_go_on.wait(60)
        return list(rules)

    monkeypatch.setattr(closing, "rules_in_force", compiled)
    made: list[object] = []
    threads = [
        threading.Thread(target=lambda: made.append(draft_close(closable.settings, closable.url, MONTH)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    assert at_work.wait(60)
    with (
        pytest.raises(UsageProblem, match="month close has locked the marts"),
        marts_lock(closable.url, "transformer", 1),
    ):
        pass
    may_go_on.set()
    for thread in threads:
        thread.join(120)
    assert len(made) == 2
    assert made[0] == made[1]


@pytest.mark.parametrize("after", ["seal_days", "rebuild", "refuse_stale_marts", "_store"])
def test_a_crash_leaves_nothing(closable: Closable, monkeypatch: pytest.MonkeyPatch, after: str) -> None:
    done = getattr(closing, after)

    def crash(*arguments: object, **named: object) -> None:
        done(*arguments, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(closing, after, crash)
        with pytest.raises(KeyboardInterrupt):
            draft_close(closable.settings, closable.url, MONTH)
    with connect(closable.url, "closer") as connection:
        assert closes_of(connection, MONTH) == []
        assert walk_chain(connection, utc_now()).seals == 0
    assert draft_close(closable.settings, closable.url, MONTH).version == 1


def test_a_month_that_is_not_over_is_not_closed(closable: Closable) -> None:
    with pytest.raises(UsageProblem, match="is not over"):
        draft_close(closable.settings, closable.url, MONTH.replace(month=11))
    with pytest.raises(UsageProblem, match="has no figures"):
        draft_close(closable.settings, closable.url, MONTH.replace(month=1))

"""A small warehouse with two whole months of evidence, built by dbt, ready to be closed."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg

from local_stack.databases import Login
from social_metrics.audit.closing import Action, act, seal_now
from social_metrics.audit.corrections import approve_correction, request_correction
from social_metrics.contract import (
    AuthorizationMode,
    CaptureOutcome,
    FollowersState,
    ManualEntry,
    Outcome,
    Post,
    PostsObserved,
    PostsRead,
    Presence,
    ProfileSnapshot,
    Source,
)
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect
from tests.support.dbt_runner import PROJECT
from tests.support.factories import Account, Center, Evidence, Platform, at

FIRST_DAY, LAST_DAY = date(2026, 9, 28), date(2026, 11, 2)
MONTH = date(2026, 10, 1)
DRAFTED_AT = datetime(2026, 11, 28, 1, tzinfo=UTC)  # so that tests of retention do not depend on today
CENTERS = ("kartini", "satria", "insyaf")
PLATFORMS = ("youtube", "x")


@dataclass(frozen=True)
class Closable:
    """A built warehouse that can be closed: its address, settings, and the registry's folder."""

    url: str = field(repr=False)
    registry: Path
    state: Path

    @property
    def settings(self) -> Settings:
        """As the programs would have them."""
        return Settings(registry_dir=self.registry, dbt_project_dir=PROJECT, state_dir=self.state)


def evidence() -> Evidence:
    """Three centers on two platforms, with a gap, a hidden count and a rounded one."""
    made = Evidence(
        platforms=[
            Platform("youtube", "YouTube", "pelanggan", date(2024, 1, 1), None),
            Platform("x", "X", "pengikut", date(2024, 1, 1), None),
        ],
        centers=[Center(code, f"Sentra {code.title()}", "Asia/Jakarta", None, None) for code in CENTERS],
        accounts=[
            Account(f"{center}-{platform}", center, platform, "verified", None, None)
            for center in CENTERS
            for platform in PLATFORMS
        ],
    )
    draw = random.Random(7)
    for account in made.accounts:
        count = draw.randrange(2000, 50000)
        for number in range((LAST_DAY - FIRST_DAY).days + 1):
            day = FIRST_DAY + timedelta(days=number)
            count += draw.randrange(20)
            _evening(made, draw, account, day, count)
    made.entries.append((_by_hand(), True))
    return made


def _by_hand() -> ManualEntry:
    """On the month's last days satria-youtube has no capture; an officer read it off a screen on the last one."""
    return ManualEntry(
        account_code="satria-youtube", platform="youtube", version=1, observed_at=at(date(2026, 10, 31), 9),
        followers_displayed="12,3 rb", followers_count=12300, followers_precision_step=100,
        followers_state=FollowersState.REPORTED, metric_definition_id="youtube.followers", last_post_displayed=None,
        last_post_at=None, last_post_url=None, posts_looked_at=PostsObserved.NOT_LOOKED, is_outreach=None,
        program=None, evidence_sha256="", evidence_file_name="layar.png", workbook_sha256="", workbook_place="x!7",
        entered_by="ani", entered_at=at(date(2026, 10, 31), 10), source=Source.MANUAL,
    )  # fmt: skip


def _evening(made: Evidence, draw: random.Random, account: Account, day: date, count: int) -> None:
    attempt, response = UUID(int=draw.getrandbits(128)), UUID(int=draw.getrandbits(128))
    instant = at(day, 20, draw.randrange(60))
    is_failed = (account.account_code == "satria-x" and 10 <= day.day <= 12) or (
        account.account_code == "satria-youtube" and day == date(2026, 10, 31)
    )
    made.outcomes.append(
        CaptureOutcome(
            attempt, account.account_code, account.platform, instant,
            Outcome.PLATFORM_UNAVAILABLE if is_failed else Outcome.CAPTURED, None, None,
            PostsRead.NOT_TRIED if is_failed else PostsRead.LISTED, None if is_failed else 1, None, response,
            Source.SIMULATOR, f"run-{day}", 1,
        )
    )  # fmt: skip
    if is_failed:
        return
    is_hidden = account.account_code == "insyaf-youtube" and day.day > 20
    step = 100 if account.platform == "youtube" else 1
    made.snapshots.append(
        ProfileSnapshot(
            attempt, account.account_code, account.platform, instant, None if is_hidden else count // step * step,
            None if is_hidden else step, FollowersState.HIDDEN if is_hidden else FollowersState.REPORTED, None, None,
            None, f"demo_{account.account_code}", "id", f"{account.platform}.followers", AuthorizationMode.OWNER,
            Source.SIMULATOR, response, f"run-{day}", 1, None,
        )
    )  # fmt: skip
    if draw.random() < 0.3:
        made.posts.append(
            Post(
                account.account_code, account.platform, f"p{response.hex[:8]}", instant, instant - timedelta(hours=3),
                f"https://example.org/{response.hex[:8]}", "video", None, None, 1, 2, None, 3, Presence.SEEN,
                Source.SIMULATOR, response, f"run-{day}",
            )
        )  # fmt: skip


def sign_in_airflow(connection: psycopg.Connection, month: date = MONTH) -> None:
    """Three persons sign the newest version of a month, as Airflow's responders."""
    steps: tuple[tuple[Action, str], ...] = (("submitted", "ani"), ("checked", "budi"), ("approved", "sekretaris"))
    for action, person in steps:
        act(connection, month, action, person=person, channel="airflow")


def correct_in_airflow(connection: psycopg.Connection) -> None:
    """Two persons correct the posts of kartini in the approved month."""
    number = request_correction(
        connection, MONTH, center_code="kartini", figure="posts", new_value=4321, reason="salah hitung",
        document_number="BA-7/2026", person="ani", channel="airflow",
    )  # fmt: skip
    approve_correction(connection, number, person="budi", channel="airflow")


def step(closable: Closable, login: Login, action: str, **named: object) -> None:
    """Take a step through the login of a person."""
    with connect(as_person(closable.url, login), "closer") as connection:
        act(connection, MONTH, action, **named)  # type: ignore[arg-type]
    seal_now(closable.url)


def as_person(url: str, login: Login) -> str:
    """The warehouse's address with another login."""
    return f"postgresql://{login.name}:{login.password}@{url.split('@', 1)[1]}"

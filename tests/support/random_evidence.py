"""Random evidence in every sealed table, run by run, with late entries."""

import hashlib
import random
from dataclasses import astuple, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from social_metrics.clock import WIB
from social_metrics.contract import (
    ApiResponse,
    Attachment,
    AuthorizationMode,
    CaptureOutcome,
    FollowersState,
    ManualEntry,
    Outcome,
    Post,
    PostCaption,
    PostsObserved,
    PostsRead,
    Presence,
    ProfileSnapshot,
    ResponseBody,
    Source,
    Spend,
)

ACCOUNTS = ("kartini-youtube", "kartini-x", "satria-tiktok")
NEVER = datetime(2090, 1, 1, tzinfo=UTC)


class RandomEvidence:
    """Writes runs into one warehouse; the seed makes the history."""

    def __init__(self, connection: psycopg.Connection, seed: int) -> None:
        self.connection = connection
        self.random = random.Random(seed)
        self.entries = 0

    def write_run(self, day: date) -> None:
        """Write the rows that one run leaves in raw and ops."""
        instant = datetime.combine(day, time(20, 0), WIB).astimezone(UTC)
        self.connection.execute("select ops.ensure_month_partitions(%s)", ([instant],))
        for account in ACCOUNTS:
            self._capture(account, instant + timedelta(seconds=self.random.randrange(3000)))
        if self.random.random() < 0.7:
            self.hand_entry(day, datetime.combine(day, time(21, 0), WIB).astimezone(UTC))

    def hand_entry(self, day: date, entered_at: datetime) -> None:
        """An entry by hand for a day, today's or an earlier one, and its confirmation."""
        self.entries += 1
        body = self.random.randbytes(40)
        digest = hashlib.sha256(body).hexdigest()
        self._insert(Attachment(digest, "layar.png", "image/png", len(body), body), loaded_at=entered_at)
        self._insert(
            ManualEntry(
                account_code=f"insyaf-{self.entries}",
                platform="facebook",
                version=1,
                observed_at=datetime.combine(day, time(9, 0), WIB).astimezone(UTC),
                followers_displayed="12,3 rb",
                followers_count=12300,
                followers_precision_step=100,
                followers_state=FollowersState.REPORTED,
                metric_definition_id="facebook.followers_count",
                last_post_displayed=None,
                last_post_at=None,
                last_post_url=None,
                posts_looked_at=PostsObserved.NOT_LOOKED,
                is_outreach=self.random.choice([None, True, False]),
                program=self.random.choice([None, ""]),
                evidence_sha256=digest,
                evidence_file_name="layar.png",
                workbook_sha256=digest,
                workbook_place="insyaf!7",
                entered_by="ani",
                entered_at=entered_at,
                source=Source.MANUAL,
            ),
            loaded_at=entered_at,
        )
        self._row(
            "raw.manual_confirmations",
            account_code=f"insyaf-{self.entries}",
            as_of_date=day,
            version=1,
            entered_by="ani",
            decision="confirmed",
            confirmed_by="budi",
            confirmed_at=entered_at + timedelta(minutes=5),
            confirmed_through="command_line",
            loaded_at=entered_at + timedelta(minutes=5),
        )
        self._row(
            "ops.account_confirmations",
            account_code=f"insyaf-{self.entries}",
            confirmed_at=entered_at,
            confirmed_by="budi",
            evidence_ref="telepon",
            loaded_at=entered_at,
        )

        self._row(
            "ops.doubted_listings",
            account_code=f"insyaf-{self.entries}",
            run_date=day,
            listed_at=entered_at,
            detail="the listing shows no post",
            known_count=self.entries,
            missing_ids=[],
        )

    def _capture(self, account: str, instant: datetime) -> None:
        draw = self.random
        response, attempt = UUID(int=draw.getrandbits(128)), UUID(int=draw.getrandbits(128))
        platform = account.split("-")[1]
        body = b'{"caption": "\xff\\u0000", "n": %d}' % draw.randrange(1000)
        digest = hashlib.sha256(body).hexdigest()
        words = draw.choice(["", "Salam", "Kunjungan ke Kabupaten – 7 anak\nkedua", "ꦱꦼꦤ꧀ꦠꦿ"])
        post_id, post_hash = f"p{draw.randrange(10**9)}", hashlib.sha256(words.encode()).hexdigest()
        self._insert(
            ApiResponse(
                response, platform, "channels", draw.choice([None, "v3"]), "GET", {"id": account, "n": draw.random()},
                200, instant, draw.randrange(900), digest, len(body), digest, {"thumbnails": 3}, 1, Source.API,
                "run-1", 1, draw.choice([None, NEVER]),
            ),
            loaded_at=instant,
        )  # fmt: skip
        self._insert(ResponseBody(response, instant, body, draw.choice([None, NEVER])))
        count = draw.choice([None, draw.randrange(10**6)])
        self._insert(
            ProfileSnapshot(
                attempt, account, platform, instant, count, None if count is None else draw.choice([1, 100]),
                FollowersState.HIDDEN if count is None else FollowersState.REPORTED, draw.choice([None, 7]), 4,
                draw.randrange(10**9), draw.choice([None, "", "demo_kartini"]), "UC1", f"{platform}.followers",
                AuthorizationMode.OWNER, Source.API, response, "run-1", 1, draw.choice([None, NEVER]),
            ),
            loaded_at=instant,
        )  # fmt: skip
        self._insert(
            Post(
                account, platform, post_id, instant, instant - timedelta(hours=draw.randrange(1, 200)), None, "video",
                post_hash, len(words), draw.choice([None, 5]), 0, None, 9, Presence.SEEN, Source.API, response, "run-1",
            ),
            loaded_at=instant,
        )  # fmt: skip
        self._insert(
            PostCaption(account, platform, post_id, post_hash, instant, words, draw.choice([None, NEVER])),
            loaded_at=instant,
        )
        self._insert(
            CaptureOutcome(
                attempt, account, platform, instant, draw.choice([Outcome.CAPTURED, Outcome.CAPTURED_PARTLY]), None,
                draw.choice([None, "again"]), PostsRead.LISTED, 1, None, response, Source.API, "run-1", 1,
            ),
            loaded_at=instant,
        )  # fmt: skip
        spend = Spend(response, platform, "key-1", "channels", instant, 1, 1, draw.choice([0, "0.010000"]), "run-1")
        self._insert(spend)
        self._row(
            "ops.tag_overrides", account_code=account, post_id=post_id, tag_kind="program", tag="atensi",
            decision="add", decided_by="ani", decided_at=instant, reason="dibaca",
        )  # fmt: skip

    def _insert(self, record: Any, **more: Any) -> None:
        names = [column.name for column in fields(record)]
        values = [Jsonb(value) if isinstance(value, dict) else value for value in astuple(record)]
        self._row(record.table, **dict(zip(names, values, strict=True)), **more)

    def _row(self, table: str, **cells: Any) -> None:
        self.connection.execute(
            f"insert into {table} ({', '.join(cells)}) values ({', '.join(['%s'] * len(cells))})",
            list(cells.values()),
        )

"""The provisional page of the leadership meeting as of a date, from today's marts."""

from dataclasses import asdict
from datetime import date

import psycopg
from psycopg import sql

from social_metrics.marts.leaderboards import MartsReader, UnrankedCenter, UnrankedKind
from social_metrics.publish.page.formats import Language
from social_metrics.publish.phrases import DASH
from social_metrics.publish.reports import typesetting as page
from social_metrics.publish.reports.leadership_page import LeadershipPage, fitted_page, recency_lists, top
from social_metrics.publish.reports.phrases import Phrases

_MISSING = {
    UnrankedKind.NO_ACCOUNT: "missing_accounts",
    UnrankedKind.NOT_YET_VERIFIED: "missing_unverified",
    UnrankedKind.COUNT_WITHHELD: "missing_hidden",
    UnrankedKind.NOT_CAPTURED: "missing_unread",
}


def provisional_page(connection: psycopg.Connection, day: date, language: Language, log_head: str) -> page.Block:
    """The leadership page as of a WIB date, stamped as provisional; the caller's transaction is repeatable read.

    Args:
        connection: as the role closer.
        day: a WIB date.
        language: of the page.
        log_head: the head of the log of seals, for the foot.

    Raises:
        NoMarts: the marts hold nothing.
        NoSuchBoard: the boards do not hold that date; the message names the dates.
    """
    marts = MartsReader(connection)
    marts.day(day)
    followers = [asdict(row) for row in marts.followers_board(day)]
    recency = [asdict(row) for row in marts.recency_board(day)]
    phrases = _phrases(connection, language)
    stamps = [phrases.text("provisional")]
    if "simulator" in {row["source"] for row in followers + recency}:
        stamps.append(phrases.text("simulated"))
    return fitted_page(
        LeadershipPage(
            language=language,
            title=phrases.text("as_of_title", day=phrases.day(day)),
            subtitle=phrases.text("as_of_subtitle", day=phrases.day(day)),
            running=phrases.text("office"),
            foot=phrases.text("foot_as_of", day=phrases.day(day), head=log_head),
            stamps=stamps,
            change_key="change_7d",
            has_movement=False,
            followers=[
                [
                    phrases.rank(row["best_rank"], row["worst_rank"]),
                    row["center_name"],
                    phrases.count(row["followers_count"]),
                    phrases.change(*(row[f"change_7d{end}"] for end in ("", "_low", "_high", "_is_measurable"))),
                ]
                for row in top(followers)
            ],
            recency=[phrases.recency(row) for row in top(recency)],
            **recency_lists(recency, phrases),
            missing=_missing(marts.unranked_centers(day), phrases),
            notes=[],
        )
    )


def _missing(unranked: list[UnrankedCenter], phrases: Phrases) -> list[tuple[str, str]]:
    """Each center and its missing figures of that date, by name."""
    of_center: dict[str, dict[str, list[str]]] = {}
    for entry in unranked:
        parts = of_center.setdefault(entry.center_name, {})
        if entry.kind == UnrankedKind.WITHOUT_NUMBER:
            parts["missing_number"] = [phrases.reason(entry.reason)]
        elif entry.kind in _MISSING:
            parts.setdefault(_MISSING[UnrankedKind(entry.kind)], []).append(
                entry.platform_label or entry.platform or DASH
            )
    lines = []
    for name, parts in sorted(of_center.items()):
        words = [
            phrases.text(key, platforms=", ".join(listed), reason=", ".join(listed)) for key, listed in parts.items()
        ]
        if words:
            lines.append((name, "; ".join(words)))
    return lines


def _phrases(connection: psycopg.Connection, language: Language) -> Phrases:
    """Today's labels: a date that is not closed has no stored ones."""

    def labels(table: str, key: str, column: str) -> dict[str, str]:
        query = sql.SQL("select {}, {} from seeds.{}").format(*(sql.Identifier(name) for name in (key, column, table)))
        with connection.cursor() as cursor:
            return dict(cursor.execute(query).fetchall())

    return Phrases(
        language=language,
        outcomes=labels("capture_outcomes", "outcome", f"label_{language}"),
        platforms=labels("platforms", "platform", "platform_label"),
        zones=labels("time_zones", "time_zone", "time_zone_label"),
    )

"""The one page of a leadership meeting: both top fives, who is silent, and what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from social_metrics.publish.page.formats import Language
from social_metrics.publish.reports import typesetting as page
from social_metrics.publish.reports.texts import say

TOP = 5
_MOST_TIED = 8  # rows of a board, so that ties do not push the rest off the page
_LIMITS = (31, 24, 18, 14, 11, 8, 6, 4, 2)


@dataclass(frozen=True)
class Meeting:
    """What the page shows, in the words of its language.

    Attributes:
        followers: rank, center, followers, change, and movement where there is one.
        recency: rank, center, last post, platform, age, and movement where there is one.
        silent: a line for each silent center.
        missing: center → what of it is missing.
        notes: below everything.
    """

    language: Language
    title: str
    subtitle: str
    running: str
    foot: str
    stamps: Sequence[str]
    change_title: str
    has_movement: bool
    followers: Sequence[Sequence[str]]
    recency: Sequence[Sequence[str]]
    silent: Sequence[str]
    missing: Sequence[tuple[str, str]]
    notes: Sequence[str]


def one_page(meeting: Meeting) -> page.Block:
    """The page, with as many silent and missing centers as fit on it; "and N more" tells of the others."""
    for limit in _LIMITS:
        made = _page(meeting, limit)
        if page.page_count(made) == 1:
            return made
    return made


def _page(meeting: Meeting, limit: int) -> page.Block:
    language = meeting.language

    def title(key: str) -> str:
        return say(key, language)

    moved: list[tuple[str, float | None, page.Alignment]] = (
        [(title("movement"), None, "left")] if meeting.has_movement else []
    )
    blocks = [
        page.heading(title("followers_top")),
        page.table(
            [
                (title("rank"), None, "right"),
                (title("center"), 3, "left"),
                (title("followers"), 1, "right"),
                (meeting.change_title, 2, "right"),
                *moved,
            ],
            meeting.followers[:_MOST_TIED],
            empty=title("none"),
        ),
        *_rest(meeting.followers, _MOST_TIED, language),
        page.heading(title("recency_top")),
        page.table(
            [
                (title("rank"), None, "right"),
                (title("center"), 3, "left"),
                (title("last_post"), 2.4, "left"),
                (title("platform"), None, "left"),
                (title("age"), None, "right"),
                *moved,
            ],
            meeting.recency[:_MOST_TIED],
            empty=title("none"),
        ),
        *_rest(meeting.recency, _MOST_TIED, language),
        page.text(title("top_note"), is_soft=True, size=7.5),
        page.heading(f"{title('silent')} ({len(meeting.silent)})"),
        page.bullets(meeting.silent[:limit], 8.5)
        if meeting.silent
        else page.text(title("silent_none"), is_soft=True, size=8.5),
        *_rest(meeting.silent, limit, language),
        page.heading(f"{title('missing')} ({len(meeting.missing)})"),
        page.table(
            [(title("center"), 1, "left"), (title("what"), 3, "left")],
            meeting.missing[:limit],
            empty=title("missing_none"),
            size=8,
            inset=2,
        ),
        *_rest(meeting.missing, limit, language),
        page.text(title("missing_note"), is_soft=True, size=7.5),
        *(page.text(note, size=8.5) for note in meeting.notes),
    ]
    return page.document(
        title=meeting.title,
        subtitle=meeting.subtitle,
        running=meeting.running,
        foot=meeting.foot,
        stamps=meeting.stamps,
        language=language,
        blocks=blocks,
    )


def top(board: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of a board whose best possible rank is five or better."""
    return [row for row in board if row["best_rank"] is not None and row["best_rank"] <= TOP]


def _rest(rows: Sequence[object], shown: int, language: Language) -> list[page.Block]:
    hidden = len(rows) - shown
    return [page.text(say("and_more", language, n=hidden), is_soft=True, size=8)] if hidden > 0 else []

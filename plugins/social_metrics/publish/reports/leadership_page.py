"""The page of the leadership meeting: both top fives, silent centers, and missing figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from social_metrics.publish.page.formats import Language
from social_metrics.publish.reports import typesetting as page
from social_metrics.publish.reports.phrases import Figures, Phrases
from social_metrics.publish.texts import text

TOP = 5
_MOST_TIED = 8  # rows of a board, so that ties do not push the rest off the page
_LIMITS = (31, 24, 18, 14, 11, 8, 6, 4, 2)


@dataclass(frozen=True)
class LeadershipPage:
    """Content of the page, in its language.

    Attributes:
        change_key: the text above the changes.
        followers: rank, center, followers, change, and movement where there is one.
        recency: rank, center, last post, platform, age, and movement where there is one.
        silent: a line for each center that is silent, the longest silence first.
        never_posted: names of the centers that never posted.
        unknown: names of the centers whose recency is not known.
        missing: center and its missing figures.
        notes: below everything.
    """

    language: Language
    title: str
    subtitle: str
    running: str
    foot: str
    stamps: Sequence[str]
    change_key: str
    has_movement: bool
    followers: Sequence[Sequence[str]]
    recency: Sequence[Sequence[str]]
    silent: Sequence[str]
    never_posted: Sequence[str]
    unknown: Sequence[str]
    missing: Sequence[tuple[str, str]]
    notes: Sequence[str]


def fitted_page(content: LeadershipPage) -> page.Block:
    """The page with as many silent and missing centers as fit on it, and the number of the others."""
    for limit in _LIMITS:
        made = _page(content, limit)
        if page.page_count(made) == 1:
            return made
    return made


def _page(content: LeadershipPage, limit: int) -> page.Block:
    language = content.language
    title = partial(text, language=language)

    def columns(*keys: page.Column) -> list[page.Column]:
        moved: list[page.Column] = [("movement", None, "left")] if content.has_movement else []
        return [(title(key), share, alignment) for key, share, alignment in (*keys, *moved)]

    center: page.Column = ("center", 3, "left")
    change: page.Column = (content.change_key, 2, "right")
    followers = columns(("rank", None, "right"), center, ("account_followers", 1, "right"), change)
    posted: list[page.Column] = [("last_post", 2.4, "left"), ("platform", None, "left"), ("age", None, "right")]
    recency = columns(("rank", None, "right"), center, *posted)
    blocks = [
        page.heading(title("followers_top")),
        page.table(followers, content.followers[:_MOST_TIED], empty=title("report_none")),
        *_rest(content.followers, _MOST_TIED, language),
        page.heading(title("recency_top")),
        page.table(recency, content.recency[:_MOST_TIED], empty=title("report_none")),
        *_rest(content.recency, _MOST_TIED, language),
        page.text(title("top_note"), is_soft=True, size=7.5),
        page.heading(f"{title('unranked_silent')} ({len(content.silent)})"),
        page.bullets(content.silent[:limit], 8.5) if content.silent else page.text(title("report_none"), size=8.5),
        *_rest(content.silent, limit, language),
        *_names(title("unranked_never_posted"), content.never_posted, limit, language),
        *_names(title("unranked_recency_unknown"), content.unknown, limit, language),
        page.heading(f"{title('missing')} ({len(content.missing)})"),
        page.table(
            [(title("center"), 1, "left"), (title("what"), 3, "left")],
            content.missing[:limit],
            empty=title("missing_none"),
            size=8,
            inset=2,
        ),
        *_rest(content.missing, limit, language),
        page.text(title("missing_note"), is_soft=True, size=7.5),
        *(page.text(note, size=8.5) for note in content.notes),
    ]
    return page.document(
        title=content.title,
        subtitle=content.subtitle,
        running=content.running,
        foot=content.foot,
        stamps=content.stamps,
        language=language,
        blocks=blocks,
    )


def top(board: Sequence[Figures]) -> list[Figures]:
    """Rows of a board whose best possible rank is five or better."""
    return [row for row in board if row["best_rank"] is not None and row["best_rank"] <= TOP]


def recency_lists(board: Sequence[Figures], phrases: Phrases) -> dict[str, list[str]]:
    """The silent, the never posted and the unknown centers of a recency board, by the names of the page's fields."""
    of_band = {band: [row for row in board if row["recency_band"] == band] for band in ("silent", "never", "unknown")}
    silent = sorted(of_band["silent"], key=lambda row: (-row["days_since_last_post"], row["center_name"]))
    return {
        "silent": [
            phrases.text(
                "silent_since",
                center=row["center_name"],
                n=row["days_since_last_post"],
                day=phrases.last_post(row).split(",")[0],
            )
            for row in silent
        ],
        "never_posted": sorted(row["center_name"] for row in of_band["never"]),
        "unknown": sorted(row["center_name"] for row in of_band["unknown"]),
    }


def _names(title: str, names: Sequence[str], limit: int, language: Language) -> list[page.Block]:
    if not names:
        return []
    shown = page.text(f"{title} ({len(names)}): {'; '.join(names[:limit])}", size=8.5)
    return [shown, *_rest(names, limit, language)]


def _rest(rows: Sequence[object], shown: int, language: Language) -> list[page.Block]:
    hidden = len(rows) - shown
    return [page.text(text("and_more", language, n=hidden), is_soft=True, size=8)] if hidden > 0 else []

"""How far a look was complete: never further than it is true, on any list with posts pinned to its top."""

from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedPost, ReadWindow
from social_metrics.extract.pagination import BEFORE_EVERY_POST, PINNED_AT_MOST, PostPage, read_back

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
RESPONSE = UUID("00000000-0000-4000-8000-000000000001")


def post(post_id: str, published_at: datetime, likes: int = 0) -> ExtractedPost:
    return ExtractedPost(post_id, published_at, "text", None, None, RESPONSE, NOW, like_count=likes)


def page(*posts: ExtractedPost, following: Hashable | None = None) -> PostPage:
    return PostPage(posts, following, uuid4(), NOW)


def nobody_asks(_cursor: Hashable) -> PostPage:
    raise AssertionError("no further page was needed")


def days_old(*days: int) -> list[ExtractedPost]:
    return [post(f"p{day}", NOW - timedelta(days=day)) for day in days]


def test_the_reading_stops_once_the_rest_must_be_older() -> None:
    listing = read_back(
        page(*days_old(1, 2, 8, 9, 10, 11), following="b"), nobody_asks, ReadWindow(NOW - timedelta(days=7))
    )
    assert listing.complete_since == NOW - timedelta(days=7)
    assert len(listing.posts) == 6


def test_as_many_old_posts_as_can_be_pinned_prove_nothing() -> None:
    last = page(*days_old(1))
    listing = read_back(
        page(*days_old(100, 200, 300), following="b"), lambda _cursor: last, ReadWindow(NOW - timedelta(days=7))
    )
    assert [found.post_id for found in listing.posts] == ["p100", "p200", "p300", "p1"]
    assert listing.complete_since == BEFORE_EVERY_POST
    assert listing.response_id == last.response_id


def test_old_posts_among_new_ones_do_not_end_the_reading() -> None:
    mixed = page(*days_old(100, 1, 101, 2, 102, 3, 103, 4), following="b")
    listing = read_back(mixed, lambda _cursor: page(*days_old(5)), ReadWindow(NOW - timedelta(days=7)))
    assert listing.posts[-1].post_id == "p5"


def test_without_a_since_the_first_page_is_enough_and_says_how_far_it_reaches() -> None:
    listing = read_back(page(*days_old(1, 2, 3, 4), following="b"), nobody_asks, ReadWindow(None))
    assert listing.complete_since == NOW - timedelta(days=4) + timedelta(seconds=1)


def test_without_a_since_pinned_posts_alone_are_not_enough() -> None:
    listing = read_back(
        page(*days_old(100), following="b"), lambda _cursor: page(*days_old(1, 2, 3), following="c"), ReadWindow(None)
    )
    assert listing.complete_since == NOW - timedelta(days=3) + timedelta(seconds=1)


def test_a_post_on_two_pages_counts_once_as_seen_last() -> None:
    listing = read_back(
        page(post("a", NOW, 1), post("b", NOW, 1), following="n"),
        lambda _cursor: page(post("b", NOW, 2)),
        ReadWindow(None),
    )
    assert [(found.post_id, found.like_count) for found in listing.posts] == [("a", 1), ("b", 2)]


def test_pages_in_a_circle_are_noticed_when_the_circle_closes() -> None:
    asked: list[Hashable] = []

    def read_next(cursor: Hashable) -> PostPage:
        asked.append(cursor)
        assert len(asked) < 10, "round and round"
        return page(following="a" if cursor == "b" else "b")

    with pytest.raises(CaptureFailure):
        read_back(page(following="a"), read_next, ReadWindow(None))
    assert asked == ["a", "b"]


def test_pages_without_end_are_a_failure() -> None:
    numbers = iter(range(10_000))
    with pytest.raises(CaptureFailure) as raised:
        read_back(page(following=-1), lambda _cursor: page(following=next(numbers)), ReadWindow(None))
    assert raised.value.outcome is Outcome.INVALID_RESPONSE


@given(
    ages=st.lists(st.integers(0, 60), max_size=40),
    pinned=st.sets(st.integers(0, 39), max_size=PINNED_AT_MOST),
    size=st.integers(1, 7),
    since_age=st.one_of(st.none(), st.integers(0, 70)),
)
def test_every_post_since_the_promised_instant_is_listed(
    ages: list[int], pinned: set[int], size: int, since_age: int | None
) -> None:
    """An account of any rhythm, up to three posts pinned to the top, in pages of any size."""
    everything = [post(str(place), NOW - timedelta(days=age)) for place, age in enumerate(sorted(ages))]
    top = [found for place, found in enumerate(everything) if place in pinned]
    shown = top + [found for place, found in enumerate(everything) if place not in pinned]
    asked: list[int] = []

    def read_next(start: Hashable) -> PostPage:
        assert isinstance(start, int)
        asked.append(start)
        more = start + size < len(shown)
        return PostPage(tuple(shown[start : start + size]), start + size if more else None, RESPONSE, NOW)

    since = None if since_age is None else NOW - timedelta(days=since_age)
    listing = read_back(read_next(0), read_next, ReadWindow(since))
    assert listing.complete_since is not None
    if since is not None:
        assert listing.complete_since <= since
    seen = {found.post_id for found in listing.posts}
    assert {found.post_id for found in everything if found.published_at >= listing.complete_since} <= seen

"""The one rule by which a listing is believed: what it lacks, what the profile counts, what an earlier date saw."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from social_metrics.extract.batch_reader import AccountAttempt
from social_metrics.extract.extracted import ExtractedPost, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.listing_check import ListingDoubt, doubt_about
from social_metrics.extract.pagination import BEFORE_EVERY_POST
from social_metrics.extract.state import KnownPost
from social_metrics.registry.account import Account
from social_metrics.settings import Settings

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
SINCE = NOW - timedelta(days=8)
RESPONSE = UUID("00000000-0000-4000-8000-000000000001")


def known(*names: str, age_days: int = 3) -> list[KnownPost]:
    return [KnownPost("a", name, NOW - timedelta(days=age_days), None, "text", *[None] * 6) for name in names]


def listing(*names: str, age_days: float = 3, shown: int | None = -1, gone: tuple[str, ...] = ()) -> PostListing:
    at = NOW - timedelta(days=age_days)
    posts = tuple(ExtractedPost(name, at, "text", None, None, RESPONSE, NOW) for name in names)
    return PostListing(posts, SINCE, RESPONSE, NOW, gone=gone, shown=len(posts) if shown == -1 else shown)


def profile(posts_count: int | None) -> ExtractedProfile:
    return ExtractedProfile("id", "handle", 1, RESPONSE, NOW, "test.v1", posts_count=posts_count)


DAY = date(2026, 11, 20)
EMPTY_DAYS = 7
ACCOUNT = Account("a", "a", "test", "id", "handle", None, "verified", None, None)


def doubt(
    found: PostListing,
    before: Sequence[KnownPost],
    count: int | None = None,
    count_then: int | None = None,
    *,
    reread: tuple[str, ...] = (),
    earlier: Sequence[tuple[int, str]] = (),
    max_loss: float | None = None,
) -> ListingDoubt | None:
    """The doubt that is left; `earlier` has ages in days and lacking posts of doubted listings, the latest first."""
    window = ReadWindow(SINCE, reread_ids=reread, listed_at=YESTERDAY, posts_count_then=count_then)
    attempt = AccountAttempt(RESPONSE, ACCOUNT, NOW, profile(count), found, window)
    left = doubt_about(attempt, before, EMPTY_DAYS, Settings().listing_max_loss if max_loss is None else max_loss)
    dated = [(DAY - timedelta(days=age), frozenset(lacking)) for age, lacking in earlier]
    return None if left is None or left.is_confirmed(dated, DAY) else left


TEN = tuple("abcdefghij")


def test_a_listing_with_all_known_posts_is_believed() -> None:
    assert doubt(listing(*TEN), known(*TEN), 10, 10) is None


def test_an_empty_listing_is_not_believed_while_the_profile_counts_posts() -> None:
    found = doubt(listing(), [], 240, 240)
    assert found is not None
    assert "shows no post although the profile counts 240" in found.detail
    a_month = [(age, "abcdefghij") for age in range(1, 31)]
    assert doubt(listing(), known(*TEN), 5, 240, earlier=a_month) is not None, "nor on a later date"


def test_an_empty_listing_is_believed_when_the_profile_counts_none_or_nothing_is_known() -> None:
    assert doubt(listing(), known(*TEN), 0, 10) is None
    assert doubt(listing(), known(*TEN), 0, None) is None
    assert doubt(listing(), [], 0, 0) is None
    assert doubt(listing(), [], None, None) is None


def test_an_empty_answer_to_a_request_for_new_posts_contradicts_no_count() -> None:
    assert doubt(listing(shown=None), [], 240, 240) is None


def test_a_listing_that_lacks_more_than_the_share_is_not_believed() -> None:
    assert doubt(listing(*TEN[:8]), known(*TEN), 10, 10) is None, "two of ten is the share"
    found = doubt(listing(*TEN[:7]), known(*TEN), 10, 10)
    assert found is not None
    assert (found.missing_ids, found.known_count) == (frozenset(TEN[7:]), 10)
    assert "lacks 3 of 10 known posts" in found.detail


def test_one_post_may_be_missing_from_a_listing_that_shows_others() -> None:
    assert doubt(listing("b"), known("a", "b")) is None
    assert doubt(listing("old", age_days=90), known("a")) is None
    assert doubt(listing(), known("a")) is not None


def test_the_window_is_judged_apart_from_the_older_posts() -> None:
    old = tuple(f"old{number}" for number in range(100))
    before = [*known(*TEN), *known(*old, age_days=200)]
    assert doubt(listing(*old, age_days=200), before) is not None, "ten of 110 in all, and all of the window"
    assert doubt(listing(*TEN), before) is not None, "the page tokens were lost: all of the window, and none older"


@pytest.mark.parametrize(("count", "believed"), [(10, False), (7, False), (3, True), (2, True), (0, True)])
def test_a_loss_is_believed_when_the_profiles_own_count_fell_alike(count: int, believed: bool) -> None:
    assert (doubt(listing(*TEN[:2]), known(*TEN), count, 10) is None) is believed


def test_posts_published_since_the_last_listing_do_not_hide_the_fall_of_the_count() -> None:
    found = listing("new1", "new2", "new3", age_days=0.5)
    assert doubt(found, known(*TEN), 10 - 10 + 3, 10) is None
    assert doubt(found, known(*TEN), 10 + 3, 10) is not None


def test_a_loss_is_believed_when_an_earlier_date_lacked_the_same_posts() -> None:
    assert doubt(listing(*TEN[:4]), known(*TEN), earlier=[(1, "efghij")]) is None
    assert doubt(listing(*TEN[:4]), known(*TEN), earlier=[(1, "fghij")]) is not None, "one more is lost"
    assert doubt(listing(*TEN[:4]), known(*TEN), earlier=[(1, "fghij"), (2, "efghij")]) is not None, "it came back"


@pytest.mark.parametrize(
    ("earlier", "believed"),
    [
        ([(1, "abcdefghij")], False),
        ([(age, "abcdefghij") for age in range(1, 7)], False),
        ([(age, "abcdefghij") for age in range(1, 8)], True),
        ([(7, "abcdefghij")], True),
        ([(1, "abcdefghij"), (3, "bcdefghij"), (7, "abcdefghij")], False),
    ],
)
def test_an_empty_listing_is_believed_after_a_week_where_the_profile_has_no_count(
    earlier: list[tuple[int, str]], believed: bool
) -> None:
    assert (doubt(listing(), known(*TEN), earlier=earlier) is None) is believed


def test_posts_found_by_id_alone_are_still_missing_from_the_listing() -> None:
    whole = listing(*TEN)
    by_id = PostListing(whole.posts, SINCE, RESPONSE, NOW, shown=4, by_id=frozenset(TEN[4:]))
    assert doubt(by_id, known(*TEN), 10, 10) is not None


def test_of_posts_requested_by_id_those_that_are_gone_are_the_loss() -> None:
    found = listing("a", "b", shown=None, gone=("c",))
    assert doubt(found, known("c"), reread=("a", "b", "c")) is None
    many_gone = listing("a", shown=None, gone=TEN[1:])
    assert doubt(many_gone, known(*TEN[1:]), 90, 90, reread=TEN) is not None
    assert doubt(many_gone, known(*TEN[1:]), 81, 90, reread=TEN) is None


WEEKS = [(age, "abcdefghij") for age in range(1, 31)]


@pytest.mark.parametrize(("count", "believed"), [(240, False), (230, True), (None, True), (10, True)])
def test_a_loss_is_never_confirmed_while_the_profile_counts_what_the_listing_does_not_show(
    count: int | None, believed: bool
) -> None:
    """20 known, 10 shown at the end of the listing; 230: the count fell alike; 10: the listing shows all of them."""
    twenty = [*known(*TEN), *known(*"klmnopqrst")]
    cut = replace(listing(*"klmnopqrst"), is_last_page=True)
    assert (doubt(cut, twenty, count, None if count is None else max(count, 240), earlier=WEEKS) is None) is believed
    assert doubt(replace(cut, is_last_page=False), twenty, 240, 240, earlier=WEEKS) is None, "more pages would follow"


@pytest.mark.parametrize(
    ("found", "count", "lacking"),
    [
        (listing(*TEN), 11, "1 of 1 new posts"),
        (listing(*TEN), 10, None),
        (listing(*TEN), 9, None),
        (listing(*TEN, shown=None), 11, None),  # the request excluded posts that the profile counts
        (listing(*TEN, "new"), 11, None),  # published before the last listing, which did not show it
        (listing(*TEN, "new"), 13, "2 of 3 new posts"),
        (replace(listing(*TEN), complete_since=None), 11, "1 of 1 new posts"),
    ],
)
def test_new_posts_that_are_counted_and_not_shown_are_listed_again(
    found: PostListing, count: int, lacking: str | None
) -> None:
    left = doubt(found, known(*TEN) if found.complete_since else [], count, 10)
    assert (left is None) if lacking is None else (left is not None and f"lacks {lacking}" in left.detail)
    assert doubt(found, known(*TEN), count, 10, earlier=[(1, "")]) is None, "a later date that lacks them too"


def test_new_posts_after_a_lost_page_token_are_awaited_for_a_week() -> None:
    cut = replace(listing(*TEN, age_days=0.5), is_last_page=True)
    for age, believed in ((1, False), (6, False), (7, True)):
        assert (doubt(cut, known(*TEN), 300, 240, earlier=[(age, "")]) is None) is believed


@given(st.sets(st.integers(0, 30), max_size=30), st.sets(st.integers(0, 30), max_size=30))
def test_without_any_count_at_most_the_share_or_one_post_becomes_absent(before: set[int], after: set[int]) -> None:
    lost = before - after
    found = doubt(listing(*map(str, after)), known(*map(str, before)))
    if found is None:
        assert len(lost) <= max(1, 0.2 * len(before))
        assert not lost or after
    else:
        assert found.missing_ids == set(map(str, lost))


def test_the_share_is_a_setting() -> None:
    assert doubt(listing("a"), known(*TEN), max_loss=0.8) is not None
    assert doubt(listing("a"), known(*TEN), max_loss=0.9) is None


def test_a_listing_that_reached_the_end_is_judged_over_all_known_posts() -> None:
    found = PostListing(listing(*TEN).posts, BEFORE_EVERY_POST, RESPONSE, NOW, shown=10)
    assert doubt(found, known(*TEN), 10, 10) is None

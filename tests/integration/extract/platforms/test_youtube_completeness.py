"""YouTube: the uploads that a listing finds, compared with the new videos that the channel counts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from social_metrics.extract.extracted import ExtractedProfile, ReadWindow
from social_metrics.extract.platforms import youtube
from tests.support.local_platform import NOW, Answer
from tests.support.youtube_pages import (
    AFTER_A_LISTING,
    PROFILE,
    SINCE,
    counting,
    page,
    read_posts,
    shown,
    upload,
)


def old_pages(number: int) -> list[Answer]:
    """Full pages of videos older than the window, each with a next one."""
    old = SINCE - timedelta(days=90)
    return [
        page(*(upload(f"old{place}-{item}", old) for item in range(50)), following=f"p{place}")
        for place in range(number)
    ]


def test_a_video_published_today_below_120_newer_entries_is_found() -> None:
    last = page(*(upload(f"older{item}", SINCE - timedelta(days=90)) for item in range(20)), upload("late", NOW))
    listing, server, _ = read_posts(
        {"/playlistItems": [*old_pages(2), last], "/videos": [shown("late")]}, AFTER_A_LISTING, counting(11)
    )
    assert [post.post_id for post in listing.posts] == ["late"]
    assert listing.complete_since == SINCE
    assert listing.shown == 121
    assert len(server.asked("/playlistItems")) == 3


def test_a_count_that_rose_by_a_video_found_costs_no_further_page() -> None:
    pages = [page(upload("new", NOW), following="p"), *old_pages(2)]
    listing, server, _ = read_posts({"/playlistItems": pages, "/videos": [shown("new")]}, AFTER_A_LISTING, counting(11))
    assert (len(server.asked("/playlistItems")), listing.complete_since) == (2, SINCE)


def test_a_listing_that_does_not_find_what_the_channel_counts_claims_no_completeness() -> None:
    limit = youtube.DEEPER_PAGES_AT_MOST
    listing, server, _ = read_posts({"/playlistItems": old_pages(limit + 5)}, AFTER_A_LISTING, counting(11))
    assert listing.complete_since is None
    assert len(server.asked("/playlistItems")) == limit + 1


def test_a_lost_page_token_claims_no_completeness_while_more_new_videos_are_counted() -> None:
    names = [f"new{number}" for number in range(50)]
    for count, complete_since in ((70, None), (61, None), (60, SINCE), (9, SINCE)):
        answers = {"/playlistItems": [page(*(upload(name, NOW) for name in names))], "/videos": [shown(*names)]}
        listing, _, _ = read_posts(answers, AFTER_A_LISTING, counting(count))
        assert (listing.complete_since, listing.is_last_page) == (complete_since, True)


def test_a_video_that_the_last_listing_did_not_show_yet_is_a_new_one() -> None:
    window = replace(AFTER_A_LISTING, known_ids=("known",))
    before = SINCE + timedelta(days=1)
    answers = {
        "/playlistItems": [page(upload("late", before), upload("known", before))],
        "/videos": [shown("late", "known", published=before)],
    }
    assert read_posts(answers, window, counting(11))[0].complete_since == SINCE
    assert read_posts(answers, window, counting(12))[0].complete_since is None


@pytest.mark.parametrize(("window", "profile"), [(ReadWindow(SINCE), counting(11)), (AFTER_A_LISTING, PROFILE)])
def test_without_a_count_to_compare_an_early_end_claims_no_completeness(
    window: ReadWindow, profile: ExtractedProfile
) -> None:
    listing, server, _ = read_posts({"/playlistItems": old_pages(2)}, window, profile)
    assert listing.complete_since is None
    assert len(server.asked("/playlistItems")) == 1

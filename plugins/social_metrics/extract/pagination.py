"""Reads an account's posts page by page, and determines since when the listing is complete."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedPost, PostListing, ReadWindow

# Facebook pins one post, Instagram and TikTok three: they come first although they are old.
PINNED_AT_MOST = 3
PAGES_AT_MOST = 1000
# Older than any post: the instant of a listing that reached the end.
BEFORE_EVERY_POST = datetime(1970, 1, 1, tzinfo=UTC)
_SHORTEST_STEP = timedelta(seconds=1)  # the platforms' instants have whole seconds


@dataclass(frozen=True, slots=True)
class PostPage:
    """One page of posts, newest first.

    Args:
        posts: in the platform's order.
        next_page: the request of the following page; None on the last page. A short or empty page is not
            necessarily the last one.
        response_id: the response with the page.
        received_at: UTC instant.
    """

    posts: tuple[ExtractedPost, ...]
    next_page: Hashable | None
    response_id: UUID
    received_at: datetime


def read_back(first: PostPage, read_next: Callable[[Hashable], PostPage], window: ReadWindow) -> PostListing:
    """Follow the pages until all posts since `window.since` are read.

    A single old post may be pinned. More old posts in a row than can be pinned prove that the rest is older. Without
    `since` the listing ends with the first page that has more posts than can be pinned. A post on two pages counts
    once, in its last version.

    Raises:
        CaptureFailure: a page could not be read, or the pages form a cycle.
    """
    posts: dict[str, ExtractedPost] = {}
    requested: set[Hashable] = set()
    older_in_a_row = 0
    page = first
    while True:
        for post in page.posts:
            posts[post.post_id] = post
            older = window.since is not None and post.published_at < window.since
            older_in_a_row = older_in_a_row + 1 if older else 0
        if page.next_page is None:
            complete_since = BEFORE_EVERY_POST
            break
        if window.since is not None and older_in_a_row > PINNED_AT_MOST:
            complete_since = window.since
            break
        if window.since is None and page.posts and len(posts) > PINNED_AT_MOST:
            # The next page may begin with a post of the same second.
            complete_since = page.posts[-1].published_at + _SHORTEST_STEP
            break
        if page.next_page in requested or len(requested) >= PAGES_AT_MOST:
            raise CaptureFailure(
                Outcome.INVALID_RESPONSE,
                f"the pages of posts do not end: after {len(requested) + 1} pages the platform still names a next one",
                response_id=page.response_id,
            )
        requested.add(page.next_page)
        page = read_next(page.next_page)
    return PostListing(
        tuple(posts.values()),
        complete_since,
        page.response_id,
        page.received_at,
        shown=len(posts),
        is_last_page=page.next_page is None,
    )

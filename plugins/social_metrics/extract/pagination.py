"""Reading an account's posts back, page by page, with an honest word on how far the look was complete."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedPost, PostListing, ReadWindow

# Facebook pins one post, Instagram and TikTok three: they may stand first although they are old.
PINNED_AT_MOST = 3
PAGES_AT_MOST = 1000
# Older than any post: the instant of a look that went through the whole list.
BEFORE_EVERY_POST = datetime(1970, 1, 1, tzinfo=UTC)
_SHORTEST_STEP = timedelta(seconds=1)  # the platforms' instants are whole seconds


@dataclass(frozen=True, slots=True)
class PostPage:
    """One page of posts, newest first.

    Args:
        posts: in the order in which the platform gave them.
        next_page: what to ask the following page with; None on the last page. A short or empty page is not
            the last one by itself.
        response_id: the response it came in.
        received_at: UTC instant.
    """

    posts: tuple[ExtractedPost, ...]
    next_page: Hashable | None
    response_id: UUID
    received_at: datetime


def read_back(first: PostPage, read_next: Callable[[Hashable], PostPage], window: ReadWindow) -> PostListing:
    """Follow the pages until everything since `window.since` has been seen.

    A single old post proves nothing: it may be pinned. More old posts in a row than can be pinned do prove
    that the rest is older. Without `since` the look ends with the first page that has more posts than can be
    pinned. A post that stands on two pages counts once, as seen last.

    Raises:
        CaptureFailure: a page could not be read, or the pages go in a circle.
    """
    posts: dict[str, ExtractedPost] = {}
    asked: set[Hashable] = set()
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
            # Another post of the same second may stand on the page that was not read.
            complete_since = page.posts[-1].published_at + _SHORTEST_STEP
            break
        if page.next_page in asked or len(asked) >= PAGES_AT_MOST:
            raise CaptureFailure(
                Outcome.INVALID_RESPONSE,
                f"the pages of posts do not end: after {len(asked) + 1} pages the platform still names a next one",
                response_id=page.response_id,
            )
        asked.add(page.next_page)
        page = read_next(page.next_page)
    return PostListing(tuple(posts.values()), complete_since, page.response_id, page.received_at)

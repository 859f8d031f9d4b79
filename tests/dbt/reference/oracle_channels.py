"""Which account code a post of a channel counts under, where the channel was handed over under a new code."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from functools import cache

from social_metrics.contract import Post
from tests.support.factories import Account

JAKARTA = timezone(timedelta(hours=7))


def wib(instant: datetime) -> date:
    """The date on the wall in Jakarta."""
    return instant.astimezone(JAKARTA).date()


def begin_of(row: Account) -> date:
    """The row's first day; a row without one has always been there."""
    return row.valid_from or date.min


class Channels:
    """The channels of the registry (platform and its id), and what was seen of them under each code."""

    def __init__(self, accounts: list[Account], observations: Mapping[str, Mapping[str, list[Post]]]) -> None:
        """Keep the open rows of every channel that has several codes."""
        self.observations = observations
        rows: dict[tuple[str, str], list[Account]] = {}
        for row in accounts:
            if row.platform_account_id and row.status != "closed":
                rows.setdefault((row.platform, row.platform_account_id), []).append(row)
        shared = [found for found in rows.values() if len({row.account_code for row in found}) > 1]
        self.rows_of = {row.account_code: found for found in shared for row in found}
        self.is_of_other_code = cache(self._is_of_other_code)

    def _is_of_other_code(self, code: str, post_id: str) -> bool:
        """Whether the post does not count under this code."""
        if code not in self.rows_of:
            return False
        mine = self.observations[code][post_id]
        first = min(begin_of(row) for row in self.rows_of[code] if row.account_code == code)
        holder, since = self._holder_on(code, _published(mine))
        if holder != code and since >= first:  # published after the channel went to another code
            return True
        urls = {post.url for post in mine if post.url}
        for other in {row.account_code for row in self.rows_of[code]} - {code}:
            for other_id, theirs in self.observations[other].items():
                is_same = other_id == post_id or urls & {post.url for post in theirs if post.url}
                holder, since = self._holder_on(code, _published(theirs))
                if is_same and holder == other and since < first:  # the earlier code shows it itself
                    return True
        return False

    def _holder_on(self, code: str, day: date) -> tuple[str, date]:
        """The code that held the channel on the day, and since when; the first one has always held it."""
        rows = sorted(self.rows_of[code], key=lambda row: (begin_of(row), row.account_code))
        holder, since = rows[0], date.min
        for row in rows[1:]:
            if begin_of(row) <= day:
                holder, since = row, begin_of(row)
        return holder.account_code, since


def _published(posts: list[Post]) -> date:
    return min(wib(post.published_at) for post in posts)

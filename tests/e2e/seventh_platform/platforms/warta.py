"""Warta, an invented platform: readers of a page, and its pieces in pages of two."""

from collections.abc import Hashable, Sequence
from datetime import datetime

from social_metrics.contract import Outcome
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.extracted import CaptureFailure, ExtractedPost, ExtractedProfile, PostListing, ReadWindow
from social_metrics.extract.http.client import ApiClient, ApiRules
from social_metrics.extract.http.json_values import count, identifier, instant_of_seconds, text
from social_metrics.extract.http.replies import Refusal, Reply
from social_metrics.extract.pagination import PostPage, read_back
from social_metrics.registry.account import Account


def _refusal(reply: Reply, _now: datetime) -> Refusal | None:
    return Refusal(Outcome.TOKEN_EXPIRED, "the pass is not valid", for_all=True) if reply.status == 401 else None


def _authorize(connection: PlatformConnection, _token: str | None) -> tuple[dict[str, str], dict[str, str]]:
    return {}, {"X-Pass": connection.secret or ""}


RULES = ApiRules(
    platform="warta",
    api_version="1",
    accounts_per_call=20,
    kept_members=frozenset({"pages", "number", "name", "readers", "pieces", "at", "next"}),
    refusal=_refusal,
    authorize=_authorize,
)


def read_profiles(client: ApiClient, accounts: Sequence[Account]) -> dict[str, ExtractedProfile | CaptureFailure]:
    numbers = ",".join(account.platform_account_id or "" for account in accounts)
    reply = client.get("pages", "/warta/pages", {"numbers": numbers})
    shown = {page["number"]: page for page in reply.member("pages") or ()}
    readings: dict[str, ExtractedProfile | CaptureFailure] = {}
    for account in accounts:
        page = shown.get(account.platform_account_id)
        if page is None:
            readings[account.account_code] = CaptureFailure(Outcome.ACCOUNT_NOT_FOUND, "no such page")
            continue
        readings[account.account_code] = ExtractedProfile(
            platform_account_id=identifier(page["number"], "number"),
            handle=text(page["name"], "name"),
            followers_count=count(page["readers"], "readers"),
            response_id=reply.response_id,
            received_at=reply.received_at,
            metric_definition_id="warta.readers.v1",
        )
    return readings


def read_posts(client: ApiClient, account: Account, profile: ExtractedProfile, window: ReadWindow) -> PostListing:
    def read_next(number: Hashable) -> PostPage:
        path = f"/warta/pages/{profile.platform_account_id}/pieces"
        reply = client.get("pieces", path, {"page": number})
        pieces = tuple(
            ExtractedPost(
                post_id=identifier(piece["number"], "number"),
                published_at=instant_of_seconds(piece["at"], "at"),
                post_type="text",
                url=f"https://warta.example/{piece['number']}",
                caption=text(piece["words"], "words"),
                response_id=reply.response_id,
                received_at=reply.received_at,
            )
            for piece in reply.member("pieces")
        )
        return PostPage(pieces, reply.member("next"), reply.response_id, reply.received_at)

    return read_back(read_next(1), read_next, window)

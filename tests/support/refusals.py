"""How the platforms refuse: error bodies, and what two accounts get from them."""

from datetime import timedelta
from types import ModuleType
from typing import Any

from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile
from tests.support.local_platform import Answer, Bench, account, bench, serve

OUR_ID = "17841400000000001"


MINIMUM_BACK_OFF = timedelta(minutes=15)


NO_TOKEN, NO_PERMISSION, NOT_FOUND = Outcome.TOKEN_EXPIRED, Outcome.PERMISSION_MISSING, Outcome.ACCOUNT_NOT_FOUND


USED_UP, LIMITED, DOWN = Outcome.QUOTA_EXHAUSTED, Outcome.RATE_LIMITED, Outcome.PLATFORM_UNAVAILABLE


class Tokens:
    """A token for each account, as on TikTok; one that the simulator does not know."""

    def access_token(self, account: Any) -> str:
        return f"act.{account.account_code}"

    def replace_token(self, refused: str, account: Any) -> str:
        return f"{refused}.renewed"


def read_two(platform: ModuleType, answer: Answer, most: int = 2, **options: Any) -> tuple[list[CaptureFailure], Bench]:
    """The failures of two accounts (or of one) whose every call is answered so."""
    name = platform.RULES.platform
    codes = ("kartini", "prajna")[:most]
    accounts = [account(code, name, f"1000000000000{n}", f"demo_{code}") for n, code in enumerate(codes)]
    if name == "tiktok":
        options["tokens"] = Tokens()
    with serve({"": [answer]}) as server:
        used = bench(platform.RULES, server.base_url, login=OUR_ID, **options)
        try:
            profiles: dict[str, ExtractedProfile | CaptureFailure] = platform.read_profiles(used.client, accounts)
        except CaptureFailure as failure:
            return [failure] * most, used
    failures = [profiles[one.account_code] for one in accounts]
    assert all(isinstance(failure, CaptureFailure) for failure in failures), failures
    return [failure for failure in failures if isinstance(failure, CaptureFailure)], used


def meta(code: int | None, message: str = "", subcode: int | None = None, **more: Any) -> dict[str, Any]:
    members = {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode, **more}
    return {"error": {name: value for name, value in members.items() if value is not None}}


def google(code: int, reason: str | None, message: str = "words", **more: Any) -> dict[str, Any]:
    errors = {"errors": [{"message": message, "domain": "global", "reason": reason}]} if reason else {}
    return {"error": {"code": code, "message": message, **errors, **more}}


def rpc(reason: str, **metadata: str) -> dict[str, Any]:
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}
    return {"details": [{**detail, "metadata": metadata}]}


A_MINUTE = (
    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'youtube.googleapis.com'."
)


def old_form(code: int, message: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "message": message}]}


def tiktok_error(code: str | None, message: str = "words") -> dict[str, Any]:
    return {"data": {}, "error": {"code": code, "message": message, "log_id": "1"}}

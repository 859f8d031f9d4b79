"""Warta's API: 5,000 readers on 1 November 2026 and three more each day, a piece each day at 19:55 WIB."""

from random import Random
from typing import ClassVar

from simulator.accounts import Account
from simulator.api import PlatformApi
from simulator.clock import DAY, parse_instant
from simulator.exchange import Reply, Request
from simulator.rate_limits import Allowance
from simulator.refusals import Refusal, Refusals
from simulator.timeline import Post

FIRST_PIECE_AT = parse_instant("2026-11-01T19:55:00+07:00")
PIECES_PER_PAGE = 2


class Warta(PlatformApi):
    """An invented platform whose numbers can be worked out in the head."""

    platform = "warta"
    credentials = (None, "demo-warta-pass")
    follower_field = "readers"
    text_fields = ("words",)
    refusals: ClassVar[Refusals] = {"server_error": {"any": Refusal(500, {"sorry": True})}}

    def claims(self, request: Request) -> bool:
        return request.path.startswith("/warta/")

    def endpoint(self, request: Request) -> str:
        return "pieces" if request.path.endswith("/pieces") else "pages"

    def allowance(self, request: Request, endpoint: str) -> Allowance | None:
        return None

    @staticmethod
    def invent_id(draws: Random) -> str:
        return f"W{draws.randrange(10**8):08d}"

    @staticmethod
    def profile_url(handle: str) -> str:
        return f"https://warta.example/{handle}"

    def post_id(self, post: Post) -> str:
        return f"W{post.key}"

    def answer(self, request: Request, endpoint: str) -> Reply:
        if request.headers.get("x-pass") != self.credentials[1]:
            return Reply({"sorry": True}, 401)
        days = (request.now - FIRST_PIECE_AT) // DAY  # whole days since the first piece
        if endpoint == "pages":
            known = [self.by_id[number] for number in request.list_of("numbers") if number in self.by_id]
            return Reply({"pages": [self._page(account, days, request) for account in known]})
        number = request.path.split("/")[3]
        page = int(request.query.get("page", "1"))
        newest = days - (page - 1) * PIECES_PER_PAGE
        shown = [day for day in range(newest, newest - PIECES_PER_PAGE, -1) if day >= 0]
        pieces = [
            {"number": f"{number}-{day}", "at": FIRST_PIECE_AT + day * DAY, "words": f"Kabar hari ke-{day + 1}"}
            for day in shown
        ]
        return Reply({"pieces": pieces, "next": page + 1 if shown and shown[-1] > 0 else None})

    def _page(self, account: Account, days: int, request: Request) -> dict[str, object]:
        readers = 5_000 + 3 * days
        return {"number": account.platform_account_id, "name": account.handle_at(request.now), "readers": readers}

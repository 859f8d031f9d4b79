"""Faults on demand: the active faults, and which of them apply to a request.

Three places apply them: `refusals/` has the platforms' error bodies, the platform modules change the state of an
account (from `request.faults`), and `damage.py` damages the bytes of a reply.
"""

import random
from dataclasses import dataclass, field
from typing import Any

from simulator import SimulatorError

STATE_KINDS = {
    "account_not_found": "the account is gone",
    "account_suspended": "the platform suspended the account",
    "account_private": "the account is private or protected",
    "handle_changed": "the account answers only under another handle",
    "identity_mismatch": "the handle now belongs to an account with another id",
    "count_hidden": "the follower count is hidden; variant `number` shows a number beside the mark",
    "no_posts": "the account shows no posts; variant `not_found`: YouTube answers 404 for its playlist",
    "access_token_lost": "TikTok's access token stops working before it expires; a renewed one works",
    "bad_id_in_batch": "in a batch this one id cannot be read",
    "error_without_value": "X names an unknown account only in the text of its error",
    "expired_page_token": "any page after the first is refused",
    "duplicate_items": "each page after the first repeats the last item of the one before",
    "empty_page": "the first page is empty and has a next page",
    "empty_listing": "every listing of posts is empty, although the profile counts posts",
    "page_tokens_lost": "no page of posts names a next one",
}
DAMAGE_KINDS = {
    "slow": "waits `seconds` (real time) before answering",
    "cut_off_json": "the JSON ends in the middle, complete by Content-Length",
    "cut_off_transfer": "the connection closes before Content-Length is reached",
    "html_instead_of_json": "an HTML page with status 200, or `status`",
    "error_in_200": "the platform's error body under status 200; `variant` names the kind of error",
    "nul_in_text": "\\u0000 in every text",
    "lone_surrogate_in_text": "half of a surrogate pair in every text",
    "field_withdrawn": "`field` is left out of the reply; variants `error`, `deprecated`: Graph refuses the request",
    "duplicate_keys": "`field` (default: the follower count) occurs twice; the last one is correct",
    "clock_skew": "the Date header is off by `minutes`",
}

HIDES_A_PROFILE = frozenset(
    {"account_not_found", "account_suspended", "account_private", "identity_mismatch", "cut_off_json"}
    | {"cut_off_transfer", "html_instead_of_json", "error_in_200"}
)
"""Faults under which no readable profile of the account is returned, beside the platform's errors."""


_NUMBER, _WHOLE, _TEXT = (int, float), (int,), (str,)
_PARAMETER_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("times", "since", "until", "retry_after", "status"), _WHOLE),
    **dict.fromkeys(("probability", "seconds", "minutes"), _NUMBER),
    **dict.fromkeys(("account", "id", "endpoint", "variant", "field"), _TEXT),
}
_PARAMETER_WORDS: dict[tuple[type, ...], str] = {_NUMBER: "a number", _WHOLE: "a whole number", _TEXT: "a text"}


@dataclass
class Fault:
    """One active fault. An empty filter matches everything of its platform ('*': of every platform)."""

    fault_id: int
    platform: str
    kind: str
    account: str | None = None
    id: str | None = None
    endpoint: str | None = None
    times: int | None = None
    since: int | None = None
    until: int | None = None
    probability: float = 1.0
    variant: str | None = None
    retry_after: int | None = None
    status: int | None = None
    seconds: float | None = None
    minutes: float | None = None
    field: str | None = None
    used: int = 0

    def is_in_force(self, now: int) -> bool:
        """Whether the fault is active at the instant; without `since` and `until` it always is."""
        return (self.since is None or now >= self.since) and (self.until is None or now < self.until)

    def as_json(self) -> dict[str, Any]:
        """The fault as the admin API shows it, without empty parameters."""
        return {name: value for name, value in self.__dict__.items() if value is not None}


@dataclass
class FaultBook:
    """The active faults in order of creation."""

    seed: int
    faults: list[Fault] = field(default_factory=list)
    _last_id: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(f"{self.seed}:faults")

    def add(self, platform: str, kind: str, **parameters: Any) -> Fault:
        """Adds a fault. Raises SimulatorError for an unknown parameter or a wrong type."""
        for name, value in parameters.items():
            if name in _PARAMETER_TYPES and value is not None and not isinstance(value, _PARAMETER_TYPES[name]):
                raise SimulatorError(
                    f"The fault's {name} cannot be {value!r}; write {_PARAMETER_WORDS[_PARAMETER_TYPES[name]]}."
                )
        self._last_id += 1
        try:
            fault = Fault(self._last_id, platform, kind, **parameters)
        except TypeError as error:
            names = sorted(set(Fault.__dataclass_fields__) - {"fault_id", "used"})
            raise SimulatorError(f"A fault takes only these parameters: {', '.join(names)}.") from error
        self.faults.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Removes one fault or all of them."""
        self.faults = [fault for fault in self.faults if fault_id is not None and fault.fault_id != fault_id]

    def matching(self, platform: str, endpoint: str, now: int) -> list[Fault]:
        """Active faults of an endpoint at an instant, whatever their accounts and probability."""
        return [
            fault
            for fault in self.faults
            if fault.platform in ("*", platform)
            and (fault.endpoint is None or fault.endpoint == endpoint)
            and fault.is_in_force(now)
            and (fault.times is None or fault.used < fault.times)
        ]

    def chance(self, probability: float) -> bool:
        """A random decision from the seed."""
        return probability >= 1 or self._random.random() < probability


class RequestFaults:
    """The faults that may apply to one request. A request counts a fault at most once."""

    def __init__(self, book: FaultBook, faults: list[Fault], touched: frozenset[str]) -> None:
        self._book = book
        self._faults = faults
        self._touched = touched
        self._decided: dict[int, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._faults)

    def take(self, kind: str, account: str | None = None) -> Fault | None:
        """The first active fault of a kind, with its use counted, or None.

        With `account` only faults of that account or of all; without it, those of any account that the request names.
        """
        for fault in self._faults:
            if fault.kind == kind and self._matches(fault, account):
                return fault
        return None

    def first_of(self, kinds: set[str] | dict[str, Any]) -> Fault | None:
        """The first active fault of one of the kinds."""
        for fault in self._faults:
            if fault.kind in kinds and self._matches(fault, None):
                return fault
        return None

    def _matches(self, fault: Fault, account: str | None) -> bool:
        if fault.account is not None:
            if account is not None and fault.account != account:
                return False
            if account is None and fault.account not in self._touched:
                return False
        if fault.id is not None and fault.id not in self._touched:
            return False
        decided = self._decided.get(fault.fault_id)
        if decided is None:
            decided = self._book.chance(fault.probability)
            self._decided[fault.fault_id] = decided
            fault.used += decided
        return decided


NO_FAULTS = RequestFaults(FaultBook(seed=0), [], frozenset())

"""Threads' recorded payloads, for the day on which it is read too."""

from tests.unit.platforms.recorded_cases import Called, NotCalled

LATER = NotCalled("Threads is added as the sixth platform")

CASES: dict[str, Called | NotCalled] = {
    "doc_account_insights.json": LATER,
    "doc_app_token.json": LATER,
    "doc_code_exchange.json": LATER,
    "doc_long_lived_token.json": LATER,
    "doc_me_profile.json": LATER,
    "doc_me_threads.json": LATER,
    "doc_profile_lookup.json": LATER,
    "long_lived_token.json": LATER,
}

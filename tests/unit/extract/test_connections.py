"""The fingerprint of a credential: a circuit breaker closes when any secret part of it is replaced."""

import pytest

from social_metrics.extract.credentials.connections import PlatformConnection


def fingerprint(login: str | None = "login", secret: str | None = "secret", app_secret: str | None = None) -> str:
    extra = {"app_secret": app_secret} if app_secret else {}
    return PlatformConnection("facebook", "https://graph.facebook.com", login, secret, extra=extra).fingerprint


@pytest.mark.parametrize(
    "changed", [{"login": "other"}, {"secret": "other"}, {"app_secret": "new"}, {"login": None}, {"secret": None}]
)
def test_fingerprint_changes_with_each_part_of_the_credential(changed: dict[str, str | None]) -> None:
    assert fingerprint(**changed) != fingerprint()
    assert fingerprint(app_secret="one") != fingerprint(app_secret="two")


def test_fingerprint_does_not_contain_a_secret() -> None:
    assert "secret" not in fingerprint(app_secret="app-secret")

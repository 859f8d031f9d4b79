"""Requests to a BI server, with readable errors."""

from typing import Any, ClassVar

import requests

from social_metrics.errors import UsageProblem


class ServerSession:
    """Base class of the sessions of the tools; each subclass logs in by itself.

    Every request raises UsageProblem where the server does not answer, or refuses the login.
    """

    tool: ClassVar[str]
    """Name of the tool for messages."""
    seconds: ClassVar[int]
    """Timeout of a request."""
    may_be_silent: ClassVar[bool] = False
    """Whether the tool may answer without a body."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()

    def raw(self, method: str, path: str, **more: Any) -> requests.Response:
        """The response as it is, errors included.

        Raises:
            UsageProblem: the server does not answer.
        """
        try:
            return self._session.request(method, self.url + path, timeout=self.seconds, **more)
        except requests.RequestException as error:
            raise UsageProblem(f"{self.tool} at {self.url} does not answer ({type(error).__name__}).") from error

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The parsed response; None without a body.

        Raises:
            UsageProblem: the server does not answer or refuses; the message includes its reply.
        """
        response = self.raw(method, path, **more)
        self.refuse(response, method, path)
        if self.may_be_silent and not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise UsageProblem(f"{self.url} answers {path}, but not like {self.tool}. Check the address.") from error

    def refuse(self, response: requests.Response, method: str, path: str) -> None:
        """Raise an error for a refusal.

        Raises:
            UsageProblem: the response is a refusal.
        """
        if response.status_code == requests.codes.unauthorized:
            raise UsageProblem(f"{self.tool} at {self.url} refuses the login. Check the user and its password.")
        if not response.ok:
            raise UsageProblem(
                f"{self.tool} at {self.url} refused {method} {path} (HTTP {response.status_code}): "
                f"{response.text[:2000]}"
            )

"""Requests to a BI server, and in plain words what it does not answer or refuses."""

from typing import Any, ClassVar

import requests

from social_metrics.errors import UsageProblem


class ServerSession:
    """What the sessions of all tools share; each logs in by itself.

    Args:
        url: of the server.
    """

    tool: ClassVar[str]
    """Its name as people know it."""
    seconds: ClassVar[int]
    """How long an answer may take."""
    may_be_silent: ClassVar[bool] = False
    """Whether an answer without a word is one."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()

    def raw(self, method: str, path: str, **more: Any) -> requests.Response:
        """The server's answer as it is, refusals included.

        Raises:
            UsageProblem: it does not answer.
        """
        try:
            return self._session.request(method, self.url + path, timeout=self.seconds, **more)
        except requests.RequestException as error:
            raise UsageProblem(f"{self.tool} at {self.url} does not answer ({type(error).__name__}).") from error

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The server's answer, parsed; None for an answer without a word, where a tool gives such.

        Raises:
            UsageProblem: it does not answer, or refuses; what it says is in the sentence.
        """
        response = self.raw(method, path, **more)
        self.refuse(response, method, path)
        if self.may_be_silent and not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise UsageProblem(f"{self.url} answers {path}, but not as {self.tool} does: check the address.") from error

    def refuse(self, response: requests.Response, method: str, path: str) -> None:
        """Raise what a refusal means.

        Raises:
            UsageProblem: the response is one.
        """
        if response.status_code == requests.codes.unauthorized:
            raise UsageProblem(f"{self.tool} at {self.url} refuses the login: check the user and its password.")
        if not response.ok:
            raise UsageProblem(
                f"{self.tool} at {self.url} refused {method} {path} (HTTP {response.status_code}): "
                f"{response.text[:2000]}"
            )

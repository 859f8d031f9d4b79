"""HTTP connections that are kept from call to call, and what an error on one of them says."""

import threading
from urllib.parse import urlsplit

import requests
import urllib3


class HttpSessions:
    """One session for each calling thread, whose connection is kept alive for that thread's next call.

    Args:
        base_url: whom they call; this machine is called without a proxy.
    """

    def __init__(self, base_url: str) -> None:
        self._is_local = urlsplit(base_url).hostname in ("127.0.0.1", "localhost")
        self._local = threading.local()

    def mine(self) -> requests.Session:
        """The calling thread's session."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = not self._is_local
        return session


def may_have_been_served(error: requests.RequestException) -> bool:
    """Whether the request may have reached the platform although no whole answer came back."""
    cause = error.args[0] if error.args else None
    lost = (requests.ReadTimeout, requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)
    return isinstance(error, lost) or isinstance(cause, urllib3.exceptions.ProtocolError)

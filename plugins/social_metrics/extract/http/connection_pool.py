"""HTTP connections to a platform, kept open between calls.

Proxies and certificates are those of `requests` and the environment, determined once. Calls go to urllib3 below it:
preparing each call in `requests`, with cookies and redirects that are not needed, doubles its cost (ADR 23).
"""

import json
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, HTTPConnectionPool
from urllib3.exceptions import DecodeError, HTTPError, ProtocolError, ReadTimeoutError

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "social-metrics"}


class HttpPool(HTTPAdapter):
    """Connections to one host, shared by all threads that call it.

    Args:
        base_url: the platform's address; this machine is called without a proxy in every environment.
        at_once: calls that may be in flight; as many connections are kept alive.
        trusted: file of certificate authorities, in place of the system's.
    """

    def __init__(self, base_url: str, at_once: int = 1, trusted: str | None = None) -> None:
        super().__init__(pool_maxsize=at_once)
        address = urlsplit(base_url)
        self._prefix = address.path.rstrip("/")
        session = requests.Session()
        session.trust_env = address.hostname not in ("127.0.0.1", "localhost")
        given = session.merge_environment_settings(base_url, {}, None, trusted, None)
        verify = given["verify"] or True  # no setting switches the verification off
        request = requests.Request("GET", base_url).prepare()
        pool = self.get_connection_with_tls_context(request, verify, given["proxies"], given["cert"])
        self.cert_verify(pool, base_url, verify, given["cert"])  # type: ignore[no-untyped-call]
        self._pool = cast(HTTPConnectionPool, pool)

    @property
    def connections_made(self) -> int:
        """Number of connections opened so far."""
        return self._pool.num_connections

    def call(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any],
        headers: Mapping[str, str],
        form: Mapping[str, Any],
        json_body: Any,
        seconds: float,
    ) -> BaseHTTPResponse:
        """Make one call and read the whole response; without retries and redirects.

        Args:
            method: GET or POST.
            path: below the base address.
            params: query parameters.
            headers: in addition to those of every call.
            form: fields of a POST; empty for none.
            json_body: body of a POST, or None.
            seconds: timeout of the connection, and of each read.

        Raises:
            urllib3.exceptions.HTTPError: no complete response came.
            ValueError: a header has characters that are not allowed.
        """
        body, content_type = _body(form, json_body)
        return self._pool.urlopen(
            method,
            self._prefix + path + (f"?{urlencode(params, doseq=True)}" if params else ""),
            body=body,
            headers={**_HEADERS, **content_type, **headers},
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=seconds,
        )


def may_have_been_served(error: HTTPError) -> bool:
    """Whether the request may have reached the platform although no complete response came back."""
    return isinstance(error, (ReadTimeoutError, ProtocolError, DecodeError))


def _body(form: Mapping[str, Any], json_body: Any) -> tuple[bytes | None, dict[str, str]]:
    if form:
        return urlencode(form).encode("ascii"), {"Content-Type": "application/x-www-form-urlencoded"}
    if json_body is not None:
        return json.dumps(json_body).encode("ascii"), {"Content-Type": "application/json"}
    return None, {}

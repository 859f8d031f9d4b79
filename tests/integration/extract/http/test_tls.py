"""A certificate is always checked: nobody between us and a platform gets to see a credential."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from social_metrics.clock import utc_now
from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure
from social_metrics.extract.http.connection_pool import HttpPool
from tests.support.local_platform import SOME_RULES, bench

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"items": []}'


def certificate(folder: Path, name: str) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = utc_now()
    signed = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def a_tls_server(pem: Path, heard: list[bytes]) -> Iterator[str]:
    """A server with that certificate, which notes what it can read; yields its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    listening = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as connection:
                    heard.append(connection.recv(65536))
                    connection.sendall(ANSWER)
            except (ssl.SSLError, ConnectionError):
                plain.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


@pytest.mark.parametrize("variable", [None, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_certificate_that_nobody_vouches_for_ends_the_call_before_anything_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    if variable:
        monkeypatch.setenv(variable, "")  # an old way of switching it off
    heard: list[bytes] = []
    with a_tls_server(certificate(tmp_path, "nobody"), heard) as address:
        asked = bench(SOME_RULES, address, attempts=1)
        with pytest.raises(CaptureFailure) as refused:
            asked.client.get("things", "/things", {})
    assert refused.value.outcome is Outcome.PLATFORM_UNAVAILABLE
    assert "SSLError" in refused.value.detail
    assert heard == []


def test_the_same_server_is_heard_once_somebody_vouches_for_it(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "known")
    heard: list[bytes] = []
    with a_tls_server(pem, heard) as address:
        asked = bench(SOME_RULES, address, attempts=1, http=HttpPool(address, trusted=str(pem)))
        assert asked.client.get("things", "/things", {}).body == {"items": []}
    assert heard[0].startswith(b"GET /things")

"""Time-stamps of checkpoints, by a local authority made of the openssl program."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from social_metrics.audit.log.anchors import compare, file_anchor
from social_metrics.audit.log.checkpoint import Checkpoint, sign
from social_metrics.audit.log.entries import Log
from social_metrics.audit.log.note import NOTE, new_signer
from social_metrics.audit.log.timestamps import StampRefused, fetch_timestamp, stamped_at
from social_metrics.clock import utc_now
from social_metrics.errors import UsageProblem

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")
pytest.importorskip("rfc3161_client")

SETTINGS = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
[stamps]
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = stamper
[stamper]
dir = .
serial = ./serial
signer_cert = ./stamps.pem
signer_key = ./stamps.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


def make(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def make_authority(folder: Path) -> Path:
    """The folder of an authority with its keys and certificates."""
    folder.mkdir()
    (folder / "openssl.cnf").write_text(SETTINGS)
    (folder / "serial").write_text("01\n")
    key = ("-newkey", "rsa:2048", "-nodes", "-config", "openssl.cnf")
    root = ("-subj", "/CN=Local root", "-extensions", "authority", "-days", "30", "-out", "root.pem")
    make(folder, "req", "-x509", *key, "-keyout", "root.key", *root)
    make(folder, "req", "-new", *key, "-keyout", "stamps.key", "-subj", "/CN=Local stamps", "-out", "stamps.csr")
    made = ("-extfile", "openssl.cnf", "-extensions", "stamps", "-days", "20", "-out", "stamps.pem")
    make(folder, "x509", "-req", "-in", "stamps.csr", "-CA", "root.pem", "-CAkey", "root.key", *made)
    return folder


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority on this machine."""
    return make_authority(tmp_path_factory.mktemp("stamps") / "authority")


@pytest.fixture
def url(authority: Path) -> Iterator[str]:
    """Its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            (authority / "query").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            make(authority, *["ts", "-reply", "-config", "openssl.cnf", "-queryfile", "query", "-out", "response"])
            self.send_response(503 if self.path == "/broken" else 302 if self.path == "/moved" else 200)
            self.end_headers()
            self.wfile.write((authority / "response").read_bytes() if self.path == "/" else b"garbage")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


LOG = new_signer("example.go.id/log", NOTE)


def head(text: bytes) -> Checkpoint:
    return sign(LOG, 1, Log((text,), (utc_now().date(),)).root(1))


def test_stamp_of_a_checkpoint_holds_and_states_the_time(authority: Path, url: str) -> None:
    stamp = fetch_timestamp(url, head(b"seal"))
    time = stamped_at(stamp, head(b"seal"), authority / "root.pem")
    assert abs(time - utc_now()) < timedelta(minutes=5)
    with pytest.raises(StampRefused, match="does not hold"):
        stamped_at(stamp, head(b"another seal"), authority / "root.pem")


def test_stamp_of_another_authority_is_refused(authority: Path, url: str, tmp_path: Path) -> None:
    other = make_authority(tmp_path / "other")
    with pytest.raises(StampRefused, match="does not hold"):
        stamped_at(fetch_timestamp(url, head(b"seal")), head(b"seal"), other / "root.pem")


def test_changed_stamp_is_refused(authority: Path, url: str) -> None:
    stamp = fetch_timestamp(url, head(b"seal"))
    for place in range(0, len(stamp), 97):
        changed = stamp[:place] + bytes([stamp[place] ^ 1]) + stamp[place + 1 :]
        try:
            time = stamped_at(changed, head(b"seal"), authority / "root.pem")
        except StampRefused:
            continue
        assert time == stamped_at(stamp, head(b"seal"), authority / "root.pem"), "only bytes outside of what is signed"


@pytest.mark.parametrize("path", ["broken", "garbage", "moved"])
def test_authority_that_gives_no_stamp_is_reported(url: str, path: str) -> None:
    with pytest.raises(UsageProblem, match="gave no time-stamp"):
        fetch_timestamp(url + path, head(b"seal"))


def test_verification_names_the_time_of_the_stamp(authority: Path, url: str, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint-1"
    file.write_text(str(head(b"seal")))
    (tmp_path / "checkpoint-1.tsr").write_bytes(fetch_timestamp(url, head(b"seal")))
    anchor = file_anchor(file, [LOG.verifier], [], authority / "root.pem")
    today = utc_now().date()
    (proven,) = compare(Log((b"seal",), (today,)), [anchor]).proven
    assert f"cosigned by a time-stamp authority on {today}" in proven
    (finding,) = compare(Log((b"rewritten",), (today,)), [anchor]).findings
    assert f"was rewritten after {today}" in finding.message

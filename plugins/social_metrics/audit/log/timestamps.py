"""Time-stamps of checkpoints by an authority (RFC 3161); needs the extra `audit`.

`checkpoint-41.tsr` beside `checkpoint-41` is the authority's response over the text of the checkpoint.
"""

from datetime import datetime
from pathlib import Path

import requests
from cryptography.x509 import load_pem_x509_certificates

from social_metrics.audit.log.checkpoint import Checkpoint
from social_metrics.errors import UsageProblem

SUFFIX = ".tsr"
_SECONDS = 30


class StampRefused(UsageProblem):
    """A time-stamp that does not hold."""


def fetch_timestamp(url: str, checkpoint: Checkpoint) -> bytes:
    """Ask an authority for a time-stamp.

    Args:
        url: of the authority.
        checkpoint: what it stamps.

    Raises:
        UsageProblem: it does not respond, or refuses.
    """
    from rfc3161_client import TimestampRequestBuilder, decode_timestamp_response
    from rfc3161_client.base import HashAlgorithm

    asked = TimestampRequestBuilder().data(checkpoint.note.text.encode()).hash_algorithm(HashAlgorithm.SHA256).build()
    try:
        response = requests.post(
            url,
            data=asked.as_bytes(),
            headers={"Content-Type": "application/timestamp-query"},
            timeout=_SECONDS,
            allow_redirects=False,
        )
        response.raise_for_status()
        stamp = decode_timestamp_response(response.content)
    except (requests.RequestException, ValueError) as error:
        raise UsageProblem(f"The time-stamp authority {url} gave no time-stamp: {error}.") from error
    if stamp.status != 0 or stamp.tst_info.nonce != asked.nonce:
        raise UsageProblem(f"The time-stamp authority {url} refused: status {stamp.status}.")
    return response.content


def stamped_at(response: bytes, checkpoint: Checkpoint, certificates: Path) -> datetime:
    """Check a time-stamp of a checkpoint; returns its time.

    Args:
        response: of the authority.
        checkpoint: what was stamped.
        certificates: file (PEM) with the authority's root certificates.

    Raises:
        StampRefused: it is not a time-stamp of this checkpoint by that authority.
    """
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    builder = VerifierBuilder()
    try:
        for certificate in load_pem_x509_certificates(certificates.read_bytes()):
            builder = builder.add_root_certificate(certificate)
        stamp = decode_timestamp_response(response)
        builder.build().verify_message(stamp, checkpoint.note.text.encode())
    except (OSError, ValueError, VerificationError) as error:
        raise StampRefused(f"The time-stamp of checkpoint {checkpoint.size} does not hold: {error}.") from error
    time: datetime = stamp.tst_info.gen_time
    return time

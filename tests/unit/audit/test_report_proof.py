"""The proof of a report, made by hand of the documented forms: it holds, and every change of it is refused."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from social_metrics.audit.log.checkpoint import parse_checkpoint, sign
from social_metrics.audit.log.note import COSIGNATURE, NOTE, NoteRefused, new_signer
from social_metrics.audit.log.report_proof import ProofRefused, check_report
from social_metrics.cli.application import app

KEY, WITNESS = new_signer("example.go.id/log", NOTE), new_signer("example.go.id/itjen", COSIGNATURE)
NOW = datetime(2026, 11, 5, 1, 30, tzinfo=UTC)
CONTENT = b"%PDF Oktober"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def row_text(**values: str) -> str:
    return "".join(f"{name} {len(value.encode())}:{value}\n" for name, value in sorted(values.items()))


def row_leaf(key: str, text: str) -> bytes:
    return sha256(b"\0", f"{len(key)}:{key}0:".encode(), sha256(text.encode()))


ISSUED = row_text(
    content=DIGEST, sha256=DIGEST, month_start="2026-10-01", version="1", file_name="lengkap.pdf", issued_by="layanan",
    issued_at="2026-11-05T01:00:00.000000Z", close_sha256="2" * 64,
)  # fmt: skip
SIGNED = row_text(
    action="approved", person="Ibu Sekretaris, S.Sos.\n1:x", month_start="2026-10-01", version="1",
    acted_at="2026-11-04T01:00:00.000000Z",
)  # fmt: skip
OTHER = sha256(b"another row")


def manifest(number: int, table: str, root: bytes, count: int) -> str:
    return f"social-metrics seal\n{number}\n2026-11-04\nlater\n{'0' * 64}\ncode\nlayanan\n{table} {count} {root.hex()}"


# Three seals: one row of another table, the signature beside another row, the report alone.
SEALS = [
    manifest(1, "raw.posts", OTHER, 1),
    manifest(2, "audit.approvals", sha256(b"\1", row_leaf('["a"]', SIGNED), OTHER), 2),
    manifest(3, "audit.issued_papers", row_leaf('["7"]', ISSUED), 1),
]
HASHES = [sha256(b"\0", one.encode()) for one in SEALS]
FIRST_TWO = sha256(b"\1", HASHES[0], HASHES[1])
HEAD = sign(KEY, 3, sha256(b"\1", FIRST_TWO, HASHES[2]))
COSIGNED = str(HEAD) + WITNESS.signature_line(HEAD.note.text, NOW)


def encoded(*hashes: bytes) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]


PROOF = {
    "format": "social-metrics report proof 1",
    "rows": [
        {"table": "audit.issued_papers", "key": '["7"]', "text": ISSUED, "seal_no": 3, "index": 0, "proof": []},
        {
            "table": "audit.approvals", "key": '["a"]', "text": SIGNED, "seal_no": 2, "index": 0,
            "proof": encoded(OTHER),
        },
    ],
    "seals": [
        {"seal_no": 2, "manifest": SEALS[1], "proof": encoded(HASHES[0], HASHES[2])},
        {"seal_no": 3, "manifest": SEALS[2], "proof": encoded(FIRST_TWO)},
    ],
    "checkpoint": COSIGNED,
}  # fmt: skip
TEXT = json.dumps(PROOF, ensure_ascii=False)


def test_proof_made_by_hand_holds() -> None:
    proven = check_report(CONTENT, TEXT, KEY.verifier, [WITNESS.verifier])
    assert proven.report["close_sha256"] == "2" * 64
    assert [(step["action"], step["person"]) for step in proven.steps] == [("approved", "Ibu Sekretaris, S.Sos.\n1:x")]
    assert (proven.seal_no, proven.checkpoint.size, proven.cosigned) == (3, 3, {"example.go.id/itjen": NOW})


@given(st.data())
def test_every_changed_character_of_a_proof_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(TEXT) - 1))
    changed = TEXT[:place] + data.draw(st.characters(exclude_characters=TEXT[place])) + TEXT[place + 1 :]
    try:
        assert json.loads(changed) != PROOF
    except ValueError:
        pass
    except AssertionError:
        return  # another spelling of the same proof
    try:
        proven = check_report(CONTENT, changed, KEY.verifier, [WITNESS.verifier])
    except (ProofRefused, NoteRefused):
        return
    assert proven.cosigned == {}, "the signature of another name is none of the witness"


@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_every_changed_byte_of_a_report_is_refused(place: int, offset: int) -> None:
    changed = bytearray(CONTENT)
    changed[place] = (changed[place] + offset) % 256
    with pytest.raises(ProofRefused, match="was changed after its issue"):
        check_report(bytes(changed), TEXT, KEY.verifier)


def forged(**rows: object) -> str:
    return json.dumps({**PROOF, **rows})


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("later", "lat\\ud800r"), TEXT.replace("Ibu", "\\udfff"),
        "", "[]", "{}", "null", '{"format": "social-metrics report proof 1"}', "[" * 100_000,
        forged(format="social-metrics report proof 2"),
        forged(rows=[]),
        forged(seals=[]),
        forged(rows=PROOF["rows"][1:]),  # type: ignore[index]
        forged(rows=[PROOF["rows"][1], PROOF["rows"][0]]),  # type: ignore[index]
        forged(rows=[PROOF["rows"][0], PROOF["rows"][0]]),  # type: ignore[index]
        forged(rows=[{**PROOF["rows"][0], "index": True}]),  # type: ignore[index]
        forged(checkpoint=str(sign(new_signer("example.go.id/log", NOTE), 3, HEAD.root))),
        forged(checkpoint=str(sign(new_signer("example.org/log", NOTE), 3, HEAD.root))),
        forged(checkpoint=str(sign(KEY, 4, HEAD.root))),
        forged(checkpoint=str(sign(KEY, 3, FIRST_TWO))),
    ],
)  # fmt: skip
def test_forged_proof_is_refused(text: str) -> None:
    with pytest.raises((ProofRefused, NoteRefused)):
        check_report(CONTENT, text, KEY.verifier)


def run(folder: Path, *arguments: str, proof: str = TEXT) -> tuple[int, str]:
    (folder / "lengkap.pdf").write_bytes(CONTENT)
    (folder / "lengkap.pdf.proof.json").write_text(proof)
    done = CliRunner().invoke(app, ["verify-report", f"{folder}/lengkap.pdf", "--key", str(KEY.verifier), *arguments])
    return done.exit_code, " ".join(done.output.split())


def test_command_reports_what_is_proven(tmp_path: Path) -> None:
    code, told = run(tmp_path, "--witness", str(WITNESS.verifier))
    assert code == 0
    for words in ("is the report that was issued", "2026-10 version 1", "approved", "seal 3 of 3", "01:30 UTC"):
        assert words in told
    (tmp_path / "lengkap.pdf.proof.json").write_text(TEXT)
    lines = CliRunner().invoke(app, ["verify-report", f"{tmp_path}/lengkap.pdf", "--key", str(KEY.verifier)]).output
    assert not any(line.startswith("1:x") for line in lines.splitlines()), "a name makes no line of its own"
    code, told = run(tmp_path)
    assert code == 0
    assert "No witness was asked" in told
    code, told = run(tmp_path, "--format", "json")
    data = json.loads(told)
    assert (code, data["holds"], data["report"]["sha256"], data["checkpoint"]["head"]) == (0, True, DIGEST, HEAD.short)


def test_command_refuses_a_checkpoint_that_the_witness_has_not_seen(tmp_path: Path) -> None:
    code, told = run(tmp_path, "--witness", str(WITNESS.verifier), proof=forged(checkpoint=str(HEAD)))
    assert (code, "is not cosigned by example.go.id/itjen" in told) == (1, True)
    code, told = run(
        tmp_path, "--witness", str(WITNESS.verifier), "--format", "json", proof=forged(checkpoint=str(HEAD))
    )
    assert (code, json.loads(told)["holds"]) == (1, False)


@pytest.mark.parametrize(("size", "words"), [(3, "was rewritten since"), (2, "may have been rewritten since")])
def test_command_names_since_when_the_own_checkpoint_differs(tmp_path: Path, size: int, words: str) -> None:
    other = sign(KEY, size, OTHER)
    own = parse_checkpoint(str(other) + WITNESS.signature_line(other.note.text, NOW))
    (tmp_path / "own").write_text(str(own))
    arguments = ("--witness", str(WITNESS.verifier), "--checkpoint", f"{tmp_path}/own")
    code, told = run(tmp_path, *arguments, proof=forged(checkpoint=str(HEAD)))
    assert (code, f"{words} 2026-11-05 01:30 UTC" in told) == (1, True), told


def test_wrong_key_or_missing_file_is_reported(tmp_path: Path) -> None:
    code, told = run(tmp_path, "--proof", f"{tmp_path}/nothing")
    assert (code, "cannot be read" in told) == (2, True)
    for key in ("nothing", "x" * 5000, "a+b+c"):
        assert run(tmp_path, "--witness", key)[0] == 2
    (tmp_path / "itjen.pub").write_text(f"{WITNESS.verifier}\n")
    assert run(tmp_path, "--witness", f"{tmp_path}/itjen.pub")[0] == 0
    code, told = run(tmp_path, "--witness", str(KEY.verifier))
    assert (code, "that of a witness is needed" in told) == (2, True)

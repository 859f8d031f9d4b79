"""Notes, checkpoints and the witness, against published vectors and against every changed byte."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from social_metrics.audit.log.checkpoint import Checkpoint, Request, parse_checkpoint, parse_request, sign
from social_metrics.audit.log.note import (
    COSIGNATURE,
    NOTE,
    NoteRefused,
    Signer,
    new_signer,
    parse_note,
    parse_signer,
    parse_verifier,
)
from social_metrics.audit.log.witness import Refused, cosign
from social_metrics.audit.merkle import consistency_proof, leaf_hash, merkle_root
from social_metrics.errors import UsageProblem

# The key and the note of golang.org/x/mod/sumdb/note. Ed25519 signs the same text always alike.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = (
    TEXT + "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The verifier key of a public witness, as its operator publishes it.
PUBLIC_WITNESS = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
# The example request of c2sp.org/tlog-witness.
SOFA = "example.com/behind-the-sofa"
REQUEST = f"""old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

{SOFA}
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— {SOFA} Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— {SOFA} opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
"""

NOW = datetime(2026, 12, 1, 17, 5, tzinfo=UTC)
LOG = new_signer("example.go.id/sentra", NOTE)
WITNESS = new_signer("example.go.id/itjen", COSIGNATURE)
SEALS = [leaf_hash(b"seal %d" % number) for number in range(40)]


def head(size: int, seals: list[bytes] = SEALS, signer: Signer = LOG) -> Checkpoint:
    return sign(signer, size, bytes.fromhex(merkle_root(seals[:size])))


def ask(old: int, size: int, seals: list[bytes] = SEALS) -> Request:
    return Request(old, tuple(consistency_proof(seals[:size], old)), head(size, seals))


# ------------------------------------------------------------ notes


def test_published_note_verifies_and_is_signed_byte_for_byte() -> None:
    verifier, signer = parse_verifier(PETER, NOTE), parse_signer(PETERS_SECRET + "\n", NOTE)
    assert (str(verifier), str(signer.verifier), str(signer)) == (PETER, PETER, PETERS_SECRET)
    note = parse_note(SIGNED)
    assert note.opened([verifier]) == {"PeterNeumann": None}
    assert (note.text, str(note)) == (TEXT, SIGNED)
    assert f"{TEXT}\n{signer.signature_line(TEXT)}" == SIGNED


def test_key_of_a_public_witness_is_read_and_is_no_log_key() -> None:
    assert str(parse_verifier(PUBLIC_WITNESS, COSIGNATURE)) == PUBLIC_WITNESS
    with pytest.raises(UsageProblem, match="that of a log is needed"):
        parse_verifier(PUBLIC_WITNESS, NOTE)


def test_published_request_is_read_and_written_byte_for_byte() -> None:
    request = parse_request(REQUEST)
    assert (request.old_size, len(request.proof), request.checkpoint.size) == (20852014, 4, 20852163)
    assert request.checkpoint.origin == SOFA
    assert str(request) == REQUEST


def test_cosigned_message_is_that_of_the_specification() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    text = head(3).note.text
    blob = base64.b64decode(WITNESS.signature_line(text, NOW).split()[2])
    assert blob[:4] == WITNESS.verifier.key_id
    assert int.from_bytes(blob[4:12], "big") == 1796144700 == int(NOW.timestamp())
    message = b"cosignature/v1\ntime 1796144700\n" + text.encode()
    Ed25519PublicKey.from_public_bytes(WITNESS.verifier.public_key).verify(blob[12:], message)


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 127))
def test_every_changed_character_of_a_note_is_refused(place: int, offset: int) -> None:
    changed = SIGNED[:place] + chr((ord(SIGNED[place]) + offset) % 0x2FFF) + SIGNED[place + 1 :]
    try:
        signed = parse_note(changed).opened([parse_verifier(PETER, NOTE)])
    except NoteRefused:
        return
    assert signed == {}, "the signature of another name is no signature of this key"


@given(st.integers(0, len(PETER) - 1), st.integers(0, len(PETERS_SECRET) - 1))
def test_every_changed_or_shortened_key_is_refused(place: int, secret_place: int) -> None:
    for parse, key, at in ((parse_verifier, PETER, place), (parse_signer, PETERS_SECRET, secret_place)):
        for wrong in (key[:at], key[at + 1 :], key[:at] + chr(ord(key[at]) + 1) + key[at + 1 :]):
            with pytest.raises(UsageProblem):
                parse(wrong, NOTE)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "\n",
        TEXT,
        TEXT + "\n",
        SIGNED.rstrip("\n"),
        SIGNED.replace("—", "-"),
        SIGNED.replace("\n", "\r\n"),
        "\x00" + SIGNED,
    ],
)
def test_text_without_the_form_of_a_note_is_refused(broken: str) -> None:
    with pytest.raises(NoteRefused):
        parse_note(broken)


@pytest.mark.parametrize("name", ["", "a b", "a+b", " a", "a\u00a0b"])
def test_key_needs_a_name_without_spaces_and_plus(name: str) -> None:
    with pytest.raises(UsageProblem, match="cannot name a key"):
        new_signer(name, NOTE)


def test_signing_key_is_not_shown_in_a_refusal() -> None:
    secret = str(LOG)
    with pytest.raises(UsageProblem) as refusal:
        parse_signer(secret[:-4], NOTE)
    assert secret.rpartition("+")[2][:20] not in str(refusal.value)


# ------------------------------------------------------------ checkpoints


def test_checkpoint_states_origin_size_and_root() -> None:
    made = head(5)
    assert made.note.text == f"example.go.id/sentra\n5\n{base64.b64encode(made.root).decode()}\n"
    assert made.checked(LOG.verifier) == {}
    assert made.short == f"5:{merkle_root(SEALS[:5])}"
    assert parse_checkpoint(str(made)) == made


@pytest.mark.parametrize(
    "lines", ["a\n05\n{root}\n", "a\n-1\n{root}\n", "a\n5\nAAAA\n", "a\n5\n", "\n5\n{root}\n", "a\n٣\n{root}\n"]
)
def test_note_that_is_no_checkpoint_is_refused(lines: str) -> None:
    text = lines.format(root=base64.b64encode(bytes(32)).decode())
    with pytest.raises(NoteRefused):
        parse_checkpoint(f"{text}\n{LOG.signature_line(text)}")


@given(st.data())
def test_every_changed_character_of_a_checkpoint_is_refused(data: st.DataObject) -> None:
    text = str(head(17))
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.characters(exclude_characters=text[place])) + text[place + 1 :]
    with pytest.raises(NoteRefused):
        parse_checkpoint(changed).checked(LOG.verifier)


def test_checkpoint_of_another_key_of_the_same_name_is_refused() -> None:
    with pytest.raises(NoteRefused, match="not signed"):
        head(5, signer=new_signer(LOG.verifier.name, NOTE)).checked(LOG.verifier)


# ------------------------------------------------------------ the witness


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A witness that has cosigned the first eight seals."""
    file = tmp_path / "state"
    cosign(ask(0, 8), file, LOG.verifier, WITNESS, NOW, is_first=True)
    return file


def witnessed(request: Request, state: Path) -> Checkpoint:
    return cosign(request, state, LOG.verifier, WITNESS, NOW + timedelta(days=1))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6, unique=True).map(sorted))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_witness_cosigns_every_growth(tmp_path: Path, sizes: list[int]) -> None:
    file = tmp_path / f"state-{'-'.join(map(str, sizes))}"
    file.unlink(missing_ok=True)
    for old, size in zip([0, *sizes], sizes, strict=False):
        made = cosign(parse_request(str(ask(old, size))), file, LOG.verifier, WITNESS, NOW, is_first=old == 0)
        assert made.checked(LOG.verifier, [WITNESS.verifier]) == {"example.go.id/itjen": NOW}
        assert parse_checkpoint(file.read_text()) == made


def test_same_checkpoint_is_cosigned_again_with_the_new_time(state: Path) -> None:
    made = witnessed(ask(8, 8), state)
    assert made.checked(LOG.verifier, [WITNESS.verifier]) == {"example.go.id/itjen": NOW + timedelta(days=1)}


REWRITTEN = [*SEALS[:4], leaf_hash(b"rewritten"), *SEALS[5:]]
CHANGED = ask(8, 12)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (ask(8, 5), "Rollback: the checkpoint has 5 seals, and 8 were there on 2026-12-01 17:05 UTC"),
        (ask(8, 8, REWRITTEN), "Fork: the log shows another root for the same 8 seals than it did on 2026-12-01"),
        (ask(8, 12, REWRITTEN), "does not continue the 8 seals seen on 2026-12-01 17:05 UTC"),
        (Request(8, CHANGED.proof[:-1], CHANGED.checkpoint), "does not continue"),
        (Request(8, (), CHANGED.checkpoint), "does not continue"),
        (Request(8, CHANGED.proof, head(12, signer=new_signer("example.org/other", NOTE))), "is of the log"),
        (Request(8, CHANGED.proof, head(12, signer=new_signer(LOG.verifier.name, NOTE))), "is not signed"),
    ],
    ids=["rollback", "fork", "rewritten", "short proof", "no proof", "other log", "other key"],
)
def test_witness_refuses_and_keeps_its_state(request_: Request, sentence: str, state: Path) -> None:
    before = state.read_bytes()
    with pytest.raises(Refused, match=sentence):
        witnessed(request_, state)
    assert state.read_bytes() == before
    assert [file.name for file in state.parent.iterdir()] == ["state"]


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_witness_refuses_every_changed_byte_of_a_request(state: Path, data: st.DataObject) -> None:
    before, text = state.read_bytes(), str(CHANGED)
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.characters(exclude_characters=text[place])) + text[place + 1 :]
    with pytest.raises(UsageProblem):
        witnessed(parse_request(changed), state)
    assert state.read_bytes() == before


def test_witness_follows_a_log_whose_key_was_replaced(state: Path) -> None:
    replacement = new_signer(LOG.verifier.name, NOTE)
    request = Request(8, CHANGED.proof, head(12, signer=replacement))
    made = cosign(request, state, replacement.verifier, WITNESS, NOW)
    assert made.checked(replacement.verifier, [WITNESS.verifier]) == {"example.go.id/itjen": NOW}
    forged = Request(12, (), head(12, REWRITTEN, signer=replacement))
    with pytest.raises(Refused, match="Fork"):
        cosign(forged, state, replacement.verifier, WITNESS, NOW)


def test_request_from_another_size_names_the_right_one(state: Path) -> None:
    with pytest.raises(UsageProblem, match="checkpoint export --old 8") as refusal:
        witnessed(ask(5, 12), state)
    assert not isinstance(refusal.value, Refused)


def test_lost_state_is_not_begun_anew_by_itself(state: Path) -> None:
    state.unlink()
    with pytest.raises(UsageProblem, match="add --first"):
        witnessed(ask(0, 12, REWRITTEN), state)
    assert not state.exists()


def test_state_in_use_is_not_begun_anew(state: Path) -> None:
    with pytest.raises(UsageProblem, match="Leave out --first"):
        cosign(ask(0, 8, REWRITTEN), state, LOG.verifier, WITNESS, NOW, is_first=True)


@pytest.mark.parametrize("content", ["", "garbage", str(head(3)), str(head(3, REWRITTEN))])
def test_state_without_own_cosignature_is_refused(state: Path, content: str) -> None:
    state.write_text(content)
    with pytest.raises(UsageProblem, match="cannot be used"):
        witnessed(ask(3, 12), state)


def test_two_runs_at_once_are_refused(state: Path) -> None:
    (state.parent / "state.lock").touch()
    with pytest.raises(UsageProblem, match="Another run is at work"):
        witnessed(ask(8, 12), state)


def test_crash_while_writing_keeps_the_old_state(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state.read_bytes()

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        witnessed(ask(8, 12), state)
    assert state.read_bytes() == before

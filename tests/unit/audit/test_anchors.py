"""What heads kept elsewhere prove about the seals in the warehouse."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from social_metrics.audit.log.anchors import Anchor, compare, file_anchor, printed_anchor
from social_metrics.audit.log.checkpoint import parse_checkpoint, sign
from social_metrics.audit.log.entries import Log
from social_metrics.audit.log.note import COSIGNATURE, NOTE, new_signer
from social_metrics.errors import UsageProblem

DAYS = tuple(date(2026, 10, 1) + timedelta(days=number) for number in range(9))
SEALS = tuple(b"seal %d" % number for number in range(9))
LOG = Log(SEALS, DAYS)
KEY, OLD_KEY = new_signer("example.go.id/log", NOTE), new_signer("example.go.id/log", NOTE)
WITNESS = new_signer("example.go.id/itjen", COSIGNATURE)
SEEN = datetime(2026, 11, 5, 1, 30, tzinfo=UTC)


def anchor(size: int, log: Log = LOG, source: str = "", seen_at: datetime | None = None) -> Anchor:
    return Anchor(source or f"head {size}", size, log.root(size).hex(), seen_at, "itjen" if seen_at else None)


def rewritten(first: int) -> Log:
    """The log with every seal from this number on rewritten, as the chain demands."""
    return Log((*SEALS[: first - 1], *(b"other %b" % one for one in SEALS[first - 1 :])), DAYS)


def test_holding_heads_are_named_with_date_and_what_they_do_not_cover() -> None:
    found = compare(LOG, [anchor(4, seen_at=SEEN), anchor(9)])
    assert found.findings == ()
    assert found.proven == (
        "head 4 (4 seals, cosigned by itjen on 2026-11-05 01:30 UTC): nothing up to seal 4 (through 2026-10-04) was "
        "rewritten since; the 5 later seals are not covered",
        "head 9 (9 seals): nothing up to seal 9 (through 2026-10-09) was rewritten since",
    )


@pytest.mark.parametrize("first", range(1, 10))
def test_rewriting_is_placed_between_the_heads(first: int) -> None:
    kept = [anchor(size, seen_at=SEEN) for size in (2, 5, 9)]
    found = compare(rewritten(first), kept)
    before = max((size for size in (2, 5, 9) if size < first), default=0)
    assert len(found.proven) == sum(size < first for size in (2, 5, 9))
    assert [finding.message for finding in found.findings] == [
        f"of the seals {before + 1} to {size} at least one was rewritten after 2026-11-05 01:30 UTC"
        + (f"; unchanged are seals 1 to {before}" if before else "")
        for size in (2, 5, 9)
        if size >= first
    ]


def test_cut_off_seals_are_named() -> None:
    (finding,) = compare(Log(SEALS[:6], DAYS[:6]), [anchor(9, seen_at=SEEN)]).findings
    assert finding.message.startswith("seals 7 to 9 were cut off after 2026-11-05 01:30 UTC: the warehouse has 6")


def test_fork_is_named() -> None:
    found = compare(LOG, [anchor(7, source="ours"), anchor(7, rewritten(3), source="theirs")])
    assert "it is a fork: ours has another root for the same 7 seals" in [one.message for one in found.findings]


def test_empty_log_and_no_heads_prove_nothing() -> None:
    assert compare(LOG, []) == compare(Log((), ()), [])
    assert compare(LOG, [anchor(0)]).findings == ()


def test_printed_root_may_be_shortened_spaced_and_in_capitals() -> None:
    whole = LOG.head
    for text in (whole, whole[: 2 + 32], whole.upper(), f"{whole[:20]}\n {whole[20:]}"):
        assert compare(LOG, [printed_anchor(text)]).findings == ()
        assert compare(rewritten(9), [printed_anchor(text)]).findings


@pytest.mark.parametrize(
    "text", ["", "9", "9:", f"9:{'0' * 31}", f"9:{'0' * 65}", f"09:{'0' * 64}", f"x:{'0' * 64}", f"9:{'g' * 64}"]
)
def test_text_that_is_no_printed_root_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem, match="at least 32 characters"):
        printed_anchor(text)


def test_file_states_its_cosignature_and_a_bad_one_proves_nothing(tmp_path: Path) -> None:
    head = sign(KEY, 9, LOG.root(9))
    cosigned = parse_checkpoint(str(head) + WITNESS.signature_line(head.note.text, SEEN))
    file = tmp_path / "cosigned"
    file.write_text(str(cosigned))
    found = file_anchor(file, [KEY.verifier], [WITNESS.verifier])
    assert (found.size, found.witness, found.seen_at, found.refused) == (9, "example.go.id/itjen", SEEN, None)
    assert "cosigned, signature not checked (9 seals)" in file_anchor(file, [], []).described
    file.write_text(str(cosigned).replace("\n9\n", "\n8\n"))
    (finding,) = compare(LOG, [file_anchor(file, [KEY.verifier], [])]).findings
    assert "it proves nothing: The signature of example.go.id/log does not belong to this text" in finding.message
    file.write_text("9 seals")
    with pytest.raises(UsageProblem, match="cannot be used"):
        file_anchor(file, [], [])


def test_checkpoint_of_a_retired_key_holds(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint-9"
    file.write_text(str(sign(OLD_KEY, 9, LOG.root(9))))
    assert file_anchor(file, [KEY.verifier], []).refused
    assert file_anchor(file, [KEY.verifier, OLD_KEY.verifier], []).refused is None

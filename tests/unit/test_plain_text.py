"""Text from outside steers neither a terminal nor a form nor a mail."""

import json
from collections.abc import Callable

import pytest
from rich.console import Console
from rich.markup import escape

from social_metrics.cli.console import new_group, new_table, notices, output, print_json
from social_metrics.errors import UsageProblem
from social_metrics.intake.spreadsheet.validation_errors import shown
from social_metrics.plain_text import printable

HOSTILE = "a\x1b[2J\x1b]0;title\x07b\u202egpj.exe\u2066c\x9b31md\u200be\rf\x00\u2028g"
STEERING = [*(chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))),
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\u061c\ufeff\u2028\u2029"]  # fmt: skip


def test_printable_keeps_what_a_person_reads() -> None:
    for text in (
        "12,3 rb",
        "Sentra \u201cKartini\u201d \u2013 \u00e9",
        "\u0628\u0648\u062f\u064a",
        "a\n\tb",
        "\U0001f600",
    ):
        assert printable(text) == text
    assert printable("12\u00a0345\u202f6") == "12 345 6"


def test_printable_removes_every_character_that_steers() -> None:
    assert [mark for mark in STEERING if printable(f"x{mark}y") != "xy"] == []
    assert printable(HOSTILE) == "a[2J]0;titlebgpj.exec31mdefg"


@pytest.mark.parametrize("console", [output, notices])
def test_no_command_prints_what_steers_a_terminal(
    console: Callable[[], Console], capsys: pytest.CaptureFixture[str]
) -> None:
    table = new_table("Cell", title=HOSTILE)
    table.add_row(escape(HOSTILE))
    console().print(table)
    console().print(escape(HOSTILE), style="bold")
    console().print(HOSTILE, soft_wrap=True, markup=False)
    written = "".join(capsys.readouterr())
    assert "gpj.exe" in written
    assert [mark for mark in STEERING if mark in written] == []


def test_json_escapes_what_steers_and_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": HOSTILE, "name": "Sentra \u00e9"})
    written = capsys.readouterr().out
    assert [mark for mark in STEERING if mark in written] == []
    assert json.loads(written) == {"text": HOSTILE, "name": "Sentra \u00e9"}
    assert "\u00e9" in written


def test_an_error_prints_nothing_that_steers(capsys: pytest.CaptureFixture[str]) -> None:
    app = new_group("x")

    @app.command()
    def broken() -> None:
        raise UsageProblem(HOSTILE)

    @app.command()
    def other() -> None: ...

    with pytest.raises(SystemExit):
        app(["broken"])
    written = "".join(capsys.readouterr())
    assert "gpj.exe" in written
    assert [mark for mark in STEERING if mark in written] == []


def test_forms_and_annotations_hold_nothing_that_steers() -> None:
    assert [mark for mark in STEERING if mark in shown(HOSTILE)] == []

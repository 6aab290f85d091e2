"""What others wrote steers no terminal and begins no line of a log."""

from __future__ import annotations

import io
import logging

import pytest
from rich.console import Console

from models.database.terminal_safe import on_one_line, on_screen
from models.values.refused import Problem, Refused
from scripts.terminal.show import Sheet, print_sheet, say
from scripts.terminal.words import in_words
from workers.runtime.log import set_up_logging
from workers.settings import read_settings

HOSTILE = "\x1b]0;mine\x07 \x9b31m \u202eabc \x7f \r"
CONTROLS = set(map(chr, (*range(0x20), *range(0x7F, 0xA0)))) - {"\n", "\t"}


def test_controls_are_shown() -> None:
    assert on_screen("\x1b[31m\n\t小红😀") == "␛[31m\n\t小红😀"
    assert on_one_line("a\nb\x00") == "a␊b␀"


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("text", [":smile: 讲得好", "at 12:+1:30", "[bold]讲得好[/bold]"])
def test_a_line_is_printed_as_it_stands(text: str, *, terminal: bool) -> None:
    said = io.StringIO()
    say(Console(file=said, force_terminal=terminal, no_color=True, width=200, color_system=None), text)
    assert said.getvalue() == f"{text}\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_what_commands_print_holds_no_controls_of_others(*, terminal: bool) -> None:
    said = io.StringIO()
    console = Console(file=said, force_terminal=terminal, no_color=True, width=200, color_system=None)
    say(console, HOSTILE)
    print_sheet(console, Sheet(HOSTILE, ("one",), [[HOSTILE]]))
    assert "mine" in said.getvalue()
    assert CONTROLS.isdisjoint(said.getvalue())


@pytest.mark.parametrize(("written", "shown"), [("text", "x␊2026-01-01"), ("json", r"x\n2026-01-01")])
def test_a_line_of_the_log_stays_one(
    written: str, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    set_up_logging(read_settings({"PHONEFLEET_LOG_FORMAT": written}), "test")
    logging.getLogger("phonefleet.test").warning("it said %s", f"x\n2026-01-01 INFO all is well{HOSTILE}")
    (line,) = capsys.readouterr().err.splitlines()
    assert shown in line
    assert CONTROLS.isdisjoint(line)


@pytest.mark.parametrize(
    "error", [TimeoutError(HOSTILE), Refused([Problem("name", HOSTILE, "another")])], ids=["told", "refused"]
)
def test_what_an_error_says_holds_no_controls_of_others(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), in_words():
        raise error
    said = capsys.readouterr().err
    assert "mine" in said
    assert CONTROLS.isdisjoint(said)

"""Paths and commands stay whole in a terminal of any width: they are copied from it."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from models.values.refused import Problem
from scripts.commands.doctor import block
from scripts.commands.doctor_check import Check
from scripts.terminal.show import Sheet, print_blocks, print_sheet, say
from scripts.terminal.told import refusal_lines, say_lines
from scripts.terminal.wrapping import wrapped

PATH = "/srv/" + "a-long-name/" * 9 + "adb"
ADDRESS = "mysql+mysqldb://somebody@database.example.com:3306/a_long_name_of_a_database_that_fills_the_line"
CHINESE = "小红书的评论" * 30
COMMANDS = [
    "phonefleet authors basis xiaopeng owned",
    "phonefleet resume 3fa1b2c4",
    "adb kill-server",
    "apt-get install gcc pkg-config python3-dev libmariadb-dev",
    "pip install 'phonefleet[mysql]'",
    ".venv/bin/python -m scripts.examples.standard_day",
    "PHONEFLEET_ADB_CONNECT=127.0.0.1:1,127.0.0.1:2 .venv/bin/phonefleet up",
    "make clean setup PYTHON=/path/to/python3.11",
]
widths = pytest.mark.parametrize("width", [20, 40, 79, 80, 120])


def terminal(width: int) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@widths
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("before", ["mend it: ", "it is in the way (", "so many words before it that a line is full: "])
def test_a_command_is_never_broken(command: str, before: str, width: int) -> None:
    lines = wrapped(f"{before}{command}, and then look once more at what the others say of it", width)
    assert [line for line in lines if command in line]
    assert " ".join(lines) == f"{before}{command}, and then look once more at what the others say of it"


@widths
@pytest.mark.parametrize("whole", [PATH, ADDRESS, "3fa1b2c4" * 12, f"/home/{CHINESE}/x"])
def test_a_path_is_never_broken_wherever_it_is_told(whole: str, width: int) -> None:
    console = terminal(width)
    say(console, f"what was found is in {whole} of this machine")
    print_blocks(console, "doctor", [block(Check("adb", False, f"36.0.0 ({whole})", f"name it: {whole}"))])
    print_sheet(
        console, Sheet("a table", ("what", "where", "why"), [["one", whole, "because it is so"], ["2", "", CHINESE]])
    )
    assert written(console).count(whole) == 4


@widths
def test_prose_is_broken_at_words_and_fits(width: int) -> None:
    prose = "the ledger does not answer and whoever waits for it is told so " * 3
    lines = wrapped(prose, width)
    assert max(map(cell_len, lines)) <= width
    assert " ".join(lines).split() == prose.split()
    assert max(map(cell_len, wrapped(CHINESE, width))) <= width
    assert "".join(wrapped(CHINESE, width)) == CHINESE


def test_what_fits_stays_as_it_is_with_its_blanks() -> None:
    for line in ("", "ledger       SQLite, var/x.db", "   0.0 s  0/25 ended"):
        assert wrapped(line, 80) == [line]


def test_a_table_in_a_pipe_breaks_no_path() -> None:
    console = Console(file=io.StringIO(), width=80)
    row = ["SERIAL" * 5, PATH, "words that would be broken in a terminal of eighty columns"]
    print_sheet(console, Sheet("phones", ("serial", "where", "why"), [row]))
    assert [line for line in written(console).splitlines() if all(cell in line for cell in row[:2])]


def test_a_table_fits_its_terminal_where_it_can() -> None:
    console = terminal(80)
    print_sheet(console, Sheet("notes", ("id", "note"), [["acc0001", CHINESE], ["acc0002", "words " * 40]]))
    assert max(map(cell_len, written(console).splitlines())) <= 80


def test_a_refusal_keeps_them_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    remedy = f"it is held by somebody else on this machine; name another one: phonefleet up --var {PATH}"
    say_lines(refusal_lines([Problem("PHONEFLEET_VAR", f"{PATH} may not be written", remedy)]))
    said = capsys.readouterr().err
    assert f"phonefleet up --var {PATH}\n" in said
    assert said.count(PATH) == 2

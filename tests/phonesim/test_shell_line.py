"""Reading shell lines."""

from __future__ import annotations

import shlex
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonesim.shell.line import parse
from phonesim.shell.scanner import BadLine
from phonesim.shell.tree import Simple, Text, Variable


def words(line: str) -> list[list[str]]:
    """The words of simple commands without expansions."""
    return [
        ["".join(part.value for part in word if isinstance(part, Text)) for word in command.words]
        for pipeline in parse(line)
        for command in pipeline.commands
        if isinstance(command, Simple)
    ]


def first(line: str) -> Simple:
    command = parse(line)[0].commands[0]
    assert isinstance(command, Simple)
    return command


def test_words_and_quotes() -> None:
    assert words("""echo 'a b' "c \\"d" e\\ f g'h'""") == [["echo", "a b", 'c "d', "e f", "gh"]]
    assert words("echo ''") == [["echo", ""]]
    assert words("echo a#b # c") == [["echo", "a#b"]]


def test_commands_and_conditions() -> None:
    pipelines = parse("a && b || c; d | e\nf")
    assert [each.condition for each in pipelines] == ["", "&&", "||", "", ""]
    assert [len(each.commands) for each in pipelines] == [1, 1, 1, 2, 1]
    assert words("a && b || c; d | e\nf") == [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]


def test_environment_and_exit_code() -> None:
    command = first("CLASSPATH=/x.jar app_process / Main; echo X4EXIT:$?")
    assert command.assignments == (("CLASSPATH", (Text("/x.jar"),)),)
    assert command.words[0] == (Text("app_process"),)
    assert first("echo X4EXIT:$?").words[1] == (Text("X4EXIT:"), Variable("?", quoted=False))
    assert words("echo '$?'") == [["echo", "$?"]]


def test_redirections() -> None:
    found = [(each.fd, each.operator, each.target[0]) for each in first("ls /x > /sdcard/a 2>/dev/null").redirects]
    assert found == [(1, ">", Text("/sdcard/a")), (2, ">", Text("/dev/null"))]
    found = [(each.fd, each.operator, each.target[0]) for each in first("cat b >> c 2>&1").redirects]
    assert found == [(1, ">>", Text("c")), (2, "&", Text("1"))]


@pytest.mark.parametrize(
    "line",
    ["echo 'open", 'echo "open', "| a", "a &&& b", "a >", "a && ", "a |", ";", "(a", "a)", "for i in 1; do", "$(echo",
     "if a; then b", "while a; b; done", "for 1 in 2; do a; done", "{ a", "echo `a", "echo $((1+1))", "do a", "(" * 99],
)  # fmt: skip
def test_bad_lines_are_refused(line: str) -> None:
    with pytest.raises(BadLine):
        parse(line)


@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=1))
def test_what_adbutils_quotes_arrives_as_it_was(arguments: list[str]) -> None:
    assert words("echo " + " ".join(map(shlex.quote, arguments))) == [["echo", *arguments]]


@given(st.text("abc$`'\"(){};|&<>!# \n\\[]=?*0", max_size=30))
def test_any_line_is_read_or_refused(line: str) -> None:
    with suppress(BadLine):
        assert isinstance(parse(line), tuple)

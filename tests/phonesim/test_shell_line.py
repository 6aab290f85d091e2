"""Reading shell lines."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonesim.shell.line import LAST_CODE, BadLine, parse


def words(line: str) -> list[list[str]]:
    return [command.words for pipeline in parse(line) for command in pipeline.commands]


def test_words_and_quotes() -> None:
    assert words("""echo 'a b' "c \\"d" e\\ f g'h'""") == [["echo", "a b", 'c "d', "e f", "gh"]]
    assert words("echo ''") == [["echo", ""]]


def test_commands_and_conditions() -> None:
    pipelines = parse("a && b || c; d | e\nf")
    assert [each.condition for each in pipelines] == ["", "&&", "||", "", ""][: len(pipelines)]
    assert [[command.words[0] for command in each.commands] for each in pipelines] == [
        ["a"], ["b"], ["c"], ["d", "e"], ["f"],
    ]  # fmt: skip


def test_environment_and_exit_code() -> None:
    command = parse("CLASSPATH=/x.jar app_process / Main; echo X4EXIT:$?")[0].commands[0]
    assert (command.env, command.words[0]) == ({"CLASSPATH": "/x.jar"}, "app_process")
    assert words("echo X4EXIT:$?") == [["echo", f"X4EXIT:{LAST_CODE}"]]
    assert words("echo '$?'") == [["echo", "$?"]]


def test_redirections() -> None:
    first, second = (each.commands[0] for each in parse("ls /x > /sdcard/a 2>/dev/null; cat b >> c 2>&1"))
    assert (first.words, first.target, first.append) == (["ls", "/x"], "/sdcard/a", False)
    assert (second.words, second.target, second.append) == (["cat", "b"], "c", True)


@pytest.mark.parametrize("line", ["echo 'open", "| a", "a &&& b", "a >"])
def test_bad_lines_are_refused(line: str) -> None:
    with pytest.raises(BadLine):
        parse(line)


@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=1))
def test_what_adbutils_quotes_arrives_as_it_was(arguments: list[str]) -> None:
    assert words("echo " + " ".join(map(shlex.quote, arguments))) == [["echo", *arguments]]

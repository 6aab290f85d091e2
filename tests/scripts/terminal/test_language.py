"""Every text that commands print, and every reason and remedy behind it, has Chinese words."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from flows.failures import CODES
from gateway.words.catalogue import SPOKEN, all_texts, catalogue
from models.fleet.fitness import STATE_REMEDIES
from models.notify.alerts import KINDS
from models.values.enums import PhoneState
from scripts.cli import COMMANDS, PANELS, cli
from scripts.terminal.language import words
from scripts.terminal.show import Sheet, print_sheet
from tests.support.texts import HOLE, ROOT, given, is_words
from workers.campaigns.yaml_syntax import SYNTAX

ZH = catalogue("zh")
COMMAND = re.compile(rf"phonefleet (?:{'|'.join(one.name for one in COMMANDS)})\b(?! of| wrote| looks)")

# Where texts for people are given: room, function, its arguments.
PRINTED = [
    ("scripts", "say", (1,)),
    ("scripts", "put", (0,)),
    ("scripts", "said", (0,)),
    ("scripts", "Sheet", (0, 1, 3, "title", "headings", "when_empty")),
    ("scripts", "Block", (0, 1, 2, "lines", "remedy")),
    ("scripts", "Check", (2, 3, "found", "remedy")),
    ("scripts", "Finding", (2, 3)),
    ("scripts", "list_blocks", (1, 3)),
    ("scripts", "print_blocks", (1,)),
    ("workers", "variable", (3,)),
    ("workers/policy/recorder", "ask", (0,)),
    ("workers/policy/recorder", "tell", (0,)),
]
REFUSED = [
    (room, function, (1, 2, "reason", "remedy"))
    for room in ("flows", "models", "scripts", "workers", "gateway")
    for function in ("refuse", "Problem", "PackageProblem", "CanvasRefused", "BadRow")
]
ANSWERED = [("gateway", "ApiProblem", (1, "detail")), ("gateway/submissions", "ValueError", (0,))]
RAISED = [
    (room, name, (3, 4)) for room in ("models", "scripts", "workers") for name in ("raise_alert", "raise_or_renew")
]
# Why tasks fail, end or wait, and what phones and their servers answer.
ENDED = [
    ("flows", "FlowFailure", (1, "reason")),
    ("flows", "AppGone", (0,)),
    ("flows", "Stopped", (0,)),
    ("models", "Refusal", (1,)),
    *(("workers", name, (1, "reason")) for name in ("FlowFailure", "Failed", "PhoneError")),
    *(("workers", name, (0, "reason")) for name in ("TaskEnd", "NotMine", "Stopped", "HandBack")),
]
SLIPS = [("workers/campaigns", "Slip", (2, 3, "reason", "remedy"))]
SETTINGS = [("workers/settings", "ValueError", (0,)), ("flows/checks.py", "ValueError", (0,))]
# Forms that only other texts fill: a pattern knows what comes of them.
FILLED = {
    "chmod -R go= {}",
    "phone {} is {}",
    "{}: {}",
    "{}; {}",
    "{} as often in a day",
    "nothing is missing that can be planted again{}",
    "{} begins no campaign's id and no task's{}, and is no phone's serial",
    "{} are asked for on {}, so up to {} on one, and {} {} given; no text is posted twice on one video",
    "the address in {} {}",
    "{}; none of them takes work",
    "{}: {} on {} phones ({})",
    "{} takes statements of {} MiB at most; a task's result may need {}",
    " takes statements of {} MiB at most; a task's result may need {}",
    "Redis: {}",
    "{} {}simulated phones; what really happens to them: {}",
    "asked, drawn and done: {}",
    "{}; {} within {} minutes{}",
    "collected {}s",
    "{}: the flow could not tell what came of it",
    "this comment has {}",
    (
        "{} takes named parameters; the step before handed it a {}: "
        "use {}.si(...) or put a task between that makes parameters of it"
    ),
    "{}, the last: {error}",
    "{} {}, before {}",
    "{} more {}: phonefleet status --list",
    (
        "{} of {} accounts cannot fit it: {} actions an account are asked for ({} nurture, {} directed{}), "
        "{} were done today by {}, and the cap is {}"
    ),
}


def unknown(text: str) -> bool:
    """Returns whether a form has a line that is not known in Chinese, with numbers in its holes."""
    filled = "".join(f"1{place}" if sign == HOLE else sign for place, sign in enumerate(text))
    lines = [line.strip() for line in filled.split("\n")]
    return any(line and is_words(line) and ZH.said(line) == line for line in lines)


@pytest.mark.parametrize(
    "places",
    [PRINTED, REFUSED, RAISED, SETTINGS, ANSWERED, ENDED, SLIPS],
    ids=["printed", "refused", "raised", "settings", "answered", "ended", "slips"],
)
def test_every_text_that_people_read_has_chinese_words(places: list[tuple[str, str, tuple[int | str, ...]]]) -> None:
    found = [one for room, name, at in places for one in given(room, name, at)]
    assert len(found) > 10
    lacking = [(where, text.replace(HOLE, "{}")) for where, text in found if unknown(text) and text not in ZH.texts]
    assert [one for one in lacking if one[1] not in FILLED] == []


@pytest.mark.parametrize(("reason", "remedy"), sorted({(reason, remedy) for _, reason, remedy in SYNTAX}))
def test_what_a_reader_of_yaml_finds_wrong_has_chinese_words(reason: str, remedy: str) -> None:
    for said in (reason, f"line 3, column 12: {reason}: comments: [1, 2"):
        assert re.sub(r"comments: .*|YAML|name: value|---", "", ZH.said(said.format(sign="@"))).isascii() is False
        assert not re.search(r"[a-z]{2,} [a-z]{2,}", ZH.said(said.format(sign="@")))
    assert ZH.said(remedy) != remedy


def helps() -> Iterator[str]:
    def of(command: Any) -> Iterator[str]:
        yield command.help or ""
        yield from (getattr(one, "help", None) or "" for one in command.params)
        for inner in (getattr(command, "commands", None) or {}).values():
            yield from of(inner)

    yield from PANELS
    top = typer.main.get_command(cli)
    yield from (top.help or "", *(getattr(one, "help", None) or "" for one in top.params))
    for named in COMMANDS:
        yield named.says
        yield from of(named.load())


def test_every_help_text_has_chinese_words() -> None:
    told = {" ".join(part.split()) for text in helps() for part in text.split("\n\n") if part.strip()}
    assert len(told) > 150
    assert sorted(one for one in told if ZH.said(one) == one) == []


def test_every_failure_code_alert_and_state_of_a_phone_is_told_in_chinese() -> None:
    remedies = [*(rule.remedy for rule in CODES.values()), *STATE_REMEDIES.values()]
    assert [one for one in remedies if ZH.said(one) == one] == []
    assert [one for one in CODES if f"code:{one}" not in ZH.texts] == []
    assert [one for one in KINDS if f"alert:{one}" not in ZH.texts] == []
    states = [one for one in PhoneState if one != PhoneState.SILENT]  # told as "host silent"
    assert [one for one in states if f"phone:{one}" not in ZH.texts] == []


def test_a_command_that_a_text_names_stands_in_its_translation_too() -> None:
    kept = {key: words for key, words in all_texts("zh") if COMMAND.search(key)}
    assert len(kept) > 60
    lost = [key for key, words in kept.items() for one in COMMAND.findall(key) if one not in words]
    assert [key for key in lost if "phonefleet doctor looks" not in key] == []


def test_values_of_data_keep_their_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ZH.said("offline is known as unplugged") == "offline 登记为 unplugged"
    assert ZH.said("channel offline is removed") == "渠道 offline 已移除"
    assert "name" not in SPOKEN
    monkeypatch.setenv("PHONEFLEET_LANG", "zh")
    words.cache_clear()
    console = Console(record=True, width=120, file=io.StringIO())
    print_sheet(console, Sheet("records", ("title", "why", "outcome"), [["offline", "offline", "failed"]]))
    console.file.close()
    words.cache_clear()
    assert re.sub(r"[^\w\n]+", " ", console.export_text()).split() == [
        "记录",
        "标题",
        "原因",
        "结果",
        "offline",
        "离线",
        "失败",
    ]


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "COLUMNS": "200", **env},
        cwd=ROOT,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (["--lang", "zh", "stop"], {}, ["用法: phonefleet stop", "缺少参数 'what'", "错误"]),
        (["stop"], {"PHONEFLEET_LANG": "zh"}, ["缺少参数 'what'"]),
        (["stop"], {"LANG": "zh_CN.UTF-8"}, ["缺少参数 'what'"]),
        (["--lang", "en", "stop"], {"LANG": "zh_CN.UTF-8"}, ["Missing argument 'what'"]),
        (["stop"], {}, ["Missing argument 'what'"]),
        (["--lang", "zh", "stat"], {}, ["没有命令 'stat'", "'status'"]),
        (["--lang", "zh", "alerts", "--last", "x"], {}, ["'--last' 的值无效", "不是整数"]),
        (["--lang", "zh", "status", "--nothing"], {}, ["没有选项 --nothing"]),
    ],
)
def test_what_typer_finds_wrong_is_said_in_the_language(
    arguments: list[str], env: dict[str, str], said: list[str]
) -> None:
    ended = run(*arguments, **env)
    assert ended.returncode == 2
    assert [one for one in said if one not in ended.stderr] == []


def test_what_is_wrong_in_a_file_keeps_its_keys_and_names_its_places(sqlite_database: str, tmp_path: Path) -> None:
    file = tmp_path / "day.yaml"
    file.write_text("campaign: a\ncollect: {videos: 0}\nnurture: yes\n", encoding="utf-8")
    ended = run("--lang", "zh", "submit", str(file), PHONEFLEET_DATABASE_URL=sqlite_database)
    assert ended.returncode == 2
    lines = [line.strip() for line in ended.stderr.splitlines()]
    assert 'nurture: 第 3 行第 10 列："yes" 不是一组字段' in lines
    assert "collect.videos: 第 2 行第 19 列：0 太小，至少为 1" in lines
    assert [line for line in lines if re.search(r"[a-z]+ [a-z]+ [a-z]+", line.partition("->")[0])] == []


def test_help_is_chinese_as_a_whole() -> None:
    told = run("--lang", "zh", "keys", "limits", "--help").stdout
    assert "设置密钥的限制" in told
    assert "选项" in told
    assert "显示帮助并退出" in told
    assert not re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", told.replace("phonefleet keys limits", ""))


@pytest.mark.parametrize("words", [(), ("keys", "make"), ("watch",)])
def test_a_narrow_terminal_cuts_no_sentence_of_the_chinese_help(words: tuple[str, ...]) -> None:
    narrow = run("--lang", "zh", *words, "--help", COLUMNS="80").stdout
    wide = run("--lang", "zh", *words, "--help", COLUMNS="240").stdout
    assert "…" not in narrow
    assert _characters(narrow) == _characters(wide)


def _characters(told: str) -> Counter[str]:
    """The characters of the sentences, without frames and blanks."""
    return Counter(one for one in told if one.isalnum())


def test_a_refusal_names_field_reason_and_remedy_in_chinese(sqlite_database: str) -> None:
    ended = run("--lang", "zh", "authors", "basis", "nobody", "owned", PHONEFLEET_DATABASE_URL=sqlite_database)
    assert ended.returncode == 2
    lines = ended.stderr.splitlines()
    assert lines[0] == "已拒绝；没有任何改动："
    assert "没有登记" in lines[1]
    assert lines[2].strip() == "-> phonefleet authors add ID NAME"


def test_lists_of_an_empty_ledger_are_chinese_and_json_stays_english(sqlite_database: str) -> None:
    env = {"PHONEFLEET_DATABASE_URL": sqlite_database, "PHONEFLEET_LANG": "zh"}
    none_yet = run("status", **env)
    assert none_yet.returncode == 2
    assert "还没有账本" in none_yet.stderr
    assert run("migrate", **env).returncode == 0
    for arguments, line in (
        (["status"], "还没有批次；种下：phonefleet submit FILE"),
        (["review"], "等人裁定：无"),
        (["accounts"], "账号：无; 接入的手机会报告自己的账号；也可以：phonefleet accounts add ID NAME"),
        (["records", "--total"], "0 条记录\n模拟手机上做的：--sandbox"),
        (["records", "--total", "--sandbox"], "0 条记录"),
    ):
        assert run(*arguments, **env).stdout.strip() == line
    assert run("records", "--total", "--json", **env).stdout.strip() == '{"number": 0, "exact": true}'


def test_english_reads_no_catalogue_and_chinese_no_babel() -> None:
    script = (
        "import sys; from scripts.cli import main\ntry: main()\nfinally: print(*sorted(sys.modules), file=sys.stderr)"
    )

    def modules(language: str) -> list[str]:
        ended = subprocess.run(
            [sys.executable, "-c", script, "--lang", language, "--help"],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
            check=True,
        )
        return ended.stderr.split()

    assert "gateway.words.catalogue" not in modules("en")
    chinese = modules("zh")
    assert "gateway.words.catalogue" in chinese
    assert not [one for one in chinese if one.partition(".")[0] == "babel"]

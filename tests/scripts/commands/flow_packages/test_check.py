"""`phonefleet flow check`: each mistake with its file, its line and a remedy; and none where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.profile import MOST_CHARACTERS, MOST_PAGES, ProfileError, read_profile
from models.values.refused import Refused
from scripts.commands.flow_packages.check import check, package_in
from scripts.commands.flow_packages.judge_code import judge_code
from scripts.commands.flow_packages.new import make

CODE = {
    "while": ("while more():\n    pass", 1, "a while loop"),
    "count": ("x = 1\nfor one in itertools.count():\n    pass", 2, "count() has no end"),
    "cycle": ("from itertools import cycle\nfor one in cycle(rows):\n    pass", 2, "cycle() has no end"),
    "repeat": ("for one in itertools.repeat(1):\n    pass", 1, "repeat() has no end"),
    "iter": ("for one in iter(read, b''):\n    pass", 1, "iter() with a sentinel"),
    "socket": ("import socket", 1, "imports socket"),
    "submodule": ("import urllib.request as ask", 1, "imports urllib"),
    "from": ("from os import path", 1, "imports os"),
    "inside": ("def f():\n    from workers.app import app", 2, "imports workers"),
    "sleep": ("import time", 1, "imports time"),
    "random": ("from random import choice", 1, "imports random"),
    "open": ("text = open('x').read()", 1, "calls open()"),
    "eval": ("eval(text)", 1, "calls eval()"),
    "bare": ("try:\n    go()\nexcept:\n    pass", 3, "swallows every error"),
    "broad": ("try:\n    go()\nexcept (ValueError, Exception):\n    x = 1", 3, "swallows every error"),
    "step": ('with watch.step("other"):\n    pass', 1, "no step 'other'"),
    "computed": ("with watch.step(name):\n    pass", 1, "name is computed"),
    "tap": ("app.tap(node)", 1, "a tap outside"),
    "kept tap": ("touch = app.tap\ntouch(node)", 1, "a tap outside"),
    "another's tap": ("with session.point_of_no_return(a) as act:\n    app.tap(node)", 2, "a tap outside"),
    "after the act": ("with session.point_of_no_return(a) as act:\n    pass\nact.tap(node)", 3, "a tap outside"),
    "phone": ("session.phone.swipe((1, 1), (2, 2), 1)", 1, "around the app"),
    "its phone": ("it = app.session\nit.phone.look()", 2, "around the app"),
    "long range": ("for turn in range(10**18):\n    pass", 1, "more than 100000 turns"),
    "longer range": ("for turn in range(0, 1 << 400, 60 * 60):\n    pass", 1, "more than 100000 turns"),
    "tower": ("for turn in range(-1, 9**9**9**9):\n    pass", 1, "more than 100000 turns"),
    "recursion": ("def f(x):\n    if x:\n        return f(x)", 1, "f() comes to call itself"),
    "two": ("def f():\n    g()\ndef g():\n    f()", 1, "f() comes to call itself"),
    "method": ("class A:\n    def go(self):\n        self.on()\n    def on(self):\n        self.go()", 2, "go() comes"),
    **{
        name: (f"import {name}", 1, f"imports {name}")
        for name in (
            "pathlib",
            "io",
            "codecs",
            "pickle",
            "runpy",
            "webbrowser",
            "pkgutil",
            "shelve",
            "zipfile",
            "builtins",
        )
    },
    "syntax": ("def f(:", 1, "it is no Python"),
    "nul": ("x = 1\0", 1, "it is no Python"),
}
WELL = (
    "for turn in range(5):\n    pass",
    "for one in itertools.repeat(1, 5):\n    pass",
    "number = rows.count(1)",
    "import re\nfrom dataclasses import dataclass\nfrom flows.app import App",
    'with session.watch.step("list"):\n    pass',
    "with session.point_of_no_return(action) as act:\n    for node in nodes:\n        act.tap(node)",
    "try:\n    go()\nexcept Exception:\n    note()\n    raise",
    "try:\n    go()\nexcept FlowFailure:\n    pass",
    "for turn in range(5 * 60, 0, -1):\n    pass",
    "for turn in range(MOST, 2 * most):\n    pass",
    "class A:\n    def rows(self):\n        return rows(self.page.rows())\ndef rows(all):\n    return all",
    "page = page.go(lambda here: here.need('more'), Other)",
)


@pytest.mark.parametrize(("source", "line", "words"), CODE.values(), ids=CODE)
def test_a_mistake_is_named_with_its_line(source: str, line: int, words: str) -> None:
    found = judge_code("p/flow.py", source, ("list",))
    assert [(one.file, one.line) for one in found if words in one.reason] == [("p/flow.py", line)]
    assert all(one.remedy for one in found)


@pytest.mark.parametrize("source", WELL)
def test_what_is_well_is_not_named(source: str) -> None:
    assert judge_code("p/flow.py", source, ("list",)) == []


def change(file: Path, before: str, after: str) -> int:
    """Change a file's text; on which line it was."""
    text = file.read_text("utf-8")
    file.write_text(text.replace(before, after), encoding="utf-8")
    return text[: text.index(before)].count("\n") + 1


# what is changed in a new package: file, before, after; where it is told: file, and whether on the line of the change
FILES = {
    "flow gone": ("flow.py", None, "", "flow.py", False, "it is missing"),
    "a step that no code begins": ("manifest.py", '("list",)', '("list", "more")', "manifest.py", True, "'more'"),
    "heading": ("manifest.py", 'heading = "列表采集"', 'heading = ""', "manifest.py", True, "no heading"),
    "column": ("manifest.py", 'Column("name",', 'Column("id",', "manifest.py", True, "'id'"),
    "no flow": ("flow.py", "FLOW = ", "OTHER = ", "flow.py", False, "has no FLOW"),
    "profile": (
        "profile.yaml",
        "present: [page_accounts]",
        "present: [page_accounts]]",
        "profile.yaml",
        True,
        "no YAML",
    ),
    "profile's field": ("profile.yaml", "launchers:", "starters:", "profile.yaml", True, "starters"),
    "profile's package": (
        "profile.yaml",
        "package: com.phonefleet.reader",
        "package: 1",
        "profile.yaml",
        True,
        "string",
    ),
}


@pytest.mark.parametrize(("name", "before", "after", "told", "on_its_line", "words"), FILES.values(), ids=FILES)
def test_a_mistake_in_a_file(
    name: str, before: str | None, after: str, told: str, on_its_line: bool, words: str, tmp_path: Path
) -> None:
    folder = make("checked_one", tmp_path)
    path = folder / "checked_one" / name
    line = 1
    if before is None:
        path.unlink()
    elif on_its_line:
        line = change(path, before, after)
    else:
        change(path, before, after)
    found = check(folder)
    assert (f"checked_one/{told}", line) in [(one.file, one.line) for one in found if words in one.reason], found


def test_a_mistake_stands_on_its_own_line_though_another_field_has_its_name(tmp_path: Path) -> None:
    folder = make("checked_one", tmp_path)
    path = folder / "checked_one" / "profile.yaml"
    page = '  other: {present: [page_other], selectors: {name: name}}\n  third:\n    present: 7\n    "co\\x07m": 3\n'
    path.write_text(path.read_text("utf-8").rstrip() + "\n" + page, encoding="utf-8")
    line = path.read_text("utf-8").count("\n")
    told = {(one.line, one.reason.partition(":")[0]) for one in check(folder) if one.file.endswith("profile.yaml")}
    assert told >= {(line - 1, "pages.third.present")}
    assert line in {one for one, _ in told}


def test_a_manifest_that_sleeps_or_ends_python_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make("checked_one", tmp_path)
    manifest = folder / "checked_one" / "manifest.py"
    text = manifest.read_text("utf-8")
    manifest.write_text(f"{text}\nimport os; os._exit(3)\n", encoding="utf-8")
    assert any("status 3" in one.reason for one in check(folder))
    monkeypatch.setattr("workers.host.usable_packages.IMPORT_SECONDS", 2.0)
    manifest.write_text(f"{text}\n__import__('time').sleep(600)\n", encoding="utf-8")
    assert any("takes longer than 2 s" in one.reason for one in check(folder))


def test_a_profile_that_is_too_large_is_refused_at_once() -> None:
    pages = "".join(f"  p{number}: {{present: [x{number}]}}\n" for number in range(MOST_PAGES + 1))
    with pytest.raises(ProfileError, match="501 pages, and 500 are the most"):
        read_profile(f"package: a.b\npages:\n{pages}", "x.yaml", only_read=True)
    with pytest.raises(ProfileError, match="500000 at most"):
        read_profile("#" * (MOST_CHARACTERS + 1), "x.yaml")


def test_a_new_package_has_no_mistakes(tmp_path: Path) -> None:
    folder = make("checked_two", tmp_path)
    assert check(folder) == []
    (folder / "pyproject.toml").write_text("[project]\n")
    assert ["no entry point" in one.reason for one in check(folder)] == [True]


def test_the_package_of_this_checkout_has_no_mistakes() -> None:
    assert check(package_in(Path(__file__).parents[4] / "packages" / "collect_articles")) == []


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no .*manifest\.py"):
        package_in(tmp_path)


@pytest.mark.parametrize("name", [
    "", "a", "Big", "with-dash", "1st", "x" * 41, "collect_titles", "../up", "class", "json", "flows", "phonefleet",
    "tests", "celeryconfig", "pydantic", "async",
])  # fmt: skip
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="NAME"):
        make(name, tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "checked_three").mkdir()
    with pytest.raises(Refused, match="there already"):
        make("checked_three", tmp_path)

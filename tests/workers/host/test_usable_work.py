"""A profile or a task module that cannot be used is refused in words before a host begins."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from models.values.refused import Problem
from workers.host.usable_work import check_work, flow_problems, module_problems, profile_problems
from workers.settings import Settings, SettingsError, read_settings

PRACTICE = resources.files("flows").joinpath("profiles/practice.yaml").read_text(encoding="utf-8")
MODULES = {
    "raises": "raise ValueError('no\\nway')",
    "lacks": "import not_here.at_all",
    "leaves": "raise SystemExit(0)",
    "unfinished": "def work(:",
    "talks": "print('[1, 2]'); print('[3]', end='')",
}


def chosen(**env: str) -> Settings:
    return read_settings(env)


def told(problems: list[Problem]) -> str:
    (problem,) = problems
    assert problem.remedy
    assert "\n" not in problem.reason
    return problem.reason


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"\xff\xfe", "byte 1 is not UTF-8"),
        (b"- a", "a profile is a YAML mapping"),
        (b"a: [", "app.yaml: line 2, column 1: did not find"),
        (b"{" * 5000, "app.yaml: line 1, column "),
        (b"package: com.a.b", "texts: Field required"),
        (PRACTICE.replace("package:", "pakage:", 1).encode(), "package: Field required; pakage: Extra inputs"),
    ],
)
def test_a_profile_that_cannot_be_used(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "app.yaml"
    if content is not None:
        file.write_bytes(content)
    assert words in told([*profile_problems(chosen(PHONEFLEET_PROFILE=str(file)))])


def test_profiles_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(PRACTICE, encoding="utf-8")
    for name in ("practice", "", str(tmp_path / "app.yaml")):
        assert not [*profile_problems(chosen(PHONEFLEET_PROFILE=name))]


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        ("nope.tasks", "there is no module nope, named by nope.tasks"),
        ("workers.tusks", "there is no module workers.tusks"),
        ("lacks", "lacks imports not_here, and there is no such module"),
        ("talks,raises", "raises cannot be imported: ValueError: no"),
        ("leaves", "leaves cannot be imported: SystemExit"),
        ("unfinished", "unfinished cannot be imported: SyntaxError"),
    ],
)
def test_a_module_that_cannot_be_used(tmp_path: Path, modules: str, words: str) -> None:
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    with pytest.raises(SettingsError) as refused:
        check_work(chosen(PHONEFLEET_TASKS=modules), {**os.environ, "PYTHONPATH": str(tmp_path)})
    assert refused.value.variable == "PHONEFLEET_TASKS"
    assert words in refused.value.reason
    assert refused.value.remedy.startswith("List modules")
    assert refused.value.remedy.endswith(".")


def test_modules_are_imported_in_a_process_of_their_own(tmp_path: Path) -> None:
    for name, text in {**MODULES, "dies": "import os; os._exit(7)"}.items():
        (tmp_path / f"{name}.py").write_text(text)
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    assert not [*module_problems(chosen(PHONEFLEET_TASKS="talks,workers.tasks"), env)]
    ends = told([*module_problems(chosen(PHONEFLEET_TASKS="talks,dies"), env)])
    assert ends == "the import of talks, dies ends Python with status 7"
    assert not {"talks", "raises"} & set(sys.modules)


@pytest.mark.parametrize(("variable", "value"), [("PHONEFLEET_PROFILE", "nope"), ("PHONEFLEET_TASKS", "nope")])
def test_a_host_refuses_before_it_begins(tmp_path: Path, variable: str, value: str) -> None:
    env = {**os.environ, "PHONEFLEET_VAR": str(tmp_path), variable: value}
    done = subprocess.run(
        [sys.executable, "-m", "workers.host"], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"{variable}: ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("film", "problem"),
    [
        ("directed,collect_titles", None),
        ("all", None),
        ("", None),
        ("directed, nothing_such", "there is no flow nothing_such"),
        ("gather", "there is no flow gather"),
    ],
)
def test_only_flows_that_are_there_are_filmed(film: str, problem: str | None) -> None:
    found = list(flow_problems(read_settings({"PHONEFLEET_FILM": film})))
    assert [(one.field, one.reason) for one in found] == ([] if problem is None else [("PHONEFLEET_FILM", problem)])


@pytest.mark.parametrize("film", ["a b", "x" * 65, "<script>", "nurture;directed"])
def test_what_is_no_name_of_a_flow_is_refused(film: str) -> None:
    with pytest.raises(SettingsError, match="is not the name of a flow"):
        read_settings({"PHONEFLEET_FILM": film})

"""Flow packages: found by entry point or in a folder; one that cannot be used is told, and stops no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.packages.code import code_of
from flows.packages.find import find
from flows.packages.load import Packages, load
from flows.specs.catalogue import OURS

MANIFEST = """
from flows.specs.flow_spec import Column, FlowSpec, Params, Result
from flows.specs.limits import Limits

class Asked(Params):
    most: int = 5

class Read(Result):
    title: str

class Spec(FlowSpec[Asked, Read]):
    name = "{name}"
    heading = "读"
    version = "1.2"
    result_title = "READ_TASK_RESULT_DATA_TITLE"
    params_model = Asked
    result_model = Read
    columns = (Column("title", "标题", english_heading="headline"),)
    steps = ("read",)
{more}
SPEC = Spec()
"""
FLOW = """
from flows.flow import Flow
from {name}.manifest import Asked, Read, Spec

class Reads(Spec, Flow[Asked, Read]):
    def run(self, session, params):
        return Read(title="x")

FLOW = Reads()
"""
PROFILE = "package: com.example.reader\npages: {list: {present: [list]}}\n"


@pytest.fixture(autouse=True)
def _own_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.split(".")[0].startswith(("reads_", "read_", "collect_")):
            del sys.modules[name]


def made(
    folder: Path, name: str, *, manifest: str | None = None, more: str = "", flow: str = FLOW, profile: str = ""
) -> Path:
    """A package's folder, as `phonefleet flow new` lays it out."""
    inner = folder / name / name
    inner.mkdir(parents=True)
    (inner / "__init__.py").touch()
    (inner / "manifest.py").write_text((manifest or MANIFEST).format(name=name, more=more))
    (inner / "flow.py").write_text(flow.format(name=name))
    if profile:
        (inner / "profile.yaml").write_text(profile)
    return folder / name


def installed(folder: Path, name: str) -> None:
    """A wheel's contents in a folder that Python searches."""
    made(folder / "unpacked", name)
    (folder / "unpacked" / name / name).rename(folder / name)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[phonefleet.flows]\n{name} = {name}\n")


def loaded(*folders: Path) -> Packages:
    return load(*find(folders), ours=OURS)


def test_a_folder_is_found_alone_and_among_others(tmp_path: Path) -> None:
    one = made(tmp_path, "reads_one")
    made(tmp_path, "reads_two", profile=PROFILE)
    assert [*loaded(one).used] == ["reads_one"]
    packages = loaded(tmp_path)
    assert [*packages.used] == ["reads_one", "reads_two"]
    assert not packages.problems
    code = code_of(packages)
    assert not code.problems
    assert [*code.flows] == ["reads_one", "reads_two"]
    assert code.profiles["reads_two"].package == "com.example.reader"
    assert packages.used["reads_one"].spec.columns[0].english == "headline"


def test_an_installed_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, "reads_installed")
    monkeypatch.syspath_prepend(tmp_path)
    packages = loaded()
    assert packages.used["reads_installed"].found.source == "reads_installed, installed"
    assert [*code_of(packages).flows] == ["reads_installed"]


def test_a_folder_goes_before_an_installed_package_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path / "site", "reads_twice")
    made(tmp_path / "own", "reads_twice")
    monkeypatch.syspath_prepend(tmp_path / "site")
    packages = loaded(tmp_path / "own")
    (problem,) = packages.problems
    assert problem.field == "reads_twice"
    assert "installed is not used" in problem.reason
    assert packages.used["reads_twice"].found.folder == tmp_path / "own" / "reads_twice"


BROKEN = {
    "syntax": ({"manifest": "def ("}, "reads_broken", "SyntaxError"),
    "import": ({"manifest": "import not_there_at_all"}, "reads_broken", "not_there_at_all"),
    "leaves": ({"manifest": "raise SystemExit(0)"}, "reads_broken", "SystemExit"),
    "no spec": ({"manifest": "x = 1"}, "reads_broken: SPEC", "no SPEC"),
    "another name": ({"more": '    name = "reads_other"'}, "reads_broken: name", "reads_other"),
    "no heading": ({"more": '    heading = ""'}, "reads_broken: heading", "no heading"),
    "no version": ({"more": '    version = "new"'}, "reads_broken: version", "'new'"),
    "identifier": ({"more": '    result_title = "read me"'}, "reads_broken: result_title", "read me"),
    "parameters": ({"more": "    params_model = dict"}, "reads_broken: params_model", "not derived from Params"),
    "columns": ({"more": "    columns = ()"}, "reads_broken: columns", "has 0 columns"),
    "two columns": ({"more": '    columns = (Column("a", "一"), Column("a", "二"))'}, "reads_broken: columns", "'a'"),
    "column's head": ({"more": '    columns = (Column("a", ""),)'}, "reads_broken: columns", "cannot head"),
    "limits": ({"more": "    limits = Limits(soft=60, hard=60)"}, "reads_broken: limits", "cannot limit"),
    "steps": ({"more": "    steps = ()"}, "reads_broken: steps", "names no steps"),
    "priority": ({"more": "    priority = 10"}, "reads_broken: priority", "10"),
    "routing": ({"more": '    runs_on = "anywhere"'}, "reads_broken: runs_on", "anywhere"),
    "usual": ({"more": '    usual = {{"loops": 3}}'.format()}, "reads_broken: usual", "loops"),
    "acts": ({"more": '    acts = frozenset({{"like"}})'.format()}, "reads_broken: acts", "no kinds of action"),
}


@pytest.mark.parametrize(("parts", "field", "words"), BROKEN.values(), ids=BROKEN)
def test_a_manifest_that_cannot_be_used_is_told_and_stops_no_other(
    parts: dict[str, str], field: str, words: str, tmp_path: Path
) -> None:
    made(tmp_path, "reads_broken", **parts)
    made(tmp_path, "reads_well")
    packages = loaded(tmp_path)
    (problem,) = packages.problems
    assert problem.field == field
    assert words in problem.reason
    assert problem.remedy
    assert [*packages.used] == ["reads_well"]


def test_a_flow_on_an_app_of_its_own_may_only_read(tmp_path: Path) -> None:
    acts = "    from flows.action import ActionKind\n    acts = frozenset({ActionKind.REPLY})"
    made(tmp_path, "reads_own", more=acts, profile=PROFILE)
    made(tmp_path, "reads_fleets", more=acts)
    packages = loaded(tmp_path)
    assert [(one.field, "may only read" in one.reason) for one in packages.problems] == [("reads_own: acts", True)]
    assert [*packages.used] == ["reads_fleets"]


def test_a_name_of_phonefleets_own_is_taken(tmp_path: Path) -> None:
    made(tmp_path, "collect_titles")
    packages = loaded(tmp_path)
    assert "phonefleet itself" in packages.problems[0].reason
    assert not packages.used


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"flow": "1 / 0"}, "ZeroDivisionError"),
        ({"flow": "FLOW = None"}, "has no FLOW"),
        ({"profile": "package: nothing"}, "profile cannot be used"),
    ],
)
def test_code_that_cannot_be_used_is_told_and_stops_no_other(parts: dict[str, str], words: str, tmp_path: Path) -> None:
    made(tmp_path, "reads_badly", **parts)
    made(tmp_path, "reads_well")
    code = code_of(loaded(tmp_path))
    (problem,) = code.problems
    assert problem.field == "reads_badly"
    assert words in problem.reason
    assert [*code.flows] == ["reads_well"]


@pytest.mark.parametrize("content", [None, "empty"])
def test_a_folder_without_packages_is_told(content: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    if content:
        folder.mkdir()
    (problem,) = loaded(folder).problems
    assert problem.field == "PHONEFLEET_FLOWS"
    assert str(folder) in problem.reason


def test_every_list_of_flows_takes_a_packaged_one(tmp_path: Path) -> None:
    """In a process of its own, as gateway and workers start."""
    made(tmp_path, "reads_listed")
    made(tmp_path, "reads_not", manifest="1 / 0")
    lists = """
import json
from flows.registry import FLOWS
from flows.specs.catalogue import SPECS
from gateway.console.view import flow_heading
from gateway.exports.sheets import all_series
from gateway.submissions.requests import FLOW_NAMES, TaskAsked
from gateway.submissions.submission import allowed_tasks
from gateway.words.catalogue import catalogue
from phonefleet import flows
from workers.campaigns.campaign_schema import schema_of
from workers.tasks import FLOW_TASKS

name = "reads_listed"
assert name in FLOWS and name in SPECS and name in FLOW_NAMES and name in allowed_tasks() and name in FLOW_TASKS
assert "reads_not" not in SPECS
assert flows.reads_listed.name == name
assert TaskAsked(reference="r", flow=name).flow == name
sheet = all_series("zh", "Asia/Shanghai")[name]
assert (sheet.name, sheet.identifier) == ("读", "READ_TASK_RESULT_DATA_TITLE"), sheet
assert "headline" in [one.text for one in all_series("en", "Asia/Shanghai")[name].headings]
assert "most" in schema_of(name)["properties"]
assert (flow_heading(catalogue("zh"), name), flow_heading(catalogue("en"), name)) == ("读", name)
"""
    env = {**os.environ, "PHONEFLEET_FLOWS": str(tmp_path)}
    command = [sys.executable, "-c", lists]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_a_process_of_its_own_tells_what_is_used_and_what_is_wrong(tmp_path: Path) -> None:
    made(tmp_path, "reads_told", manifest="print('[1]', end='')\n" + MANIFEST)
    made(tmp_path, "reads_wrong", flow="1 / 0")
    env = {**os.environ, "PHONEFLEET_FLOWS": str(tmp_path)}
    command = [sys.executable, "-m", "flows.packages"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    names, problems = json.loads(done.stdout.rpartition("\n")[2])
    assert names == ["reads_told"]
    assert [problem[0] for problem in problems] == ["reads_wrong"]

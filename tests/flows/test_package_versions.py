"""Two versions of one flow package in one process: each has its own modules, whichever way it imports itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.packages.code import code_of
from flows.packages.find import find
from flows.packages.load import MOST_VERSIONS, Packages, load, version_order
from flows.specs.catalogue import OURS

NAME = "reads_versions"
MANIFEST = """
from flows.specs.flow_spec import Column, FlowSpec, Params, Result

class Asked(Params):
    most: int = 5
{asked}

class Read(Result):
    title: str

class Spec(FlowSpec[Asked, Read]):
    name = "reads_versions"
    heading = "读"
    version = "{version}"
    result_title = "READ_TASK_RESULT_DATA_TITLE"
    params_model = Asked
    result_model = Read
    columns = (Column("title", "标题"),)
    steps = ("read",)

SPEC = Spec()
"""
FLOW = """
from __future__ import annotations
from flows.flow import Flow
{imports}

class Reads(Spec, Flow[Asked, Read]):
    def run(self, session, params):
        from reads_versions.words import WORD as later
        return Read(title=f"{{WORD}} {{later}}")

FLOW = Reads()
"""
IMPORTS = {
    "by name": "from reads_versions.manifest import Asked, Read, Spec\nfrom reads_versions.words import WORD",
    "from the package": (
        "from reads_versions import manifest, words\nAsked, Read, Spec = manifest.Asked, manifest.Read, manifest.Spec\n"
        "WORD = words.WORD"
    ),
    "dotted": (
        "import reads_versions.manifest, reads_versions.words\nAsked = reads_versions.manifest.Asked\n"
        "Read, Spec = reads_versions.manifest.Read, reads_versions.manifest.Spec\nWORD = reads_versions.words.WORD"
    ),
    "dotted as": (
        "import reads_versions.manifest as m, reads_versions.words as w\n"
        "Asked, Read, Spec, WORD = m.Asked, m.Read, m.Spec, w.WORD"
    ),
    "relative": "from .manifest import Asked, Read, Spec\nfrom .words import WORD",
}


@pytest.fixture(autouse=True)
def _own_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(NAME):
            del sys.modules[name]


def made(folder: Path, version: str, *, imports: str = "by name", asked: str = "") -> Path:
    """A folder with one version of the package in it."""
    inner = folder / version / NAME / NAME
    inner.mkdir(parents=True)
    (inner / "__init__.py").touch()
    (inner / "manifest.py").write_text(MANIFEST.format(version=version, asked=asked))
    (inner / "words.py").write_text(f"WORD = {version!r}\n")
    (inner / "flow.py").write_text(FLOW.format(imports=IMPORTS[imports]))
    return inner.parent


def loaded(*folders: Path) -> Packages:
    return load(*find(folders), ours=OURS)


def read_by(packages: Packages) -> dict[str, str]:
    """What each version's flow brings."""
    code = code_of(packages)
    assert not code.problems
    brought = {}
    for (_, version), (flow, _) in code.of_version.items():
        unread: Any = None
        brought[version] = flow.run(unread, flow.params_model()).title
    return brought


@pytest.mark.parametrize("imports", IMPORTS)
def test_each_version_runs_its_own_code(imports: str, tmp_path: Path) -> None:
    folders = [made(tmp_path, version, imports=imports) for version in ("1.10", "1.9", "2.0")]
    packages = loaded(*folders)
    assert not packages.problems
    assert [*packages.versions[NAME]] == ["1.9", "1.10", "2.0"]
    assert packages.used[NAME].spec.version == "1.9"
    assert read_by(packages) == {one: f"{one} {one}" for one in ("1.9", "1.10", "2.0")}
    assert code_of(packages).flows[NAME].version == "1.9"


def test_each_version_has_its_own_parameters(tmp_path: Path) -> None:
    packages = loaded(made(tmp_path, "1.0"), made(tmp_path, "1.1", asked='    order: "Order" = 1\nOrder = int'))
    fields = {version: set(one.spec.params_model.model_fields) for version, one in packages.versions[NAME].items()}
    assert fields == {"1.0": {"most"}, "1.1": {"most", "order"}}
    assert packages.versions[NAME]["1.1"].spec.params_model.model_validate({"order": 3}).model_dump()["order"] == 3


def test_of_one_version_twice_the_first_is_used(tmp_path: Path) -> None:
    first, second = made(tmp_path / "a", "1.0"), made(tmp_path / "b", "1.0")
    packages = loaded(first, second)
    (problem,) = packages.problems
    assert problem.field == NAME
    assert f"folder {first} has version 1.0" in problem.reason
    assert "another version" in problem.remedy
    assert packages.used[NAME].found.folder == first


def test_a_broken_version_stops_no_other(tmp_path: Path) -> None:
    sound, broken = made(tmp_path, "1.0"), made(tmp_path, "1.1")
    (broken / NAME / "manifest.py").write_text("1 / 0")
    packages = loaded(broken, sound)
    assert [one.field for one in packages.problems] == [NAME]
    assert read_by(packages) == {"1.0": "1.0 1.0"}


def test_versions_side_by_side_are_few(tmp_path: Path) -> None:
    packages = loaded(*(made(tmp_path, f"1.{number}") for number in range(MOST_VERSIONS + 1)))
    assert [*packages.versions[NAME]] == [f"1.{number}" for number in range(MOST_VERSIONS)]
    assert "which is the most" in packages.problems[0].reason


def test_an_installed_version_and_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (made(tmp_path, "1.0") / NAME).rename(site / NAME)
    info = site / f"{NAME}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[phonefleet.flows]\n{NAME} = {NAME}\n")
    monkeypatch.syspath_prepend(site)
    packages = loaded(made(tmp_path, "1.1"))
    assert not packages.problems
    assert read_by(packages) == {"1.0": "1.0 1.0", "1.1": "1.1 1.1"}


def test_versions_sort_by_their_numbers() -> None:
    assert sorted(["1.10", "2.0", "1.9", "odd", "1.9.1"], key=version_order) == ["odd", "1.9", "1.9.1", "1.10", "2.0"]

"""The architecture names each room and the way of a task as they are in the tree."""

from __future__ import annotations

import configparser
import itertools
import re
from pathlib import Path

import grimp
import pytest

from tests.support.documents import ROOT, rows

PAGE = "docs/architecture.md"
HOPS = ("submit", "plant", "ring", "claim", "run", "record")
ROOMED = ("gateway", "models", "scripts", "workers")
_FILE = re.compile(r"`([\w/]+\.py)`")


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _way() -> list[tuple[str, list[str]]]:
    """Each file of 'Follow one task', with the files that its last column names."""
    return [(cells[1].strip("`"), _FILE.findall(cells[3])) for cells in rows(PAGE, "### Follow one task")]


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("flows", "gateway", "models", "scripts", "workers")


def _joined(imports: grimp.ImportGraph, one: str, other: str, by: list[str]) -> bool:
    """Does one import the other, or has a named file an import with each of them?"""

    def touches(this: str, that: str) -> bool:
        a, b = _module(this), _module(that)
        return imports.direct_import_exists(importer=a, imported=b) or imports.direct_import_exists(
            importer=b, imported=a
        )

    return touches(one, other) or any(touches(one, named) and touches(named, other) for named in by)


def test_the_six_hops_name_six_files_in_order() -> None:
    told = [(cells[0], cells[1].strip("`")) for cells in rows(PAGE, "## The path of one task, in six hops")]
    assert tuple(verb for verb, _ in told) == HOPS
    assert len({path for _, path in told}) == len(HOPS)
    for verb, path in told:
        assert Path(path).stem == verb
        assert (ROOT / path).is_file()


def test_a_task_is_followed_from_file_to_file(imports: grimp.ImportGraph) -> None:
    way = _way()
    assert 2 <= len(way) <= 10
    assert way[0][0] == "workers/planting/submit.py"
    assert way[-1][0].startswith("gateway/delivery/")
    assert not [path for path, _ in way if not (ROOT / path).is_file()]
    apart = [(one, other) for (one, _), (other, by) in itertools.pairwise(way) if not _joined(imports, one, other, by)]
    assert not apart


def test_files_that_nothing_joins_are_told_apart(imports: grimp.ImportGraph) -> None:
    plant, ring = "workers/planting/plant.py", "workers/dispatch/ring.py"
    assert not _joined(imports, plant, ring, [])
    assert not _joined(imports, plant, ring, ["workers/phone/adb.py"])
    assert _joined(imports, plant, ring, ["workers/planting/submit.py"])


def test_only_a_message_and_a_row_join_files_that_do_not_import_each_other(imports: grimp.ImportGraph) -> None:
    """A person who opens the files of the list needs no other one: each is joined to one that is open already."""
    handed_over = []
    for at, cells in enumerate(rows(PAGE, "### Follow one task")):
        opened = [path for path, _ in _way()[:at]]
        if opened and not any(_joined(imports, cells[1].strip("`"), one, []) for one in opened):
            handed_over.append(cells[3].partition(":")[0])
    assert handed_over == ["through the message", "through the row"]


def test_every_janitor_has_its_line_with_its_interval_and_its_file() -> None:
    loop = (ROOT / "workers/coordinator/loop.py").read_text()
    jobs = re.findall(r'Janitor\("([\w ]+)", ([\d.]+), (.*)\)', loop)
    told = [(cells[0].strip("`"), float(cells[1].removesuffix(" s"))) for cells in rows(PAGE, "### Janitors")]
    assert told == [(name, float(every)) for name, every, _ in jobs]
    for (_, _, job), cells in zip(jobs, rows(PAGE, "### Janitors"), strict=True):
        module = _module(cells[2].strip("`"))
        works = re.search(rf"^from {module} import (.*)$", loop, re.MULTILINE)
        assert works, module
        assert re.search(rf"\b({'|'.join([*works[1].split(', '), 'teller'])})\b", job), cells
        assert ("needs_redis=True" in job) == ("Needs Redis" in cells[3]), cells


def test_functions_on_the_way_of_a_task_are_in_their_files() -> None:
    for cells in rows(PAGE, "### Follow one task"):
        for name in re.findall(r"`(\w+)\(\)`", cells[2]):
            assert f"\ndef {name}(" in (ROOT / cells[1].strip("`")).read_text(), name


def _rooms(top: str) -> set[str]:
    """The folders and files at the root of a room, without what only makes it a package."""
    kept = (path for path in (ROOT / top).iterdir() if path.name not in ("__init__.py", "__pycache__", "py.typed"))
    return {f"{top}/{path.name}{'/' if path.is_dir() else ''}" for path in kept}


@pytest.mark.parametrize("top", ROOMED)
def test_every_room_has_its_line_and_no_line_is_of_another(top: str) -> None:
    told = [cells[1].strip("`") for cells in rows(PAGE, f"### Rooms of {top}")]
    assert sorted(told) == sorted(_rooms(top))
    assert all(cells[2] for cells in rows(PAGE, f"### Rooms of {top}"))


@pytest.mark.parametrize("top", ROOMED)
def test_layers_are_those_of_the_contracts(top: str) -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / "setup.cfg")
    lines = contracts[f"importlinter:contract:{top}-rooms"]["layers"].split("\n")
    known = {
        room.strip(): str(number) for number, line in enumerate(filter(None, lines), 1) for room in line.split("|")
    }
    told = {Path(cells[1].strip("`")).stem: cells[0] for cells in rows(PAGE, f"### Rooms of {top}") if cells[0] != "–"}
    assert told == known

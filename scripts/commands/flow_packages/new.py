"""Makes a new flow package, from the files in template/. It runs at once on a simulated phone."""

from __future__ import annotations

import keyword
import re
import shutil
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from flows.packages.judge_manifest import NAME
from flows.specs.catalogue import SPECS
from models.values.refused import refuse

TEMPLATE = Path(__file__).parent / "template"
RECORDED = TEMPLATE / "recorded"  # what a recorded flow has in place of code
INNER = frozenset({"__init__.py", "manifest.py", "pages.py", "flow.py", "profile.yaml"})  # of the Python package
NOT_RECORDED = frozenset({"manifest.py", "pages.py", "flow.py", "profile.yaml"})
SCREENS = "screens"
# Packages of this checkout, and Python's own modules, beside those that are installed: a flow with such a name would
# hide them, or never be found.
OURS = {
    "benchmarks", "celeryconfig", "chaos", "conformance", "flows", "gateway", "models", "phonefleet", "phonesim",
    "scripts", "test", "tests", "workers",
}  # fmt: skip
TAKEN = sys.stdlib_module_names | OURS


def make(name: str, into: Path) -> Path:
    """Writes the package NAME into a new folder below `into`. Returns the folder. Raises Refused."""
    folder = folder_for(name, into)
    lay_out(folder, name)
    shutil.copytree(TEMPLATE / SCREENS, folder / SCREENS)
    for recording in folder.glob(f"{SCREENS}/*/recording.json"):
        recording.write_text(recording.read_text("utf-8").replace("__NAME__", name), encoding="utf-8")
    return folder


def folder_for(name: str, into: Path) -> Path:
    """Returns the folder of a new package, which is not there yet. Raises Refused."""
    if not NAME.fullmatch(name):
        raise refuse("NAME", f"{name!r} names no flow", "take 3 to 40 of a-z, 0-9 and _, a letter first")
    if name in SPECS:
        raise refuse("NAME", f"there is a flow {name} already", "take another name")
    if name in TAKEN or keyword.iskeyword(name) or name in packages_distributions():
        reason = f"{name!r} is a word of Python, or the name of a package that is there"
        raise refuse("NAME", reason, f"take a name of your own, e.g. read_{name}")
    folder = into.absolute() / name
    if folder.exists():
        raise refuse("NAME", f"{folder} is there already", "take another name, or remove it")
    return folder


def lay_out(folder: Path, name: str, *, recorded: bool = False) -> Path:
    """Writes the package's files; of a recorded flow those that call its steps. Returns the Python package's folder."""
    words = {"NAME": name, "CLASS": "".join(part.capitalize() for part in name.split("_")), "TITLE": name.upper()}
    inner = folder / name
    inner.mkdir(parents=True)
    files = sorted(TEMPLATE.glob("*.txt"))
    if recorded:
        files = [one for one in files if one.name.removesuffix(".txt") not in NOT_RECORDED]
        files += sorted(RECORDED.glob("*.txt"))
    for file in files:
        target = file.name.removesuffix(".txt")
        home = inner if target in INNER else folder / "tests" if target.startswith("test_") else folder
        home.mkdir(exist_ok=True)
        text = re.sub(r"__([A-Z]+)__", lambda found: words.get(found[1], found[0]), file.read_text("utf-8"))
        (home / target).write_text(text, encoding="utf-8")
    return inner

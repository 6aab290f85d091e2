"""The packages that the operator chose stay what phonefleet runs on."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHOSEN = ("celery", "redis", "kombu", "sqlalchemy", "adbutils", "uiautomator2", "flower", "requests", "pycryptodome")
IMPORTED = {"pycryptodome": "Crypto", "flower": "flower"}


def _required(section: str, name: str) -> set[str]:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return {re.split(r"[<>=\\[;]", line.strip())[0] for line in config[section][name].splitlines() if line.strip()}


@pytest.mark.parametrize("package", CHOSEN)
def test_a_chosen_package_is_required_and_used(package: str) -> None:
    assert package in _required("options", "install_requires")
    module = IMPORTED.get(package, package)
    used = re.compile(rf"^\s*(?:from|import) {module}\b|\"{module}\"", re.MULTILINE)
    files = [file for room in ("workers", "gateway", "models", "scripts") for file in (ROOT / room).rglob("*.py")]
    assert any(used.search(file.read_text(encoding="utf-8")) for file in files)


def test_mysqlclient_is_an_extra_because_it_compiles() -> None:
    assert "mysqlclient" in _required("options.extras_require", "mysql")

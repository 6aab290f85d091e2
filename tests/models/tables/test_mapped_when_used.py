"""Tables are mapped when they are used: any of them alone, and all for the metadata."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import pytest

import models.tables
from models.database.base import Base
from models.tables import metadata_of_all

# Forks for each class, for a process that uses it alone. Reading a key's column fails when its table is not mapped.
EACH_ALONE = """
import json, os, sys
import models.tables

assert not models.tables.Base.metadata.tables
for name in models.tables.__all__:
    if not (child := os.fork()):
        getattr(models.tables, name)
        tables = models.tables.Base.metadata.tables
        for key in [key for table in tables.values() for key in table.foreign_keys]:
            key.column
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, name
print(json.dumps(sorted(models.tables.Base.metadata.tables)))
"""


def test_each_table_can_be_used_alone() -> None:
    ended = subprocess.run([sys.executable, "-c", EACH_ALONE], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == []  # only the forks mapped any


def test_every_class_has_its_name_in_the_package_and_its_table_in_the_metadata() -> None:
    for module in iter_modules(models.tables.__path__, "models.tables."):
        import_module(module.name)
    classes = {mapper.class_.__name__ for mapper in Base.registry.mappers}
    assert sorted(classes) == sorted(models.tables.__all__)
    assert metadata_of_all() is Base.metadata
    assert {mapper.local_table.name for mapper in Base.registry.mappers} == set(Base.metadata.tables)  # type: ignore[attr-defined]


def test_another_name_is_refused_as_in_any_module() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Tasks'"):
        models.tables.Tasks  # noqa: B018

"""What each command of `phonefleet` imports. One process forks for every command, so that no command starts Python."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 60  # for one command
# A fork has imported nothing but what its arguments name. It says what it printed, and its modules.
FORKS = f"""
import gc, importlib, json, os, signal, sys, tempfile, traceback
from scripts.cli import main

for name in sys.argv[1:]:
    importlib.import_module(name)

gc.disable()  # no command here lives long enough for it
gc.freeze()
for line in sys.stdin:
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm({SECONDS})
        os.close(reads)
        said = tempfile.TemporaryFile("w+")
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        sys.argv = ["phonefleet", *json.loads(line)]
        try:
            main()
        except SystemExit:
            pass
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        said.seek(0)
        with os.fdopen(writes, "w") as out:
            json.dump([said.read(), sorted(sys.modules)], out)
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as told:
        found = told.read()
    os.waitpid(child, 0)
    print(found, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Imports:
    """Asks which modules a command has imported when it ends."""

    process: subprocess.Popen[str]

    def modules(self, *arguments: str) -> set[str]:
        """Returns the names of the modules that a command imported. Fails when it ended with a traceback."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(arguments), file=self.process.stdin, flush=True)
        said, modules = json.loads(self.process.stdout.readline())
        assert "Traceback" not in said, said
        return set(modules)

    def packages(self, *arguments: str) -> set[str]:
        """Returns the packages that a command imported."""
        return packages_of(self.modules(*arguments))


def packages_of(modules: set[str]) -> set[str]:
    """Returns the first names of the modules."""
    return {name.partition(".")[0] for name in modules}


def mapped(modules: set[str]) -> Sequence[str]:
    """Returns the modules of tables that a command has mapped."""
    return sorted(name for name in modules if name.startswith("models.tables."))


def own(modules: set[str]) -> Sequence[str]:
    """Returns the modules of phonefleet itself."""
    packages = ("models", "flows", "workers", "gateway", "scripts")
    return sorted(name for name in modules if name.partition(".")[0] in packages)


@contextmanager
def imports_of_commands(var: Path, *first: str) -> Iterator[Imports]:
    """Commands of an installation in the folder `var`, which has no settings but its defaults.

    `first`: modules that count as imported by each command, and are imported once.
    """
    env = {"PHONEFLEET_VAR": str(var), "PATH": "/usr/bin:/bin", "PHONEFLEET_MASTER_KEY": ""}
    with subprocess.Popen(
        [sys.executable, "-c", FORKS, *first],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
        cwd=ROOT,
    ) as process:
        try:
            yield Imports(process)
        finally:
            process.kill()

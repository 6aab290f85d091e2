"""Checks that this machine has the app profile and the task modules that the settings name.

`python -m workers.host.usable_work` imports the modules as a host's zygote does: they may do anything when they are
imported, so that no process imports them that is to do other work.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import resources

from models.database.terminal_safe import on_one_line
from models.values.refused import Problem
from workers.desk import is_desk_task
from workers.runtime.private_files import keep_files_private
from workers.settings import Settings, SettingsError, settings
from workers.settings.flow_lists import ALL_FLOWS

TASKS, LOG_FLOWS = "PHONEFLEET_TASKS", "PHONEFLEET_LOG_FLOWS"
FILM, RECORD = "PHONEFLEET_FILM", "PHONEFLEET_RECORD"
OWN_TASKS = "workers.tasks"  # phonefleet's own module, which is always there
IMPORT_SECONDS = 60.0
MOST_REASON = 300  # characters


def check_work(chosen: Settings, env: Mapping[str, str]) -> None:
    """Raises SettingsError for a profile, a flow or a module that is not there or cannot be used."""
    for problem in (*profile_problems(chosen), *flow_problems(chosen), *module_problems(chosen, env)):
        raise SettingsError(problem.field, problem.reason, f"{problem.remedy[:1].upper()}{problem.remedy[1:]}.")


def profile_problems(chosen: Settings) -> Iterator[Problem]:
    """Yields the problem of a profile of the operator that cannot be used."""
    if not (resources.files("flows") / "profiles" / f"{chosen.profile}.yaml").is_file():
        from workers.host.own_profile import own_profile_problems  # noqa: PLC0415 - pydantic, for the operator's alone

        yield from own_profile_problems(chosen.profile)


def flow_problems(chosen: Settings) -> Iterator[Problem]:
    """Yields the problems of settings that name a flow that is not there."""
    filmed = [(FILM, name) for name in chosen.film] + [(RECORD, name) for name in chosen.record]
    filmed = [(setting, name) for setting, name in filmed if name != ALL_FLOWS]
    if not chosen.log_flows and not filmed:
        return
    from flows.specs.catalogue import SPECS  # noqa: PLC0415 - pydantic, which a command needs only here

    for name in chosen.log_flows:
        if name not in SPECS and not is_desk_task(name):
            yield Problem(LOG_FLOWS, f"there is no flow {name}", f"take one of {', '.join(sorted(SPECS))}")
    for setting, name in filmed:
        if name not in SPECS:
            yield Problem(setting, f"there is no flow {name}", f"take one of {', '.join(sorted(SPECS))}")


def module_problems(chosen: Settings, env: Mapping[str, str]) -> Iterator[Problem]:
    """Yields the problem of the first module that a host cannot import. Imports them in a process of their own."""
    if set(chosen.task_modules) <= {OWN_TASKS}:
        return
    try:
        done = subprocess.run(
            [sys.executable, "-m", "workers.host.usable_work"],
            env={**env, TASKS: ",".join(chosen.task_modules)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=IMPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield _unusable(f"the import of {', '.join(chosen.task_modules)} takes longer than {IMPORT_SECONDS:g} s")
        return
    if done.returncode == 0:
        return
    last = done.stdout.decode(errors="replace").rpartition("\n")[2]
    try:
        yield Problem(TASKS, *json.loads(last))
    except (ValueError, TypeError):
        yield _unusable(f"the import of {', '.join(chosen.task_modules)} ends Python with status {done.returncode}")


def _module_problems(chosen: Settings) -> Iterator[Problem]:
    for name in chosen.task_modules:
        if name == OWN_TASKS:
            continue
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and f"{name}.".startswith(f"{error.name}."):
                yield _unusable(f"there is no module {error.name}{'' if error.name == name else f', named by {name}'}")
            else:
                yield _unusable(f"{name} imports {error.name}, and there is no such module")
        except (Exception, SystemExit) as error:  # noqa: BLE001  # a module of the operator may raise anything
            said = on_one_line(f"{type(error).__name__}: {error}")[:MOST_REASON]
            yield _unusable(f"{name} cannot be imported: {said}")


def _unusable(reason: str) -> Problem:
    return Problem(TASKS, reason, "list modules that Python finds and can import here, or install what is missing")


def main() -> int:
    """Imports the modules of this process's settings; prints the first problem as JSON. Returns the exit status."""
    keep_files_private()
    try:
        chosen = settings()
    except SettingsError as error:
        print(json.dumps([error.reason, error.remedy]), end="")
        return 2
    for problem in _module_problems(chosen):
        print(f"\n{json.dumps([problem.reason, problem.remedy])}", end="", flush=True)
        os._exit(2)  # threads of a module of the operator may not delay the answer
    os._exit(0)


if __name__ == "__main__":
    gc.disable()  # it imports, and ends
    sys.exit(main())

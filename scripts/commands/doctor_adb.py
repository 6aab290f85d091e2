"""What `phonefleet doctor` says of adb: the program, another server, and room for phones in the network."""

from __future__ import annotations

from models.fleet.fitness import SECOND_AGENT
from scripts.commands.doctor_check import Check
from scripts.local.probes import ProgramState
from workers.host.adb_room import KEPT_FREE, MOST_FILES, MOST_PHONES


def judge_adb(program: ProgramState) -> Check:
    """Checks that adb can run."""
    return Check("adb", program.path is not None, program.found, program.problem)


def judge_stock_adb(said: str | None) -> Check:
    """Checks that no other adb server holds the phones at the USB ports."""
    found, _, remedy = (said or "none that holds phones at USB").partition(". ")
    return Check("Other adb server", said is None, found, remedy, needed=False)


def judge_adb_room(named: int, files: int | None) -> Check | None:
    """Checks that one adb server takes all phones that are named; None without any. `files`: that it has open."""
    if not named:
        return None
    found = f"{named} are named; one adb server takes {MOST_PHONES}"
    if files is not None:
        found = f"{named} are named; one adb server takes {MOST_PHONES}; it has {files} of {MOST_FILES} files open"
    enough = named <= MOST_PHONES and (files is None or files <= MOST_FILES - KEPT_FREE)
    return Check("Phones in the network", enough, found, SECOND_AGENT, needed=False)

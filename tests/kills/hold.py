"""Holding a process at a moment of a task's path: the test arms it, the process says that it is there and waits.

Through files, since Redis and the database are what is struck. A moment is armed for a key (a task's
id, or a campaign's name) and holds the first process that comes by, once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.kills.moments import Moment
from tests.support.poll import wait_until

FOLDER = "PHONEFLEET_KILLS"
HOLD_SECONDS = 90.0  # longer than any test holds anything
LOOK_SECONDS = 0.1  # seventeen are held at the same time, and each looks


class Word(StrEnum):
    """How a held process goes on."""

    GO = "go"
    DRAINED = "drained"  # once its host asks for its task back
    ANSWER_LOST = "answer lost"  # as if the database had not answered what it has done


@dataclass(frozen=True, slots=True)
class Held:
    """A process that is held: its id, and the incarnation of the worker in it (empty for another process)."""

    pid: int
    incarnation: str


class Board:
    """The folder through which the test and the processes of its fleet speak."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    # the test

    def arm(self, moment: Moment, key: str) -> None:
        """Hold whoever comes to this moment first."""
        self._file("armed", moment, key).touch()

    def held(self, moment: Moment, key: str) -> Held | None:
        """Who is held there, or was."""
        said = _read(self._file("held", moment, key))
        return Held(**json.loads(said)) if said else None

    def release(self, moment: Moment, key: str, word: Word = Word.GO) -> None:
        """Let it go on; also one that is not there yet."""
        _write(self._file("go", moment, key), word)

    def left(self, key: str, pid: int) -> bool:
        """Did this process, held with this task, leave the task since then?"""
        return (self._folder / f"left.{key}.{pid}").exists()

    def tickets(self, key: str) -> int:
        """How many tickets for this task were done with."""
        return sum(file.stat().st_size for file in self._folder.glob(f"left.{key}.*"))

    def keep_tickets(self) -> None:
        """From now on the coordinator takes no ticket for lost, however long a worker has it unclaimed."""
        self._kept.touch()

    def miss_tickets(self) -> None:
        """From now on it does again."""
        self._kept.unlink(missing_ok=True)

    # the process

    def keeps_tickets(self) -> bool:
        """Are all tickets to stay with whoever has them?"""
        return self._kept.exists()

    def hold(self, moment: Moment, key: str, who: Callable[[], str]) -> Word:
        """Wait here if that is asked for. Raises TimeoutError after 90 seconds."""
        try:
            self._file("armed", moment, key).unlink()
        except FileNotFoundError:
            return Word.GO
        _write(self._file("held", moment, key), json.dumps({"pid": os.getpid(), "incarnation": who()}))
        go = self._file("go", moment, key)
        return Word(wait_until(lambda: _read(go), HOLD_SECONDS, f"to be let go at {moment}", every=LOOK_SECONDS))

    def leave(self, key: str) -> None:
        """This process is done with a ticket for the task."""
        with (self._folder / f"left.{key}.{os.getpid()}").open("a", encoding="ascii") as file:
            file.write(".")

    @property
    def _kept(self) -> Path:
        return self._folder / "tickets are kept"

    def _file(self, what: str, moment: Moment, key: str) -> Path:
        return self._folder / f"{what}.{moment}.{key}"


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _write(file: Path, text: str) -> None:
    """All of it at once: a reader never sees half."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.rename(file)

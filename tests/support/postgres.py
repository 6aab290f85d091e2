"""A throwaway PostgreSQL, for what is measured beside phonefleet. Its disk is waited for, as PostgreSQL comes."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.local.embedded import free_port
from tests.support.poll import wait_until
from tests.support.servers import MissingServer
from workers.runtime.linux import bound_to_me

DEBIAN = Path("/usr/lib/postgresql")
USER = "postgres"  # whom Debian's package makes; root is refused
_INSTALL_SECONDS = 60
_START_SECONDS = 30.0
_STOP_SECONDS = 20.0


class Postgres:
    """On a free port of loopback, with a superuser who needs no password; ends with the process that started it."""

    def __init__(self) -> None:
        self._programs = find_programs()
        self._directory = Path(tempfile.mkdtemp(prefix="phonefleet-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def address(self) -> str:
        """libpq's address of its one database."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_STOP_SECONDS)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _start(self) -> None:
        if os.getuid() == 0:
            shutil.chown(self._directory, USER)
        data = self._directory / "data"
        init = ["initdb", "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"]
        done = subprocess.run(
            self._command(*init), check=False, capture_output=True, text=True, timeout=_INSTALL_SECONDS, cwd="/"
        )
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{done.stdout}\n{done.stderr}")
        log = self._directory / "log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                bound_to_me(self._command("postgres", "-D", str(data), *self._options())),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        if wait_until(self._answers_or_ended, _START_SECONDS, "PostgreSQL to answer") == "ended":
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-3000:]}")

    def _options(self) -> list[str]:
        told = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._directory,
            "logging_collector": "off",
        }
        return [f"--{name}={value}" for name, value in told.items()]

    def _command(self, program: str, *arguments: str) -> list[str]:
        """As another user when this is root. The wish to end with its parent is lost then, so it is said again."""
        command = [str(self._programs / program), *arguments]
        if os.getuid() != 0:
            return command
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--pdeathsig=KILL", *command]

    def _answers_or_ended(self) -> str:
        if self._process is None or self._process.poll() is not None:
            return "ended"
        ready = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return "answers" if subprocess.run(ready, check=False, timeout=10).returncode == 0 else ""


def find_programs() -> Path:
    """The folder of the newest PostgreSQL's programs. Raises MissingServer."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda one: float(one.parts[-3]))  # Debian leaves PATH alone
    if not found:
        raise MissingServer("PostgreSQL", "postgresql")
    return found[-1].parent

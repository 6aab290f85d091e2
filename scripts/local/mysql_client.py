"""Runs the client programs of MariaDB or MySQL for a ledger: a dump out of it, and SQL into it.

The password stands in a file that only this user may read and that is deleted at the end: a command line can be read by
every user of the machine.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import URL

DUMPS, CLIENTS = ("mariadb-dump", "mysqldump"), ("mariadb", "mysql")
CHUNK = 1 << 20
LAST_WORDS = 400  # characters of what a program says as it fails
END_SECONDS = 60.0  # between the end of the data and the end of the program


class ClientFailed(RuntimeError):
    """A client program is missing, or ended with an error; says what it said."""


def dump(url: URL, into: IO[bytes]) -> None:
    """Writes the tables and rows of a database as SQL, as they were at one moment. Raises ClientFailed, OSError."""
    options = (
        "--single-transaction",
        "--skip-add-locks",
        "--skip-disable-keys",
        "--quick",
        "--skip-lock-tables",
        "--skip-triggers",
        "--no-tablespaces",
        "--hex-blob",
    )
    with (
        _options_file(url) as file,
        _running(DUMPS, file, (*options, _database(url)), stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        shutil.copyfileobj(process.stdout, into, CHUNK)


def load(url: URL, out_of: IO[bytes]) -> None:
    """Runs SQL in a database. Raises ClientFailed, OSError."""
    with _options_file(url) as file, _running(CLIENTS, file, (_database(url),), stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            shutil.copyfileobj(out_of, process.stdin, CHUNK)
        except BrokenPipeError:
            return  # its status and its words say why
        finally:
            process.stdin.close()


def _database(url: URL) -> str:
    return url.database or ""


@contextmanager
def _running(
    names: Sequence[str], file: Path, arguments: Sequence[str], stdin: int | None = None, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the first of these programs that is installed. Raises ClientFailed when it fails."""
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        raise ClientFailed(f"none of {' and '.join(names)} is installed; on Debian: apt install mariadb-client")
    with tempfile.TemporaryFile() as words:
        command = [program, f"--defaults-extra-file={file}", *arguments]
        process = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=stdout, stderr=words)
        try:
            yield process
            status = process.wait(END_SECONDS)
        except BaseException:
            process.kill()
            process.wait(END_SECONDS)
            raise
        if status != 0:
            words.seek(0)
            said = words.read().decode(errors="replace").strip()[-LAST_WORDS:]
            raise ClientFailed(f"{Path(program).name} ended with status {status}: {said}")


@contextmanager
def _options_file(url: URL) -> Iterator[Path]:
    """Writes a file with the address and the password in the form that the client programs read."""
    options = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
    asked = {name: value if isinstance(value, str) else value[0] for name, value in url.query.items()}
    options["socket"] = asked.get("unix_socket")
    options["default-character-set"] = asked.get("charset", "utf8mb4")
    if asked.get("ssl_mode", "").startswith("VERIFY"):
        options |= {"ssl-ca": asked.get("ssl_ca"), "ssl-cert": asked.get("ssl_cert"), "ssl-key": asked.get("ssl_key")}
        options["loose-ssl-mode"] = asked["ssl_mode"]  # MySQL's programs; the others pass over it
        options["loose-ssl-verify-server-cert"] = 1  # MariaDB's
    lines = [f"{name}={_quoted(str(value))}" for name, value in options.items() if value is not None]
    with tempfile.NamedTemporaryFile("w", prefix="phonefleet-", suffix=".cnf", encoding="utf-8") as file:
        file.write("\n".join(("[client]", *lines, "")))
        file.flush()
        yield Path(file.name)


def _quoted(value: str) -> str:
    """Returns a value as an option file has it: in quotes, in which a backslash escapes."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

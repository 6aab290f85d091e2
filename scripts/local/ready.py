"""Checks what the parts of `phonefleet up` need before they start, and looks for another adb server."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from models.values.refused import Problem, Refused
from workers.host.adb import Adb, AdbError
from workers.host.usable_packages import used_packages
from workers.host.usable_work import flow_problems, module_problems, profile_problems
from workers.settings import STOCK_ADB_PORT, Settings

LOOPBACK = "127.0.0.1"
LEAST_FREE = 50 << 20  # bytes; the ledger writes some of them in its first minute
HOLDER = "see who holds it: ss -ltnp"


def check_ready(settings: Settings, ports: Mapping[str, int]) -> None:
    """Raises Refused with every port that is taken, folder that cannot be written, and unusable profile or module.

    `ports`: option, such as --flower-port → the port that its part will listen on (0: none).
    """
    problems = [*_port_problems(settings, ports), *_folder_problems(settings), *work_problems(settings, os.environ)]
    if problems:
        raise Refused(problems)


def work_problems(settings: Settings, env: Mapping[str, str]) -> Iterator[Problem]:
    """Yields the problems of the app profile and the task modules that a host of this machine would use."""
    yield from profile_problems(settings)
    yield from flow_problems(settings)
    yield from module_problems(settings, env)


def package_problems(settings: Settings, env: Mapping[str, str]) -> tuple[list[str], list[Problem]]:
    """Returns the names of the packaged flows in use, and the problems of packages that are not: they stop nothing."""
    return used_packages(settings.flow_folders, env)


def stock_adb(usb: bool) -> str | None:
    """Returns a warning about a stock adb server that holds the phones at the USB ports; None if none runs.

    Only one adb server at a time can open a USB phone.
    """
    if not usb or not _listens(STOCK_ADB_PORT):
        return None
    try:
        phones = [one for one in Adb(STOCK_ADB_PORT).listed() if ":" not in one]
    except AdbError:
        return None
    held = f"holds {len(phones)} phones at USB" if phones else "takes every phone that is plugged in"
    return (
        f"another adb server, on port {STOCK_ADB_PORT}, {held}: they stay unseen here. End it: adb kill-server; "
        "and close what starts it anew (Android Studio, scrcpy), or set ANDROID_ADB_SERVER_PORT for those tools "
        "to the port of phonefleet's own"
    )


def _port_problems(settings: Settings, ports: Mapping[str, int]) -> Iterator[Problem]:
    asked: dict[int, str] = {settings.adb_port: "PHONEFLEET_ADB_PORT"}
    for name, port in ports.items():
        if not port:
            continue
        if port in asked:
            yield Problem(name, f"port {port} is {asked[port]} as well", f"take another one: {name} N, or 0 for none")
            continue
        asked[port] = name
        if _listens(port):
            yield Problem(name, f"port {port} is taken", f"take another one: {name} N, or 0 for none; {HOLDER}")
    if _listens(settings.adb_port) and not Adb(settings.adb_port).alive():
        reason = f"port {settings.adb_port} is taken by a program that is no adb server"
        yield Problem("PHONEFLEET_ADB_PORT", reason, f"name another port; {HOLDER}")


def answers(port: int) -> bool:
    """Returns whether a program listens on this port of loopback now. Takes at most a second."""
    with socket.socket() as sock:
        sock.settimeout(1.0)
        return sock.connect_ex((LOOPBACK, port)) == 0


def _listens(port: int) -> bool:
    if answers(port):
        return True
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def _folder_problems(settings: Settings) -> Iterator[Problem]:
    folders = {"PHONEFLEET_VAR": settings.var}
    if "://" not in settings.evidence:
        folders["PHONEFLEET_EVIDENCE"] = Path(settings.evidence)
    if settings.database_url.startswith("sqlite:///"):
        folders["PHONEFLEET_DATABASE_URL"] = Path(settings.database_url.removeprefix("sqlite:///")).parent
    for name, folder in folders.items():
        there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        if not there.is_dir():
            yield Problem(name, f"{there} is a file and no folder", "name a folder")
        elif not os.access(there, os.W_OK | os.X_OK):
            yield Problem(name, f"{there} may not be written", "name a folder that may be, or change its owner")
        elif shutil.disk_usage(there).free < LEAST_FREE:
            free = shutil.disk_usage(there).free >> 20
            yield Problem(name, f"{free} MB are free in {there}", "free at least 1 GB, or name another folder")
